/* jrn_replay.c - hands all records to the owner, in the order of their numbers.
 *
 * Records stand in the log in the order in which they were last put, which is almost that of the
 * numbers.
 * So they are read through a few windows over the segments; one read serves many records.
 * A second thread reads and checks them while the owner takes those before (jrn_pipe.h). */
#include <stdlib.h>
#include <string.h>

#include "journal/jrn_int.h"
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

#define REPLAY_MAGIC 0x2b9c6d51u
struct replay {
	struct obj obj;
	const struct jrn_log *l;
	const struct jrn_index_entry *entries; /* by number */
	size_t n;
	jrn_record_fn *fn;
	void *arg;
	/* of the side that reads */
	struct window window[WINDOWS]; /* by segment and position */
	uint8_t *octets;               /* of the windows, WINDOW_CAP each: one block, which goes back to the system */
	uint64_t open_number;          /* of the segment behind fd; 0: none */
	int fd;
};

static int open_segment(struct replay *r, uint64_t number)
{
	const struct jrn_disk *d = r->l->disk;
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

static uint8_t *octets_of(const struct replay *r, const struct window *w)
{
	return r->octets + (size_t)(w - r->window) * WINDOW_CAP;
}

static int fill(struct replay *r, struct window *w, uint64_t segment, uint64_t at)
{
	const struct jrn_disk *d = r->l->disk;
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

static int get(struct replay *r, const struct jrn_index_entry *e, struct jrn_record *out)
{
	const struct jrn_seg *s = jrn_segment_of(r->l, e->place);
	uint64_t offset = jrn_place_offset(e->place), at = offset / WINDOW_LEN * WINDOW_LEN;
	struct window *w = &r->window[(s->number * 7 + at / WINDOW_LEN) % WINDOWS];
	int err = w->segment == s->number && w->at == at ? 0 : fill(r, w, s->number, at);
	size_t in = (size_t)(offset - at), size = jrn_place_size(e->place);

	if (err) {
		return err;
	}
	if (in + size > w->n || jrn_get_record(out, octets_of(r, w) + in, size, s->nonce, offset) != size ||
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

/* The side that reads. What it found before an error is handed over. */
static int read_records(void *arg, struct jrn_pipe *pipe)
{
	struct replay *r = OBJ_OF(arg, struct replay, REPLAY_MAGIC);
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
	struct replay *r = OBJ_OF(arg, struct replay, REPLAY_MAGIC);
	const struct records *from = OBJ_OF(piece, const struct records, RECORDS_MAGIC);
	int rc = 0;

	for (size_t i = 0; !rc && i < from->n; i++) {
		rc = r->fn(r->arg, from->of[i].number, from->octets + from->of[i].at, from->of[i].len);
	}
	return rc;
}

static int run(struct replay *r)
{
	r->octets = malloc((size_t)WINDOWS * WINDOW_CAP);
	if (!r->octets) {
		return ERR_NOMEM;
	}
	return jrn_pipe_run(sizeof(struct records), r->n > ALONE_MAX, read_records, take_records, r);
}

static void end(struct replay *r)
{
	free(r->octets);
	if (r->open_number) {
		r->l->disk->close(r->l->disk->arg, r->fd);
	}
}

int jrn_replay(struct jrn *j, jrn_record_fn *fn, void *arg)
{
	struct jrn_index_entry *entries;
	struct replay r = { .obj = OBJ(REPLAY_MAGIC), .l = &j->store.log, .fn = fn, .arg = arg };
	int rc = ERR_NOMEM;

	OBJ_CHECK(j, JRN_MAGIC);
	jrn_hold(j); /* no segment goes meanwhile, and the index stays as it is */
	entries = jrn_index_sorted(&r.l->index);
	if (entries) {
		r.entries = entries;
		r.n = r.l->index.n;
		rc = run(&r);
	}
	free(entries);
	end(&r);
	jrn_release(j);
	return rc;
}
