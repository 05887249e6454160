/* jrn_replay.c - hands all records to the owner, in the order of their numbers, and reads single
 * ones again later (jrn_later.h).
 *
 * Records stand in the log in the order in which they were last put, which is almost that of the
 * numbers.
 * So they are read through a few windows over the segments; one read serves many records.
 * A second thread reads and checks them while the owner takes those before (jrn_pipe.h). */
#include <stdlib.h>
#include <string.h>

#include "journal/jrn_int.h"
#include "journal/jrn_later.h"
#include "journal/jrn_pipe.h"

#define WINDOWS 64u
#define WINDOW_LEN (64u << 10) /* read at once, and more for a record that goes beyond */
#define WINDOW_CAP (WINDOW_LEN + JRN_RECORD_HEAD + JRN_RECORD_MAX)

#define ALONE_MAX 16384u /* records that are read without a second thread: they take some milliseconds */
#define RECORDS_MAX 512u
#define OCTETS_MAX (128u << 10)

#define RECORDS_MAGIC 0x19e4c7b3u
struct records { /* in the order of their numbers; a piece of the pipe */
	struct obj obj;
	size_t n, octets_n;
	struct {
		uint64_t number;
		uint32_t at, len; /* in `octets` */
	} of[RECORDS_MAX];
	uint8_t octets[OCTETS_MAX];
};
_Static_assert(OCTETS_MAX >= JRN_RECORD_MAX && OCTETS_MAX % 8 == 0, "a piece has room for each record");

struct window {
	uint64_t segment, at; /* segment 0: empty */
	size_t n;
};

#define LATER_MAGIC 0x2b9c6d51u
struct jrn_later {
	struct obj obj;
	struct jrn *j;
	const struct jrn_disk *disk;
	struct jrn_index_entry *entries; /* by number */
	size_t n;
	/* the segments of then, by number from `first` on: what lives in the journal now is another
	 * thread's */
	uint64_t first;
	uint8_t (*nonce)[JRN_NONCE];
	/* of the side that reads */
	struct window window[WINDOWS]; /* by segment and position */
	uint8_t *octets;               /* of the windows, WINDOW_CAP each: one block, which goes back to the system */
	uint64_t open_number;          /* of the segment behind fd; 0: none */
	int fd;
};

static int open_segment(struct jrn_later *r, uint64_t number)
{
	const struct jrn_disk *d = r->disk;
	char name[32];
	int fd;

	if (r->open_number == number) {
		return 0;
	}
	jrn_segment_name(name, number);
	fd = d->open(d->arg, name, JRN_OPEN_READ);
	if (fd < 0) {
		return jrn_disk_err(fd);
	}
	if (r->open_number) {
		d->close(d->arg, r->fd);
	}
	r->fd = fd;
	r->open_number = number;
	return 0;
}

static uint8_t *octets_of(const struct jrn_later *r, const struct window *w)
{
	return r->octets + (size_t)(w - r->window) * WINDOW_CAP;
}

static int fill(struct jrn_later *r, struct window *w, uint64_t segment, uint64_t at)
{
	const struct jrn_disk *d = r->disk;
	int64_t got;
	int err = open_segment(r, segment);

	if (err) {
		return err;
	}
	w->segment = 0;
	got = d->pread(d->arg, r->fd, octets_of(r, w), WINDOW_CAP, at);
	if (got < 0) {
		return jrn_disk_err((int)got);
	}
	*w = (struct window){ segment, at, (size_t)got };
	return 0;
}

static int get(struct jrn_later *r, const struct jrn_index_entry *e, struct jrn_record *out)
{
	uint64_t number = jrn_place_segment(e->place, r->first);
	uint64_t offset = jrn_place_offset(e->place), at = offset / WINDOW_LEN * WINDOW_LEN;
	struct window *w = &r->window[(number * 7 + at / WINDOW_LEN) % WINDOWS];
	int err = w->segment == number && w->at == at ? 0 : fill(r, w, number, at);
	size_t in = (size_t)(offset - at), size = jrn_place_size(e->place);

	if (err) {
		return err;
	}
	if (in + size > w->n || jrn_get_record(out, octets_of(r, w) + in, size, r->nonce[number - r->first], offset) != size ||
	    out->number != e->number) {
		return ERR_IO;
	}
	return 0;
}

static void begin(struct records *to)
{
	obj_begin(&to->obj, RECORDS_MAGIC);
	to->n = to->octets_n = 0;
}

static bool has_room(const struct records *to, const struct jrn_record *record)
{
	return to->n < RECORDS_MAX && record->len <= OCTETS_MAX - to->octets_n;
}

static void add(struct records *to, const struct jrn_record *record)
{
	to->of[to->n].number = record->number;
	to->of[to->n].at = (uint32_t)to->octets_n;
	to->of[to->n].len = record->len;
	to->n++;
	memcpy(to->octets + to->octets_n, record->content, record->len);
	to->octets_n += (record->len + 7) & ~(size_t)7;
}

/* -- all of them, on two threads */

#define WALK_MAGIC 0x71d0b3e6u
struct walk {
	struct obj obj;
	struct jrn_later *later;
	jrn_record_fn *fn;
	void *arg;
};

/* The side that reads. What it found before an error is handed over. */
static int read_records(void *arg, struct jrn_pipe *pipe)
{
	struct jrn_later *r = OBJ_OF(arg, struct walk, WALK_MAGIC)->later;
	struct records *to = jrn_pipe_first(pipe);
	struct jrn_record record;
	int err = 0;

	begin(to);
	for (size_t i = 0; i < r->n; i++) {
		err = get(r, &r->entries[i], &record);
		if (err) {
			break;
		}
		if (!has_room(to, &record)) {
			to = jrn_pipe_give(pipe);
			if (!to) {
				return 0; /* the owner takes no more */
			}
			begin(to);
		}
		add(to, &record);
	}
	if (to->n) {
		(void)jrn_pipe_give(pipe);
	}
	return err;
}

/* The other side. */
static int take_records(void *arg, const void *piece)
{
	const struct walk *w = OBJ_OF(arg, struct walk, WALK_MAGIC);
	const struct records *from = OBJ_OF(piece, const struct records, RECORDS_MAGIC);
	int rc = 0;

	for (size_t i = 0; !rc && i < from->n; i++) {
		rc = w->fn(w->arg, from->of[i].number, from->octets + from->of[i].at, from->of[i].len);
	}
	return rc;
}

int jrn_later_all(struct jrn_later *r, jrn_record_fn *fn, void *arg)
{
	struct walk w = { .obj = OBJ(WALK_MAGIC), .later = r, .fn = fn, .arg = arg };

	OBJ_CHECK(r, LATER_MAGIC);
	return jrn_pipe_run(sizeof(struct records), r->n > ALONE_MAX, read_records, take_records, &w);
}

/* -- one of them */

int jrn_later_one(struct jrn_later *r, size_t i, jrn_record_fn *fn, void *arg)
{
	struct jrn_record record;
	int err = get(r, &r->entries[i], &record);

	return err ? err : fn(arg, record.number, record.content, record.len);
}

size_t jrn_later_count(const struct jrn_later *r)
{
	return r->n;
}

/* -- begin and end */

/* What stands in the log now. The journal is held. */
static int take_present(struct jrn_later *r)
{
	const struct jrn_log *l = &r->j->store.log;

	r->disk = l->disk;
	r->n = l->index.n;
	r->entries = jrn_index_sorted(&l->index);
	r->first = l->segs_n ? l->segs[0]->number : 0;
	r->nonce = malloc((l->segs_n + 1) * sizeof *r->nonce);
	r->octets = malloc((size_t)WINDOWS * WINDOW_CAP);
	if (!r->entries || !r->nonce || !r->octets) {
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < l->segs_n; i++) {
		memcpy(r->nonce[i], l->segs[i]->nonce, JRN_NONCE);
	}
	return 0;
}

static void later_free(struct jrn_later *r)
{
	if (r->open_number) {
		r->disk->close(r->disk->arg, r->fd);
	}
	free(r->octets);
	free(r->nonce);
	free(r->entries);
	OBJ_END(r, LATER_MAGIC);
	free(r);
}

static void pin(struct jrn *j, int by)
{
	pthread_mutex_lock(&j->lock);
	j->laters = (unsigned)((int)j->laters + by);
	pthread_mutex_unlock(&j->lock);
}

int jrn_later_begin(struct jrn_later **out, struct jrn *j)
{
	struct jrn_later *r = calloc(1, sizeof *r);
	int err;

	OBJ_CHECK(j, JRN_MAGIC);
	if (!r) {
		return ERR_NOMEM;
	}
	obj_begin(&r->obj, LATER_MAGIC);
	r->j = j;
	jrn_hold(j); /* no segment goes meanwhile, and the index stays as it is */
	err = take_present(r);
	if (!err) {
		pin(j, 1);
	}
	jrn_release(j);
	if (err) {
		later_free(r);
		return err;
	}
	*out = r;
	return 0;
}

void jrn_later_end(struct jrn_later *r)
{
	if (r) {
		OBJ_CHECK(r, LATER_MAGIC);
		pin(r->j, -1);
		later_free(r);
	}
}

int jrn_replay(struct jrn *j, jrn_record_fn *fn, void *arg)
{
	struct jrn_later *r;
	int rc = jrn_later_begin(&r, j);

	if (!rc) {
		rc = jrn_later_all(r, fn, arg);
		jrn_later_end(r);
	}
	return rc;
}
