/* core_ndsip_peers.c - the peers of the core in the list for the NDS/IP helper. They are of the
 * configuration, which has checked them, and go before the SCSs. */
#include <string.h>

#include "base/str.h"
#include "core/core_int.h"

int core_ndsip_peers_note(struct core *c)
{
	struct core_ndsip *n = &c->ndsip;
	char name[IDENT_SCS_MAX + 1];
	struct core_ndsip_scs *s;

	for (size_t i = 0; i < c->cfg->peers_n; i++) {
		if (!protection_has_ndsip(c->cfg->peers[i].protection)) {
			continue;
		}
		core_proof_name(name, &c->cfg->peers[i]);
		s = core_ndsip_find(n, name);
		s = s ? s : core_ndsip_add(n, name);
		if (!s) {
			return ERR_NOMEM;
		}
		s->list = n->list;
		n->list_n++;
		n->peers_n++;
	}
	return 0;
}

static uint8_t read_all(struct sa_address *out, const char (*list)[CFG_ADDRESS_MAX], size_t n)
{
	uint8_t done = 0;

	for (size_t i = 0; i < n; i++) {
		if (sa_address_read(&out[done], list[i], strlen(list[i])) == 0) {
			done++;
		}
	}
	return done;
}

_Static_assert(CFG_NDSIP_ADDRESSES_MAX == NS_IKE_MAX && TRANSPORT_MORE_MAX + 1 <= NS_HOSTS_MAX, "a peer fits into a message");

static void message_of_peer(struct ns_msg *m, uint32_t list, const struct cfg_peer *p)
{
	size_t local_n = p->local_addresses_n < NS_ENDS_MAX ? p->local_addresses_n : NS_ENDS_MAX;

	*m = (struct ns_msg){ .kind = NS_SCS, .scs = { .list = list } };
	core_proof_name(m->scs.name, p);
	str_set(m->scs.identity, sizeof m->scs.identity, p->identity);
	str_set(m->scs.anchor, sizeof m->scs.anchor, p->trust);
	m->scs.ike_n = read_all(m->scs.ike, p->ike, p->ike_n);
	m->scs.hosts_n = read_all(m->scs.hosts, &p->address, 1);
	m->scs.hosts_n =
	    (uint8_t)(m->scs.hosts_n + read_all(&m->scs.hosts[m->scs.hosts_n], p->more_addresses, p->more_addresses_n));
	m->scs.service.protocol = p->transport == TRANSPORT_SCTP ? SA_SCTP : SA_TCP;
	m->scs.service.port = p->port;
	m->scs.service.local_n = read_all(m->scs.service.local, p->local_addresses, local_n);
}

bool core_ndsip_peers_put(struct core *c)
{
	struct core_ndsip *n = &c->ndsip;

	while (n->peer_at < c->cfg->peers_n) {
		const struct cfg_peer *p = &c->cfg->peers[n->peer_at++];

		if (protection_has_ndsip(p->protection)) {
			message_of_peer(&n->out, n->list, p);
			core_ndsip_note_given(n, core_ndsip_find(n, n->out.scs.name), &n->out);
			n->has_out = true;
			return true;
		}
	}
	return false;
}
