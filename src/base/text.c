/* text.c - a bounded builder of text. */
#include "base/text.h"

#include <stdlib.h>

#define DIGITS_MAX 20 /* of UINT64_MAX in decimal */

/* Two digits of each number below 100. */
#define TEN(d) d "0" d "1" d "2" d "3" d "4" d "5" d "6" d "7" d "8" d "9"
static const char PAIRS[] = TEN("0") TEN("1") TEN("2") TEN("3") TEN("4") TEN("5") TEN("6") TEN("7") TEN("8") TEN("9");

struct text text_over(char *p, size_t cap)
{
	if (!cap) {
		abort(); /* no room for the NUL */
	}
	*p = 0;
	return (struct text){ .p = p, .cap = cap };
}

void text_octets(struct text *t, const void *p, size_t len)
{
	size_t room = t->cap - 1 - t->len;

	if (t->cut || !len) {
		return;
	}
	if (len > room) {
		t->cut = true;
		len = room;
	}
	memcpy(t->p + t->len, p, len);
	t->len += len;
	t->p[t->len] = 0;
}

void text_char(struct text *t, char c)
{
	if (t->cut || t->len + 1 >= t->cap) {
		t->cut = true;
		return;
	}
	t->p[t->len++] = c;
	t->p[t->len] = 0;
}

/* v has so many decimal digits; 0 has one. */
static unsigned digits_of(uint64_t v)
{
	static const uint64_t powers[DIGITS_MAX] = {
		UINT64_C(1),
		UINT64_C(10),
		UINT64_C(100),
		UINT64_C(1000),
		UINT64_C(10000),
		UINT64_C(100000),
		UINT64_C(1000000),
		UINT64_C(10000000),
		UINT64_C(100000000),
		UINT64_C(1000000000),
		UINT64_C(10000000000),
		UINT64_C(100000000000),
		UINT64_C(1000000000000),
		UINT64_C(10000000000000),
		UINT64_C(100000000000000),
		UINT64_C(1000000000000000),
		UINT64_C(10000000000000000),
		UINT64_C(100000000000000000),
		UINT64_C(1000000000000000000),
		UINT64_C(10000000000000000000),
	};
	unsigned bits = 64 - (unsigned)__builtin_clzll(v | 1);
	unsigned n = bits * 1233 >> 12; /* 1233 / 4096 is the logarithm of 2: this or one more */

	return v >= powers[n] ? n + 1 : n ? n : 1;
}

/* The n digits at p, zeros first. They are made from the last one on, two with one division, which
 * takes half as long of a number of 32 bits. */
static inline void put_digits(char *p, unsigned n, uint64_t v)
{
	uint32_t low;

	for (; v > UINT32_MAX; v /= 100) { /* n is 10 or more */
		n -= 2;
		memcpy(p + n, PAIRS + 2 * (v % 100), 2);
	}
	for (low = (uint32_t)v; n >= 2; low /= 100) {
		n -= 2;
		memcpy(p + n, PAIRS + 2 * (low % 100), 2);
	}
	if (n) {
		p[0] = (char)('0' + low);
	}
}

/* Where the digits have no room, or there may be no more text. */
__attribute__((noinline)) static void dec_cut(struct text *t, uint64_t v, unsigned n)
{
	char room[DIGITS_MAX];

	put_digits(room, n, v);
	text_octets(t, room, n);
}

void text_dec(struct text *t, uint64_t v, unsigned width)
{
	unsigned digits = digits_of(v), least = width < DIGITS_MAX ? width : DIGITS_MAX;
	unsigned n = digits > least ? digits : least;

	if (t->cut || n >= t->cap - t->len) {
		dec_cut(t, v, n);
		return;
	}
	put_digits(t->p + t->len, n, v);
	t->len += n;
	t->p[t->len] = 0;
}

void text_u64(struct text *t, uint64_t v)
{
	text_dec(t, v, 1);
}

void text_hex(struct text *t, uint64_t v, unsigned width)
{
	static const char hex[] = "0123456789abcdef";
	char digits[16];
	char *first = digits + sizeof digits;
	const char *filled = digits + sizeof digits - (width < sizeof digits ? width : sizeof digits);

	do {
		*--first = hex[v & 15];
		v >>= 4;
	} while (v);
	while (first > filled) {
		*--first = '0';
	}
	text_octets(t, first, (size_t)(digits + sizeof digits - first));
}
