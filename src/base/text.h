/* text.h - a bounded builder of text over memory that the caller owns. It appends pieces and parses
 * no format.
 * The text ends with NUL after each call. A piece that does not fit is cut after the last octet
 * that has room, as snprintf does. Then `cut` is set and every later call adds nothing. So a caller
 * builds a whole line and checks once, at its end. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
	char *p;    /* borrowed; p[len] is NUL */
	size_t len; /* octets before the NUL */
	size_t cap; /* size of p with the NUL, at least 1 */
	bool cut;   /* something had no room */
};

/* An empty text over `cap` octets at p. A cap of 0 is our own mistake and ends the program. */
struct text text_over(char *p, size_t cap);

/* Appends `len` octets unchanged. `p` may be NULL if len is 0. The caller ensures that the octets
 * contain no NUL. */
void text_octets(struct text *t, const void *p, size_t len);
/* Appends one character. */
void text_char(struct text *t, char c);
/* Decimal digits without a sign. text_dec pads with zeros to `width` digits (at most 20) and never
 * cuts a longer number. */
void text_u64(struct text *t, uint64_t v);
void text_dec(struct text *t, uint64_t v, unsigned width);
/* Lower-case hexadecimal digits, padded with zeros to `width` digits (at most 16). A longer number
 * is not cut. */
void text_hex(struct text *t, uint64_t v, unsigned width);

/* Appends a C string. The length of a literal is known when this is compiled. */
static inline void text_add(struct text *t, const char *s)
{
	text_octets(t, s, strlen(s));
}

static inline void text_u32(struct text *t, uint32_t v)
{
	text_u64(t, v);
}
