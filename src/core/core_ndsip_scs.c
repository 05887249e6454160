/* core_ndsip_scs.c - an SCS with NDS/IP beside the configuration: whether it goes with it, and what
 * the helper gets of it. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "core/core_int.h"

/* Those that the configuration has. core_ndsip_fits(): there is one. */
static void anchors_of(char out[ANCHOR_LIST_LEN], const struct cfg_iwf *cfg, const struct asc_scs *scs)
{
	char names[ANCHOR_LIST_MAX][IDENT_SCS_MAX + 1];
	uint8_t n = anchor_list_split(names, scs->anchor);

	out[0] = 0;
	for (uint8_t i = 0; i < n; i++) {
		if (cfg_anchor_index(cfg, names[i]) < CFG_ANCHORS_MAX) {
			str_add(out, ANCHOR_LIST_LEN, out[0] ? " " : "");
			str_add(out, ANCHOR_LIST_LEN, names[i]);
		}
	}
}

void core_ndsip_message(struct ns_msg *m, uint32_t list, const struct cfg_iwf *cfg, const struct asc_scs *scs)
{
	_Static_assert(NS_HOSTS_MAX == SCS_NDSIP_ADDRESSES_MAX && NS_IKE_MAX == 8, "as in base/scs_ndsip.h");
	*m = (struct ns_msg){ .kind = NS_SCS, .scs = { .list = list } };
	str_set(m->scs.name, sizeof m->scs.name, scs->name);
	str_set(m->scs.identity, sizeof m->scs.identity, scs->origin_host);
	anchors_of(m->scs.anchor, cfg, scs);
	m->scs.ike_n = scs->ndsip_ike.n;
	memcpy(m->scs.ike, scs->ndsip_ike.at, scs->ndsip_ike.n * sizeof *m->scs.ike);
	m->scs.hosts_n = scs->ndsip_hosts.n;
	memcpy(m->scs.hosts, scs->ndsip_hosts.at, scs->ndsip_hosts.n * sizeof *m->scs.hosts);
}

bool core_ndsip_fits(const struct cfg_iwf *cfg, const struct asc_scs *scs, char why[CFG_WHY_MAX])
{
	char anchors[ANCHOR_LIST_LEN];

	for (uint8_t i = 0; i < scs->ndsip_hosts.n; i++) {
		if (cfg_ndsip_peer_check(cfg, &scs->ndsip_hosts.at[i], false, why)) {
			return false;
		}
	}
	for (uint8_t i = 0; i < scs->ndsip_ike.n; i++) {
		if (cfg_ndsip_peer_check(cfg, &scs->ndsip_ike.at[i], true, why)) {
			return false;
		}
	}
	for (size_t i = 0; i < cfg->peers_n; i++) {
		if (protection_has_ndsip(cfg->peers[i].protection) && !strcmp(cfg->peers[i].identity, scs->origin_host)) {
			snprintf(why, CFG_WHY_MAX, "its Origin-Host is the IKE identity of our peer '%s'", cfg->peers[i].name);
			return false;
		}
	}
	anchors_of(anchors, cfg, scs);
	if (!anchors[0]) {
		bool several = strchr(scs->anchor, ' ') != NULL;

		snprintf(why, CFG_WHY_MAX, "%s '%.120s' is %sin the configuration (trust_anchors)",
			 several ? "none of its trust anchors" : "its trust anchor", scs->anchor, several ? "" : "not ");
		return false;
	}
	return true;
}
