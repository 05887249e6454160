/* dm_key_check.h - do the keys in the token fit their certificates? */
#pragma once
#include "conf/cfg_iwf.h"
#include "daemon/dm_set.h"

/* Tries them in a process of its own, as the user of the keyholders: the module of the token's
 * maker is never loaded into the caller. `part_fd`: DM_PART_P11, borrowed. Waits for the token,
 * KEY_CHECK_WAIT_MS at most. What is wrong is an error of the report, with the line of the key of
 * the configuration that has to be corrected. Last, and only when all else is right: a wrong PIN
 * tried too often locks a token. */
#define KEY_CHECK_WAIT_MS 15000
void dm_key_check(const struct cfg_iwf *cfg, int part_fd, struct report *r);
/* Whether the set has keys in a token. */
bool dm_key_check_needed(const struct dm_set *s);

struct dm_parent;
/* The same for the configuration of the reload, beside the parent's loop; dm_reload_tried()
 * follows.
 * An error is in the report of the reload, and dm_reload_tried() does not follow. */
ERR_MUST_USE int dm_key_check_begin(struct dm_parent *p, int part_fd);
