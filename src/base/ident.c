/* ident.c - canonical device names. Lengths first, then characters, then the copy. */
#include "base/ident.h"

#include <string.h>

#include "base/eight.h"

static bool is_digit(char c)
{
	return (unsigned)(c - '0') < 10;
}

/* Letter, digit or hyphen, of each octet. */
#define LDH(c) ((c) == '-' || ((c) >= '0' && (c) <= '9') || ((c) >= 'A' && (c) <= 'Z') || ((c) >= 'a' && (c) <= 'z'))
#define LDH_4(c) LDH(c), LDH((c) + 1), LDH((c) + 2), LDH((c) + 3)
#define LDH_16(c) LDH_4(c), LDH_4((c) + 4), LDH_4((c) + 8), LDH_4((c) + 12)
static const bool ldh[256] = { LDH_16(0), LDH_16(16), LDH_16(32), LDH_16(48), LDH_16(64), LDH_16(80), LDH_16(96), LDH_16(112) };

static bool label_ok(const char *p, size_t len)
{
	return len > 0 && len <= 63 && p[0] != '-' && p[len - 1] != '-';
}

/* LDH labels (RFC 1123) joined by single dots, each 1 to 63, not beginning or ending in '-'. */
static bool labels_ok(const char *p, size_t len)
{
	const char *end = p + len, *label = p;

	for (; p < end; p++) {
		if (ldh[(uint8_t)*p]) {
			continue;
		}
		if (*p != '.' || !label_ok(label, (size_t)(p - label))) {
			return false;
		}
		label = p + 1;
	}
	return label_ok(label, (size_t)(end - label));
}

/* Of labels that are good: the octets are below 0x80. */
static void copy_lower(char *out, const char *p, size_t len)
{
	size_t i = 0;

	for (; len - i >= 8; i += 8) {
		uint64_t word = eight_at(p + i);
		uint64_t upper = (word + EIGHT_TIMES(0x80 - 'A')) & ~(word + EIGHT_TIMES(0x7f - 'Z')) & EIGHT_TIMES(0x80);

		word |= upper >> 2; /* the bit between 'A' and 'a' */
		memcpy(out + i, &word, sizeof word);
	}
	for (; i < len; i++) {
		out[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] + ('a' - 'A')) : p[i];
	}
	out[len] = 0;
}

int ident_host(char out[IDENT_HOST_MAX + 1], const void *p, size_t len)
{
	if (len > IDENT_HOST_MAX) {
		return ERR_LIMIT;
	}
	if (!labels_ok(p, len)) {
		return ERR_INVAL;
	}
	copy_lower(out, p, len);
	return 0;
}

int ident_external(char out[IDENT_EXTERNAL_MAX + 1], const void *p, size_t len)
{
	const char *text = p, *at;
	size_t local;

	if (len > IDENT_EXTERNAL_MAX) {
		return ERR_LIMIT;
	}
	if (len == 0) {
		return ERR_INVAL;
	}
	at = memchr(text, '@', len);
	if (!at || at == text) {
		return ERR_INVAL;
	}
	local = (size_t)(at - text);
	if (!eight_graphic(text, local)) {
		return ERR_INVAL;
	}
	if (!labels_ok(at + 1, len - local - 1)) { /* refuses a second '@' too */
		return ERR_INVAL;
	}
	memcpy(out, text, local + 1);
	copy_lower(out + local + 1, at + 1, len - local - 1);
	return 0;
}

int ident_msisdn(char out[IDENT_MSISDN_MAX + 1], const void *p, size_t len)
{
	const char *text = p;

	if (len < 5 || len > IDENT_MSISDN_MAX || text[0] == '0') {
		return ERR_INVAL;
	}
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(text[i])) {
			return ERR_INVAL;
		}
	}
	memcpy(out, text, len);
	out[len] = 0;
	return 0;
}

bool ident_looks_like_pattern(const char *name)
{
	return strpbrk(name, "*?[]{}()") != NULL;
}

const char *ident_pattern_words(const char *name)
{
	size_t n = strlen(name);

	if (strncmp(name, "*@", 2) != 0 || ident_looks_like_pattern(name + 2)) {
		return IDENT_PATTERN_WORDS;
	}
	return n > 3 && name[n - 1] == '.' ? "*@ and a domain without a final dot"
					   : "*@ and a domain: labels of letters, digits and hyphens, with dots between them";
}

bool ident_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (len < 1 || len > IDENT_SCS_MAX || !(is_digit(name[0]) || (name[0] >= 'a' && name[0] <= 'z'))) {
		return false;
	}
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}
