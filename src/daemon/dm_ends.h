/* dm_ends.h - warnings about certificates that expire and CRLs that get out of date. The time is an
 * argument. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "daemon/dm_set.h"

/* DM_ENDS_EARLY: the clock is before the beginning. */
enum dm_ends_level { DM_ENDS_FAR, DM_ENDS_30_DAYS, DM_ENDS_7_DAYS, DM_ENDS_1_DAY, DM_ENDS_OVER, DM_ENDS_EARLY };

enum dm_ends_level dm_ends_level(uint64_t not_after_s, uint64_t now_s);
/* The same of a row of a set. A CRL is renewed often: it has no level of 30 days, nor one that
 * is more than half of the time from its thisUpdate to its nextUpdate. */
enum dm_ends_level dm_ends_level_of(const struct dm_end *end, uint64_t now_s);
/* True once for each level: the level is nearer than the one in `*said`, which is updated. A clock
 * that is set back gives no warning, unless it is set to a time before the beginning. */
bool dm_ends_tell(uint8_t *said, enum dm_ends_level level);

#define DM_ENDS_WORDS_MAX (CFG_PATH_MAX + 512)
/* The warning about such a row; level is not DM_ENDS_FAR. Returns out. */
const char *dm_ends_words(char out[DM_ENDS_WORDS_MAX], const struct cfg_iwf *cfg, const struct dm_end *end,
			  enum dm_ends_level level, uint64_t now_s);
/* The same as warnings, for each row of the set that is at its end or near it. */
void dm_ends_report(struct report *r, const struct cfg_iwf *cfg, const struct dm_set *set, uint64_t now_s);
