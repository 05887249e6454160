/* dm_ends.c - see dm_ends.h. */
#include "daemon/dm_ends.h"

#define DAY_S 86400u

enum dm_ends_level dm_ends_level(uint64_t not_after_s, uint64_t now_s)
{
	uint64_t left = not_after_s - now_s;

	if (not_after_s <= now_s)
		return DM_ENDS_OVER;
	return left <= DAY_S        ? DM_ENDS_1_DAY
	       : left <= 7 * DAY_S  ? DM_ENDS_7_DAYS
	       : left <= 30 * DAY_S ? DM_ENDS_30_DAYS
				    : DM_ENDS_FAR;
}

bool dm_ends_tell(uint8_t *said, enum dm_ends_level level)
{
	if (level <= *said)
		return false;
	*said = (uint8_t)level;
	return true;
}
