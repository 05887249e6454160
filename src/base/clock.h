/* clock.h - the clocks. Pure rooms never call these functions: the time reaches them as an
 * argument. docs/dev/time.md says which wait, age and date follows which clock. */
#pragma once
#include <stdint.h>

#include "base/err.h"

#define CLOCK_TEXT_MAX 32
#define CLOCK_DAY_S 86400

/* Milliseconds since an arbitrary start; never goes back. For time-outs. */
uint64_t clock_mono_ms(void);
uint64_t clock_mono_ns(void); /* the same in nanoseconds: how long something took; never 0 */

/* The same, but it also runs while the machine is suspended. A timeline (base/timeline.h) is based
 * on it. */
uint64_t clock_boot_ms(void);

/* Milliseconds since 1970-01-01 UTC. An operator or NTP may set this clock at any moment. It serves
 * lines that people read and dates that were given as such (certificates, the times of a rule). No
 * wait, age or expiry uses this clock: see base/timeline.h. */
uint64_t clock_real_ms(void);

/* RFC 3339 with milliseconds, UTC: "2026-11-23T10:00:00.123Z". */
void clock_text(char out[CLOCK_TEXT_MAX], uint64_t real_ms);

/* Parses whole seconds since 1970 as a person writes them: "2027-01-01", "2027-01-01T08:00:00Z"
 * (also with +01:00 in place of Z, and with a fraction that is zero), or the number itself.
 * ERR_INVAL for every other form. ERR_RANGE before 1970 and after 9999. */
ERR_MUST_USE int clock_parse(int64_t *out_s, const char *text);
/* The same for the end of a time: a date alone means its last second, "2027-01-01T23:59:59Z". */
ERR_MUST_USE int clock_parse_end(int64_t *out_s, const char *text);
/* Writes "2027-01-01T08:00:00Z", or the number if no such text can express the second.
 * clock_parse() reads the same second. `s` is not negative. */
const char *clock_text_s(char out[CLOCK_TEXT_MAX], int64_t s);
