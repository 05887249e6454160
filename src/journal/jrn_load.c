/* jrn_load.c - reads the whole log at the start.
 *
 * The segments that belong together are those with contiguous numbers up to the highest; each
 * names the one before and where its commits end. Up to there every commit must be whole, and the
 * sequence has no gap. In the last segment the first place without a whole commit is the end.
 *
 * What a power cut left there is a torn write: it was never told to anybody, is kept aside in a
 * file and logged. But a commit is written only when the one before is durable. So a whole one
 * behind a bad one means damage, and the journal is refused. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "journal/jrn_log.h"

#define TORN_MAX 8u /* files with octets kept aside */

#define LOADING_MAGIC 0xefd8d973u
struct loading {
	struct obj obj;
	struct jrn_log *l;
	uint64_t *numbers; /* of segments, ascending */
	size_t numbers_n, numbers_cap;
	struct { /* files kept aside */
		char name[JRN_NAME_MAX];
	} torn[TORN_MAX + 1];
	size_t torn_n;
	char foreign[JRN_NAME_MAX], gone[JRN_NAME_MAX];
	bool nomem;
	uint64_t highest; /* number of a record */
};

__attribute__((format(printf, 3, 4))) static int refuse(struct jrn_log *l, int err, const char *fmt, ...)
{
	int n = snprintf(l->why->text, sizeof l->why->text, "trigger journal %s: ", l->dir);
	va_list ap;

	va_start(ap, fmt);
	if (n > 0 && (size_t)n < sizeof l->why->text) {
		vsnprintf(l->why->text + n, sizeof l->why->text - (size_t)n, fmt, ap);
	}
	va_end(ap);
	return err;
}

static int refuse_rc(struct jrn_log *l, int rc, const char *doing, const char *name)
{
	return refuse(l, jrn_disk_err(rc), "cannot %s %s: %s", doing, name, strerror(-rc));
}

static int damaged(struct jrn_log *l, const char *name, uint64_t at, const char *what)
{
	return refuse(
	    l, ERR_PROTO,
	    "%s is damaged at byte %llu: %s. 'mtcctl journal check' says what is whole, 'mtcctl journal salvage' saves it", name,
	    (unsigned long long)at, what);
}

/* -- the directory */

static void add_number(struct loading *g, uint64_t number)
{
	if (g->numbers_n == g->numbers_cap) {
		size_t cap = g->numbers_cap ? 2 * g->numbers_cap : 256;
		uint64_t *bigger = realloc(g->numbers, cap * sizeof *bigger);

		if (!bigger) {
			g->nomem = true;
			return;
		}
		g->numbers = bigger;
		g->numbers_cap = cap;
	}
	g->numbers[g->numbers_n++] = number;
}

static void keep_name(char out[JRN_NAME_MAX], const char *name)
{
	snprintf(out, JRN_NAME_MAX, "%.*s", (int)JRN_NAME_MAX - 1, name);
}

static void take_spare(struct jrn_log *l, const char *name, uint64_t number, uint64_t size)
{
	l->spare_next = number >= l->spare_next ? number + 1 : l->spare_next;
	if (size == l->segment_size && l->spares < JRN_SPARES_MAX) {
		l->spare[l->spares++] = number;
		l->octets += size;
	} else {
		err_ignore(l->disk->unlink(l->disk->arg, name), "it only takes room");
	}
}

static int on_name(void *arg, const char *name, uint64_t size)
{
	struct loading *g = OBJ_OF(arg, struct loading, LOADING_MAGIC);
	uint64_t number;

	switch (jrn_name_kind(name, &number)) {
	case JRN_NAME_SEGMENT:
		add_number(g, number);
		break;
	case JRN_NAME_SPARE:
		take_spare(g->l, name, number, size);
		break;
	case JRN_NAME_SPARE_NEW:
	case JRN_NAME_TAKING_OVER:
		err_ignore(g->l->disk->unlink(g->l->disk->arg, name), "half of it; it only takes room");
		break;
	case JRN_NAME_TORN:
		if (g->torn_n <= TORN_MAX) {
			keep_name(g->torn[g->torn_n++].name, name);
		}
		break;
	case JRN_NAME_OURS:
		break;
	default:
		keep_name(g->foreign, name);
	}
	return g->nomem;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int list(struct loading *g)
{
	struct jrn_log *l = g->l;
	int rc = l->disk->list(l->disk->arg, on_name, g);

	if (rc < 0) {
		return refuse_rc(l, rc, "read", "its directory");
	}
	if (g->nomem) {
		return refuse(l, ERR_NOMEM, "out of memory");
	}
	if (g->foreign[0]) {
		return refuse(l, ERR_PROTO, "file %s does not belong to a trigger journal; move it elsewhere", g->foreign);
	}
	if (g->numbers_n) {
		qsort(g->numbers, g->numbers_n, sizeof *g->numbers, by_number);
	}
	return 0;
}

/* -- the headers */

struct bad_head { /* what is wrong with a header; text "": nothing */
	char text[160];
	uint64_t at;
};

/* Reads the header of one segment. *ours is false if the file is not the segment of its name; then `bad` says why. */
static int read_head(struct jrn_log *l, uint64_t number, struct jrn_seg_head *h, bool *ours, struct bad_head *bad)
{
	char name[32];
	int rc, err = 0;

	*ours = false;
	*h = (struct jrn_seg_head){ .number = 0 };
	bad->text[0] = 0;
	jrn_segment_name(name, number);
	rc = jrn_reader_open(&l->reader, l->disk, name);
	if (!rc) {
		rc = jrn_reader_head(&l->reader, h, &err);
		jrn_reader_close(&l->reader);
	}
	if (rc) {
		return refuse_rc(l, rc, "read", name);
	}
	if (err == ERR_VERSION) {
		return refuse(l, err,
			      "the format of %s is version %u, this program knows version %u: it was written by a newer program",
			      name, h->version, JRN_VERSION);
	}
	*ours = !err && h->number == number;
	if (!*ours) {
		h->number = h->number == number ? number : 0;
		jrn_words_of_head(bad->text, sizeof bad->text, &bad->at, h, l->reader.size);
	}
	return 0;
}

static int bad_file(struct jrn_log *l, uint64_t number, const struct bad_head *bad)
{
	char name[32];

	jrn_segment_name(name, number);
	return damaged(l, name, bad->at, bad->text);
}

/* Finds the segments that belong together, and enters them. The first of them is
 * g->numbers[*first]. */
static int enter(struct loading *g, size_t *first, struct bad_head *bad)
{
	struct jrn_log *l = g->l;
	size_t n = g->numbers_n, i = n;
	struct jrn_seg_head h, next = { .number = 0 };
	uint64_t ends = 0;
	bool ours = true;
	int err = 0;

	/* backwards, as each says where the one before ends; entered in this order and turned round
	 * below */
	while (!err && i > 0 && (i == n || g->numbers[i - 1] + 1 == g->numbers[i])) {
		err = read_head(l, g->numbers[i - 1], &h, &ours, bad);
		if (err || !ours) {
			break;
		}
		if (i < n && (next.prev != h.number || next.prev_end < JRN_BLOCK || next.prev_end > h.size)) {
			break;
		}
		ends = i < n ? next.prev_end : 0;
		struct jrn_seg s = { .number = h.number, .size = h.size, .end = ends };

		memcpy(s.nonce, h.nonce, JRN_NONCE);
		err = jrn_segment_add(l, &s);
		next = h;
		i--;
	}
	if (!err && i == n) {
		return bad_file(l, g->numbers[n - 1], bad);
	}
	for (size_t a = 0, b = l->segs_n; a + 1 < b; a++, b--) {
		struct jrn_seg *swap = l->segs[a];

		l->segs[a] = l->segs[b - 1];
		l->segs[b - 1] = swap;
	}
	l->seq = next.first_seq;
	l->oldest = next.oldest;
	*first = i;
	return err;
}

/* -- the commits */

static int apply(struct loading *g, const struct jrn_seg *s, const struct jrn_commit_head *h, const uint8_t *p)
{
	struct jrn_log *l = g->l;
	size_t done = JRN_COMMIT_HEAD;
	struct jrn_record r;
	int err = 0;

	for (uint32_t i = 0; !err && i < h->records; i++) {
		size_t size = jrn_get_record(&r, p + done, h->octets - done, NULL, 0);

		g->highest = r.number > g->highest ? r.number : g->highest;
		err = jrn_log_place(l, r.number, r.kind == JRN_RECORD_PUT ? jrn_place_of(s->number, s->end + done, size) : 0);
		done += size;
	}
	l->seq = h->seq + 1;
	l->oldest = h->oldest;
	l->reserved = h->reserved > l->reserved ? h->reserved : l->reserved;
	return err ? refuse(l, err, "out of memory") : 0;
}

/* All commits of a segment, up to `ends` or, with 0, the first that is not whole. */
static int read_segment(struct loading *g, struct jrn_seg *s, uint64_t ends)
{
	struct jrn_log *l = g->l;
	struct jrn_commit_head h;
	enum jrn_commit_is is;
	const uint8_t *p;
	int rc, err = 0;

	s->end = JRN_BLOCK;
	while (!err && (ends ? s->end < ends : s->end < s->size)) {
		rc = jrn_read_commit(&l->reader, s->nonce, s->end, &is, &h, &p);
		if (rc) {
			return refuse_rc(l, rc, "read", l->reader.name);
		}
		if (is == JRN_COMMIT_WHOLE && h.seq != l->seq) {
			return damaged(l, l->reader.name, s->end, "a commit of another time stands here");
		}
		if (is != JRN_COMMIT_WHOLE && ends) {
			return damaged(l, l->reader.name, s->end, "expected a whole commit");
		}
		if (is != JRN_COMMIT_WHOLE) {
			return 0;
		}
		err = apply(g, s, &h, p);
		s->end += jrn_blocks(h.octets);
	}
	if (!err && ends && s->end != ends) {
		return damaged(l, l->reader.name, ends, "a commit is longer than the next segment says");
	}
	return err;
}

static int open_segment(struct jrn_log *l, const struct jrn_seg *s)
{
	char name[32];
	int rc;

	jrn_segment_name(name, s->number);
	rc = jrn_reader_open(&l->reader, l->disk, name);
	return rc ? refuse_rc(l, rc, "read", name) : 0;
}

/* -- behind the last commit */

static void drop_oldest_torn(struct loading *g)
{
	size_t oldest = 0;

	if (g->torn_n < TORN_MAX) {
		return;
	}
	for (size_t i = 1; i < g->torn_n; i++) {
		oldest = strcmp(g->torn[i].name, g->torn[oldest].name) < 0 ? i : oldest;
	}
	err_ignore(g->l->disk->unlink(g->l->disk->arg, g->torn[oldest].name), "it only takes room");
}

static int write_aside(struct jrn_log *l, const char *name, uint64_t at, uint64_t octets)
{
	int fd = l->disk->open(l->disk->arg, name, JRN_OPEN_NEW), rc = 0;
	const uint8_t *p;

	if (fd < 0) {
		return fd;
	}
	for (uint64_t done = 0; !rc && done < octets; done += JRN_BLOCK) {
		rc = jrn_reader_get(&l->reader, &p, at + done, JRN_BLOCK);
		if (!rc && p) {
			rc = l->disk->pwrite(l->disk->arg, fd, p, JRN_BLOCK, done);
		}
	}
	if (!rc) {
		rc = l->disk->flush(l->disk->arg, fd);
	}
	l->disk->close(l->disk->arg, fd);
	return rc;
}

/* The mark behind the last commit names a segment that is not there. */
static int look_at_mark(struct jrn_log *l, const struct jrn_seg *s)
{
	const uint8_t *p = NULL;
	uint64_t next = 0;
	char name[32];
	int rc = 0;

	if (s->end + JRN_BLOCK <= s->size) {
		rc = jrn_reader_get(&l->reader, &p, s->end, JRN_BLOCK);
	}
	if (rc) {
		return refuse_rc(l, rc, "read", l->reader.name);
	}
	next = p ? jrn_get_mark(p, s->nonce, s->end) : 0;
	if (!next) {
		return 0;
	}
	jrn_segment_name(name, next);
	return refuse(l, ERR_PROTO,
		      "%s is missing: %s says at byte %llu that it follows. Put it back; 'mtcctl journal salvage' saves what is "
		      "left, which is an earlier state",
		      name, l->reader.name, (unsigned long long)s->end);
}

static int look_behind(struct loading *g, const struct jrn_seg *s, char *say, size_t say_cap)
{
	struct jrn_log *l = g->l;
	char aside[JRN_NAME_MAX];
	struct jrn_commit_head h;
	enum jrn_commit_is is;
	uint64_t later, octets;
	const uint8_t *p;
	int rc = jrn_read_commit(&l->reader, s->nonce, s->end, &is, &h, &p);

	if (!rc) {
		rc = jrn_read_later(&l->reader, s->nonce, s->end, l->seq, &later);
	}
	if (!rc && later) {
		return damaged(l, l->reader.name, s->end, "expected a whole commit, as whole ones follow it");
	}
	if (!rc && is == JRN_COMMIT_BROKEN) {
		rc = jrn_read_torn(&l->reader, s->nonce, s->end, &octets);
	}
	if (rc) {
		return refuse_rc(l, rc, "read", l->reader.name);
	}
	if (is != JRN_COMMIT_BROKEN) {
		return 0;
	}
	snprintf(aside, sizeof aside, "torn-%.*s-%llu", (int)(strlen(l->reader.name) - 4), l->reader.name,
		 (unsigned long long)s->end);
	drop_oldest_torn(g);
	rc = write_aside(l, aside, s->end, octets);
	snprintf(say, say_cap, "%s/%s: the last write was torn: %llu bytes from byte %llu on are left out, and %s%s%s", l->dir,
		 l->reader.name, (unsigned long long)octets, (unsigned long long)s->end, rc ? "could not be kept: " : "kept in ",
		 rc ? strerror(-rc) : aside, rc ? "" : ". They were never acknowledged");
	return 0;
}

/* A killed program may have left octets in pages that no flush has brought to the disk. Those that
 * were read count from now on, also in the header of the next segment. So they are made durable
 * first. */
static int settle(struct jrn_log *l)
{
	int fd = l->disk->open(l->disk->arg, l->reader.name, JRN_OPEN_WRITE), rc = fd < 0 ? fd : l->disk->flush(l->disk->arg, fd);

	if (fd >= 0) {
		l->disk->close(l->disk->arg, fd);
	}
	return rc ? refuse_rc(l, rc, "flush", l->reader.name) : 0;
}

static int read_all(struct loading *g, char *say, size_t say_cap)
{
	struct jrn_log *l = g->l;
	int err = 0;

	for (size_t i = 0; !err && i < l->segs_n; i++) {
		bool last = i + 1 == l->segs_n;

		err = open_segment(l, l->segs[i]);
		if (!err) {
			err = read_segment(g, l->segs[i], last ? 0 : l->segs[i]->end);
		}
		if (!err && last) {
			err = look_at_mark(l, l->segs[i]);
		}
		if (!err && last) {
			err = look_behind(g, l->segs[i], say, say_cap);
		}
		if (!err && last) {
			err = settle(l);
		}
		jrn_reader_close(&l->reader);
	}
	return err;
}

/* Files with lower numbers: left over if no commit needs them, else one between is missing or damaged. */
static int look_below(struct loading *g, size_t first, const struct bad_head *bad)
{
	struct jrn_log *l = g->l;
	char name[32];

	if (l->segs[0]->number > l->oldest) {
		jrn_segment_name(name, l->segs[0]->number - 1);
		if (first > 0 && g->numbers[first - 1] == l->segs[0]->number - 1) {
			return bad->text[0] ? bad_file(l, g->numbers[first - 1], bad)
					    : damaged(l, name, 0, "it is not the segment before the next");
		}
		return refuse(l, ERR_PROTO, "%s is missing. 'mtcctl journal salvage' saves what is whole", name);
	}
	for (size_t i = 0; i < first; i++) {
		jrn_segment_name(name, g->numbers[i]);
		err_ignore(l->disk->unlink(l->disk->arg, name), "it only takes room");
	}
	return 0;
}

int jrn_log_load(struct jrn_log *l, uint64_t *next, char *say, size_t say_cap)
{
	struct loading g = { .obj = OBJ(LOADING_MAGIC), .l = l };
	struct bad_head bad = { .at = 0 };
	size_t first = 0;
	int err = list(&g);

	say[0] = 0;
	l->reserved = 1;
	if (!err && g.numbers_n) {
		err = enter(&g, &first, &bad);
		if (!err) {
			err = read_all(&g, say, say_cap);
		}
		if (!err) {
			err = look_below(&g, first, &bad);
		}
	}
	free(g.numbers);
	if (err) {
		return err;
	}
	*next = g.highest >= l->reserved ? g.highest + 1 : l->reserved;
	jrn_segments_drop(l);
	return 0;
}
