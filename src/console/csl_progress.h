/* csl_progress.h - how far an import is: what mtc-iwfd said of it. No thread and no lock. */
#pragma once
#include <jansson.h>
#include <stdbool.h>

#include "console/csl_ask.h"

struct csl_progress {
	bool any, running, ok; /* there was an import; it runs; it succeeded */
	char kind[16];
	char by[CTL_NAME_MAX];
	json_t *progress, *rows, *last; /* owned; NULL: not said yet */
	char error[CTL_CLIENT_WHY_MAX];
};

/* A new import begins; what the one before said is forgotten. */
void csl_progress_begin(struct csl_progress *p, const char *kind, const char *by);
/* A row that mtc-iwfd sent: how far, a mistake, or the last one. Borrows. */
void csl_progress_row(struct csl_progress *p, const json_t *row);
/* The import has ended; `err` 0, or why not in `why` (may be empty). */
void csl_progress_end(struct csl_progress *p, int err, const char *why);
/* Gives back what `p` owns. */
void csl_progress_forget(struct csl_progress *p);
/* {"state":"none"}, or "running", "done", "failed" with `kind`, `by` and what mtc-iwfd said. New
 * reference that shares nothing with `p`, so that the caller may read while rows go on coming.
 * NULL: out of memory. */
json_t *csl_progress_state(const struct csl_progress *p);
