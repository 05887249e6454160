/* lines.h - a bounded queue of whole lines in memory, with an account of the lines that found no room. One thread at a time.
 * Once a line is lost, those that follow are lost too until half of the room is free again: one gap with one number, instead of many
 * small ones, when the reader is slow. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"

struct lines_line;
STAILQ_HEAD(lines_list, lines_line);

struct lines {
	struct lines_list list;
	size_t octets;     /* of all lines that wait */
	size_t octets_max; /* may be changed at any time */
	bool full;         /* lines are lost until half of the room is free */
	uint64_t gap;      /* lines lost since lines_pop() returned a number */
	uint64_t lost;     /* since lines_init() */
};

void lines_init(struct lines *q, size_t octets_max);
void lines_fini(struct lines *q); /* lines that still wait are freed, and not counted */

/* Copies one line to the end. An empty queue takes a line of any length. ERR_LIMIT, ERR_NOMEM: the line is lost and counted. */
ERR_MUST_USE int lines_put(struct lines *q, const char *line, size_t len);
/* The oldest line, valid until the next lines_pop(); NULL: there is none. */
const char *lines_first(const struct lines *q, size_t *len);
/* Removes the oldest line, which was written. Returns how many lines were lost if there is room again since, else 0: each lost line is
 * in exactly one of these numbers. */
uint64_t lines_pop(struct lines *q);
/* Removes the oldest line, which could not be written: it is lost and counted. */
void lines_drop(struct lines *q);
/* Counts one line as lost that never came into the queue. */
void lines_lose(struct lines *q);
