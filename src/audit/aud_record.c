/* aud_record.c - see aud_record.h. */
#include "audit/aud_record.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"

#define DIGITS_MAX 21u /* of a number, with NUL */
#define SEAL_BEFORE ",\"signature\":\""

size_t aud_record_put(char out[AUD_RECORD_MAX], const struct aud_place *at, const char *line, size_t len)
{
	struct text t = text_over(out, AUD_RECORD_MAX);

	text_add(&t, "{\"seq\":");
	text_u64(&t, at->seq);
	text_add(&t, ",\"interval\":");
	text_u64(&t, at->interval);
	text_char(&t, ',');
	text_octets(&t, line + 1, len - 1);
	return t.len;
}

/* A number behind `head`; moves *p behind it. */
static bool number(uint64_t *out, const char **p, const char *end, const char *head)
{
	size_t n = strlen(head), digits = 0;
	char text[DIGITS_MAX];

	if ((size_t)(end - *p) < n || memcmp(*p, head, n) != 0) {
		return false;
	}
	*p += n;
	while (*p + digits < end && (*p)[digits] >= '0' && (*p)[digits] <= '9' && digits < DIGITS_MAX - 1) {
		digits++;
	}
	if (str_copy(text, sizeof text, *p, digits) || str_parse_u64(out, text, 0, UINT64_MAX)) {
		return false;
	}
	*p += digits;
	return true;
}

int aud_record_place(struct aud_place *out, const char *record, size_t len)
{
	const char *p = record, *end = record + len;
	struct aud_place at;

	if (!len || len >= AUD_RECORD_MAX || record[len - 1] != '}') {
		return ERR_PROTO;
	}
	if (!number(&at.seq, &p, end, "{\"seq\":") || !number(&at.interval, &p, end, ",\"interval\":") || p == end || *p != ',') {
		return ERR_PROTO;
	}
	*out = at;
	return 0;
}

/* Where the value of a member begins; NULL: there is none. A text holds no bare quote, so that
 * no value looks like a member. */
static const char *value_of(const char *record, size_t len, const char *member)
{
	char name[64];
	int n = snprintf(name, sizeof name, ",\"%s\":", member);
	const char *at = n > 0 && (size_t)n < sizeof name ? memmem(record, len, name, (size_t)n) : NULL;

	return at ? at + n : NULL;
}

/* The characters of the value, without the quotes of a text. */
static size_t value_len(const char **at, const char *end)
{
	const char *p = *at;

	if (p < end && *p == '"') {
		*at = ++p;
		while (p < end && *p != '"') {
			p += *p == '\\' ? 2 : 1;
		}
		return p < end ? (size_t)(p - *at) : SIZE_MAX;
	}
	while (p < end && *p != ',' && *p != '}') {
		p++;
	}
	return p < end ? (size_t)(p - *at) : SIZE_MAX;
}

bool aud_record_member(char *out, size_t cap, const char *record, size_t len, const char *member)
{
	const char *at = value_of(record, len, member);
	size_t n = at ? value_len(&at, record + len) : SIZE_MAX;

	return n < cap && str_copy(out, cap, at, n) == 0;
}

bool aud_record_is(const char *record, size_t len, const char *member, const char *value)
{
	const char *at = value_of(record, len, member);
	size_t n = at ? value_len(&at, record + len) : SIZE_MAX;

	return n == strlen(value) && memcmp(at, value, n) == 0;
}

const char *aud_start_word(enum aud_start how)
{
	return how == AUD_START_FIRST ? "first" : how == AUD_START_CLEAN ? "clean" : "crash";
}

static struct text own_line(char out[AUD_LINE_MAX], uint64_t time_ms, const char *event)
{
	struct text t = text_over(out, AUD_LINE_MAX);
	char time[CLOCK_TEXT_MAX];

	clock_text(time, time_ms);
	text_add(&t, "{\"time\":\"");
	text_add(&t, time);
	text_add(&t, "\",\"action\":\"audit\",\"event\":\"");
	text_add(&t, event);
	text_char(&t, '"');
	return t;
}

static void member_text(struct text *t, const char *name, const char *value)
{
	text_add(t, ",\"");
	text_add(t, name);
	text_add(t, "\":\"");
	text_add(t, value);
	text_char(t, '"');
}

static void member_number(struct text *t, const char *name, uint64_t value)
{
	text_add(t, ",\"");
	text_add(t, name);
	text_add(t, "\":");
	text_u64(t, value);
}

static void member_key(struct text *t, const uint8_t key[MRK_KEY])
{
	char text[BASE64_MAX(MRK_KEY)] = "";

	if (key) {
		base64_put(text, key, MRK_KEY);
	}
	member_text(t, "key", text);
}

size_t aud_line_start(char out[AUD_LINE_MAX], uint64_t time_ms, const struct aud_opening *found, const char *origin,
		      const uint8_t key[MRK_KEY])
{
	struct text t = own_line(out, time_ms, "start");

	member_text(&t, "how", aud_start_word(found->how));
	member_number(&t, "unsealed", found->unsealed);
	member_number(&t, "cut", found->cut_octets);
	member_text(&t, "origin", origin);
	member_key(&t, key);
	text_char(&t, '}');
	return t.len;
}

size_t aud_line_lost(char out[AUD_LINE_MAX], uint64_t time_ms, uint64_t records)
{
	struct text t = own_line(out, time_ms, "lost");

	member_number(&t, "records", records);
	text_char(&t, '}');
	return t.len;
}

size_t aud_line_summary(char out[AUD_LINE_MAX], uint64_t time_ms, const char *scs, uint64_t records)
{
	struct text t = own_line(out, time_ms, "summary");

	member_text(&t, "scs", scs);
	member_number(&t, "records", records);
	text_char(&t, '}');
	return t.len;
}

size_t aud_seal_begin(char out[AUD_RECORD_MAX], const struct aud_place *at, uint64_t time_ms, uint64_t first,
		      const struct mrk_hash *digest, const uint8_t key[MRK_KEY])
{
	char line[AUD_LINE_MAX], hex[2 * HASH_LEN + 1];
	struct text t = own_line(line, time_ms, "seal");

	str_hex(hex, digest->v, HASH_LEN);
	member_number(&t, "first", first);
	member_text(&t, "digest", hex);
	text_add(&t, key ? ",\"last\":false" : ",\"last\":true");
	member_key(&t, key);
	return aud_record_put(out, at, line, t.len);
}

size_t aud_seal_end(char out[AUD_RECORD_MAX], size_t len, const uint8_t signature[MRK_SIGNATURE])
{
	struct text t = text_over(out + len, AUD_RECORD_MAX - len);
	char text[BASE64_MAX(MRK_SIGNATURE)];

	base64_put(text, signature, MRK_SIGNATURE);
	text_add(&t, SEAL_BEFORE);
	text_add(&t, text);
	text_add(&t, "\"}");
	return len + t.len;
}

size_t aud_seal_text(char out[AUD_SEAL_TEXT_MAX], const char *origin, const char *record, size_t len)
{
	struct text t = text_over(out, AUD_SEAL_TEXT_MAX);

	text_add(&t, "mtc-iwf audit seal 1\n");
	text_add(&t, origin);
	text_char(&t, '\n');
	text_octets(&t, record, len);
	text_char(&t, '\n');
	return t.len;
}

/* -- reading */

static bool octets_of(uint8_t *out, size_t want, const char *record, size_t len, const char *member)
{
	char text[BASE64_MAX(MRK_SIGNATURE)];
	size_t n;

	return aud_record_member(text, sizeof text, record, len, member) && base64_get(out, want, &n, text, strlen(text)) == 0 &&
	       n == want;
}

static bool is_own(const char *record, size_t len, const char *event)
{
	return aud_record_is(record, len, "action", "audit") && aud_record_is(record, len, "event", event);
}

int aud_seal_read(struct aud_seal *out, const char *record, size_t len)
{
	char first[DIGITS_MAX], hex[2 * HASH_LEN + 1];
	const char *signature;
	struct aud_seal s;
	size_t n;

	if (!is_own(record, len, "seal")) {
		return ERR_NOTFOUND;
	}
	signature = memmem(record, len, SEAL_BEFORE, sizeof SEAL_BEFORE - 1);
	if (!signature || !aud_record_member(first, sizeof first, record, len, "first") ||
	    str_parse_u64(&s.first, first, 0, UINT64_MAX) || !aud_record_member(hex, sizeof hex, record, len, "digest") ||
	    str_unhex(s.digest.v, HASH_LEN, &n, hex) || n != HASH_LEN) {
		return ERR_PROTO;
	}
	s.last = aud_record_is(record, len, "last", "true");
	memset(s.key, 0, sizeof s.key);
	if ((!s.last && !octets_of(s.key, MRK_KEY, record, len, "key")) ||
	    !octets_of(s.signature, MRK_SIGNATURE, record, len, "signature")) {
		return ERR_PROTO;
	}
	s.signed_len = (size_t)(signature - record);
	*out = s;
	return 0;
}

int aud_start_read(uint8_t key[MRK_KEY], const char *record, size_t len)
{
	if (!is_own(record, len, "start")) {
		return ERR_NOTFOUND;
	}
	return octets_of(key, MRK_KEY, record, len, "key") ? 0 : ERR_PROTO;
}
