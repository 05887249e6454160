/* pol_rate.c - the bucket holds thousandths, so a slow rate loses nothing to rounding. */
#include "policy/pol_rate.h"

#define TOKEN 1000u

bool pol_rate_take(struct pol_rate *r, uint32_t rate_per_s, uint32_t burst, uint64_t now_ms)
{
	uint64_t full = (uint64_t)(burst ? burst : rate_per_s) * TOKEN, elapsed_ms;

	if (rate_per_s == 0) {
		return true;
	}
	if (!r->started) {
		*r = (struct pol_rate){ .tokens_milli = full, .at_ms = now_ms, .started = true };
	} else if (now_ms > r->at_ms) {
		elapsed_ms = now_ms - r->at_ms;
		/* rate per second is thousandths per millisecond; a long silence fills the
		 * bucket, whatever the product */
		if (elapsed_ms > full / rate_per_s) {
			r->tokens_milli = full;
		} else {
			r->tokens_milli += elapsed_ms * rate_per_s;
		}
		r->at_ms = now_ms;
	} else {
		r->at_ms = now_ms; /* gone back: count from here */
	}
	if (r->tokens_milli > full) {
		r->tokens_milli = full;
	}
	if (r->tokens_milli < TOKEN) {
		return false;
	}
	r->tokens_milli -= TOKEN;
	return true;
}
