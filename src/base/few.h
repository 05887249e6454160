/* few.h - a bound on lines of a log about one thing: so many in a span of time, and one line for
 * the rest. PURE: the time is an argument. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct few { /* all zero at first */
	uint64_t since_ms;
	uint32_t said, left_out;
};

/* Whether a line may be written now: at most `max` in `span_ms`, which begins with the first one.
 * A line that may not be written is counted. */
bool few_say(struct few *f, uint32_t max, uint64_t span_ms, uint64_t now_ms);
/* Lines that were left out in a span that is over, each told once; 0: none, or the span is not
 * over. For before few_say(), and for a timer. */
uint32_t few_rest(struct few *f, uint64_t span_ms, uint64_t now_ms);
