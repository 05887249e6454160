/* aud_format.c - one decision as one JSON line. Whatever the texts hold, the line is printable ASCII, valid JSON and bounded:
 * quotes, backslashes and every octet that is not printable ASCII are escaped (octet 0xe9 as \u00e9), so nothing is lost and
 * nothing forged. */
#include <stdio.h>
#include <string.h>

#include "audit/aud.h"
#include "base/clock.h"

#define TEXTS 9
#define ESCAPED_MAX 6 /* octets that one octet becomes */
#define FRAME_MAX 512 /* names, punctuation, time, number */

/* Nothing below checks for room again: it is always there. */
_Static_assert(TEXTS *AUD_TEXT_MAX *ESCAPED_MAX + FRAME_MAX < AUD_LINE_MAX, "a line of the longest texts does not fit");

static char *put(char *p, const char *text)
{
	size_t n = strlen(text);

	memcpy(p, text, n + 1);
	return p + n;
}

static char *put_escaped(char *p, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = text ? strnlen(text, AUD_TEXT_MAX) : 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\') {
			*p++ = '\\';
			*p++ = (char)c;
		} else if (c < 0x20 || c > 0x7e) {
			p = put(p, "\\u00");
			*p++ = hex[c >> 4];
			*p++ = hex[c & 15];
		} else {
			*p++ = (char)c;
		}
	}
	*p = 0;
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

static char *put_text(char *p, const char *name, const char *text)
{
	p = put(p, ",\"");
	p = put(p, name);
	p = put(p, "\":\"");
	p = put_escaped(p, text);
	return put(p, "\"");
}

size_t aud_format(char out[AUD_LINE_MAX], const struct aud_decision *d)
{
	char time[CLOCK_TEXT_MAX], number[32] = "null", *p = out;

	clock_text(time, d->time_ms);
	if (d->has_reference) {
		snprintf(number, sizeof number, "%u", d->reference);
	}
	p = put(p, "{\"time\":\"");
	p = put(p, time);
	p = put(p, "\"");
	p = put_text(p, "transaction", d->transaction);
	p = put_text(p, "scs", d->scs);
	p = put_text(p, "origin_host", d->origin_host);
	p = put_text(p, "address", d->address);
	p = put_text(p, "device", d->device);
	p = put_text(p, "action", d->action);
	p = put(p, ",\"reference\":");
	p = put(p, number);
	p = put_text(p, "verdict", verdict_word(d->verdict));
	p = put_text(p, "reason", d->reason);
	p = put_text(p, "rule", d->rule);
	p = put_text(p, "request_status", d->request_status);
	p = put(p, "}");
	return (size_t)(p - out);
}
