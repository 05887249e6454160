/* lines.h - a bounded queue of whole lines in memory, with an account of the lines that found no
 * room. One thread at a time.
 * After one lost line all further lines are lost until half of the room is free again. So a slow
 * reader sees one gap with one number instead of many small gaps. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"

struct lines_line;
STAILQ_HEAD(lines_list, lines_line);

/* Lines that are missing in a row. */
struct lines_gap {
	uint64_t lost;
	int error; /* errno of the last one that failed; 0: all of them found the queue full */
};

struct lines {
	struct lines_list list;
	size_t octets;        /* of all lines that wait */
	size_t octets_max;    /* may be changed at any time */
	bool full;            /* lines are lost until half of the room is free */
	struct lines_gap gap; /* since lines_pop() returned one */
	uint64_t lost;        /* lines since lines_init() */
};

void lines_init(struct lines *q, size_t octets_max);
void lines_fini(struct lines *q); /* lines that still wait are freed, and not counted */

/* Copies one line to the end. An empty queue takes a line of any length. ERR_LIMIT, ERR_NOMEM: the
 * line is lost and counted. */
ERR_MUST_USE int lines_put(struct lines *q, const char *line, size_t len);
/* Appends a line that reports `gap`. If there is no room or memory, or if the line is dropped
 * later, the next gap includes its lines, and the line itself is not counted. */
void lines_put_gap(struct lines *q, const char *line, size_t len, struct lines_gap gap);
/* The oldest line, valid until the next lines_pop(); NULL: there is none. */
const char *lines_first(const struct lines *q, size_t *len);
/* Removes the oldest line, which was written. If there is room again since lines were lost, returns
 * the number of lost lines, else 0. Each lost line is in exactly one gap, and in one more for each
 * lines_put_gap() that failed. */
struct lines_gap lines_pop(struct lines *q);
/* Removes the oldest line, which could not be written: it is lost and counted. `error` is errno. */
void lines_drop(struct lines *q, int error);
/* Counts a line that was lost before it reached the queue. `error` is errno; 0: the queue was
 * full. */
void lines_lose(struct lines *q, int error);
/* The lines lost since the last report; counts them as reported. */
struct lines_gap lines_take_gap(struct lines *q);
/* Number of waiting lines. Walks over them. */
uint64_t lines_waiting(const struct lines *q);
/* The report of this gap was lost: the next one includes its lines. */
void lines_gap_back(struct lines *q, struct lines_gap gap);
