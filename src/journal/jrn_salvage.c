/* jrn_salvage.c - a new journal of all that is whole in a damaged one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/jrn_anew.h"
#include "journal/jrn_survey.h"

#define SEGMENT_SIZE (8u << 20)
#define RESERVE 1048576u /* numbers that commits which are missing may have given out */

static int fail(struct jrn_why *why, int err, const char *path, const char *words)
{
	snprintf(why->text, sizeof why->text, "%s: %s", path, words);
	return err;
}

static int on_name(void *arg, const char *name, uint64_t size)
{
	(void)arg;
	(void)name;
	(void)size;
	return 1;
}

static int open_out(struct jrn_disk *out, const char *dir, struct jrn_why *why)
{
	int rc = jrn_disk_dir(out, dir, true);

	if (rc) {
		return fail(why, jrn_disk_err(rc), dir, strerror(-rc));
	}
	rc = out->list(out->arg, on_name, NULL);
	if (rc < 0) {
		return fail(why, jrn_disk_err(rc), dir, strerror(-rc));
	}
	return rc ? fail(why, ERR_EXISTS, dir, "is not empty; name a new directory") : 0;
}

/* The survey has read this place, so the record is whole unless the disk changes. */
static int copy_one(struct jrn_survey *v, struct jrn_anew *a, const struct jrn_index_entry *e, size_t *open_file)
{
	const struct jrn_survey_file *f = &v->file[jrn_place_segment(e->place, 0)];
	uint64_t at = jrn_place_offset(e->place);
	const uint8_t *p = NULL;
	struct jrn_record r;
	int rc = 0;

	if (*open_file != (size_t)(f - v->file)) {
		jrn_reader_close(&v->reader);
		*open_file = (size_t)(f - v->file);
		rc = jrn_reader_open(&v->reader, v->disk, f->found.name);
	}
	if (!rc) {
		rc = jrn_reader_get(&v->reader, &p, at, jrn_place_size(e->place));
	}
	if (rc || !p || !jrn_get_record(&r, p, jrn_place_size(e->place), f->head.nonce, at)) {
		return fail(v->why, rc ? jrn_disk_err(rc) : ERR_IO, f->found.name, rc ? strerror(-rc) : "cannot be read again");
	}
	return jrn_anew_add(a, &r);
}

static int by_place(const void *a, const void *b)
{
	const struct jrn_index_entry *x = a, *y = b;

	return x->place < y->place ? -1 : x->place > y->place;
}

static int copy_all(struct jrn_survey *v, struct jrn_anew *a)
{
	struct jrn_index_entry *e = jrn_index_sorted(&v->index);
	size_t open_file = SIZE_MAX;
	int err = 0;

	if (!e) {
		return ERR_NOMEM;
	}
	if (v->index.n) {
		qsort(e, v->index.n, sizeof *e, by_place);
	}
	for (size_t i = 0; !err && i < v->index.n; i++) {
		err = copy_one(v, a, &e[i], &open_file);
	}
	free(e);
	return err ? err : jrn_anew_flush(a);
}

static int write_out(struct jrn_survey *v, const char *out_dir, struct jrn_why *why)
{
	struct jrn_disk out = { .arg = NULL };
	struct jrn_anew a;
	uint64_t next = v->highest >= v->reserved ? v->highest + 1 : v->reserved;
	int rc, err = open_out(&out, out_dir, why);
	bool segments;

	if (err) {
		jrn_disk_fini(&out);
		return err;
	}
	err = jrn_anew_begin(&a, &out, out_dir, SEGMENT_SIZE, next + RESERVE, why);
	if (!err) {
		err = copy_all(v, &a);
	}
	jrn_anew_end(&a);
	if (!err) {
		rc = jrn_anew_name(&out);
		err = rc ? fail(why, jrn_disk_err(rc), out_dir, strerror(-rc)) : 0;
	} else {
		err_ignore(jrn_anew_clean(&out, &segments), "these names do not count");
	}
	jrn_disk_fini(&out);
	return err;
}

int jrn_salvage(const char *dir, const char *out_dir, jrn_found_fn *fn, void *arg, struct jrn_summary *out, struct jrn_why *why)
{
	struct jrn_survey v;
	int err = jrn_survey(&v, dir, NULL, why);

	if (!err) {
		jrn_survey_tell(&v, fn, arg);
		*out = v.sum;
		if (v.n == 0) {
			err = fail(why, ERR_NOTFOUND, dir, "there is no segment of a journal to save");
		}
	}
	for (size_t i = 0; !err && i < v.n; i++) {
		if (v.file[i].err == ERR_VERSION) {
			err = fail(why, ERR_VERSION, v.file[i].found.name, "was written by a newer program");
		}
	}
	if (!err) {
		err = write_out(&v, out_dir, why);
	}
	jrn_survey_end(&v);
	return err;
}
