/* jrn_survey_dir.c - the files of a journal that may be damaged: the directory, the headers, and
 * the lowest segment that is needed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "base/str.h"
#include "journal/jrn_anew.h"
#include "journal/jrn_survey.h"

static void add_file(struct jrn_survey *v, const char *name, uint64_t number, uint64_t size)
{
	if (v->n == v->cap) {
		size_t cap = v->cap ? 2 * v->cap : 64;
		struct jrn_survey_file *bigger = realloc(v->file, cap * sizeof *bigger);

		if (!bigger) {
			v->nomem = true;
			return;
		}
		v->file = bigger;
		v->cap = cap;
	}
	v->file[v->n] = (struct jrn_survey_file){ .number = number, .found = { .what = JRN_FOUND_SEGMENT, .octets = size } };
	str_cut(v->file[v->n++].found.name, sizeof v->file[0].found.name, name);
}

static void add_foreign(struct jrn_survey *v, const char *name, uint64_t size)
{
	struct jrn_found *f = jrn_survey_add(v, JRN_FOUND_FOREIGN, name);

	f->octets = size;
	jrn_survey_say(f, "it does not belong to a trigger journal; move it elsewhere");
	v->sum.foreign++;
}

static int on_name(void *arg, const char *name, uint64_t size)
{
	struct jrn_survey *v = OBJ_OF(arg, struct jrn_survey, JRN_SURVEY_MAGIC);
	uint64_t number;

	switch (jrn_name_kind(name, &number)) {
	case JRN_NAME_SEGMENT:
		add_file(v, name, number, size);
		break;
	case JRN_NAME_TAKING_OVER:
		v->taking_over = true;
		__attribute__((fallthrough));
	case JRN_NAME_SPARE:
	case JRN_NAME_SPARE_NEW:
		jrn_survey_add(v, JRN_FOUND_SPARE, name)->octets = size;
		v->sum.spares++;
		break;
	case JRN_NAME_TORN:
		jrn_survey_add(v, JRN_FOUND_ASIDE, name)->octets = size;
		v->sum.torn_octets += size;
		break;
	case JRN_NAME_OURS:
		v->lmdb = v->lmdb || strcmp(name, "data.mdb") == 0;
		break;
	default:
		add_foreign(v, name, size);
	}
	return v->nomem;
}

static int by_number(const void *a, const void *b)
{
	const struct jrn_survey_file *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static int take_lock(struct jrn_survey *v)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/owner.lock", v->dir);
	v->lock_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (v->lock_fd >= 0 && flock(v->lock_fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		snprintf(v->why->text, sizeof v->why->text, "trigger journal %s: locked: another process uses it", v->dir);
		return ERR_BUSY;
	}
	return 0; /* without that file nobody has opened it yet */
}

int jrn_survey_open_dir(struct jrn_survey *v, const struct jrn_disk *disk)
{
	int rc;

	v->disk = disk;
	if (disk) {
		return 0;
	}
	rc = jrn_disk_dir(&v->own, v->dir, false);
	if (rc) {
		snprintf(v->why->text, sizeof v->why->text, "trigger journal %s: %s", v->dir, strerror(-rc));
		return rc == -ENOENT || rc == -ENOTDIR ? ERR_NOTFOUND : jrn_disk_err(rc);
	}
	v->disk = &v->own;
	return take_lock(v);
}

int jrn_survey_list(struct jrn_survey *v)
{
	int rc = v->disk->list(v->disk->arg, on_name, v);
	char first[32];

	if (v->nomem) {
		return ERR_NOMEM;
	}
	if (rc < 0) {
		return jrn_survey_fail(v, rc, "read", "its directory");
	}
	if (v->n == 0 && !v->lmdb && v->sum.spares == 0) {
		snprintf(v->why->text, sizeof v->why->text, "%s: there is no trigger journal", v->dir);
		return ERR_NOTFOUND;
	}
	if (v->n == 0 && v->lmdb && !v->taking_over && jrn_is_mark(v->disk)) {
		jrn_segment_name(first, 1);
		jrn_survey_say(jrn_survey_add(v, JRN_FOUND_MISSING, first),
			       "all segments are missing; data.mdb says that there were some");
	} else if (v->n == 0 && v->lmdb) {
		jrn_survey_say(jrn_survey_add(v, JRN_FOUND_LMDB, "data.mdb"),
			       "the journal of an older version; the next start takes it over");
	}
	if (v->n) {
		qsort(v->file, v->n, sizeof *v->file, by_number);
	}
	v->sum.segments = v->n;
	return 0;
}

/* -- headers */

int jrn_survey_read_heads(struct jrn_survey *v)
{
	int err = 0;

	for (size_t i = 0; !err && i < v->n; i++) {
		struct jrn_survey_file *f = &v->file[i];

		err = jrn_survey_open_file(v, f);
		if (!err) {
			int rc = jrn_reader_head(&v->reader, &f->head, &f->err);

			jrn_reader_close(&v->reader);
			err = rc ? jrn_survey_fail(v, rc, "read", f->found.name) : 0;
		}
		/* the header is right, so the commits can be read */
		if (!err && f->err == ERR_PROTO && f->head.number == f->number) {
			f->truncated = true;
			f->err = 0;
		}
		if (!err && !f->err && f->head.number != f->number) {
			f->err = ERR_PROTO;
		}
		if (!err && !f->err && i > 0) {
			const struct jrn_survey_file *before = f - 1;

			v->file[i - 1].follows = !before->err && f->head.prev == before->number &&
						 f->head.prev_end >= JRN_BLOCK && f->head.prev_end <= before->head.size;
		}
	}
	return err;
}

int jrn_survey_find_oldest(struct jrn_survey *v)
{
	struct jrn_survey_file *last = v->n ? &v->file[v->n - 1] : NULL;
	enum jrn_commit_is is = JRN_COMMIT_WHOLE;
	struct jrn_commit_head h;
	const uint8_t *p;
	int err, rc = 0;

	v->oldest = 0;
	if (!last || last->err) {
		return 0;
	}
	v->oldest = last->head.oldest;
	err = jrn_survey_open_file(v, last);
	for (uint64_t at = JRN_BLOCK; !err && !rc && is == JRN_COMMIT_WHOLE; at += jrn_blocks(h.octets)) {
		rc = jrn_read_commit(&v->reader, last->head.nonce, at, &is, &h, &p);
		if (rc || is != JRN_COMMIT_WHOLE) {
			break;
		}
		v->oldest = h.oldest;
	}
	jrn_reader_close(&v->reader);
	return err ? err : rc ? jrn_survey_fail(v, rc, "read", last->found.name) : 0;
}
