/* aud_recent.c - what was accepted lately, by the records that an opening reads: a trigger of the
 * journal that is not among them lost its record in a crash. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/aud_store_int.h"
#include "base/clock.h"
#include "base/str.h"

#define RECENT_MAX 1048576u

static int recent_hash(struct hash *h, const char *scs, const char *reference, const char *action, uint64_t *out)
{
	char text[AUD_TEXT_MAX * 6 + 96];
	int n = snprintf(text, sizeof text, "%s %s %s", action, reference, scs);
	struct mrk_hash digest;
	int err = hash_piece(h, text, n > 0 && (size_t)n < sizeof text ? (size_t)n : 0, digest.v);

	memcpy(out, digest.v, sizeof *out);
	return err;
}

/* Of a record: 2026-11-30T12:00:00.123Z. To the millisecond: what came earlier in the same second
 * has its record in front, where nobody looks. UINT64_MAX: it has another form. */
static uint64_t ms_of(char time[CLOCK_TEXT_MAX])
{
	char digits[4];
	int64_t seconds;
	uint32_t ms;

	if (strlen(time) != 24 || time[19] != '.') {
		return UINT64_MAX;
	}
	memcpy(digits, time + 20, 3);
	digits[3] = 0;
	memcpy(time + 19, "Z", sizeof "Z");
	if (str_parse_u32(&ms, digits, 0, 999) || clock_parse(&seconds, time)) {
		return UINT64_MAX;
	}
	return (uint64_t)seconds * 1000 + ms;
}

void aud_remember(struct aud_store *s, const char *record, size_t len)
{
	char scs[AUD_TEXT_MAX * 6 + 1], action[16], reference[16], time[CLOCK_TEXT_MAX];
	struct aud_recent *r = &s->recent;

	if (r->since_ms == UINT64_MAX && aud_record_member(time, sizeof time, record, len, "time")) {
		r->since_ms = ms_of(time);
	}
	if (!aud_record_is(record, len, "verdict", "accepted") || !aud_record_member(scs, sizeof scs, record, len, "scs") ||
	    !aud_record_member(action, sizeof action, record, len, "action") ||
	    !aud_record_member(reference, sizeof reference, record, len, "reference")) {
		return;
	}
	if (!r->at) {
		r->room = RECENT_MAX;
		r->at = malloc(r->room * sizeof *r->at);
	}
	/* when the ring is full the oldest go: what a crash took is never among them */
	if (r->at && recent_hash(s->hash, scs, reference, action, &r->at[r->n % r->room]) == 0) {
		r->n++;
	}
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void aud_recent_sort(struct aud_recent *r)
{
	r->n = r->n < r->room ? r->n : r->room;
	if (r->n) {
		qsort(r->at, r->n, sizeof *r->at, by_value);
	}
}

bool aud_store_has(const struct aud_store *s, struct hash *h, const char *scs, uint32_t reference, const char *action)
{
	char digits[16];
	uint64_t want;

	snprintf(digits, sizeof digits, "%u", reference);
	if (recent_hash(h, scs, digits, action, &want)) {
		return true; /* what cannot be looked for is not made again */
	}
	return s->recent.n && bsearch(&want, s->recent.at, s->recent.n, sizeof want, by_value);
}

uint64_t aud_store_since_ms(const struct aud_store *s)
{
	return s->recent.since_ms;
}
