/* smpp_time.h - times of SMPP (3.4 section 7.1.1): "YYMMDDhhmmsstnnp", where p is '+' or '-' (an
 * instant, nn quarters of an hour from UTC) or 'R' (a span from now on). Years are 2000 to 2099.
 * PURE: now is an argument. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "smpp/smpp_pdu.h"

struct smpp_when {
	bool given;    /* false: the text is empty, the default of the receiver holds */
	bool relative; /* as it was written */
	int64_t at_s;  /* seconds since 1970, UTC; of a span: now_s and the span, by the calendar */
};

/* Reads a time strictly. ERR_INVAL: not 0 or 16 characters, a character that is no digit, a month,
 * day or hour that no calendar has, a zone above 48 quarters, a span with tenths or a zone. */
ERR_MUST_USE int smpp_time_parse(struct smpp_when *out, const char *text, int64_t now_s);

/* Writes an instant in UTC. ERR_RANGE: a year outside 2000 to 2099. */
ERR_MUST_USE int smpp_time_instant(char out[SMPP_TIME_LEN + 1], int64_t at_s);
/* Writes a span. ERR_RANGE: negative, or more than 30 days and what is left of the 31st: a longer
 * one would need months, which have no fixed length; write an instant then. */
ERR_MUST_USE int smpp_time_span(char out[SMPP_TIME_LEN + 1], int64_t span_s);

/* A date in UTC, as the texts here and in receipts have it. */
struct smpp_date {
	int year; /* 2000 to 2099 */
	unsigned month, day, hour, minute, second;
};

/* False: outside 2000 to 2099. */
bool smpp_date_of(struct smpp_date *out, int64_t at_s);
/* The instant of a date that exists; false: there is no such date. */
bool smpp_date_at(int64_t *at_s, const struct smpp_date *d);
