/* fuzz_ndsip.c - the promises of the messages between the NDS/IP helper, the edges and the core: one that is taken is written as the
 * same octets again, and has no field out of range. The first octet says from whom it comes. */
#include <string.h>

#include "base/anchor_list.h"
#include "ndsip/ns_msg.h"
#include "tests/fuzz/fuzz.h"

static void addresses(const struct sa_address *a, unsigned n, unsigned min, unsigned max)
{
	promise(n >= min && n <= max, "addresses have a bound");
	for (unsigned i = 0; i < n; i++) {
		promise(a[i].family == 4 || a[i].family == 6, "an address has a family");
	}
}

static void look_at(const struct ns_msg *m)
{
	switch (m->kind) {
	case NS_OPEN:
		addresses(m->open.local, m->open.local_n, 1, NS_ENDS_MAX);
		addresses(m->open.remote, m->open.remote_n, 1, NS_ENDS_MAX);
		break;
	case NS_STATE:
		promise(m->state.reason < NS_REASONS && m->state.proof >= NS_HELD && m->state.proof <= NS_CUT, "a state is one");
		promise((m->state.proof == NS_PROVEN) == (m->state.scs[0] && m->state.anchor[0]), "who is proven has a name");
		break;
	case NS_SCS:
		addresses(m->scs.ike, m->scs.ike_n, 0, NS_IKE_MAX);
		addresses(m->scs.hosts, m->scs.hosts_n, 1, NS_HOSTS_MAX);
		promise(ident_name_ok(m->scs.name) && anchor_list_ok(m->scs.anchor), "an SCS and its anchors have names");
		break;
	case NS_SCS_STATE:
		promise(m->scs_is.state >= NS_SCS_WAITS && m->scs_is.state <= NS_SCS_UP, "a state is one");
		break;
	default:
		break;
	}
}

static void fuzz_message(const char *target, const uint8_t *data, size_t size)
{
	uint8_t again[NS_MSG_OCTETS_MAX];
	struct ns_msg m;

	(void)target;
	memset(&m, 0x5a, sizeof m);
	if (!size || ns_msg_decode(&m, (enum ns_side)(data[0] % 4), data + 1, size - 1)) {
		for (size_t i = 0; i < sizeof m; i++) {
			promise(((const uint8_t *)&m)[i] == 0x5a, "a refused message leaves the struct as it was");
		}
		return;
	}
	look_at(&m);
	promise(ns_msg_encode(again, &m) == size - 1 && !memcmp(again, data + 1, size - 1), "the same octets again");
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "ndsip-message") ? fuzz_message : NULL;
}
