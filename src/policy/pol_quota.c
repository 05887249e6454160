/* pol_quota.c - decides when the day of a quota has ended. */
#include "policy/pol_quota.h"

static bool day_has_passed(const struct pol_quota *q, uint64_t now_ms)
{
	return now_ms >= q->began_ms && now_ms - q->began_ms >= POL_QUOTA_DAY_MS;
}

bool pol_quota_over(const struct pol_quota *q, uint64_t day, uint64_t now_ms)
{
	return day > q->day || (day < q->day && day_has_passed(q, now_ms));
}

bool pol_quota_past(const struct pol_quota *q, uint64_t day, uint64_t now_ms)
{
	return day > q->day + 1 && day_has_passed(q, now_ms);
}

uint64_t pol_quota_used(const struct pol_quota *q, uint64_t day, uint64_t now_ms)
{
	return pol_quota_over(q, day, now_ms) ? 0 : q->used;
}
