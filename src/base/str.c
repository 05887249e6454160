/* str.c - strict text conversions. */
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

int str_parse_u64(uint64_t *out, const char *text, uint64_t min, uint64_t max)
{
	uint64_t v = 0;

	if (!*text) {
		return ERR_INVAL;
	}
	for (; *text; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (*text < '0' || *text > '9') {
			return ERR_INVAL;
		}
		if (v > (UINT64_MAX - digit) / 10) {
			return ERR_RANGE;
		}
		v = v * 10 + digit;
	}
	if (v < min || v > max) {
		return ERR_RANGE;
	}
	*out = v;
	return 0;
}

int str_parse_u32(uint32_t *out, const char *text, uint32_t min, uint32_t max)
{
	uint64_t v;
	int err = str_parse_u64(&v, text, min, max);

	if (!err) {
		*out = (uint32_t)v;
	}
	return err;
}

int str_copy(char *out, size_t cap, const void *p, size_t len)
{
	if (len >= cap) {
		return ERR_LIMIT;
	}
	if (len && memchr(p, 0, len)) {
		return ERR_INVAL;
	}
	if (len) {
		memcpy(out, p, len);
	}
	out[len] = 0;
	return 0;
}

void str_set(char *out, size_t cap, const char *text)
{
	size_t len = strlen(text);

	if (len >= cap) {
		abort(); /* also where assert() is compiled out: this keeps memory whole */
	}
	memcpy(out, text, len + 1);
}

void str_add(char *out, size_t cap, const char *text)
{
	size_t at = strnlen(out, cap);

	str_set(out + at, cap - at, text);
}

void str_cut(char *out, size_t cap, const char *text)
{
	size_t len;

	if (!cap) {
		abort();
	}
	len = strnlen(text, cap - 1);
	memcpy(out, text, len);
	out[len] = 0;
}

void str_hex(char *out, const void *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *in = p;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[in[i] >> 4];
		*out++ = digits[in[i] & 15];
	}
	*out = 0;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	return -1;
}

int str_unhex(uint8_t *out, size_t cap, size_t *len, const char *text)
{
	size_t n = strlen(text);

	if (n % 2) {
		return ERR_INVAL;
	}
	if (n / 2 > cap) {
		return ERR_LIMIT;
	}
	for (size_t i = 0; i < n; i++) {
		if (nibble(text[i]) < 0) {
			return ERR_INVAL;
		}
	}
	for (size_t i = 0; i < n / 2; i++) {
		out[i] = (uint8_t)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
	}
	*len = n / 2;
	return 0;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool str_equal_nocase(const void *a, size_t a_len, const void *b, size_t b_len)
{
	const uint8_t *x = a, *y = b;

	if (a_len != b_len) {
		return false;
	}
	if (!a_len || memcmp(x, y, a_len) == 0) { /* most names are written alike */
		return true;
	}
	for (size_t i = 0; i < a_len; i++) {
		if (lower(x[i]) != lower(y[i])) {
			return false;
		}
	}
	return true;
}

int str_tbcd(uint8_t out[STR_TBCD_MAX], size_t *len, const char *digits)
{
	size_t n = strlen(digits);
	uint8_t octets[STR_TBCD_MAX];
	bool foreign = false;

	if (n < 1 || n > STR_DIGITS_MAX) {
		return ERR_INVAL;
	}
	for (size_t i = 0; i < n / 2; i++) {
		unsigned low = (uint8_t)(digits[2 * i] - '0'), high = (uint8_t)(digits[2 * i + 1] - '0');

		foreign |= low > 9 || high > 9;
		octets[i] = (uint8_t)(high << 4 | low);
	}
	if (n % 2) {
		unsigned low = (uint8_t)(digits[n - 1] - '0');

		foreign |= low > 9;
		octets[n / 2] = (uint8_t)(15u << 4 | low);
	}
	if (foreign) {
		return ERR_INVAL;
	}
	*len = (n + 1) / 2;
	memcpy(out, octets, *len);
	return 0;
}

int str_untbcd(char out[STR_DIGITS_MAX + 1], const void *p, size_t len)
{
	const uint8_t *in = p;
	char text[STR_DIGITS_MAX + 1];
	size_t n = 0;

	if (len < 1 || len > STR_TBCD_MAX) {
		return ERR_INVAL;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned low = in[i] & 15u, high = in[i] >> 4;

		if (low > 9 || (high > 9 && !(high == 15 && i + 1 == len))) {
			return ERR_INVAL;
		}
		text[n++] = (char)('0' + low);
		if (high != 15) {
			text[n++] = (char)('0' + high);
		}
	}
	memcpy(out, text, n);
	out[n] = 0;
	return 0;
}
