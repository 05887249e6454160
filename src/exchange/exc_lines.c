/* exc_lines.c - one block of octets; what is left of it goes to its front when more is read. */
#include "exchange/exc_lines.h"

#include <string.h>

void exc_lines_init(struct exc_lines *l, exc_source_fn *source, void *arg)
{
	l->source = source;
	l->arg = arg;
	l->number = l->octets = 0;
	l->at = l->len = 0;
	l->begun = l->ended = l->skipping = l->unended = false;
}

/* Reads once. 1, or 0 at the end, or the source's code. */
static int fill(struct exc_lines *l)
{
	ssize_t n;

	if (l->ended) {
		return 0;
	}
	if (l->at) {
		memmove(l->block, l->block + l->at, l->len - l->at);
		l->len -= l->at;
		l->at = 0;
	}
	n = l->source(l->arg, l->block + l->len, EXC_BLOCK - l->len);
	if (n < 0) {
		return (int)n;
	}
	if (n == 0 || (size_t)n > EXC_BLOCK - l->len) {
		l->ended = true;
		return n == 0 ? 0 : ERR_IO;
	}
	l->len += (size_t)n;
	l->octets += (uint64_t)n;
	return 1;
}

/* The byte order mark that some programs put before UTF-8. */
static void skip_mark(struct exc_lines *l)
{
	if (l->len - l->at >= 3 && memcmp(l->block + l->at, "\xef\xbb\xbf", 3) == 0) {
		l->at += 3;
	}
}

/* Reads until three octets are there, or the end of a line, or that of the file: what they say of
 * the file may come octet by octet. */
static int fill_three(struct exc_lines *l)
{
	int more = 1;

	while (more > 0 && l->len - l->at < 3 && !memchr(l->block + l->at, '\n', l->len - l->at)) {
		more = fill(l);
	}
	return more;
}

int exc_lines_peek(struct exc_lines *l, const uint8_t **p, size_t *n)
{
	int more = fill_three(l);

	if (more < 0) {
		return more;
	}
	if (!l->begun) {
		skip_mark(l);
		more = fill_three(l);
	}
	l->begun = true;
	*p = (const uint8_t *)l->block + l->at;
	*n = l->len - l->at;
	return more < 0 ? more : *n > 0;
}

/* Gives out `n` octets that end with `end` more. */
static int give(struct exc_lines *l, char **line, size_t *n, size_t len, size_t end)
{
	*line = l->block + l->at;
	l->unended = end == 0;
	l->at += len + end;
	l->number++;
	if (len && (*line)[len - 1] == '\r') {
		len--;
	}
	(*line)[len] = 0;
	*n = len;
	if (len <= EXC_LINE_MAX && !l->skipping) {
		return 1;
	}
	l->skipping = false;
	return ERR_LIMIT;
}

int exc_lines_next(struct exc_lines *l, char **line, size_t *n)
{
	size_t looked = 0;

	if (!l->begun) {
		const uint8_t *p;
		int more = exc_lines_peek(l, &p, n);

		if (more <= 0) {
			return more;
		}
	}
	for (;;) {
		char *from = l->block + l->at, *end = memchr(from + looked, '\n', l->len - l->at - looked);
		int more;

		if (end) {
			return give(l, line, n, (size_t)(end - from), 1);
		}
		looked = l->len - l->at;
		if (looked > EXC_LINE_MAX + 1) { /* it may end in CR */
			l->skipping = true;
			l->at = l->len;
			looked = 0;
		}
		more = fill(l);
		if (more < 0) {
			return more;
		}
		if (more == 0) {
			return l->len > l->at || l->skipping ? give(l, line, n, l->len - l->at, 0) : 0;
		}
	}
}
