/* lines.c - a list of copies and the sum of their lengths. */
#include "base/lines.h"

#include <stdlib.h>
#include <string.h>

struct lines_line {
	STAILQ_ENTRY(lines_line) entry;
	size_t len;
	char text[];
};

void lines_init(struct lines *q, size_t octets_max)
{
	*q = (struct lines){ .octets_max = octets_max };
	STAILQ_INIT(&q->list);
}

static void remove_first(struct lines *q)
{
	struct lines_line *l = STAILQ_FIRST(&q->list);

	STAILQ_REMOVE_HEAD(&q->list, entry);
	q->octets -= l->len;
	free(l);
}

void lines_fini(struct lines *q)
{
	while (!STAILQ_EMPTY(&q->list))
		remove_first(q);
}

void lines_lose(struct lines *q)
{
	q->gap++;
	q->lost++;
}

int lines_put(struct lines *q, const char *line, size_t len)
{
	struct lines_line *l;

	q->full = !STAILQ_EMPTY(&q->list) && (q->full || len > q->octets_max || q->octets > q->octets_max - len);
	if (q->full) {
		lines_lose(q);
		return ERR_LIMIT;
	}
	l = malloc(sizeof *l + len);
	if (!l) {
		lines_lose(q);
		return ERR_NOMEM;
	}
	l->len = len;
	memcpy(l->text, line, len);
	STAILQ_INSERT_TAIL(&q->list, l, entry);
	q->octets += len;
	return 0;
}

const char *lines_first(const struct lines *q, size_t *len)
{
	const struct lines_line *l = STAILQ_FIRST(&q->list);

	*len = l ? l->len : 0;
	return l ? l->text : NULL;
}

uint64_t lines_pop(struct lines *q)
{
	uint64_t gap = q->gap;

	remove_first(q);
	if (q->octets > q->octets_max / 2)
		return 0;
	q->full = false;
	q->gap = 0;
	return gap;
}

void lines_drop(struct lines *q)
{
	remove_first(q);
	lines_lose(q);
	if (q->octets <= q->octets_max / 2)
		q->full = false;
}
