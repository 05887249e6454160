/* csl_progress.c - see csl_progress.h. */
#include "console/csl_progress.h"

#include "base/err.h"
#include "base/str.h"

#define ROWS_MAX 32 /* mistakes and rows that would go; mtc-iwfd sends fewer */

void csl_progress_forget(struct csl_progress *p)
{
	json_decref(p->progress);
	json_decref(p->rows);
	json_decref(p->last);
	*p = (struct csl_progress){ .any = false };
}

void csl_progress_begin(struct csl_progress *p, const char *kind, const char *by)
{
	csl_progress_forget(p);
	p->any = p->running = true;
	p->rows = json_array();
	str_cut(p->kind, sizeof p->kind, kind);
	str_cut(p->by, sizeof p->by, by);
}

void csl_progress_row(struct csl_progress *p, const json_t *row)
{
	json_t *own = json_deep_copy(row);

	if (json_is_true(json_object_get(own, "done"))) {
		json_decref(p->last);
		p->last = own;
	} else if (json_is_true(json_object_get(own, "progress"))) {
		json_decref(p->progress);
		p->progress = own;
	} else if (json_array_size(p->rows) < ROWS_MAX) {
		json_array_append_new(p->rows, own);
	} else {
		json_decref(own);
	}
}

void csl_progress_end(struct csl_progress *p, int err, const char *why)
{
	p->running = false;
	p->ok = !err;
	if (err) {
		str_cut(p->error, sizeof p->error, *why ? why : err_str(err));
	}
}

json_t *csl_progress_state(const struct csl_progress *p)
{
	const char *state = p->running ? "running" : p->ok ? "done" : "failed";

	return !p->any ? json_pack("{s:s}", "state", "none")
		       : json_pack("{s:s, s:s, s:s, s:o*, s:o*, s:o*, s:s*}", "state", state, "kind", p->kind, "by", p->by,
				   "progress", json_deep_copy(p->progress), "rows", json_deep_copy(p->rows), "last",
				   json_deep_copy(p->last), "error", p->error[0] ? p->error : NULL);
}
