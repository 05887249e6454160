/* dm_key_check.h - do the keys in the token fit their certificates? */
#pragma once
#include "conf/cfg_iwf.h"
#include "keyholder/kh_msg.h"

/* Tries them in a process of its own, as the user of the keyholders: the module of the token's maker is never
 * loaded into the caller. `part_fd`: DM_PART_P11, borrowed. Waits for the
 * token, KEY_CHECK_WAIT_MS at most. ERR_NOTFOUND: there is no such user. ERR_INVAL, ERR_TIMEOUT and others with the reason in `why`. */
#define KEY_CHECK_WAIT_MS 15000
ERR_MUST_USE int dm_key_check(const struct cfg_iwf *cfg, int part_fd, char why[KH_WHY_MAX]);
