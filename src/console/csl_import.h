/* csl_import.h - the import of a file that a browser sent: one at a time, on a thread of its own,
 * because it takes as long as it takes. Safe from all threads. */
#pragma once
#include "console/csl_ask.h"

struct csl_import;

/* Starts the thread. Borrows `conf`. ERR_NOMEM. */
ERR_MUST_USE int csl_import_new(struct csl_import **out, const struct csl_ask_conf *conf);
/* A running import is broken off, and mtc-iwfd applies nothing of it. NULL allowed. */
void csl_import_free(struct csl_import *i);

/* Takes `fd` and `args`, also on failure. ERR_BUSY: another one runs. */
ERR_MUST_USE int csl_import_start(struct csl_import *i, const struct csl_person *person, const char *kind, json_t *args, int fd);
/* How far the last one is: {"state":"none"}, or "running", "done", "failed" with `kind`, `by`, and
 * what mtc-iwfd said. New reference; NULL: out of memory. */
json_t *csl_import_state(struct csl_import *i);
