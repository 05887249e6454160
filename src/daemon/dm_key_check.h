/* dm_key_check.h - do the keys in the token fit their certificates? */
#pragma once
#include "conf/cfg_iwf.h"

/* Tries them in a process of its own, as the user of the keyholders: the module of the token's
 * maker is never loaded into the caller. `part_fd`: DM_PART_P11, borrowed. Waits for the token,
 * KEY_CHECK_WAIT_MS at most. What is wrong is an error of the report, with the line of the key of
 * the configuration that has to be corrected. */
#define KEY_CHECK_WAIT_MS 15000
void dm_key_check(const struct cfg_iwf *cfg, int part_fd, struct report *r);
