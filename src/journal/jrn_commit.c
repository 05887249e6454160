/* jrn_commit.c - all waiting operations become commits of the log, mostly one.
 *
 * No space: new triggers are given up, and so is a record that replaces one of them. Records of
 * known triggers and deletes go on with the reserve. A delete is never given up.
 * A disk that fails: after a failed write nobody can know whether a start would find the commit. So
 * nothing is told, and everything waits until the same commit stands in another segment, whose
 * header shuts out the failed one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "journal/jrn_int.h"

/* -- groups */

struct jrn_group jrn_group_at(const struct jrn_batch *b, size_t at)
{
	struct jrn_group g = { at, at, JRN_DEL, 0 };

	do {
		if (b->ops[g.end].kind > g.kind) {
			g.kind = b->ops[g.end].kind;
		}
		g.octets += jrn_record_size(b->ops[g.end].len);
	} while (b->ops[g.end++].glued && g.end < b->n);
	return g;
}

static bool keep_delete(struct jrn_store *s, uint64_t number)
{
	if (s->kept_n == s->kept_cap) {
		size_t cap = s->kept_cap ? 2 * s->kept_cap : 256;
		uint64_t *bigger = realloc(s->kept, cap * sizeof *bigger);

		if (!bigger) {
			return false;
		}
		s->kept = bigger;
		s->kept_cap = cap;
	}
	s->kept[s->kept_n++] = number;
	return true;
}

/* Single deletes wait for a later commit, all others have failed. */
static void give_up(struct jrn_store *s, struct jrn_batch *b, const struct jrn_group *g, int err)
{
	for (size_t i = g->at; i < g->end; i++) {
		b->ops[i].err = g->kind == JRN_DEL && keep_delete(s, b->ops[i].number) ? 0 : err;
	}
}

/* A put without an older record replaces a first one that was given up in this round, or is a new
 * one, such as the answer that says so. */
static bool all_known(const struct jrn_store *s, const struct jrn_batch *b, const struct jrn_group *g)
{
	for (size_t i = g->at; i < g->end; i++) {
		if (b->ops[i].kind == JRN_PUT && !jrn_index_get(&s->log.index, b->ops[i].number)) {
			return false;
		}
	}
	return true;
}

/* A new record cancels an older delete of its number. */
static void forget_kept(struct jrn_store *s, uint64_t number)
{
	size_t left = s->kept_in;

	for (size_t i = s->kept_in; i < s->kept_n; i++) {
		if (s->kept[i] != number) {
			s->kept[left++] = s->kept[i];
		}
	}
	s->kept_n = left;
}

static int append(struct jrn_store *s, struct jrn_batch *b, const struct jrn_group *g)
{
	struct jrn_mark mark = jrn_log_mark(&s->log);

	for (size_t i = g->at; i < g->end; i++) {
		struct jrn_op *op = &b->ops[i];
		struct jrn_record r = { .number = op->number,
					.content = b->octets + op->at,
					.len = op->len,
					.kind = op->kind == JRN_DEL ? JRN_RECORD_DEL : JRN_RECORD_PUT };

		op->err = 0;
		if (s->kept_n > s->kept_in && r.kind == JRN_RECORD_PUT) {
			forget_kept(s, op->number);
		}
		if (jrn_log_append(&s->log, &r)) {
			jrn_log_back(&s->log, mark);
			return ERR_NOMEM;
		}
	}
	return 0;
}

/* -- one write */

static void written(struct jrn_store *s)
{
	if (s->kept_in) {
		memmove(s->kept, s->kept + s->kept_in, (s->kept_n - s->kept_in) * sizeof *s->kept);
	}
	s->kept_n -= s->kept_in;
	s->kept_in = 0;
	s->held = false;
	s->counts.commits++;
	jrn_segments_drop(&s->log);
	jrn_spares_look(&s->log);
}

/* ERR_NOSPC, ERR_IO: the commit is held. */
static int write_out(struct jrn_store *s)
{
	struct jrn_log *l = &s->log;
	uint64_t begun_ns;
	int err;

	if (l->build.records == 0) {
		return 0;
	}
	if (jrn_log_has_waste(l)) {
		jrn_log_reclaim(l);
	}
	begun_ns = clock_mono_ns();
	err = jrn_log_write(l);
	s->counts.commit_us += (clock_mono_ns() - begun_ns) / 1000;
	if (err) {
		s->counts.commits_failed++;
		s->held = true;
		err = jrn_log_again(l);
	}
	if (!err) {
		written(s);
	}
	return err;
}

/* -- one group */

static size_t group_max(const struct jrn_log *l)
{
	uint64_t most = l->segment_size - 2 * JRN_BLOCK; /* its head, and the mark behind the last commit */

	return (size_t)(most < JRN_COMMIT_MAX ? most : JRN_COMMIT_MAX) - JRN_COMMIT_HEAD;
}

static void no_room(struct jrn_store *s, uint64_t now_us)
{
	if (!s->log.stuck) {
		snprintf(s->last.text, sizeof s->last.text, "it is full (%llu bytes); raise journal.size_max",
			 (unsigned long long)s->log.size_max);
	}
	s->refusing = true;
	jrn_set_trouble(s, ERR_NOSPC, now_us);
}

/* A place for the group: 0, or ERR_NOSPC for it alone, or an error with which the commit is
 * held. */
static int make_place(struct jrn_store *s, const struct jrn_group *g)
{
	struct jrn_log *l = &s->log;
	int err = 0;

	if (g->kind == JRN_ADD && l->live_octets + g->octets > jrn_log_live_max(l)) {
		return ERR_NOSPC;
	}
	/* the present segment was the reserve */
	if (g->kind == JRN_ADD && l->spares < JRN_RESERVE_SPARES) {
		err = jrn_spares_need(l, JRN_RESERVE_SPARES);
	}
	if (err || jrn_log_fits(l, g->octets)) {
		return err;
	}
	err = write_out(s);
	if (!err && !jrn_log_fits(l, g->octets)) {
		err = jrn_segment_next(l, g->kind != JRN_ADD);
	}
	return err;
}

/* Once a new trigger had no room, the other new ones of the round are not tried: each could mean
 * to wait for the disk. */
static bool refused(const struct jrn_store *s, const struct jrn_batch *b, const struct jrn_group *g)
{
	if (s->refusing) {
		return g->kind == JRN_ADD || !all_known(s, b, g);
	}
	return s->state == ERR_NOSPC && s->log.live_octets + g->octets > jrn_log_live_max(&s->log) && !all_known(s, b, g);
}

/* Returns 0, or the error for which all have to wait. */
static int one_group(struct jrn_store *s, struct jrn_batch *b, const struct jrn_group *g, uint64_t now_us)
{
	int err = 0;

	if (g->octets > group_max(&s->log)) {
		give_up(s, b, g, ERR_LIMIT);
		return 0;
	}
	if (refused(s, b, g)) {
		err = ERR_NOSPC;
	}
	if (!err) {
		err = make_place(s, g);
	}
	if (s->held || err == ERR_IO) {
		return err;
	}
	if (!err) {
		err = append(s, b, g);
	}
	if (err == ERR_NOSPC) {
		no_room(s, now_us);
	}
	if (err) {
		give_up(s, b, g, err);
	}
	return 0;
}

static int kept_deletes(struct jrn_store *s)
{
	const struct jrn_group one = { 0, 1, JRN_DEL, JRN_RECORD_HEAD };
	int err = 0;

	while (!err && s->kept_in < s->kept_n) {
		err = make_place(s, &one);
		if (!err) {
			struct jrn_record r = { .number = s->kept[s->kept_in], .kind = JRN_RECORD_DEL };

			err = jrn_log_append(&s->log, &r);
		}
		if (!err) {
			s->kept_in++;
		}
	}
	return s->held || err == ERR_IO ? err : 0; /* without space they go on waiting */
}

/* -- all */

static void reserve_numbers(struct jrn_store *s)
{
	const struct jrn_batch *b;

	STAILQ_FOREACH (b, &s->work, queued) {
		s->next = b->next;
	}
	if (s->next >= s->log.reserved) {
		s->log.reserved = s->next + JRN_RESERVE;
	}
}

static int groups(struct jrn_store *s, uint64_t now_us)
{
	struct jrn_group g;
	int err = 0;

	while (!err && s->at) {
		if (s->at_op >= s->at->n) {
			s->at = STAILQ_NEXT(s->at, queued);
			s->at_op = 0;
			continue;
		}
		g = jrn_group_at(s->at, s->at_op);
		err = one_group(s, s->at, &g, now_us);
		if (!err) {
			s->at_op = g.end;
		}
	}
	return err;
}

static void count(struct jrn_store *s)
{
	const struct jrn_batch *b;

	STAILQ_FOREACH (b, &s->work, queued) {
		for (size_t i = 0; i < b->n; i++) {
			if (!b->ops[i].err) {
				s->counts.operations++;
			} else if (!b->ops[i].done) {
				s->counts.lost++;
			}
		}
	}
	s->counts.records = s->log.live;
	s->counts.octets = s->log.octets;
	s->counts.waits = s->log.waits;
	s->counts.files = s->log.segs_n + s->log.spares;
}

bool jrn_commit(struct jrn_store *s, uint64_t now_us)
{
	int err = 0;

	s->refusing = false;
	reserve_numbers(s);
	if (s->held) {
		err = jrn_log_again(&s->log);
		if (!err) {
			written(s);
		}
	}
	if (!err) {
		err = kept_deletes(s);
	}
	if (!err) {
		err = groups(s, now_us);
	}
	if (!err) {
		err = write_out(s);
	}
	if (err) {
		jrn_set_trouble(s, err, now_us);
		return false;
	}
	if (s->log.damaged) {
		jrn_set_trouble(s, ERR_IO, now_us);
	} else if (!s->state && s->log.spares < JRN_RESERVE_SPARES && jrn_log_pressed(&s->log)) {
		/* the reserve is in use: room is won back now, not when the last file is full */
		no_room(s, now_us);
		s->probe_us = now_us;
	}
	count(s);
	STAILQ_INIT(&s->work);
	return true;
}

void jrn_commit_abandon(struct jrn_store *s)
{
	struct jrn_batch *b;

	STAILQ_FOREACH (b, &s->work, queued) {
		for (size_t i = 0; i < b->n; i++) {
			b->ops[i].err = ERR_IO;
		}
	}
	STAILQ_INIT(&s->work);
	s->at = NULL;
}

int jrn_commit_room(struct jrn_store *s)
{
	struct jrn_log *l = &s->log;
	int err = write_out(s); /* records of a failed round belong to the present segment */

	if (!err && !jrn_segment_takes_a_copy(l)) {
		err = jrn_segment_next(l, true);
	}
	if (!err) {
		err = kept_deletes(s);
	}
	if (!err) {
		jrn_log_reclaim(l);
		err = write_out(s);
	}
	return err;
}
