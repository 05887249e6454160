/* steps.h - an input as a script: numbers and octets, one after the other; zeros behind its end. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct steps {
	const uint8_t *p;
	size_t left;
};

static inline uint8_t steps_u8(struct steps *s)
{
	if (!s->left) {
		return 0;
	}
	s->left--;
	return *s->p++;
}

static inline uint16_t steps_u16(struct steps *s)
{
	uint16_t low = steps_u8(s);

	return (uint16_t)(low | steps_u8(s) << 8);
}

/* The next octets, at most `n`; *got is how many. */
static inline const uint8_t *steps_octets(struct steps *s, size_t n, size_t *got)
{
	const uint8_t *p = s->p;

	*got = n < s->left ? n : s->left;
	s->p += *got;
	s->left -= *got;
	return p;
}
