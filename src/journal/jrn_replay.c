/* jrn_replay.c - hands all records to the owner, in the order of their numbers.
 *
 * Records stand in the log in the order in which they were last put, which is almost that of the
 * numbers.
 * So they are read through a few windows over the segments; one read serves many records. */
#include <stdlib.h>
#include <string.h>

#include "journal/jrn_int.h"

#define WINDOWS 64u
#define WINDOW_LEN (64u << 10) /* read at once, and more for a record that goes beyond */
#define WINDOW_CAP (WINDOW_LEN + JRN_RECORD_HEAD + JRN_RECORD_MAX)

struct window {
	uint64_t segment, at; /* segment 0: empty */
	size_t n;
	uint8_t *p;
};

struct replay {
	const struct jrn_log *l;
	struct window window[WINDOWS]; /* by segment and position */
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

static int fill(struct replay *r, struct window *w, uint64_t segment, uint64_t at)
{
	const struct jrn_disk *d = r->l->disk;
	int64_t got;
	int err = open_segment(r, segment);

	if (err) {
		return err;
	}
	if (!w->p) {
		w->p = malloc(WINDOW_CAP);
	}
	if (!w->p) {
		return ERR_NOMEM;
	}
	w->segment = 0;
	got = d->pread(d->arg, r->fd, w->p, WINDOW_CAP, at);
	if (got < 0) {
		return jrn_disk_err((int)got);
	}
	*w = (struct window){ segment, at, (size_t)got, w->p };
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
	if (in + size > w->n || jrn_get_record(out, w->p + in, size, s->nonce, offset) != size || out->number != e->number) {
		return ERR_IO;
	}
	return 0;
}

static int replay(struct replay *r, const struct jrn_index_entry *entries, size_t n, jrn_record_fn *fn, void *arg)
{
	struct jrn_record record;
	int rc = 0;

	for (size_t i = 0; !rc && i < n; i++) {
		rc = get(r, &entries[i], &record);
		if (!rc) {
			rc = fn(arg, record.number, record.content, record.len);
		}
	}
	return rc;
}

static void end(struct replay *r)
{
	for (size_t i = 0; i < WINDOWS; i++) {
		free(r->window[i].p);
	}
	if (r->open_number) {
		r->l->disk->close(r->l->disk->arg, r->fd);
	}
}

int jrn_replay(struct jrn *j, jrn_record_fn *fn, void *arg)
{
	struct jrn_index_entry *entries;
	struct replay r = { .l = &j->store.log };
	int rc = ERR_NOMEM;

	OBJ_CHECK(j, JRN_MAGIC);
	jrn_hold(j); /* no segment goes meanwhile, and the index stays as it is */
	entries = jrn_index_sorted(&r.l->index);
	if (entries) {
		rc = replay(&r, entries, r.l->index.n, fn, arg);
	}
	free(entries);
	end(&r);
	jrn_release(j);
	return rc;
}
