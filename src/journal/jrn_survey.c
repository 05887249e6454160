/* jrn_survey.c - see jrn_survey.h. */
#include "journal/jrn_survey.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

#define OTHERS_MAX 4096u /* findings that are reported; further ones are counted */

/* -- findings */

struct jrn_found *jrn_survey_add(struct jrn_survey *v, enum jrn_finding what, const char *name)
{
	static struct jrn_found none;

	if (what == JRN_FOUND_DAMAGE || what == JRN_FOUND_MISSING || what == JRN_FOUND_FOREIGN || what == JRN_FOUND_NEWER) {
		v->sum.damages++;
	}
	if (v->other_n >= OTHERS_MAX) {
		return &none;
	}
	if (v->other_n == v->other_cap) {
		size_t cap = v->other_cap ? 2 * v->other_cap : 32;
		struct jrn_found *bigger = realloc(v->other, cap * sizeof *bigger);

		if (!bigger) {
			v->nomem = true;
			return &none;
		}
		v->other = bigger;
		v->other_cap = cap;
	}
	v->other[v->other_n] = (struct jrn_found){ .what = what };
	str_cut(v->other[v->other_n].name, sizeof v->other[0].name, name);
	return &v->other[v->other_n++];
}

void jrn_survey_say(struct jrn_found *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->text, sizeof f->text, fmt, ap);
	va_end(ap);
}

int jrn_survey_fail(struct jrn_survey *v, int rc, const char *doing, const char *name)
{
	snprintf(v->why->text, sizeof v->why->text, "trigger journal %s: cannot %s %s: %s", v->dir, doing, name, strerror(-rc));
	return jrn_disk_err(rc);
}

int jrn_survey_open_file(struct jrn_survey *v, const struct jrn_survey_file *f)
{
	int rc = jrn_reader_open(&v->reader, v->disk, f->found.name);

	return rc ? jrn_survey_fail(v, rc, "read", f->found.name) : 0;
}

/* -- commits */

static int apply(struct jrn_survey *v, size_t i, uint64_t at, const struct jrn_commit_head *h, const uint8_t *p)
{
	struct jrn_survey_file *f = &v->file[i];
	size_t done = JRN_COMMIT_HEAD;
	jrn_place unused;
	struct jrn_record r;

	if (v->seq && h->seq > v->seq) {
		v->sum.lost_commits_at_least += h->seq - v->seq;
		if (!v->sum.damages && !f->old) { /* else that explains it */
			struct jrn_found *d = jrn_survey_add(v, JRN_FOUND_DAMAGE, f->found.name);

			d->at = at;
			jrn_survey_say(d, "expected commit %llu, this is %llu", (unsigned long long)v->seq,
				       (unsigned long long)h->seq);
		}
	}
	for (uint32_t k = 0; k < h->records; k++) {
		size_t size = jrn_get_record(&r, p + done, h->octets - done, NULL, 0);

		v->highest = r.number > v->highest ? r.number : v->highest;
		if (r.kind == JRN_RECORD_DEL) {
			(void)jrn_index_del(&v->index, r.number);
		} else if (jrn_index_put(&v->index, r.number, jrn_place_of(i, at + done, size), &unused)) {
			return ERR_NOMEM;
		}
		done += size;
	}
	v->seq = h->seq + 1;
	v->reserved = h->reserved > v->reserved ? h->reserved : v->reserved;
	f->found.commits++;
	f->found.records += h->records;
	return 0;
}

/* What stands at `at` is no whole commit. *at is where to go on, or `ends`. */
static int not_whole(struct jrn_survey *v, struct jrn_survey_file *f, enum jrn_commit_is is, uint64_t *at, uint64_t ends)
{
	uint64_t later, octets;
	struct jrn_found *d;
	int rc = jrn_read_later(&v->reader, f->head.nonce, *at + JRN_BLOCK, v->seq, &later);

	if (rc) {
		return rc;
	}
	if (later && later < ends) {
		d = jrn_survey_add(v, JRN_FOUND_DAMAGE, f->found.name);
		d->at = *at;
		d->octets = later - *at;
		jrn_survey_say(d, "expected a whole commit; whole ones follow from byte %llu on", (unsigned long long)later);
		*at = later;
		return 0;
	}
	if (is == JRN_COMMIT_WHOLE) {
		d = jrn_survey_add(v, JRN_FOUND_DAMAGE, f->found.name);
		d->at = *at;
		d->octets = ends - *at;
		jrn_survey_say(d, "a commit of another time stands here");
	} else if (f->truncated) {
		; /* said already, with the place from which on it is cut off */
	} else if (f->follows) {
		d = jrn_survey_add(v, JRN_FOUND_DAMAGE, f->found.name);
		d->at = *at;
		d->octets = ends - *at;
		jrn_survey_say(d, "expected whole commits up to byte %llu, where the next segment says that they end",
			       (unsigned long long)ends);
	} else if (is == JRN_COMMIT_BROKEN) {
		rc = jrn_read_torn(&v->reader, f->head.nonce, *at, &octets);
		d = jrn_survey_add(v, JRN_FOUND_TORN, f->found.name);
		d->at = *at;
		d->octets = octets;
		v->sum.torn_octets += octets;
		jrn_survey_say(d, "a write that a crash or power cut left unfinished; it was never acknowledged");
	}
	*at = ends;
	return rc;
}

/* Behind the last commit of the last segment there may be the mark that it is not the last. */
static int look_at_mark(struct jrn_survey *v, const struct jrn_survey_file *f, uint64_t at)
{
	const uint8_t *p = NULL;
	uint64_t next;
	char name[64];
	int rc = at + JRN_BLOCK <= f->head.size ? jrn_reader_get(&v->reader, &p, at, JRN_BLOCK) : 0;

	next = !rc && p ? jrn_get_mark(p, f->head.nonce, at) : 0;
	if (next) {
		jrn_segment_name(name, next);
		jrn_survey_say(jrn_survey_add(v, JRN_FOUND_MISSING, name), "%s says at byte %llu that it follows", f->found.name,
			       (unsigned long long)at);
	}
	return rc;
}

static int read_commits(struct jrn_survey *v, size_t i)
{
	struct jrn_survey_file *f = &v->file[i];
	uint64_t at = JRN_BLOCK, ends = f->follows ? f[1].head.prev_end : f->head.size;
	struct jrn_commit_head h;
	enum jrn_commit_is is;
	bool last = i + 1 == v->n, looked = !last;
	const uint8_t *p;
	int err = jrn_survey_open_file(v, f), rc = 0;

	/* some of the files that are not needed may be missing */
	if (!v->seq || (i > 0 && v->file[i - 1].old)) {
		v->seq = f->head.first_seq;
	}
	while (!err && !rc && at < ends) {
		rc = jrn_read_commit(&v->reader, f->head.nonce, at, &is, &h, &p);
		if (!rc && is == JRN_COMMIT_WHOLE && h.seq >= v->seq) {
			err = apply(v, i, at, &h, p);
			at += jrn_blocks(h.octets);
		} else if (!rc && !looked) {
			looked = true;
			rc = look_at_mark(v, f, at);
		} else if (!rc) {
			rc = not_whole(v, f, is, &at, ends);
		}
	}
	if (!err && !rc && f->follows && at != ends) {
		struct jrn_found *d = jrn_survey_add(v, JRN_FOUND_DAMAGE, f->found.name);

		d->at = ends;
		jrn_survey_say(d, "a commit is longer than the next segment says");
	}
	jrn_reader_close(&v->reader);
	return err ? err : rc ? jrn_survey_fail(v, rc, "read", f->found.name) : 0;
}

/* A file that is not the segment of its name, or a gap in front of this one. */
static void look_at_place(struct jrn_survey *v, size_t i)
{
	struct jrn_survey_file *f = &v->file[i];
	char name[64];

	if (f->err == ERR_VERSION) {
		jrn_survey_say(jrn_survey_add(v, JRN_FOUND_NEWER, f->found.name),
			       "its format is version %u, this program knows version %u", f->head.version, JRN_VERSION);
		return;
	}
	if (f->err || f->truncated) {
		struct jrn_seg_head none = { .number = 0 };
		struct jrn_found *d = jrn_survey_add(v, JRN_FOUND_DAMAGE, f->found.name);

		jrn_words_of_head(d->text, sizeof d->text, &d->at, f->truncated ? &f->head : &none, f->found.octets);
	}
	if (i > 0 && f->number != f[-1].number + 1 && f->number > v->oldest) {
		jrn_segment_name(name, f->number - 1);
		jrn_survey_say(jrn_survey_add(v, JRN_FOUND_MISSING, name), "it is needed, and is not there");
	} else if (i > 0 && !f->err && !f[-1].err && !f[-1].old && !f[-1].follows) {
		jrn_survey_say(jrn_survey_add(v, JRN_FOUND_DAMAGE, f->found.name), "it does not follow %s", f[-1].found.name);
	} else if (i == 0 && f->number > v->oldest && v->oldest) {
		jrn_segment_name(name, f->number - 1);
		jrn_survey_say(jrn_survey_add(v, JRN_FOUND_MISSING, name), "it is needed, and is not there");
	}
}

static int read_all(struct jrn_survey *v)
{
	int err = 0;

	for (size_t i = 0; !err && i < v->n; i++) {
		struct jrn_survey_file *f = &v->file[i];

		f->old = f->number < v->oldest;
		if (f->old) {
			f->found.what = JRN_FOUND_OLD;
		} else {
			look_at_place(v, i);
		}
		if (!f->err) {
			err = read_commits(v, i);
		}
	}
	return err;
}

/* -- the sum */

static int count_living(struct jrn_survey *v)
{
	struct jrn_index_entry *e = jrn_index_sorted(&v->index);
	uint64_t octets = 0;

	if (!e) {
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < v->index.n; i++) {
		struct jrn_found *f = &v->file[jrn_place_segment(e[i].place, 0)].found;

		f->live++;
		f->live_octets += jrn_place_size(e[i].place);
		v->sum.live_octets += jrn_place_size(e[i].place);
	}
	free(e);
	v->sum.live = v->index.n;
	for (size_t i = 0; i < v->n; i++) {
		v->sum.commits += v->file[i].found.commits;
		v->sum.records += v->file[i].found.records;
		octets += v->file[i].found.octets;
	}
	v->sum.waste_octets = octets > v->sum.live_octets ? octets - v->sum.live_octets : 0;
	v->sum.opens = v->sum.damages == 0;
	return 0;
}

int jrn_survey(struct jrn_survey *v, const char *dir, const struct jrn_disk *disk, struct jrn_why *why)
{
	int err;

	*v = (struct jrn_survey){ .obj = OBJ(JRN_SURVEY_MAGIC), .dir = dir, .why = why, .lock_fd = -1, .reserved = 1 };
	snprintf(why->text, sizeof why->text, "out of memory");
	err = jrn_survey_open_dir(v, disk);
	if (!err) {
		err = jrn_survey_list(v);
	}
	if (!err) {
		err = jrn_survey_read_heads(v);
	}
	if (!err) {
		err = jrn_survey_find_oldest(v);
	}
	if (!err) {
		err = read_all(v);
	}
	if (!err) {
		err = v->nomem ? ERR_NOMEM : count_living(v);
	}
	if (!err) {
		why->text[0] = 0;
	}
	return err;
}

static int by_name(const void *a, const void *b)
{
	const struct jrn_found *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : x->at < y->at ? -1 : x->at > y->at;
}

void jrn_survey_tell(struct jrn_survey *v, jrn_found_fn *fn, void *arg)
{
	size_t k = 0;

	if (!fn) {
		return;
	}
	if (v->other_n) {
		qsort(v->other, v->other_n, sizeof *v->other, by_name);
	}
	for (size_t i = 0; i < v->n; i++) {
		for (; k < v->other_n && strcmp(v->other[k].name, v->file[i].found.name) < 0; k++) {
			fn(arg, &v->other[k]);
		}
		fn(arg, &v->file[i].found);
	}
	for (; k < v->other_n; k++) {
		fn(arg, &v->other[k]);
	}
}

void jrn_survey_end(struct jrn_survey *v)
{
	jrn_reader_fini(&v->reader);
	jrn_index_fini(&v->index);
	jrn_disk_fini(&v->own);
	free(v->file);
	free(v->other);
	if (v->lock_fd >= 0) {
		close(v->lock_fd);
	}
}
