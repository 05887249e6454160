/* clock.c - the two clocks and their text form. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t read_ms(clockid_t id)
{
	struct timespec ts = { 0 };

	clock_gettime(id, &ts); /* cannot fail for these ids on Linux */
	return (uint64_t)ts.tv_sec * 1000u + (uint64_t)ts.tv_nsec / 1000000u;
}

uint64_t clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

uint64_t clock_real_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

void clock_text(char out[CLOCK_TEXT_MAX], uint64_t real_ms)
{
	time_t seconds = (time_t)(real_ms / 1000u);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || tm.tm_year + 1900 > 9999) {
		snprintf(out, CLOCK_TEXT_MAX, "0000-00-00T00:00:00.000Z");
		return;
	}
	snprintf(out, CLOCK_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)tm.tm_year + 1900u,
		 ((unsigned)tm.tm_mon + 1u) % 100u, (unsigned)tm.tm_mday % 100u, (unsigned)tm.tm_hour % 100u,
		 (unsigned)tm.tm_min % 100u, (unsigned)tm.tm_sec % 100u, (unsigned)(real_ms % 1000u));
}
