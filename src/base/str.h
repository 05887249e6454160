/* str.h - strict conversions between text and values. They know no locale, skip no blanks and leave
 * nothing over. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Decimal digits only. ERR_INVAL: not a number. ERR_RANGE: outside min..max. `out` is untouched on
 * failure. */
ERR_MUST_USE int str_parse_u64(uint64_t *out, const char *text, uint64_t min, uint64_t max);
ERR_MUST_USE int str_parse_u32(uint32_t *out, const char *text, uint32_t min, uint32_t max);

/* Copies `len` bytes and appends a NUL. ERR_LIMIT if they do not fit in `cap`, ERR_INVAL on an
 * inner NUL. */
ERR_MUST_USE int str_copy(char *out, size_t cap, const void *p, size_t len);

/* Three ways to copy a C string. `cap` is the size of `out`, at least 1.
 * str_set copies a text that the caller knows to fit. str_add appends such a text to the one in
 * `out`. A text that does not fit is a programming error: the program ends and nothing is written.
 * str_cut copies as much as fits and ends it with NUL. It is for text that people read, and where a
 * cut text is harmless. */
void str_set(char *out, size_t cap, const char *text);
void str_add(char *out, size_t cap, const char *text);
void str_cut(char *out, size_t cap, const char *text);

/* Lower-case hex with NUL; `out` holds 2 * len + 1. */
void str_hex(char *out, const void *p, size_t len);
/* Hex text to octets. ERR_INVAL on an odd count or a foreign character, ERR_LIMIT above cap. */
ERR_MUST_USE int str_unhex(uint8_t *out, size_t cap, size_t *len, const char *text);

/* ASCII comparison, case ignored (DiameterIdentity, host names). */
bool str_equal_nocase(const void *a, size_t a_len, const void *b, size_t b_len);

/* E.164 digits <-> TBCD (TS 29.002 style: first digit in the low nibble, 1111 fill). Example
 * "49170123456" -> 94 71 10 32 54 f6. Encode: 1 to 20 digits, else ERR_INVAL; out holds 10 octets.
 * Decode: ERR_INVAL on any other nibble or an early fill. */
#define STR_DIGITS_MAX 20
#define STR_TBCD_MAX 10
ERR_MUST_USE int str_tbcd(uint8_t out[STR_TBCD_MAX], size_t *len, const char *digits);
ERR_MUST_USE int str_untbcd(char out[STR_DIGITS_MAX + 1], const void *p, size_t len);
