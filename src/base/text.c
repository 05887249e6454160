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

/* The digits are made from the last one on, two with one division, at the end of a room of their
 * own. */
void text_dec(struct text *t, uint64_t v, unsigned width)
{
	char digits[DIGITS_MAX];
	char *first = digits + DIGITS_MAX;
	const char *filled = digits + DIGITS_MAX - (width < DIGITS_MAX ? width : DIGITS_MAX);

	for (; v >= 10; v /= 100) {
		first -= 2;
		memcpy(first, PAIRS + 2 * (v % 100), 2);
	}
	if (v || first == digits + DIGITS_MAX) {
		*--first = (char)('0' + v);
	}
	while (first > filled) {
		*--first = '0';
	}
	text_octets(t, first, (size_t)(digits + DIGITS_MAX - first));
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
