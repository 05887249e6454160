/* jrn_anew.c - see jrn_anew.h. */
#include "base/obj.h"
#include "journal/jrn_anew.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int jrn_anew_begin(struct jrn_anew *a, const struct jrn_disk *disk, const char *dir, uint64_t segment_size, uint64_t reserved,
		   struct jrn_why *why)
{
	int err;

	*a = (struct jrn_anew){ .l = { .disk = disk,
				       .dir = dir,
				       .why = why,
				       .segment_size = segment_size,
				       .size_max = UINT64_MAX / 2,
				       .taking_over = true } };
	err = jrn_log_init(&a->l);
	a->l.reserved = reserved;
	return err ? err : jrn_segment_next(&a->l, true);
}

int jrn_anew_add(struct jrn_anew *a, const struct jrn_record *r)
{
	size_t size = jrn_record_size(r->len);
	int err = 0;

	if (!jrn_log_fits(&a->l, size) && a->l.build.records) {
		err = jrn_log_write(&a->l);
	}
	if (!err && !jrn_log_fits(&a->l, size)) {
		err = jrn_segment_next(&a->l, true);
	}
	return err ? err : jrn_log_append(&a->l, r);
}

int jrn_anew_flush(struct jrn_anew *a)
{
	return jrn_log_write(&a->l); /* also without records: for the numbers that were given out */
}

void jrn_anew_end(struct jrn_anew *a)
{
	jrn_log_fini(&a->l);
}

/* -- names */

#define NAMES_MAGIC 0xc3e0d675u
struct names {
	struct obj obj;
	uint64_t *number;
	size_t n, cap;
	bool segments, nomem;
};

static void add(struct names *w, uint64_t number)
{
	if (w->n == w->cap) {
		size_t cap = w->cap ? 2 * w->cap : 64;
		uint64_t *bigger = realloc(w->number, cap * sizeof *bigger);

		if (!bigger) {
			w->nomem = true;
			return;
		}
		w->number = bigger;
		w->cap = cap;
	}
	w->number[w->n++] = number;
}

static int on_name(void *arg, const char *name, uint64_t size)
{
	struct names *w = OBJ_OF(arg, struct names, NAMES_MAGIC);
	uint64_t number;
	enum jrn_name kind = jrn_name_kind(name, &number);

	(void)size;
	w->segments = w->segments || kind == JRN_NAME_SEGMENT;
	if (kind == JRN_NAME_TAKING_OVER) {
		add(w, number);
	}
	return w->nomem;
}

static int look(const struct jrn_disk *disk, struct names *w)
{
	int rc = disk->list(disk->arg, on_name, w);

	return w->nomem ? -ENOMEM : rc;
}

static void name_of(char out[40], uint64_t number)
{
	snprintf(out, 40, "new-%0*llu.log", JRN_NUMBER_DIGITS, (unsigned long long)number);
}

int jrn_anew_name(const struct jrn_disk *disk)
{
	struct names w = { .obj = OBJ(NAMES_MAGIC), .n = 0 };
	int rc = look(disk, &w);

	for (size_t i = 0; !rc && i < w.n; i++) {
		char from[40], to[32];

		name_of(from, w.number[i]);
		jrn_segment_name(to, w.number[i]);
		rc = disk->rename(disk->arg, from, to);
	}
	if (!rc && w.n) {
		rc = disk->sync_dir(disk->arg);
	}
	free(w.number);
	return rc;
}

int jrn_anew_clean(const struct jrn_disk *disk, bool *segments)
{
	struct names w = { .obj = OBJ(NAMES_MAGIC), .n = 0 };
	int rc = look(disk, &w);

	for (size_t i = 0; !rc && i < w.n; i++) {
		char name[40];

		name_of(name, w.number[i]);
		rc = disk->unlink(disk->arg, name);
	}
	*segments = w.segments;
	free(w.number);
	return rc;
}
