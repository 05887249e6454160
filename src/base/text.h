/* text.h - a bounded builder of text over memory that somebody else owns: it appends, and there is no format to read.
 * The text ends with NUL after each call. What does not fit is cut after the last octet that has room, as snprintf does. Then
 * `cut` is set and every later call adds nothing, so a caller builds a whole line and looks once, at its end. */
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

/* Appends `len` octets as they are; p may be NULL when len is 0. The caller sees to it that they hold no NUL. */
void text_octets(struct text *t, const void *p, size_t len);
/* Appends one character. */
void text_char(struct text *t, char c);
/* Decimal digits, no sign; text_dec fills up with zeros to `width` digits (at most 20) and never cuts a longer number. */
void text_u64(struct text *t, uint64_t v);
void text_dec(struct text *t, uint64_t v, unsigned width);
/* Lower-case hexadecimal digits, filled up with zeros to `width` digits (at most 16); a longer number is not cut. */
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
