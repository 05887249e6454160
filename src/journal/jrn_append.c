/* jrn_append.c - one commit: records gather in one buffer, then one write. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "journal/jrn_log.h"

int jrn_log_init(struct jrn_log *l)
{
	l->fd = -1;
	l->seq = 1;
	l->spare_next = 1;
	l->build.p = aligned_alloc(JRN_BLOCK, JRN_COMMIT_MAX);
	l->build.n = JRN_COMMIT_HEAD;
	return l->build.p ? 0 : ERR_NOMEM;
}

void jrn_log_fini(struct jrn_log *l)
{
	jrn_maker_end(l->maker);
	jrn_segments_fini(l);
	jrn_reader_fini(&l->reader);
	jrn_index_fini(&l->index);
	free(l->build.p);
	free(l->build.undo);
	l->build = (struct jrn_build){ .p = NULL };
}

/* -- the index follows each record */

static void count(struct jrn_log *l, jrn_place place, bool lives)
{
	struct jrn_seg *s = place ? jrn_segment_of(l, place) : NULL;
	/* adding the largest number takes one away */
	uint64_t n = lives ? 1 : UINT64_MAX, octets = jrn_place_size(place);

	if (s) {
		s->live += n;
		l->live += n;
		s->live_octets += lives ? octets : 0 - octets;
		l->live_octets += lives ? octets : 0 - octets;
	}
}

/* The number has its newest record at `place`; 0: it has none. */
static int set(struct jrn_log *l, uint64_t number, jrn_place place, jrn_place *before)
{
	int err = 0;

	if (place) {
		err = jrn_index_put(&l->index, number, place, before);
	} else {
		*before = jrn_index_del(&l->index, number);
	}
	if (!err) {
		count(l, *before, false);
		count(l, place, true);
	}
	return err;
}

int jrn_log_place(struct jrn_log *l, uint64_t number, jrn_place place)
{
	jrn_place before;

	return set(l, number, place, &before);
}

static int grow_undo(struct jrn_build *b)
{
	size_t cap = b->undo_cap ? 2 * b->undo_cap : 1024;
	struct jrn_undo *bigger;

	if (b->undo_n < b->undo_cap) {
		return 0;
	}
	bigger = realloc(b->undo, cap * sizeof *bigger);
	if (!bigger) {
		return ERR_NOMEM;
	}
	b->undo = bigger;
	b->undo_cap = cap;
	return 0;
}

bool jrn_log_fits(const struct jrn_log *l, size_t octets)
{
	uint64_t need = jrn_blocks(l->build.n + octets);

	return need <= JRN_COMMIT_MAX && need <= jrn_segment_room(l);
}

int jrn_log_append(struct jrn_log *l, const struct jrn_record *r)
{
	const struct jrn_seg *s = jrn_segment_last(l);
	struct jrn_build *b = &l->build;
	uint64_t at = s->end + b->n;
	size_t size = jrn_record_size(r->len);
	jrn_place place = r->kind == JRN_RECORD_PUT ? jrn_place_of(s->number, at, size) : 0, before;

	if (grow_undo(b) || set(l, r->number, place, &before)) {
		return ERR_NOMEM;
	}
	b->undo[b->undo_n++] = (struct jrn_undo){ r->number, before };
	b->n += jrn_put_record(b->p + b->n, s->nonce, at, r);
	b->records++;
	return 0;
}

void jrn_log_back(struct jrn_log *l, struct jrn_mark to)
{
	struct jrn_build *b = &l->build;
	jrn_place unused;

	while (b->undo_n > to.undo_n) {
		const struct jrn_undo *u = &b->undo[--b->undo_n];

		err_ignore(set(l, u->number, u->before, &unused), "its table has had room for it");
	}
	b->n = to.n;
	b->records = to.records;
}

/* -- the write */

static void begin(struct jrn_build *b)
{
	b->n = JRN_COMMIT_HEAD;
	b->undo_n = b->records = 0;
}

int jrn_log_write(struct jrn_log *l)
{
	struct jrn_seg *s = jrn_segment_last(l);
	struct jrn_build *b = &l->build;
	struct jrn_commit_head h = { .seq = l->seq,
				     .reserved = l->reserved,
				     .oldest = jrn_log_oldest(l),
				     .records = b->records,
				     .octets = (uint32_t)b->n };
	size_t size = jrn_blocks(b->n);
	int rc;

	memset(b->p + b->n, 0, size - b->n);
	jrn_put_commit_head(b->p, s->nonce, s->end, &h);
	FAULT_POINT(JOURNAL_BEFORE_COMMIT);
	rc = l->disk->write_through(l->disk->arg, l->fd, b->p, size, s->end);
	if (rc) {
		snprintf(l->why->text, sizeof l->why->text, "cannot write %s/%0*llu.log: %s", l->dir, JRN_NUMBER_DIGITS,
			 (unsigned long long)s->number, strerror(-rc));
		jrn_log_close_segment(l);
		l->failed = true;
		return jrn_disk_err(rc);
	}
	FAULT_POINT(JOURNAL_AFTER_COMMIT);
	s->end += size;
	l->seq++;
	l->oldest = h.oldest;
	begin(b);
	return 0;
}

/* The records of the buffer, where they are, as records of the present segment. */
static int append_anew(struct jrn_log *l, size_t octets)
{
	struct jrn_record r;
	size_t size;

	while (l->build.n < octets) {
		size = jrn_get_record(&r, l->build.p + l->build.n, octets - l->build.n, NULL, 0);
		if (!size || jrn_log_append(l, &r)) {
			return ERR_NOMEM; /* cannot be: all of it was there before */
		}
	}
	return 0;
}

int jrn_log_again(struct jrn_log *l)
{
	size_t octets = l->build.n;
	int err = jrn_segment_next(l, true);

	if (err) {
		return err;
	}
	jrn_log_back(l, (struct jrn_mark){ JRN_COMMIT_HEAD, 0, 0 });
	err = append_anew(l, octets);
	return err ? err : jrn_log_write(l);
}
