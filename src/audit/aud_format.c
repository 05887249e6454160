/* aud_format.c - one decision as one JSON line. Whatever the texts contain, the line is printable
 * ASCII, valid JSON and bounded. Quotes, backslashes and every octet that is not printable ASCII
 * are escaped (octet 0xe9 as \u00e9). So nothing is lost and nothing can be forged. */
#include <string.h>

#include "audit/aud.h"
#include "base/clock.h"
#include "base/eight.h"
#include "base/text.h"

#define TEXTS 10
#define ESCAPED_MAX 6 /* octets that one octet becomes */
#define FRAME_MAX 512 /* names, punctuation, time, number */

/* Nothing below checks for room again: it is always there. */
_Static_assert(TEXTS *AUD_TEXT_MAX *ESCAPED_MAX + FRAME_MAX < AUD_LINE_MAX, "a line of the longest texts does not fit");

static inline char *put(char *p, const char *text, size_t n)
{
	memcpy(p, text, n);
	return p + n;
}

#define PUT(p, literal) put((p), (literal), sizeof(literal) - 1)

/* None of eight octets is escaped. */
static inline bool plain(uint64_t word)
{
	return !(eight_outside(word, 0x20, 0x7e) | eight_has(word, '"') | eight_has(word, '\\'));
}

/* n octets, fewer than eight, and blanks, in any order. */
static inline uint64_t fewer(const char *text, size_t n)
{
	uint8_t octets[8] = "        ";

	if (n >= 4) { /* the first four and the last four are all of them */
		memcpy(octets, text, 4);
		memcpy(octets + 4, text + n - 4, 4);
	} else if (n) { /* as the first, the middle and the last are of up to three */
		octets[0] = (uint8_t)text[0];
		octets[1] = (uint8_t)text[n / 2];
		octets[2] = (uint8_t)text[n - 1];
	}
	return eight_at(octets);
}

static bool all_plain(const char *text, size_t n)
{
	for (; n >= 8; n -= 8, text += 8) {
		if (!plain(eight_at(text))) {
			return false;
		}
	}
	return plain(fewer(text, n));
}

static char *put_escaped(char *p, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = text ? strnlen(text, AUD_TEXT_MAX) : 0;

	if (all_plain(text, n)) { /* nearly always */
		return n ? put(p, text, n) : p;
	}
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\') {
			*p++ = '\\';
			*p++ = (char)c;
		} else if (c < 0x20 || c > 0x7e) {
			p = PUT(p, "\\u00");
			*p++ = hex[c >> 4];
			*p++ = hex[c & 15];
		} else {
			*p++ = (char)c;
		}
	}
	return p;
}

static const char *verdict_word(enum aud_verdict verdict)
{
	switch (verdict) {
	case AUD_ACCEPTED:
		return "accepted";
	case AUD_DETECTED:
		return "detected";
	default:
		return "refused";
	}
}

/* `head`: what stands between the text before and this one. Inline: its length is known here. */
static inline char *put_text(char *p, const char *head, size_t head_len, const char *text)
{
	return put_escaped(put(p, head, head_len), text);
}

#define PUT_TEXT(p, head, text) put_text((p), (head), sizeof(head) - 1, (text))

static char *put_reference(char *p, const struct aud_decision *d)
{
	char digits[16];
	struct text t = text_over(digits, sizeof digits);

	if (!d->has_reference) {
		return PUT(p, "null");
	}
	text_u32(&t, d->reference);
	return put(p, digits, t.len);
}

size_t aud_format(char out[AUD_LINE_MAX], const struct aud_decision *d)
{
	char *p = PUT(out, "{\"time\":\"");

	clock_text(p, d->time_ms);
	p += strlen(p);
	p = PUT_TEXT(p, "\",\"transaction\":\"", d->transaction);
	p = PUT_TEXT(p, "\",\"scs\":\"", d->scs);
	p = PUT_TEXT(p, "\",\"origin_host\":\"", d->origin_host);
	p = PUT_TEXT(p, "\",\"address\":\"", d->address);
	p = PUT_TEXT(p, "\",\"protection\":\"", d->protection);
	p = PUT_TEXT(p, "\",\"device\":\"", d->device);
	p = PUT_TEXT(p, "\",\"action\":\"", d->action);
	p = PUT(p, "\",\"reference\":");
	p = put_reference(p, d);
	p = PUT(p, ",\"verdict\":\"");
	p = put(p, verdict_word(d->verdict), strlen(verdict_word(d->verdict)));
	p = PUT_TEXT(p, "\",\"reason\":\"", d->reason);
	p = PUT_TEXT(p, "\",\"rule\":\"", d->rule);
	p = PUT_TEXT(p, "\",\"request_status\":\"", d->request_status);
	p = PUT(p, "\"}");
	*p = 0;
	return (size_t)(p - out);
}
