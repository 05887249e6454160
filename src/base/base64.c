/* base64.c - see base64.h. */
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_put(char *out, const void *p, size_t n)
{
	const uint8_t *in = p;
	char *at = out;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t bits = (uint32_t)in[i] << 16;

		bits |= i + 1 < n ? (uint32_t)in[i + 1] << 8 : 0;
		bits |= i + 2 < n ? in[i + 2] : 0;
		*at++ = alphabet[bits >> 18];
		*at++ = alphabet[bits >> 12 & 63];
		*at++ = i + 1 < n ? alphabet[bits >> 6 & 63] : '=';
		*at++ = i + 2 < n ? alphabet[bits & 63] : '=';
	}
	*at = 0;
	return (size_t)(at - out);
}

/* The six bits of a character; 64: it has none. */
static uint32_t bits_of(char c)
{
	if (c >= 'A' && c <= 'Z') {
		return (uint32_t)(c - 'A');
	}
	if (c >= 'a' && c <= 'z') {
		return (uint32_t)(c - 'a') + 26;
	}
	if (c >= '0' && c <= '9') {
		return (uint32_t)(c - '0') + 52;
	}
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* How many `=` end the text: 0 to 2. */
static size_t padding(const char *text, size_t len)
{
	if (!len || text[len - 1] != '=') {
		return 0;
	}
	return text[len - 2] == '=' ? 2 : 1;
}

int base64_get(uint8_t *out, size_t cap, size_t *n, const char *text, size_t len)
{
	size_t pad, octets;

	if (len % 4) {
		return ERR_INVAL;
	}
	pad = padding(text, len);
	octets = len / 4 * 3 - pad;
	if (octets > cap) {
		return ERR_LIMIT;
	}
	for (size_t i = 0, at = 0; i < len; i += 4) {
		uint32_t bits = 0;
		size_t gone = i + 4 == len ? pad : 0;

		for (size_t k = 0; k < 4; k++) {
			uint32_t six = k < 4 - gone ? bits_of(text[i + k]) : 0;

			if (six > 63) {
				return ERR_INVAL;
			}
			bits = bits << 6 | six;
		}
		if (bits & ((UINT32_C(1) << 8 * gone) - 1)) {
			return ERR_INVAL; /* bits that belong to no octet */
		}
		for (size_t k = 0; k < 3 - gone; k++) {
			out[at++] = (uint8_t)(bits >> (16 - 8 * k));
		}
	}
	*n = octets;
	return 0;
}
