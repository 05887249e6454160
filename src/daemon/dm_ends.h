/* dm_ends.h - certificates come to their end: when somebody is told. Time is an argument. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum dm_ends_level { DM_ENDS_FAR, DM_ENDS_30_DAYS, DM_ENDS_7_DAYS, DM_ENDS_1_DAY, DM_ENDS_OVER };

enum dm_ends_level dm_ends_level(uint64_t not_after_s, uint64_t now_s);
/* True once a level: it is nearer than what `*said` says was told before, which is kept in there. A clock that goes back tells nothing. */
bool dm_ends_tell(uint8_t *said, enum dm_ends_level level);
