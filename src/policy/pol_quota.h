/* pol_quota.h - the used daily quota of an SCS, as plain numbers. PURE: times are arguments. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define POL_QUOTA_DAY_MS UINT64_C(86400000)

struct pol_quota {
	uint64_t day;      /* day since 1970-01-01 UTC; 0: none */
	uint64_t began_ms; /* start of counting for that day; core timeline (base/timeline.h) */
	uint64_t used;
};

/* True if the counted day has ended. `day` is the present day, `now_ms` the time of the
 * timeline.
 * A later day is a new one. An earlier day, after the wall clock was set back, is a new one only
 * when the time of a day has passed.
 * Until then the SCS continues with its used quota. So it is never shut out for longer than a
 * day. */
bool pol_quota_over(const struct pol_quota *q, uint64_t day, uint64_t now_ms);
/* True if the record is useless even if the wall clock is set back by a day. */
bool pol_quota_past(const struct pol_quota *q, uint64_t day, uint64_t now_ms);
/* The used quota of the present day. */
uint64_t pol_quota_used(const struct pol_quota *q, uint64_t day, uint64_t now_ms);
