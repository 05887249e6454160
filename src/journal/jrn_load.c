/* jrn_load.c - reads the whole log at the start.
 *
 * The segments that belong together are those with contiguous numbers up to the highest; each
 * names the one before and where its commits end. Up to there every commit must be whole, and the
 * sequence has no gap. In the last segment the first place without a whole commit is the end.
 *
 * A second thread reads and checks, while the owner enters the places that were found before in the
 * index; jrn_pipe.h is between them.
 *
 * What a power cut left there is a torn write: it was never told to anybody, is kept aside in a
 * file and logged. But a commit is written only when the one before is durable. So a whole one
 * behind a bad one means damage, and the journal is refused. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "journal/jrn_behind.h"
#include "journal/jrn_pipe.h"

#define ALONE_MAX 32u /* segments that are read without a second thread: they take less than 0.3 s */
#define PLACES_MAX 8192u

#define PLACES_MAGIC 0x6a3fd10bu
struct places { /* of records, in the order of the log; a piece of the pipe */
	struct obj obj;
	size_t n;
	struct jrn_index_entry of[PLACES_MAX]; /* place 0: a delete */
};

#define LOADING_MAGIC 0xefd8d973u
struct loading {
	struct obj obj;
	struct jrn_log *l;
	uint64_t *numbers; /* of segments, ascending */
	size_t numbers_n, numbers_cap;
	struct jrn_torn torn;
	char foreign[JRN_NAME_MAX], gone[JRN_NAME_MAX];
	bool nomem;
	uint64_t highest; /* number of a record */
	/* of the side that reads; the index and what lives are the other side's */
	struct jrn_pipe *pipe;
	struct places *places; /* that gather */
	char *say;
	size_t say_cap;
};

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
		if (g->torn.n <= JRN_TORN_MAX) {
			keep_name(g->torn.name[g->torn.n++], name);
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
		return jrn_refuse_rc(l, rc, "read", "its directory");
	}
	if (g->nomem) {
		return jrn_refuse(l, ERR_NOMEM, "out of memory");
	}
	if (g->foreign[0]) {
		return jrn_refuse(l, ERR_PROTO, "file %s does not belong to a trigger journal; move it elsewhere", g->foreign);
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

/* Reads the header of one segment. *ours is false if the file is not the segment of its name;
 * then `bad` says why. */
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
		return jrn_refuse_rc(l, rc, "read", name);
	}
	if (err == ERR_VERSION) {
		return jrn_refuse(
		    l, err, "the format of %s is version %u, this program knows version %u: it was written by a newer program",
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
	return jrn_refuse_damaged(l, name, bad->at, bad->text);
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

static void begin(struct places *places)
{
	obj_begin(&places->obj, PLACES_MAGIC);
	places->n = 0;
}

/* The other side ran out of memory, and says so. */
static int give(struct loading *g)
{
	g->places = jrn_pipe_give(g->pipe);
	if (!g->places) {
		return ERR_NOMEM;
	}
	begin(g->places);
	return 0;
}

static int apply(struct loading *g, const struct jrn_seg *s, const struct jrn_commit_head *h, const uint8_t *p)
{
	struct jrn_log *l = g->l;
	size_t done = JRN_COMMIT_HEAD;
	struct jrn_record r;

	for (uint32_t i = 0; i < h->records; i++) {
		size_t size = jrn_get_record(&r, p + done, h->octets - done, NULL, 0);

		if (g->places->n == PLACES_MAX && give(g)) {
			return ERR_NOMEM;
		}
		g->highest = r.number > g->highest ? r.number : g->highest;
		g->places->of[g->places->n++] =
		    (struct jrn_index_entry){ r.number,
					      r.kind == JRN_RECORD_PUT ? jrn_place_of(s->number, s->end + done, size) : 0 };
		done += size;
	}
	l->seq = h->seq + 1;
	l->oldest = h->oldest;
	l->reserved = h->reserved > l->reserved ? h->reserved : l->reserved;
	return 0;
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
			return jrn_refuse_rc(l, rc, "read", l->reader.name);
		}
		if (is == JRN_COMMIT_WHOLE && h.seq != l->seq) {
			return jrn_refuse_damaged(l, l->reader.name, s->end, "a commit of another time stands here");
		}
		if (is != JRN_COMMIT_WHOLE && ends) {
			return jrn_refuse_damaged(l, l->reader.name, s->end, "expected a whole commit");
		}
		if (is != JRN_COMMIT_WHOLE) {
			return 0;
		}
		err = apply(g, s, &h, p);
		s->end += jrn_blocks(h.octets);
	}
	if (!err && ends && s->end != ends) {
		return jrn_refuse_damaged(l, l->reader.name, ends, "a commit is longer than the next segment says");
	}
	return err;
}

static int open_segment(struct jrn_log *l, const struct jrn_seg *s)
{
	char name[32];
	int rc;

	jrn_segment_name(name, s->number);
	rc = jrn_reader_open(&l->reader, l->disk, name);
	return rc ? jrn_refuse_rc(l, rc, "read", name) : 0;
}

/* -- all of them, on two threads */

/* The side that reads. */
static int read_segments(void *arg, struct jrn_pipe *pipe)
{
	struct loading *g = OBJ_OF(arg, struct loading, LOADING_MAGIC);
	struct jrn_log *l = g->l;
	int err = 0;

	g->pipe = pipe;
	g->places = jrn_pipe_first(pipe);
	begin(g->places);
	for (size_t i = 0; !err && i < l->segs_n; i++) {
		bool last = i + 1 == l->segs_n;

		err = open_segment(l, l->segs[i]);
		if (!err) {
			err = read_segment(g, l->segs[i], last ? 0 : l->segs[i]->end);
		}
		if (!err && last) {
			err = jrn_look_behind(l, l->segs[i], &g->torn, g->say, g->say_cap);
		}
		jrn_reader_close(&l->reader);
	}
	return err ? err : g->places->n ? give(g) : 0;
}

/* The other side. */
static int enter_places(void *arg, const void *piece)
{
	struct loading *g = OBJ_OF(arg, struct loading, LOADING_MAGIC);
	const struct places *places = OBJ_OF(piece, const struct places, PLACES_MAGIC);
	int err = 0;

	for (size_t i = 0; !err && i < places->n; i++) {
		err = jrn_log_place(g->l, places->of[i].number, places->of[i].place);
	}
	return err;
}

static int read_all(struct loading *g)
{
	struct jrn_log *l = g->l;
	int err = jrn_pipe_run(sizeof(struct places), l->segs_n > ALONE_MAX, read_segments, enter_places, g);

	return err == ERR_NOMEM ? jrn_refuse(l, err, "out of memory") : err;
}

/* Files with lower numbers: left over if no commit needs them, else one between is missing or
 * damaged. */
static int look_below(struct loading *g, size_t first, const struct bad_head *bad)
{
	struct jrn_log *l = g->l;
	char name[32];

	if (l->segs[0]->number > l->oldest) {
		jrn_segment_name(name, l->segs[0]->number - 1);
		if (first > 0 && g->numbers[first - 1] == l->segs[0]->number - 1) {
			return bad->text[0] ? bad_file(l, g->numbers[first - 1], bad)
					    : jrn_refuse_damaged(l, name, 0, "it is not the segment before the next");
		}
		return jrn_refuse_missing(l, name);
	}
	for (size_t i = 0; i < first; i++) {
		jrn_segment_name(name, g->numbers[i]);
		err_ignore(l->disk->unlink(l->disk->arg, name), "it only takes room");
	}
	return 0;
}

int jrn_log_load(struct jrn_log *l, uint64_t *next, char *say, size_t say_cap)
{
	struct loading g = { .obj = OBJ(LOADING_MAGIC), .l = l, .say = say, .say_cap = say_cap };
	struct bad_head bad = { .at = 0 };
	size_t first = 0;
	int err = list(&g);

	say[0] = 0;
	l->reserved = 1;
	if (!err && g.numbers_n) {
		err = enter(&g, &first, &bad);
		if (!err) {
			err = read_all(&g);
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
