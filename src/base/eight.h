/* eight.h - looks at eight octets at once: most octets of a name or of a line need no look of their
 * own. No alignment is assumed. Only whether a result is zero has a meaning. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EIGHT_TIMES(octet) (UINT64_C(0x0101010101010101) * (uint8_t)(octet))

static inline uint64_t eight_at(const void *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof word);
	return word;
}

/* Not 0 if one of the octets is below `low` or above `high`; both are from 0x01 to 0x7e. */
static inline uint64_t eight_outside(uint64_t word, uint8_t low, uint8_t high)
{
	return ((word - EIGHT_TIMES(low)) | (word + EIGHT_TIMES(0x7f - high)) | word) & EIGHT_TIMES(0x80);
}

/* Not 0 if one of the octets is `octet`. The octets are from 0x00 to 0x7f. */
static inline uint64_t eight_has(uint64_t word, uint8_t octet)
{
	return ((word ^ EIGHT_TIMES(octet)) - EIGHT_TIMES(1)) & EIGHT_TIMES(0x80);
}

/* Every one of the n octets is a printable ASCII character and no blank. True if n is 0. */
static inline bool eight_graphic(const void *octets, size_t n)
{
	const uint8_t *p = octets;
	uint64_t foreign = 0;

	if (n < 8) {
		for (; n; n--, p++) {
			foreign |= (uint8_t)(*p - 0x21) > 0x7e - 0x21;
		}
		return !foreign;
	}
	for (; n > 8; n -= 8, p += 8) {
		foreign |= eight_outside(eight_at(p), 0x21, 0x7e);
	}
	/* the last eight; some were looked at before */
	return !(foreign | eight_outside(eight_at(p + n - 8), 0x21, 0x7e));
}
