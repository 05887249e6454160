/* smpp_time.c - times of SMPP, with the calendar counted from March so that a leap day is the last
 * of its year. */
#include "smpp/smpp_time.h"

#include <string.h>

#include "base/str.h"
#include "base/text.h"

enum { DAY_S = 86400, YEAR_FIRST = 2000, YEAR_LAST = 2099, ZONE_MAX = 48, SPAN_DAYS_MAX = 31 };

/* Days from 1 March 2000 to that day. Of these hundred years every fourth is a leap year. */
static int64_t days_to(int year, unsigned month, unsigned day)
{
	int y = year - YEAR_FIRST - (month < 3);
	unsigned m = month < 3 ? month + 9 : month - 3; /* March is 0 */

	return (int64_t)y * 365 + (y >= 0 ? y / 4 : -1) + (153 * m + 2) / 5 + day - 1;
}

#define MARCH_2000_S INT64_C(951868800) /* 1 March 2000 00:00:00 UTC */

static unsigned month_days(int year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && year % 4 == 0);
}

bool smpp_date_at(int64_t *at_s, const struct smpp_date *d)
{
	if (d->year < YEAR_FIRST || d->year > YEAR_LAST || d->month < 1 || d->month > 12 || d->day < 1 ||
	    d->day > month_days(d->year, d->month) || d->hour > 23 || d->minute > 59 || d->second > 59) {
		return false;
	}
	*at_s = MARCH_2000_S + days_to(d->year, d->month, d->day) * DAY_S + d->hour * 3600 + d->minute * 60 + d->second;
	return true;
}

bool smpp_date_of(struct smpp_date *out, int64_t at_s)
{
	const struct smpp_date first = { YEAR_FIRST, 1, 1, 0, 0, 0 }, last = { YEAR_LAST, 12, 31, 23, 59, 59 };
	struct smpp_date d = first;
	int64_t low = 0, high = 0, day;
	unsigned rest;

	if (!smpp_date_at(&low, &first) || !smpp_date_at(&high, &last) || at_s < low || at_s > high) {
		return false;
	}
	day = (at_s - low) / DAY_S;
	rest = (unsigned)((at_s - low) % DAY_S);
	d.year = YEAR_FIRST + (int)(day / 1461) * 4;
	day %= 1461;
	for (; day >= (d.year % 4 ? 365 : 366); d.year++) {
		day -= d.year % 4 ? 365 : 366;
	}
	for (; day >= month_days(d.year, d.month); d.month++) {
		day -= month_days(d.year, d.month);
	}
	d.day = (unsigned)day + 1;
	d.hour = rest / 3600;
	d.minute = rest / 60 % 60;
	d.second = rest % 60;
	*out = d;
	return true;
}

/* now and years, months and so on. A day that the month does not have is its last one. */
static bool add_span(int64_t *at_s, const unsigned v[6], int64_t now_s)
{
	struct smpp_date d;
	unsigned month;

	if (!smpp_date_of(&d, now_s)) {
		return false;
	}
	month = d.month - 1 + v[1];
	d.year += (int)(v[0] + month / 12);
	d.month = month % 12 + 1;
	if (d.year > YEAR_LAST) {
		return false;
	}
	d.day = d.day < month_days(d.year, d.month) ? d.day : month_days(d.year, d.month);
	return smpp_date_at(at_s, &d) && (*at_s += (int64_t)v[2] * DAY_S + v[3] * 3600 + v[4] * 60 + v[5], true);
}

int smpp_time_parse(struct smpp_when *out, const char *text, int64_t now_s)
{
	struct smpp_when w = { .given = true };
	unsigned v[6], tenths, zone;
	char sign;

	if (!*text) {
		*out = (struct smpp_when){ 0 };
		return 0;
	}
	if (strlen(text) != SMPP_TIME_LEN || strspn(text, "0123456789") != SMPP_TIME_LEN - 1) {
		return ERR_INVAL;
	}
	for (unsigned i = 0; i < 6; i++) {
		v[i] = (unsigned)(text[2 * i] - '0') * 10 + (unsigned)(text[2 * i + 1] - '0');
	}
	tenths = (unsigned)(text[12] - '0');
	zone = (unsigned)(text[13] - '0') * 10 + (unsigned)(text[14] - '0');
	sign = text[SMPP_TIME_LEN - 1];
	if (sign == 'R') {
		w.relative = true;
		if (tenths || zone || v[1] > 12 || v[2] > 31 || v[3] > 23 || v[4] > 59 || v[5] > 59 ||
		    !add_span(&w.at_s, v, now_s)) {
			return ERR_INVAL;
		}
	} else {
		struct smpp_date d = { YEAR_FIRST + (int)v[0], v[1], v[2], v[3], v[4], v[5] };

		if ((sign != '+' && sign != '-') || zone > ZONE_MAX || !smpp_date_at(&w.at_s, &d)) {
			return ERR_INVAL;
		}
		w.at_s += (int64_t)zone * 15 * 60 * (sign == '+' ? -1 : 1); /* '+': the local time is ahead of UTC */
	}
	*out = w;
	return 0;
}

int smpp_time_instant(char out[SMPP_TIME_LEN + 1], int64_t at_s)
{
	struct text t = text_over(out, SMPP_TIME_LEN + 1);
	struct smpp_date d;

	if (!smpp_date_of(&d, at_s)) {
		return ERR_RANGE;
	}
	text_dec(&t, (uint64_t)(d.year - YEAR_FIRST), 2);
	text_dec(&t, d.month, 2);
	text_dec(&t, d.day, 2);
	text_dec(&t, d.hour, 2);
	text_dec(&t, d.minute, 2);
	text_dec(&t, d.second, 2);
	text_add(&t, "000+");
	return 0;
}

int smpp_time_span(char out[SMPP_TIME_LEN + 1], int64_t span_s)
{
	struct text t = text_over(out, SMPP_TIME_LEN + 1);

	if (span_s < 0 || span_s >= (int64_t)SPAN_DAYS_MAX * DAY_S) {
		return ERR_RANGE;
	}
	text_add(&t, "0000");
	text_dec(&t, (uint64_t)span_s / DAY_S, 2);
	text_dec(&t, (uint64_t)span_s / 3600 % 24, 2);
	text_dec(&t, (uint64_t)span_s / 60 % 60, 2);
	text_dec(&t, (uint64_t)span_s % 60, 2);
	text_add(&t, "000R");
	return 0;
}
