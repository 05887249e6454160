/* jrn_trouble.c - no space, or a disk that fails. Accepted triggers go first:
 * new triggers are given up, records of known ones are tried in ever smaller parts, deletes are
 * never given up.
 *
 * A full store needs free pages even to delete. Therefore it normally contains ballast,
 * placeholder records in a database of their own. In trouble the ballast is deleted, and the
 * accepted triggers use its space.
 * Trouble ends when the ballast is stored again and the same amount could be written on top. */
#include <stdlib.h>
#include <string.h>

#include "base/machine.h"
#include "journal/jrn_int.h"

#define PROBE_WAIT_MIN_US 100000u
#define PROBE_WAIT_MAX_US 5000000u
#define MISSES_MAX 3 /* operations that fail even alone before the rest is given up */

/* -- ballast: small enough values that no two pages need to be neighbours */

#define BALLAST_LEN 1900u /* two to a page */
#define BALLAST_MAX                                                                                                              \
	(256u << 10)      /* octets of ballast: LMDB lists free pages in one page, and more of them at once would need another */
#define BALLAST_SHARE 16u /* ballast is at most this fraction of a small journal */

static uint32_t ballast_n(const struct jrn_store *s)
{
	uint64_t octets = s->map_max / BALLAST_SHARE < BALLAST_MAX ? s->map_max / BALLAST_SHARE : BALLAST_MAX;

	return (uint32_t)(octets / BALLAST_LEN) + 1;
}

static int ballast_put(struct jrn_store *s, MDB_txn *txn, uint32_t from, uint32_t to)
{
	uint8_t octets[BALLAST_LEN];
	MDB_val key = { sizeof from, &from }, val = { sizeof octets, octets };
	int rc = 0;

	memset(octets, 0xff, sizeof octets); /* never all zeros: kv.h */
	for (; from < to && !rc; from++) {
		rc = mdb_put(txn, s->ballast, &key, &val, MDB_APPEND);
	}
	return rc;
}

static int ballast_del(struct jrn_store *s, MDB_txn *txn, uint32_t from, uint32_t to)
{
	MDB_val key = { sizeof from, &from };
	int rc = 0;

	for (; from < to && !rc; from++) {
		rc = mdb_del(txn, s->ballast, &key, NULL);
		if (rc == MDB_NOTFOUND) {
			rc = 0;
		}
	}
	return rc;
}

/* Drops the whole database at once: writes none of its pages. */
static int ballast_drop(struct jrn_store *s, MDB_txn *txn, uint32_t from, uint32_t to)
{
	(void)from;
	(void)to;
	return mdb_drop(txn, s->ballast, 0);
}

typedef int ballast_fn(struct jrn_store *s, MDB_txn *txn, uint32_t from, uint32_t to);

static int ballast_change(struct jrn_store *s, ballast_fn *change, uint32_t from, uint32_t to)
{
	MDB_txn *txn;
	int rc = s->kv.env ? kv_write_begin(&s->kv, &txn) : MDB_PANIC;

	return rc ? rc : jrn_txn_end(s, txn, change(s, txn, from, to));
}

int jrn_ballast_in(struct jrn_store *s)
{
	MDB_stat stat;
	MDB_txn *txn;
	int rc = mdb_txn_begin(s->kv.env, NULL, MDB_RDONLY, &txn);

	if (rc) {
		return rc;
	}
	rc = mdb_stat(txn, s->ballast, &stat);
	mdb_txn_abort(txn);
	if (rc) {
		return rc;
	}
	s->ballast_there = stat.ms_entries >= ballast_n(s);
	if (!s->ballast_there) {
		rc = ballast_change(s, ballast_put, 0, ballast_n(s));
	}
	s->ballast_there = !rc;
	return rc;
}

/* Deletes the ballast. Its pages are free for the second commit after this one. */
static void ballast_out(struct jrn_store *s)
{
	static const struct jrn_queue none = { NULL, NULL };
	static const struct jrn_pass nothing = { 0, 0, JRN_DEL, 0 };

	if (!s->ballast_there || ballast_change(s, ballast_drop, 0, 0)) {
		return;
	}
	s->ballast_there = false;
	if (jrn_try(s, &none, &nothing)) {
		return; /* what follows fails too, and that is what is told */
	}
}

/* -- a commit that does not fit */

static int our_err(int rc)
{
	return kv_err(rc) == ERR_NOSPC ? ERR_NOSPC : ERR_IO;
}

enum health { WELL, FULL, FAILING, HEALTHS };

static const char *const health_words[] = { "well", "full", "failing" };

/* A full store never is said to fail: the retries of what did not fit end in an I/O error as well. */
static const uint32_t next_healths[] = { [WELL] = MACHINE_TO(WELL) | MACHINE_TO(FULL) | MACHINE_TO(FAILING),
					 [FULL] = MACHINE_TO(WELL),
					 [FAILING] = MACHINE_TO(WELL) | MACHINE_TO(FULL) | MACHINE_TO(FAILING) };

static const struct machine machine = { "journal", "journal", health_words, next_healths, HEALTHS };

static enum health health_of(int state)
{
	return state == 0 ? WELL : state == ERR_NOSPC ? FULL : FAILING;
}

/* The one place where the state of the store changes. The core logs it (core_journal.c): there is no log on this side. */
static void set_state(struct jrn_store *s, int state)
{
	(void)machine_go(&machine, NULL, health_of(s->state), health_of(state));
	s->state = state;
}

/* LMDB calls a write that a full disk cut short an I/O error: what had no room before has none now. */
static void set_trouble(struct jrn_store *s, int rc)
{
	if (s->state != ERR_NOSPC) {
		set_state(s, our_err(rc));
	}
}

void jrn_set_trouble(struct jrn_store *s, int rc, uint64_t now_us)
{
	if (!s->state) {
		s->counts.troubles++;
		if (s->kv.env) {
			kv_words(&s->kv, rc, s->why.text, sizeof s->why.text);
		}
		jrn_look(s, now_us);
		s->probe_wait_us = PROBE_WAIT_MIN_US;
		s->probe_us = now_us + PROBE_WAIT_MIN_US;
	}
	set_trouble(s, rc);
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

/* Gives up operations that could not be committed: single deletes wait for the next commit, all
 * others have failed. */
static void give_up(struct jrn_store *s, const struct jrn_queue *q, size_t from, size_t to, int failed)
{
	struct jrn_batch *b;
	struct jrn_group g;
	size_t at = 0;

	STAILQ_FOREACH (b, q, queued) {
		for (size_t i = 0; i < b->n; i = g.end, at++) {
			g = jrn_group_at(b, i);
			for (size_t k = g.at; k < g.end && at >= from && at < to; k++) {
				b->ops[k].err = g.kind == JRN_DEL && keep_delete(s, b->ops[k].number) ? 0 : failed;
			}
		}
	}
}

static size_t groups_of(const struct jrn_queue *q)
{
	const struct jrn_batch *b;
	size_t n = 0;

	STAILQ_FOREACH (b, q, queued) {
		for (size_t i = 0; i < b->n; i++) {
			n += i + 1 == b->n || !b->ops[i].glued;
		}
	}
	return n;
}

void jrn_commit_less(struct jrn_store *s, const struct jrn_queue *q, int rc, uint64_t now_us)
{
	size_t n = groups_of(q), part = n, misses = 0;
	struct jrn_pass p = { 0, 0, JRN_PUT, our_err(rc) };

	s->counts.commits_failed++;
	jrn_set_trouble(s, rc, now_us);
	ballast_out(s);
	while (p.from < n && misses < MISSES_MAX) {
		p.to = n - p.from < part ? n : p.from + part;
		if (jrn_try(s, q, &p) == 0) {
			p.from = p.to;
			part *= 2;
		} else if (part > 1) {
			part /= 2;
		} else {
			give_up(s, q, p.from, p.to, p.failed);
			p.from = p.to;
			misses++;
		}
	}
	give_up(s, q, p.from, n, p.failed);
}

/* -- free space */

void jrn_look(struct jrn_store *s, uint64_t now_us)
{
	s->look_us = now_us + JRN_LOOK_MS * 1000ull;
	if (s->kv.env && kv_room_look(&s->kv, &s->room) == 0) {
		s->counts.octets = s->room.size;
	}
}

/* -- the end of trouble */

static int probe(struct jrn_store *s)
{
	static const struct jrn_queue none = { NULL, NULL };
	static const struct jrn_pass nothing = { 0, 0, JRN_DEL, 0 };
	uint32_t n = ballast_n(s);
	int rc = jrn_try(s, &none, &nothing); /* waiting deletes free space first */

	if (!rc) {
		rc = jrn_ballast_in(s);
	}
	if (!rc) {
		rc = ballast_change(s, ballast_put, n, 2 * n);
	}
	return rc ? rc : ballast_change(s, ballast_del, n, 2 * n);
}

static int reopen(struct jrn_store *s)
{
	uint64_t next, cleared = s->kv.cleared;
	struct jrn_why why;
	int err;

	kv_close(&s->kv);
	err = jrn_store_open(s, &next, &why);
	if (!err) {
		s->kv.cleared += cleared;
	}
	return err;
}

void jrn_probe(struct jrn_store *s, bool may_reopen, uint64_t now_us)
{
	int rc = probe(s);

	if (rc == MDB_PANIC && may_reopen && reopen(s) == 0) {
		rc = probe(s);
	}
	if (!rc) {
		set_state(s, 0);
		return;
	}
	set_trouble(s, rc);
	s->probe_wait_us = 2 * s->probe_wait_us < PROBE_WAIT_MAX_US ? 2 * s->probe_wait_us : PROBE_WAIT_MAX_US;
	s->probe_us = now_us + s->probe_wait_us;
}
