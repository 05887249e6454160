/* fence_found_rule.c - the expressions of one rule, as the kernel says them: what they compare, and
 * the verdict. An expression that our rules do not have makes the rule a foreign one. Numbers are
 * in network byte order. */
#include "fence/fence_found_rule.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "base/str.h"

struct load { /* what the register holds that was filled last */
	uint32_t reg;
	uint8_t key; /* enum fence_key; 0: none */
	uint8_t offset, len;
};

struct reading {
	struct fence_rule *rule;
	struct load load;
	bool decided; /* the verdict was read */
};

static void foreign(struct reading *r, const char *name)
{
	if (!r->rule->foreign[0]) {
		str_cut(r->rule->foreign, sizeof r->rule->foreign, name);
	}
}

#define NUMBERS_MAX 8 /* every expression that we know has fewer kinds of attributes */

/* The attributes of an expression that are numbers, by their kind. ERR_PROTO: an attribute is not a
 * number. */
static int numbers(uint32_t out[NUMBERS_MAX], struct fence_attrs all)
{
	struct fence_attr a;
	int err;

	memset(out, 0, NUMBERS_MAX * sizeof *out);
	while (!(err = fence_attr_next(&all, &a))) {
		if (a.type < NUMBERS_MAX && fence_attr_number(&out[a.type], &a)) {
			return ERR_PROTO;
		}
	}
	return err == ERR_NOTFOUND ? 0 : ERR_PROTO;
}

static uint8_t key_of_meta(uint32_t key)
{
	switch (key) {
	case NFT_META_NFPROTO:
		return FENCE_FAMILY;
	case NFT_META_L4PROTO:
		return FENCE_TRANSPORT;
	case NFT_META_IIFNAME:
		return FENCE_FROM_DEVICE;
	case NFT_META_OIFNAME:
		return FENCE_TO_DEVICE;
	case NFT_META_SECPATH:
		return FENCE_DECRYPTED;
	default:
		return 0;
	}
}

static int read_meta(struct reading *r, struct fence_attrs all)
{
	uint32_t n[NUMBERS_MAX];
	uint8_t key;

	if (numbers(n, all)) {
		return ERR_PROTO;
	}
	key = n[NFTA_META_SREG] ? 0 : key_of_meta(n[NFTA_META_KEY]);
	if (!key) {
		foreign(r, "meta");
	}
	r->load = (struct load){ .reg = n[NFTA_META_DREG], .key = key };
	return 0;
}

static int read_rt(struct reading *r, struct fence_attrs all)
{
	uint32_t n[NUMBERS_MAX];

	if (numbers(n, all)) {
		return ERR_PROTO;
	}
	if (n[NFTA_RT_KEY] != NFT_RT_XFRM) {
		foreign(r, "rt");
	}
	r->load = (struct load){ .reg = n[NFTA_RT_DREG], .key = FENCE_ENCRYPTED };
	return 0;
}

#define FRAGMENT_HEADER 44u /* RFC 8200 4.5 */

static int read_exthdr(struct reading *r, struct fence_attrs all)
{
	uint32_t n[NUMBERS_MAX];

	if (numbers(n, all)) {
		return ERR_PROTO;
	}
	if (n[NFTA_EXTHDR_TYPE] != FRAGMENT_HEADER || n[NFTA_EXTHDR_FLAGS] != NFT_EXTHDR_F_PRESENT ||
	    n[NFTA_EXTHDR_OP] != NFT_EXTHDR_OP_IPV6 || n[NFTA_EXTHDR_SREG]) {
		foreign(r, "exthdr");
	}
	r->load = (struct load){ .reg = n[NFTA_EXTHDR_DREG], .key = FENCE_FRAGMENT };
	return 0;
}

static int read_payload(struct reading *r, struct fence_attrs all)
{
	uint32_t n[NUMBERS_MAX];
	uint32_t offset, len;

	if (numbers(n, all)) {
		return ERR_PROTO;
	}
	offset = n[NFTA_PAYLOAD_OFFSET];
	len = n[NFTA_PAYLOAD_LEN];
	if ((n[NFTA_PAYLOAD_BASE] != NFT_PAYLOAD_NETWORK_HEADER && n[NFTA_PAYLOAD_BASE] != NFT_PAYLOAD_TRANSPORT_HEADER) ||
	    n[NFTA_PAYLOAD_SREG] || offset > UINT8_MAX - FENCE_DATA_MAX || !len || len > FENCE_DATA_MAX) {
		foreign(r, "payload");
		offset = len = 0;
	}
	r->load = (struct load){ .reg = n[NFTA_PAYLOAD_DREG],
				 .key = n[NFTA_PAYLOAD_BASE] == NFT_PAYLOAD_NETWORK_HEADER ? FENCE_NETWORK_HEADER
											   : FENCE_TRANSPORT_HEADER,
				 .offset = (uint8_t)offset,
				 .len = (uint8_t)len };
	return 0;
}

/* The octets of NFTA_CMP_DATA and the like. */
static int value_of(struct fence_attr *out, const struct fence_attr *data)
{
	struct fence_attrs inside = fence_attr_inside(data);

	return fence_attr_next(&inside, out) || out->type != NFTA_DATA_VALUE ? ERR_PROTO : 0;
}

#define TCP_FLAGS_OFFSET 13u

static bool is_octet(const struct fence_attr *a, uint8_t value)
{
	return a->len == 1 && *(const uint8_t *)a->p == value;
}

/* Of the flags of TCP, SYN and ACK. */
static int read_bitwise(struct reading *r, struct fence_attrs all)
{
	struct fence_attr a, mask = { 0 }, flip = { 0 };
	uint32_t n[NUMBERS_MAX] = { 0 };
	const struct load *l = &r->load;
	int err;

	while (!(err = fence_attr_next(&all, &a))) {
		if (a.type == NFTA_BITWISE_MASK || a.type == NFTA_BITWISE_XOR) {
			if (value_of(a.type == NFTA_BITWISE_MASK ? &mask : &flip, &a)) {
				return ERR_PROTO;
			}
		} else if (a.type < NUMBERS_MAX && a.type != NFTA_BITWISE_DATA && fence_attr_number(&n[a.type], &a)) {
			return ERR_PROTO;
		}
	}
	if (err != ERR_NOTFOUND) {
		return ERR_PROTO;
	}
	if (l->key != FENCE_TRANSPORT_HEADER || l->offset != TCP_FLAGS_OFFSET || l->len != 1 || n[NFTA_BITWISE_SREG] != l->reg ||
	    n[NFTA_BITWISE_OP] != NFT_BITWISE_BOOL || !is_octet(&mask, FENCE_TCP_SYN | FENCE_TCP_ACK) || !is_octet(&flip, 0)) {
		foreign(r, "bitwise");
	}
	r->load = (struct load){ .reg = n[NFTA_BITWISE_DREG], .key = FENCE_TCP_OPENING, .len = 1 };
	return 0;
}

/* A name that ends within the value is a whole name; one without an end is the beginning of one. */
static void whole_name(struct fence_term *t)
{
	if (memchr(t->data, 0, t->len)) {
		t->len = FENCE_DEVICE_MAX;
	}
}

static int read_cmp(struct reading *r, struct fence_attrs all)
{
	struct fence_attr a, value = { 0 };
	struct fence_term t = { .key = r->load.key, .offset = r->load.offset };
	uint32_t reg = 0, op = 0;
	int err;

	while (!(err = fence_attr_next(&all, &a))) {
		if ((a.type == NFTA_CMP_SREG && fence_attr_u32(&reg, &a)) || (a.type == NFTA_CMP_OP && fence_attr_u32(&op, &a)) ||
		    (a.type == NFTA_CMP_DATA && value_of(&value, &a))) {
			return ERR_PROTO;
		}
	}
	if (err != ERR_NOTFOUND || !value.p) {
		return ERR_PROTO;
	}
	if (!t.key || reg != r->load.reg || (op != NFT_CMP_EQ && op != NFT_CMP_NEQ) || value.len > sizeof t.data ||
	    (r->load.len && value.len != r->load.len) || r->rule->terms == FENCE_TERMS_MAX) {
		foreign(r, "cmp");
		return 0;
	}
	t.differs = op == NFT_CMP_NEQ;
	t.len = (uint8_t)value.len;
	memcpy(t.data, value.p, value.len);
	if (t.key == FENCE_FROM_DEVICE || t.key == FENCE_TO_DEVICE) {
		whole_name(&t);
	}
	r->rule->term[r->rule->terms++] = t;
	return 0;
}

static int verdict_of(uint32_t *code, const struct fence_attr *data)
{
	struct fence_attrs inside = fence_attr_inside(data);
	struct fence_attr verdict, a;
	bool there = false;
	int err;

	if (fence_attr_next(&inside, &verdict)) {
		return ERR_PROTO;
	}
	if (verdict.type != NFTA_DATA_VERDICT) {
		return ERR_NOTFOUND;
	}
	inside = fence_attr_inside(&verdict);
	while (!(err = fence_attr_next(&inside, &a))) {
		if (a.type == NFTA_VERDICT_CODE) {
			there = true;
			if (fence_attr_u32(code, &a)) {
				return ERR_PROTO;
			}
		}
	}
	return err == ERR_NOTFOUND && there ? 0 : ERR_PROTO;
}

static int read_immediate(struct reading *r, struct fence_attrs all)
{
	struct fence_attr a, data = { 0 };
	uint32_t code = 0;
	int err;

	while (!(err = fence_attr_next(&all, &a))) {
		if (a.type == NFTA_IMMEDIATE_DATA) {
			data = a;
		}
	}
	if (err != ERR_NOTFOUND || !data.p) {
		return ERR_PROTO;
	}
	err = verdict_of(&code, &data);
	if (err == ERR_PROTO) {
		return err;
	}
	if (err || (code != NF_DROP && code != NF_ACCEPT)) {
		foreign(r, err ? "immediate" : "another verdict");
		return 0;
	}
	r->decided = true;
	r->rule->drop = code == NF_DROP;
	return 0;
}

static int read_counter(struct reading *r, struct fence_attrs all)
{
	(void)r;
	(void)all;
	return 0;
}

static const struct {
	const char *name;
	int (*read)(struct reading *r, struct fence_attrs all);
} expressions[] = {
	{ "meta", read_meta },       { "rt", read_rt },           { "exthdr", read_exthdr },
	{ "payload", read_payload }, { "cmp", read_cmp },         { "immediate", read_immediate },
	{ "counter", read_counter }, { "bitwise", read_bitwise },
};

/* An expression behind the verdict makes the rule a foreign one, whatever it says. */
static int read_expression(struct reading *r, struct fence_attrs all)
{
	struct fence_attr a, name = { 0 }, data = { 0 };
	char text[FENCE_FOREIGN_MAX];
	int err;

	while (!(err = fence_attr_next(&all, &a))) {
		if (a.type == NFTA_EXPR_NAME) {
			name = a;
		} else if (a.type == NFTA_EXPR_DATA) {
			data = a;
		}
	}
	if (err != ERR_NOTFOUND || !name.p) {
		return ERR_PROTO;
	}
	if (r->decided) {
		foreign(r, "more behind the verdict");
		return 0;
	}
	for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
		if (fence_attr_is(&name, expressions[i].name)) {
			return expressions[i].read(r, fence_attr_inside(&data));
		}
	}
	fence_attr_cut(text, sizeof text, &name);
	foreign(r, text[0] ? text : "?");
	return 0;
}

int fence_rule_read(struct fence_rule *rule, struct fence_attrs all)
{
	struct reading r = { .rule = rule };
	struct fence_attr a;
	int err;

	while (!(err = fence_attr_next(&all, &a))) {
		if (a.type == NFTA_LIST_ELEM && read_expression(&r, fence_attr_inside(&a))) {
			return ERR_PROTO;
		}
	}
	if (!r.decided) {
		foreign(&r, "no verdict");
	}
	return err == ERR_NOTFOUND ? 0 : ERR_PROTO;
}
