/* exc_csv.c - splits one line of CSV. The fields stay in place: the octet after each is overwritten
 * with NUL. */
#include <stdio.h>
#include <string.h>

#include "exchange/exc_split.h"

static int wrong(char why[EXC_WHY_MAX], size_t field, const char *words)
{
	snprintf(why, EXC_WHY_MAX, "field %zu: %s", field + 1, words);
	return ERR_INVAL;
}

/* A field in quotes that begins at *at. Moves *at behind its closing quote. */
static int quoted(char **at, const char *end, struct exc_field *f)
{
	char *from = *at + 1, *to = from, *first = from;

	for (;;) {
		const char *quote = memchr(from, '"', (size_t)(end - from));

		if (!quote) {
			return ERR_INVAL;
		}
		if (to != from) {
			memmove(to, from, (size_t)(quote - from));
		}
		to += quote - from;
		from += quote - from + 1;
		if (from == end || *from != '"') {
			break;
		}
		*to++ = '"';
		from++;
	}
	*f = (struct exc_field){ first, (size_t)(to - first) };
	*at = from;
	return 0;
}

int exc_csv_split(char *line, size_t len, struct exc_field *fields, size_t max, size_t *n, char why[EXC_WHY_MAX])
{
	const char *end = line + len;
	char *at = line;

	for (*n = 0;;) {
		struct exc_field *f = &fields[*n];
		char *stop;

		if (*n == max) {
			return wrong(why, *n, "more fields than there are columns");
		}
		if (at < end && *at == '"') {
			if (quoted(&at, end, f)) {
				return wrong(why, *n, "its quote is not closed on this line");
			}
			if (at < end && *at != ',') {
				return wrong(why, *n, "text behind its closing quote (a quote inside is written twice)");
			}
			stop = at;
		} else {
			stop = memchr(at, ',', (size_t)(end - at));
			if (!stop) {
				stop = line + len;
			}
			if (memchr(at, '"', (size_t)(stop - at))) {
				return wrong(why, *n,
					     "a quote inside (such a field stands in quotes, each quote inside written twice)");
			}
			*f = (struct exc_field){ at, (size_t)(stop - at) };
		}
		((char *)(uintptr_t)f->p)[f->n] = 0;
		(*n)++;
		if (stop == end) {
			return 0;
		}
		at = stop + 1;
	}
}
