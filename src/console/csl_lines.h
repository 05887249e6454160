/* csl_lines.h - refusals that strangers can cause, in the log within a bound: so many lines between
 * two looks, then how many more there were. For several threads. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>

#include "base/log.h"

struct csl_lines {
	const char *what;         /* "log-ins by certificate were refused" */
	atomic_uint all, between; /* since the start; since the last look */
};

/* Counts one; *n is its number since the start. True: it gets a line of its own. */
bool csl_lines_take(struct csl_lines *l, unsigned *n);
/* From time to time, by one thread: tells of those without a line. */
void csl_lines_look(struct csl_lines *l, const struct log *log);
