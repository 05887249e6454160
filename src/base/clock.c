/* clock.c - the clocks and their text form. */
#include "base/clock.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

#define LAST_S INT64_C(253402300799) /* of the year 9999: what a text can say */

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

uint64_t clock_mono_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec + 1;
}

uint64_t clock_boot_ms(void)
{
	return read_ms(CLOCK_BOOTTIME);
}

uint64_t clock_real_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

/* -- the calendar */

/* Days from 1970-01-01. The year begins in March, so that the end of February needs no case of its
 * own. */
static int64_t days_of(int y, int m, int d)
{
	int64_t year = y - (m <= 2), era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
	int64_t of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int days_in(int y, int m)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);

	return days[m - 1] + (m == 2 && leap);
}

/* The reverse of days_of(), from 1970 on, in its calendar: March is month 0, and its months are 153
 * days for each five. */
static void date_of(int64_t days, int *y, int *m, int *d)
{
	uint32_t since = (uint32_t)(days + 719468); /* 0000-03-01 */
	uint32_t era = since / 146097, of_era = since % 146097;
	/* without the leap days before: 1461 is four years, 36524 a century */
	uint32_t of_400 = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint32_t of_year = of_era - (365 * of_400 + of_400 / 4 - of_400 / 100);
	uint32_t march = (5 * of_year + 2) / 153;

	*d = (int)(of_year - (153 * march + 2) / 5) + 1;
	*m = (int)(march < 10 ? march + 3 : march - 9);
	*y = (int)(era * 400 + of_400) + (*m <= 2);
}

/* -- reading */

/* `n` digits at *at as a number from min to max. Moves *at behind them. */
static bool digits(const char **at, int n, int min, int max, int *out)
{
	int v = 0;

	for (int i = 0; i < n; i++, (*at)++) {
		if (**at < '0' || **at > '9') {
			return false;
		}
		v = v * 10 + (**at - '0');
	}
	*out = v;
	return v >= min && v <= max;
}

static bool mark(const char **at, char c)
{
	if (**at != c) {
		return false;
	}
	(*at)++;
	return true;
}

static bool parse_date(const char **at, int *y, int *m, int *d)
{
	if (!digits(at, 4, 0, 9999, y) || !mark(at, '-') || !digits(at, 2, 1, 12, m) || !mark(at, '-') ||
	    !digits(at, 2, 1, 31, d)) {
		return false;
	}
	return *d <= days_in(*y, *m);
}

/* Seconds since midnight, offset taken away. */
static bool parse_time(const char **at, int *out)
{
	int h, m, s, oh = 0, om = 0, sign;

	if (!digits(at, 2, 0, 23, &h) || !mark(at, ':') || !digits(at, 2, 0, 59, &m) || !mark(at, ':') ||
	    !digits(at, 2, 0, 59, &s)) {
		return false;
	}
	if (mark(at, '.')) {
		if (**at != '0') {
			return false;
		}
		*at += strspn(*at, "0");
	}
	sign = **at == '-' ? -1 : 1;
	if (!mark(at, 'Z')) {
		if ((!mark(at, '+') && !mark(at, '-')) || !digits(at, 2, 0, 23, &oh) || !mark(at, ':') ||
		    !digits(at, 2, 0, 59, &om)) {
			return false;
		}
	}
	*out = h * 3600 + m * 60 + s - sign * (oh * 3600 + om * 60);
	return true;
}

/* `of_day`: the second that a date alone means. */
static int parse(int64_t *out_s, const char *text, int of_day)
{
	int y, m, d, seconds = of_day;
	const char *at = text;
	uint64_t number;
	int64_t s;

	if (!str_parse_u64(&number, text, 0, LAST_S)) {
		*out_s = (int64_t)number;
		return 0;
	}
	if (!parse_date(&at, &y, &m, &d) || (*at && (!mark(&at, 'T') || !parse_time(&at, &seconds))) || *at) {
		return ERR_INVAL;
	}
	s = days_of(y, m, d) * CLOCK_DAY_S + seconds;
	if (s < 0 || s > LAST_S) { /* with an offset */
		return ERR_RANGE;
	}
	*out_s = s;
	return 0;
}

int clock_parse(int64_t *out_s, const char *text)
{
	return parse(out_s, text, 0);
}

int clock_parse_end(int64_t *out_s, const char *text)
{
	return parse(out_s, text, 86399);
}

/* -- writing. Every line has a time: snprintf and gmtime_r took ten times as long. */

/* Two digits. */
static inline char *put2(char *p, unsigned v)
{
	p[0] = (char)('0' + v / 10);
	p[1] = (char)('0' + v % 10);
	return p + 2;
}

static inline char *put2_and(char *p, unsigned v, char behind)
{
	p = put2(p, v);
	*p = behind;
	return p + 1;
}

/* "2026-11-23T10:00:00" and one character. */
static char *put_second(char *p, int64_t s, char behind)
{
	unsigned of_day = (unsigned)(s % CLOCK_DAY_S);
	int y, m, d;

	date_of(s / CLOCK_DAY_S, &y, &m, &d);
	p = put2(p, (unsigned)y / 100);
	p = put2_and(p, (unsigned)y % 100, '-');
	p = put2_and(p, (unsigned)m, '-');
	p = put2_and(p, (unsigned)d, 'T');
	p = put2_and(p, of_day / 3600, ':');
	p = put2_and(p, of_day / 60 % 60, ':');
	return put2_and(p, of_day % 60, behind);
}

void clock_text(char out[CLOCK_TEXT_MAX], uint64_t real_ms)
{
	unsigned ms = (unsigned)(real_ms % 1000u);
	char *p;

	if (real_ms / 1000u > LAST_S) {
		str_set(out, CLOCK_TEXT_MAX, "0000-00-00T00:00:00.000Z");
		return;
	}
	p = put_second(out, (int64_t)(real_ms / 1000u), '.');
	*p++ = (char)('0' + ms / 100);
	p = put2_and(p, ms % 100, 'Z');
	*p = 0;
}

const char *clock_text_s(char out[CLOCK_TEXT_MAX], int64_t s)
{
	if (s < 0 || s > LAST_S) {
		snprintf(out, CLOCK_TEXT_MAX, "%" PRId64, s);
	} else {
		*put_second(out, s, 'Z') = 0;
	}
	return out;
}
