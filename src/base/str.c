/* str.c - strict text conversions. */
#include "base/str.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/eight.h"

#define SAFE_MAX (UINT64_MAX / 10 - 1) /* with one more digit it still is a number of 64 bits */

int str_parse_u64(uint64_t *out, const char *text, uint64_t min, uint64_t max)
{
	uint64_t v = 0;

	if (!*text) {
		return ERR_INVAL;
	}
	for (; *text; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (digit > 9) {
			return ERR_INVAL;
		}
		if (v > SAFE_MAX && v > (UINT64_MAX - digit) / 10) {
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

#define TBCD_ROOM 24 /* digits, in pieces of eight that hold STR_DIGITS_MAX */
_Static_assert(STR_DIGITS_MAX <= TBCD_ROOM && STR_TBCD_MAX * 2 <= TBCD_ROOM, "every number fits");

/* Not 0 if one of eight octets is above 9. */
static inline uint64_t no_digits(uint64_t word)
{
	return (word | (word + EIGHT_TIMES(6))) & EIGHT_TIMES(0xf0);
}

/* The digits from place i on, up to eight of the n, the first one lowest; zeros behind the last. */
static uint64_t eight_digits(const char *digits, size_t i, size_t n)
{
	char text[8];
	size_t left = n - i;

	if (left >= 8) {
		return le64toh(eight_at(digits + i));
	}
	if (n >= 8) { /* the last eight, some of which came before */
		return le64toh(eight_at(digits + n - 8)) >> (64 - 8 * left) | EIGHT_TIMES('0') << (8 * left);
	}
	memset(text, '0', sizeof text);
	memcpy(text, digits, n);
	return le64toh(eight_at(text));
}

/* Eight digits at a time: each second one moves beside the one before it. */
int str_tbcd(uint8_t out[STR_TBCD_MAX], size_t *len, const char *digits)
{
	size_t n = strlen(digits);
	uint8_t octets[TBCD_ROOM / 2];
	uint64_t foreign = 0;

	if (n < 1 || n > STR_DIGITS_MAX) {
		return ERR_INVAL;
	}
	for (size_t i = 0; i < n; i += 8) {
		uint64_t word = eight_digits(digits, i, n) - EIGHT_TIMES('0');
		uint32_t four;

		foreign |= no_digits(word);
		word = (word | word >> 4) & UINT64_C(0x00ff00ff00ff00ff);
		word = (word | word >> 8) & UINT64_C(0x0000ffff0000ffff);
		four = htole32((uint32_t)(word | word >> 16));
		memcpy(octets + i / 2, &four, sizeof four);
	}
	if (foreign) {
		return ERR_INVAL;
	}
	if (n % 2) {
		octets[n / 2] |= 0xf0;
	}
	*len = (n + 1) / 2;
	memcpy(out, octets, *len);
	return 0;
}

int str_untbcd(char out[STR_DIGITS_MAX + 1], const void *p, size_t len)
{
	uint8_t octets[TBCD_ROOM / 2] = { 0 };
	char text[TBCD_ROOM];
	uint64_t foreign = 0;
	size_t n = 2 * len;

	if (len < 1 || len > STR_TBCD_MAX) {
		return ERR_INVAL;
	}
	memcpy(octets, p, len);
	if (octets[len - 1] >> 4 == 15) { /* no digit: their number is odd */
		octets[len - 1] &= 15;
		n--;
	}
	for (size_t i = 0; i < n; i += 8) {
		uint32_t four;
		uint64_t word;

		memcpy(&four, octets + i / 2, sizeof four);
		word = le32toh(four);
		word = (word | word << 16) & UINT64_C(0x0000ffff0000ffff);
		word = (word | word << 8) & UINT64_C(0x00ff00ff00ff00ff);
		word = (word | word << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
		foreign |= no_digits(word);
		word = htole64(word + EIGHT_TIMES('0'));
		memcpy(text + i, &word, sizeof word);
	}
	if (foreign) {
		return ERR_INVAL;
	}
	memcpy(out, text, n);
	out[n] = 0;
	return 0;
}
