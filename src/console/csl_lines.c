/* csl_lines.c - two counters. */
#include "console/csl_lines.h"

#define LINES 8 /* that are logged between two looks */

bool csl_lines_take(struct csl_lines *l, unsigned *n)
{
	*n = atomic_fetch_add(&l->all, 1) + 1;
	return atomic_fetch_add(&l->between, 1) < LINES;
}

void csl_lines_look(struct csl_lines *l, const struct log *log)
{
	unsigned n = atomic_exchange(&l->between, 0);

	if (n > LINES) {
		log_info(log, "web", "%u more %s (%u so far)", n - LINES, l->what, atomic_load(&l->all));
	}
}
