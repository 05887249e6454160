/* clock.h - the two clocks. Pure rooms never call these: the time reaches them as an argument. */
#pragma once
#include <stdint.h>

#define CLOCK_TEXT_MAX 32

/* Milliseconds since an arbitrary start; never goes back. For time-outs. */
uint64_t clock_mono_ms(void);

/* Milliseconds since 1970-01-01 UTC. For records and absolute expiry. */
uint64_t clock_real_ms(void);

/* RFC 3339 with milliseconds, UTC: "2026-11-23T10:00:00.123Z". */
void clock_text(char out[CLOCK_TEXT_MAX], uint64_t real_ms);
