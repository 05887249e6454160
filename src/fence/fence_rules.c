/* fence_rules.c - the rules of a plan. */
#include "fence/fence_rules.h"

#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static const struct {
	const char *name;
	unsigned hook;
} chains[FENCE_CHAINS] = {
	[FENCE_INPUT] = { "input", NF_INET_LOCAL_IN },
	[FENCE_FORWARD] = { "forward", NF_INET_FORWARD },
	[FENCE_POSTROUTING] = { "postrouting", NF_INET_POST_ROUTING },
};

const char *fence_chain_name(enum fence_chain chain)
{
	return chains[chain].name;
}

unsigned fence_chain_hook(enum fence_chain chain)
{
	return chains[chain].hook;
}

/* -- one rule */

static void add(struct fence_rule *r, enum fence_key key, unsigned offset, const void *data, size_t len)
{
	struct fence_term *t = &r->term[r->terms++];

	t->key = (uint8_t)key;
	t->offset = (uint8_t)offset;
	t->len = (uint8_t)len;
	memcpy(t->data, data, len);
}

static void add_octet(struct fence_rule *r, enum fence_key key, unsigned value)
{
	uint8_t octet = (uint8_t)value;

	add(r, key, 0, &octet, 1);
}

enum end { SOURCE, DESTINATION };

static void add_address(struct fence_rule *r, enum end end, const struct sa_address *a)
{
	unsigned len = a->family == 4 ? 4 : 16, first = a->family == 4 ? 12 : 8;

	add_octet(r, FENCE_FAMILY, a->family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	add(r, FENCE_NETWORK_HEADER, end == SOURCE ? first : first + len, a->octets, len);
}

static void add_port(struct fence_rule *r, enum end end, uint8_t protocol, uint16_t port)
{
	uint8_t octets[2] = { (uint8_t)(port >> 8), (uint8_t)port };

	add_octet(r, FENCE_TRANSPORT, protocol);
	add(r, FENCE_TRANSPORT_HEADER, end == SOURCE ? 0 : 2, octets, sizeof octets);
}

/* Through a tunnel, or not; `in` and out of this host. */
static void add_tunnel(struct fence_rule *r, const struct fence_plan *plan, bool in, bool through)
{
	uint8_t name[FENCE_DEVICE_MAX] = { 0 };

	if (plan->mode == FENCE_XFRM) {
		add_octet(r, in ? FENCE_DECRYPTED : FENCE_ENCRYPTED, through);
		return;
	}
	memcpy(name, plan->device, strlen(plan->device));
	add(r, in ? FENCE_FROM_DEVICE : FENCE_TO_DEVICE, 0, name, sizeof name);
	r->term[r->terms - 1].differs = !through;
}

/* -- all of them */

static struct fence_rule *begin(struct fence_rules *all, enum fence_chain chain, bool drop, const struct fence_selector *s,
				const char *what)
{
	struct fence_rule *r = &all->rule[all->n++];

	r->chain = chain;
	r->drop = drop;
	snprintf(r->comment, sizeof r->comment, "%s%s%s%s",
		 !s        ? ""
		 : s->peer ? "peer "
			   : "listener ",
		 s ? s->name : "", s ? ": " : "", what);
	return r;
}

#define SCTP_CHUNK_OFFSET 12u /* RFC 9260 3.1: the type of the first chunk; INIT stands alone */
#define SCTP_INIT 1u

/* Packets that would open a connection do not match. */
static void add_not_opening(struct fence_rule *r, uint8_t protocol)
{
	uint8_t octet = protocol == SA_SCTP ? SCTP_INIT : FENCE_TCP_SYN;

	if (protocol == SA_SCTP) {
		add(r, FENCE_TRANSPORT_HEADER, SCTP_CHUNK_OFFSET, &octet, 1);
	} else {
		add(r, FENCE_TCP_OPENING, 0, &octet, 1);
	}
	r->term[r->terms - 1].differs = 1;
}

/* The packets of connections between a peer and us: from it, and to it. */
static void add_from_peer(struct fence_rule *r, const struct fence_selector *s, const struct sa_address *host)
{
	add_address(r, SOURCE, host);
	add_address(r, DESTINATION, &s->address);
	add_port(r, SOURCE, s->protocol, s->port);
}

static void add_to_peer(struct fence_rule *r, const struct fence_selector *s, const struct sa_address *host)
{
	add_address(r, SOURCE, &s->address);
	add_address(r, DESTINATION, host);
	add_port(r, DESTINATION, s->protocol, s->port);
}

/* `host` is that of a peer; NULL: a listener. */
static void input_from_outside(struct fence_rules *all, const struct fence_plan *plan, const struct fence_selector *s,
			       const struct sa_address *host)
{
	struct fence_rule *r = begin(all, FENCE_INPUT, true, s, "input from outside the tunnel");

	if (host) {
		add_from_peer(r, s, host);
	} else {
		add_address(r, DESTINATION, &s->address);
		add_port(r, DESTINATION, s->protocol, s->port);
	}
	add_tunnel(r, plan, true, false);
	if (s->address.family == 4) {
		return;
	}
	/* The hook sees whole packets of IPv4. Of IPv6 it sees fragments, and only the first of
	 * them has ports. */
	r = begin(all, FENCE_INPUT, true, s, "fragments from outside the tunnel");
	if (host) {
		add_address(r, SOURCE, host);
	}
	add_address(r, DESTINATION, &s->address);
	add_octet(r, FENCE_TRANSPORT, s->protocol);
	add_octet(r, FENCE_FRAGMENT, 1);
	add_tunnel(r, plan, true, false);
}

static void input_from_host(struct fence_rules *all, const struct fence_plan *plan, const struct fence_selector *s,
			    const struct sa_address *host)
{
	struct fence_rule *r = begin(all, FENCE_INPUT, false, s, "input from the tunnel");

	if (s->peer) {
		add_from_peer(r, s, host);
		add_not_opening(r, s->protocol);
		add_tunnel(r, plan, true, true);
		return;
	}
	if (host) {
		add_address(r, SOURCE, host);
	}
	add_address(r, DESTINATION, &s->address);
	add_port(r, DESTINATION, s->protocol, s->port);
	add_tunnel(r, plan, true, true);
}

static void input_from_tunnel(struct fence_rules *all, const struct fence_plan *plan, const struct fence_selector *s)
{
	if (!s->hosts_n) {
		input_from_host(all, plan, s, NULL);
	}
	for (size_t i = 0; i < s->hosts_n; i++) {
		if (s->hosts[i].family == s->address.family) {
			input_from_host(all, plan, s, &s->hosts[i]);
		}
	}
}

static void output(struct fence_rules *all, const struct fence_plan *plan, const struct fence_selector *s,
		   const struct sa_address *host)
{
	struct fence_rule *r = begin(all, FENCE_POSTROUTING, true, s, "output outside the tunnel");

	if (host) {
		add_to_peer(r, s, host);
	} else {
		add_address(r, SOURCE, &s->address);
		add_port(r, SOURCE, s->protocol, s->port);
	}
	add_tunnel(r, plan, false, false);
}

typedef void rule_fn(struct fence_rules *all, const struct fence_plan *plan, const struct fence_selector *s,
		     const struct sa_address *host);

/* Once for a listener, and once for each host of a peer. */
static void each(struct fence_rules *all, const struct fence_plan *plan, const struct fence_selector *s, rule_fn *make)
{
	if (!s->peer) {
		make(all, plan, s, NULL);
		return;
	}
	for (size_t i = 0; i < s->hosts_n; i++) {
		if (s->hosts[i].family == s->address.family) {
			make(all, plan, s, &s->hosts[i]);
		}
	}
}

int fence_rules_new(struct fence_rules **out, const struct fence_plan *plan)
{
	struct fence_rules *all = calloc(1, sizeof *all);
	size_t max = 2; /* those of no listener */

	if (!all) {
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < plan->n; i++) {
		max += 4 * (1 + plan->selector[i].hosts_n);
	}
	all->rule = calloc(max, sizeof *all->rule);
	if (!all->rule) {
		free(all);
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < plan->n; i++) {
		each(all, plan, &plan->selector[i], input_from_outside);
	}
	for (size_t i = 0; i < plan->n; i++) {
		input_from_tunnel(all, plan, &plan->selector[i]);
	}
	add_tunnel(begin(all, FENCE_INPUT, true, NULL, "anything else from the tunnel"), plan, true, true);
	add_tunnel(begin(all, FENCE_FORWARD, true, NULL, "from the tunnel to other hosts"), plan, true, true);
	for (size_t i = 0; i < plan->n; i++) {
		each(all, plan, &plan->selector[i], output);
	}
	*out = all;
	return 0;
}

void fence_rules_free(struct fence_rules *r)
{
	if (r) {
		free(r->rule);
		free(r);
	}
}

/* -- comparison */

/* Each octet of a header is one condition, because nft joins conditions on octets that lie side by
 * side. Others stay as they are, with booleans in one form. */
#define FORM_MAX (FENCE_TERMS_MAX * FENCE_DATA_MAX)

static bool is_boolean(uint8_t key)
{
	return key == FENCE_DECRYPTED || key == FENCE_ENCRYPTED || key == FENCE_FRAGMENT;
}

static int order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct fence_term));
}

static size_t form(struct fence_term out[FORM_MAX], const struct fence_rule *r)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < r->terms; i++) {
		const struct fence_term *t = &r->term[i];
		bool octets = (t->key == FENCE_NETWORK_HEADER || t->key == FENCE_TRANSPORT_HEADER) && !t->differs;

		for (size_t k = 0; octets && k < t->len; k++) {
			out[n++] = (struct fence_term){
				.key = t->key, .offset = (uint8_t)(t->offset + k), .len = 1, .data = { t->data[k] }
			};
		}
		if (octets) {
			continue;
		}
		out[n] = *t;
		if (is_boolean(t->key) && t->differs && t->len == 1 && t->data[0] <= 1) {
			out[n].differs = 0;
			out[n].data[0] = !t->data[0];
		}
		n++;
	}
	qsort(out, n, sizeof *out, order);
	for (size_t i = 0; i < n; i++) {
		if (!kept || order(&out[kept - 1], &out[i]) != 0) {
			out[kept++] = out[i];
		}
	}
	return kept;
}

bool fence_rule_equal(const struct fence_rule *a, const struct fence_rule *b)
{
	struct fence_term left[FORM_MAX], right[FORM_MAX];
	size_t n;

	if (a->chain != b->chain || a->drop != b->drop || a->foreign[0] || b->foreign[0]) {
		return false;
	}
	n = form(left, a);
	return form(right, b) == n && memcmp(left, right, n * sizeof *left) == 0;
}
