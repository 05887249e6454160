/* dm_selectors.h - the traffic selectors of our side of every tunnel. PURE. */
#pragma once
#include "conf/cfg_iwf.h"
#include "ipsec/sa_table.h"

/* Each address of a listener with NDS/IP, with its protocol and port. ERR_INVAL: one is no address.
 * ERR_LIMIT: there are more than SA_SELECTORS_MAX; cfg_ndsip_check() lets neither pass. */
ERR_MUST_USE int dm_selectors(struct sa_ts out[SA_SELECTORS_MAX], size_t *n, const struct cfg_iwf *c);
