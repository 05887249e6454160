/* fence_found.c - the messages of nf_tables about our table and its chains. What a rule says is
 * read in fence_found_rule.c. Numbers are in network byte order. */
#include "fence/fence_found.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "fence/fence_found_rule.h"

int fence_found_init(struct fence_found *f, size_t max)
{
	*f = (struct fence_found){ .max = max };
	f->rule = calloc(max ? max : 1, sizeof *f->rule);
	return f->rule ? 0 : ERR_NOMEM;
}

void fence_found_fini(struct fence_found *f)
{
	free(f->rule);
	f->rule = NULL;
}

void fence_found_clear(struct fence_found *f)
{
	*f = (struct fence_found){ .rule = f->rule, .max = f->max };
}

/* -- table and chain */

static int take_table(struct fence_found *f, struct fence_attrs all)
{
	struct fence_attr a, name = { 0 }, flags = { 0 };
	uint32_t bits = 0;
	int err;

	while (!(err = fence_attr_next(&all, &a))) {
		if (a.type == NFTA_TABLE_NAME) {
			name = a;
		} else if (a.type == NFTA_TABLE_FLAGS) {
			flags = a;
		}
	}
	if (err != ERR_NOTFOUND || !name.p || (flags.p && fence_attr_u32(&bits, &flags))) {
		return ERR_PROTO;
	}
	if (fence_attr_is(&name, FENCE_TABLE)) {
		f->table = true;
		f->dormant = bits & NFT_TABLE_F_DORMANT;
	}
	return 0;
}

static int find_chain(enum fence_chain *out, const struct fence_attr *name)
{
	for (unsigned i = 0; i < FENCE_CHAINS; i++) {
		if (fence_attr_is(name, fence_chain_name((enum fence_chain)i))) {
			*out = (enum fence_chain)i;
			return 0;
		}
	}
	return ERR_NOTFOUND;
}

static int take_hook(struct fence_found_chain *c, struct fence_attrs all)
{
	bool number = false, priority = false;
	struct fence_attr a;
	uint32_t value;
	int err;

	while (!(err = fence_attr_next(&all, &a))) {
		if (a.type != NFTA_HOOK_HOOKNUM && a.type != NFTA_HOOK_PRIORITY) {
			continue;
		}
		if (fence_attr_u32(&value, &a)) {
			return ERR_PROTO;
		}
		if (a.type == NFTA_HOOK_HOOKNUM) {
			c->hook = value;
			number = true;
		} else {
			c->priority = (int32_t)value;
			priority = true;
		}
	}
	c->at_hook = true;
	return err == ERR_NOTFOUND && number && priority ? 0 : ERR_PROTO;
}

static int take_chain(struct fence_found *f, struct fence_attrs all)
{
	struct fence_attr a, table = { 0 }, name = { 0 };
	struct fence_found_chain c = { .exists = true };
	enum fence_chain chain;
	uint32_t policy;
	int err;

	while (!(err = fence_attr_next(&all, &a))) {
		switch (a.type) {
		case NFTA_CHAIN_TABLE:
			table = a;
			break;
		case NFTA_CHAIN_NAME:
			name = a;
			break;
		case NFTA_CHAIN_HOOK:
			err = take_hook(&c, fence_attr_inside(&a));
			break;
		case NFTA_CHAIN_POLICY:
			err = fence_attr_u32(&policy, &a);
			c.drops = !err && policy == NF_DROP;
			break;
		case NFTA_CHAIN_TYPE:
			fence_attr_cut(c.type, sizeof c.type, &a);
			break;
		default:
			break;
		}
		if (err) {
			return ERR_PROTO;
		}
	}
	if (err != ERR_NOTFOUND || !table.p || !name.p) {
		return ERR_PROTO;
	}
	if (fence_attr_is(&table, FENCE_TABLE) && !find_chain(&chain, &name)) {
		f->chain[chain] = c;
	}
	return 0;
}

/* -- rules */

static int take_rule(struct fence_found *f, struct fence_attrs all)
{
	struct fence_attr a, table = { 0 }, chain = { 0 }, list = { 0 };
	struct fence_rule *rule;
	enum fence_chain which;
	int err;

	while (!(err = fence_attr_next(&all, &a))) {
		if (a.type == NFTA_RULE_TABLE) {
			table = a;
		} else if (a.type == NFTA_RULE_CHAIN) {
			chain = a;
		} else if (a.type == NFTA_RULE_EXPRESSIONS) {
			list = a;
		}
	}
	if (err != ERR_NOTFOUND || !table.p || !chain.p) {
		return ERR_PROTO;
	}
	if (!fence_attr_is(&table, FENCE_TABLE) || find_chain(&which, &chain)) {
		return 0;
	}
	if (f->n == f->max) {
		f->more = true;
		return 0;
	}
	rule = &f->rule[f->n++];
	*rule = (struct fence_rule){ .chain = which };
	return fence_rule_read(rule, fence_attr_inside(&list));
}

/* -- messages */

/* The attributes behind struct nfgenmsg. */
static int inside(struct fence_attrs *out, uint8_t *family, const void *p, size_t len)
{
	struct nfgenmsg head;

	if (len < NLMSG_ALIGN(sizeof head)) {
		return ERR_PROTO;
	}
	memcpy(&head, p, sizeof head);
	*family = head.nfgen_family;
	*out = (struct fence_attrs){ (const uint8_t *)p + NLMSG_ALIGN(sizeof head), len - NLMSG_ALIGN(sizeof head) };
	return 0;
}

int fence_found_take(struct fence_found *f, unsigned type, const void *p, size_t len)
{
	struct fence_attrs all;
	uint8_t family;

	if (inside(&all, &family, p, len)) {
		return ERR_PROTO;
	}
	if (family != NFPROTO_INET) {
		return 0;
	}
	switch (type) {
	case NFT_MSG_NEWTABLE:
		return take_table(f, all);
	case NFT_MSG_NEWCHAIN:
		return take_chain(f, all);
	case NFT_MSG_NEWRULE:
		return take_rule(f, all);
	default:
		return 0;
	}
}

int fence_generation_read(uint32_t *out, const void *p, size_t len)
{
	struct fence_attrs all;
	struct fence_attr a;
	uint8_t family;

	if (inside(&all, &family, p, len)) {
		return ERR_PROTO;
	}
	while (!fence_attr_next(&all, &a)) {
		if (a.type == NFTA_GEN_ID) {
			return fence_attr_u32(out, &a);
		}
	}
	return ERR_PROTO;
}
