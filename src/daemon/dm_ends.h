/* dm_ends.h - certificates come to their end: when somebody is told. Time is an argument. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "daemon/dm_set.h"

enum dm_ends_level { DM_ENDS_FAR, DM_ENDS_30_DAYS, DM_ENDS_7_DAYS, DM_ENDS_1_DAY, DM_ENDS_OVER };

enum dm_ends_level dm_ends_level(uint64_t not_after_s, uint64_t now_s);
/* True once a level: it is nearer than what `*said` says was told before, which is kept in there. A clock that goes back tells nothing. */
bool dm_ends_tell(uint8_t *said, enum dm_ends_level level);

#define DM_ENDS_WORDS_MAX (CFG_PATH_MAX + 256)
/* What a person is told about such a certificate; level is not DM_ENDS_FAR. Returns out. */
const char *dm_ends_words(char out[DM_ENDS_WORDS_MAX], const struct cfg_iwf *cfg, const struct dm_end *end,
			  enum dm_ends_level level, uint64_t now_s);
/* The same as warnings, for each certificate of the set that is at its end or near it. */
void dm_ends_report(struct report *r, const struct cfg_iwf *cfg, const struct dm_set *set, uint64_t now_s);
