/* pol_rate.h - a token bucket as plain numbers. PURE: the time is an argument. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct pol_rate {
	uint64_t tokens_milli; /* thousandths of a token */
	uint64_t at_ms;
	bool started; /* false: full at the first use */
};

/* Takes one token; false when there is none.
 * rate_per_s 0: always true. `burst` 0 counts as rate_per_s.
 * A clock that goes back neither adds nor removes tokens. */
bool pol_rate_take(struct pol_rate *r, uint32_t rate_per_s, uint32_t burst, uint64_t now_ms);
