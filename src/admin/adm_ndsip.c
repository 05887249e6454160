/* adm_ndsip.c - what operators provision and see of NDS/IP. */
#include "admin/adm_int.h"

int adm_ndsip_check(const struct cfg_iwf *cfg, const struct asc_scs *scs, char why[CFG_WHY_MAX])
{
	int err = 0;

	for (uint8_t i = 0; i < scs->ndsip_hosts.n && !err; i++) {
		err = cfg_ndsip_peer_check(cfg, &scs->ndsip_hosts.at[i], false, why);
	}
	for (uint8_t i = 0; i < scs->ndsip_ike.n && !err; i++) {
		err = cfg_ndsip_peer_check(cfg, &scs->ndsip_ike.at[i], true, why);
	}
	return err;
}
