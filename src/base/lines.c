/* lines.c - a list of copies and the sum of their lengths. */
#include "base/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct lines_line {
	STAILQ_ENTRY(lines_line) entry;
	struct lines_gap tells; /* of lines_put_gap() */
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
	while (!STAILQ_EMPTY(&q->list)) {
		remove_first(q);
	}
}

void lines_gap_back(struct lines *q, struct lines_gap gap)
{
	q->gap.lost += gap.lost;
	if (!q->gap.error) {
		q->gap.error = gap.error;
	}
}

struct lines_gap lines_take_gap(struct lines *q)
{
	struct lines_gap gap = q->gap;

	q->gap = (struct lines_gap){ 0 };
	return gap;
}

uint64_t lines_waiting(const struct lines *q)
{
	const struct lines_line *l;
	uint64_t n = 0;

	STAILQ_FOREACH (l, &q->list, entry) {
		n++;
	}
	return n;
}

void lines_lose(struct lines *q, int error)
{
	q->gap.lost++;
	q->lost++;
	if (error) {
		q->gap.error = error;
	}
}

static int add(struct lines *q, const char *line, size_t len, struct lines_gap tells)
{
	struct lines_line *l;

	q->full = !STAILQ_EMPTY(&q->list) && (q->full || len > q->octets_max || q->octets > q->octets_max - len);
	if (q->full) {
		return ERR_LIMIT;
	}
	l = malloc(sizeof *l + len);
	if (!l) {
		return ERR_NOMEM;
	}
	l->tells = tells;
	l->len = len;
	memcpy(l->text, line, len);
	STAILQ_INSERT_TAIL(&q->list, l, entry);
	q->octets += len;
	return 0;
}

int lines_put(struct lines *q, const char *line, size_t len)
{
	int err = add(q, line, len, (struct lines_gap){ 0 });

	if (err) {
		lines_lose(q, err == ERR_NOMEM ? ENOMEM : 0);
	}
	return err;
}

void lines_put_gap(struct lines *q, const char *line, size_t len, struct lines_gap gap)
{
	if (add(q, line, len, gap)) {
		lines_gap_back(q, gap);
	}
}

const char *lines_first(const struct lines *q, size_t *len)
{
	const struct lines_line *l = STAILQ_FIRST(&q->list);

	*len = l ? l->len : 0;
	return l ? l->text : NULL;
}

struct lines_gap lines_pop(struct lines *q)
{
	remove_first(q);
	if (q->octets > q->octets_max / 2) {
		return (struct lines_gap){ 0 };
	}
	q->full = false;
	return lines_take_gap(q);
}

void lines_drop(struct lines *q, int error)
{
	struct lines_gap tells = STAILQ_FIRST(&q->list)->tells;

	remove_first(q);
	if (tells.lost) {
		lines_gap_back(q, tells);
	} else {
		lines_lose(q, error);
	}
	if (q->octets <= q->octets_max / 2) {
		q->full = false;
	}
}
