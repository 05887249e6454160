/* pol_quota.h - what an SCS used of its quota of the day, as plain numbers. PURE: times are arguments. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define POL_QUOTA_DAY_MS UINT64_C(86400000)

struct pol_quota {
	uint64_t day;      /* since 1970-01-01 UTC; 0: none has begun */
	uint64_t began_ms; /* when it began to count for that day: of the core's timeline (base/timeline.h) */
	uint64_t used;
};

/* Is the day over, by the day that it is and the timeline? A later day is a new one. An earlier one, because the wall clock was set back,
 * is not until a day's time has passed: the SCS goes on with what it has used, and is never shut out for longer than a day. */
bool pol_quota_over(const struct pol_quota *q, uint64_t day, uint64_t now_ms);
/* Is it of no use any more, even should the wall clock be set back by a day? */
bool pol_quota_past(const struct pol_quota *q, uint64_t day, uint64_t now_ms);
/* What is used, of the day that it is. */
uint64_t pol_quota_used(const struct pol_quota *q, uint64_t day, uint64_t now_ms);
