/* ctl_refusals.h - how many refusals of one server are logged: a client that is refused again and
 * again must not fill the log. PURE: the time is an argument. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define CTL_REFUSALS_LOGGED 20u /* lines in each CTL_REFUSALS_MS */
#define CTL_REFUSALS_MS 60000u

struct ctl_refusals {    /* all zero at first */
	uint64_t end_ms; /* of the present window, on the monotonic clock */
	uint32_t logged; /* in it */
	uint64_t left_out;
};

/* Whether the refusal of now is logged. *left_out: refusals since the last line that were not; it
 * is set when the result is true. */
bool ctl_refusals_take(struct ctl_refusals *r, uint64_t now_ms, uint64_t *left_out);
