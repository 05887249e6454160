/* jrn_commit.c - one transaction for all that waits. When it does not fit, it is tried again with less, in order of what an SCS was
 * promised: new triggers are given up first, then records of known ones; deletes are never given up. */
#include <stdlib.h>
#include <string.h>

#include "journal/jrn_int.h"

#define PROBE_WAIT_MIN_US 100000u
#define PROBE_WAIT_MAX_US 5000000u
#define PROBE_LEN_MAX (1u << 20)
#define PROBE_SHARE 16u /* a probe takes this part of a small journal */

/* -- one operation, one group */

static MDB_val key_of(const uint64_t *number)
{
	return (MDB_val){ sizeof *number, (void *)(uintptr_t)number }; /* LMDB reads it, but its type has no const */
}

static int del(struct jrn_store *s, MDB_txn *txn, uint64_t number)
{
	MDB_val key = key_of(&number);
	int rc = mdb_del(txn, s->triggers, &key, NULL);

	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int apply(struct jrn_store *s, MDB_txn *txn, const struct jrn_batch *b, const struct jrn_op *op)
{
	MDB_val key = key_of(&op->number), val = { op->len, b->octets + op->at };

	return op->kind == JRN_DEL ? del(s, txn, op->number) : mdb_put(txn, s->triggers, &key, &val, 0);
}

struct group { /* operations that belong together: [at, end) of a batch */
	size_t at, end;
	enum jrn_kind kind; /* the most that is in it */
};

static struct group group_at(const struct jrn_batch *b, size_t at)
{
	struct group g = { at, at, JRN_DEL };

	do {
		if (b->ops[g.end].kind > g.kind)
			g.kind = b->ops[g.end].kind;
	} while (b->ops[g.end++].glued && g.end < b->n);
	return g;
}

/* When new triggers are given up, a record that would stand for one is too. */
static bool all_known(struct jrn_store *s, MDB_txn *txn, const struct jrn_batch *b, const struct group *g)
{
	for (size_t i = g->at; i < g->end; i++) {
		MDB_val key = key_of(&b->ops[i].number), val;

		if (b->ops[i].kind == JRN_PUT && mdb_get(txn, s->triggers, &key, &val))
			return false;
	}
	return true;
}

static int apply_group(struct jrn_store *s, MDB_txn *txn, struct jrn_batch *b, const struct group *g, enum jrn_kind most,
		       int failed)
{
	bool taken = g->kind <= most && (most == JRN_ADD || all_known(s, txn, b, g));
	int rc = 0;

	for (size_t i = g->at; i < g->end && !rc; i++) {
		b->ops[i].err = taken ? 0 : failed;
		if (taken)
			rc = apply(s, txn, b, &b->ops[i]);
	}
	return rc;
}

/* -- one transaction */

/* Numbers handed out since the last promise are promised with the records that bear them. `always`: written even when it is old. */
static int promise(struct jrn_store *s, MDB_txn *txn, uint64_t *reserved, bool always)
{
	*reserved = s->reserved;
	if (s->next < s->reserved && !always)
		return 0;
	if (s->next >= s->reserved)
		*reserved = s->next + JRN_RESERVE;
	return jrn_put_reserved(s, txn, *reserved);
}

static int apply_all(struct jrn_store *s, MDB_txn *txn, const struct jrn_queue *q, enum jrn_kind most, int failed)
{
	struct jrn_batch *b;
	struct group g;
	int rc = 0;

	for (size_t i = 0; i < s->kept_n && !rc; i++)
		rc = del(s, txn, s->kept[i]);
	STAILQ_FOREACH(b, q, queued)
	{
		for (size_t i = 0; i < b->n && !rc; i = g.end) {
			g = group_at(b, i);
			rc = apply_group(s, txn, b, &g, most, failed);
		}
	}
	return rc;
}

static int end_txn(struct jrn_store *s, MDB_txn *txn, int rc)
{
	MDB_envinfo info;
	MDB_stat stat;

	if (!rc)
		rc = mdb_stat(txn, s->triggers, &stat);
	if (rc) {
		mdb_txn_abort(txn);
		return rc;
	}
	rc = mdb_txn_commit(txn);
	if (rc)
		return rc;
	s->counts.commits++;
	s->counts.records = stat.ms_entries;
	mdb_env_info(s->kv.env, &info);
	s->counts.octets = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
	return 0;
}

/* Everything that is at most of this kind; what is not gets `failed`. LMDB's code; on failure nothing of it is kept. */
static int try_commit(struct jrn_store *s, const struct jrn_queue *q, enum jrn_kind most, int failed)
{
	uint64_t reserved;
	MDB_txn *txn;
	int rc = s->kv.env ? mdb_txn_begin(s->kv.env, NULL, 0, &txn) : MDB_PANIC;

	if (rc)
		return rc;
	rc = promise(s, txn, &reserved, most == JRN_DEL);
	if (!rc)
		rc = apply_all(s, txn, q, most, failed);
	rc = end_txn(s, txn, rc);
	if (rc)
		return rc;
	s->reserved = reserved;
	s->kept_n = 0;
	return 0;
}

/* -- trouble */

static int our_err(int rc)
{
	return kv_err(rc) == ERR_NOSPC ? ERR_NOSPC : ERR_IO;
}

static void set_trouble(struct jrn_store *s, int rc, uint64_t now_us)
{
	s->counts.commits_failed++;
	if (!s->state) {
		s->counts.troubles++;
		s->probe_wait_us = PROBE_WAIT_MIN_US;
		s->probe_us = now_us + PROBE_WAIT_MIN_US;
	}
	s->state = our_err(rc);
}

static bool keep_delete(struct jrn_store *s, uint64_t number)
{
	if (s->kept_n == s->kept_cap) {
		size_t cap = s->kept_cap ? 2 * s->kept_cap : 256;
		uint64_t *bigger = realloc(s->kept, cap * sizeof *bigger);

		if (!bigger)
			return false;
		s->kept = bigger;
		s->kept_cap = cap;
	}
	s->kept[s->kept_n++] = number;
	return true;
}

/* Nothing could be committed: deletes that stand alone wait for the next commit, the rest has failed. */
static void give_up(struct jrn_store *s, const struct jrn_queue *q, int failed)
{
	struct jrn_batch *b;
	struct group g;

	STAILQ_FOREACH(b, q, queued)
	{
		for (size_t i = 0; i < b->n; i = g.end) {
			g = group_at(b, i);
			for (size_t k = g.at; k < g.end; k++)
				b->ops[k].err = g.kind == JRN_DEL && keep_delete(s, b->ops[k].number) ? 0 : failed;
		}
	}
}

/* Without any delete the last try is a commit all the same: LMDB uses freed pages again only two commits later, and a full journal
 * would never see the second. */
static void commit_less(struct jrn_store *s, const struct jrn_queue *q, int failed)
{
	if (try_commit(s, q, JRN_PUT, failed) && try_commit(s, q, JRN_DEL, failed))
		give_up(s, q, failed);
}

static void count(struct jrn_store *s, const struct jrn_queue *q)
{
	const struct jrn_batch *b;

	STAILQ_FOREACH(b, q, queued)
	{
		for (size_t i = 0; i < b->n; i++) {
			if (!b->ops[i].err)
				s->counts.operations++;
			else if (!b->ops[i].done)
				s->counts.lost++;
		}
	}
}

void jrn_commit(struct jrn_store *s, const struct jrn_queue *q, uint64_t now_us)
{
	const struct jrn_batch *b;
	int rc;

	STAILQ_FOREACH(b, q, queued)
	s->next = b->next;
	rc = try_commit(s, q, JRN_ADD, 0);
	if (rc) {
		set_trouble(s, rc, now_us);
		commit_less(s, q, our_err(rc));
	}
	count(s, q);
}

/* -- is it over? */

/* Writes some octets that are not needed, and takes them away: there is room for more than the next trigger then. */
static int probe_room(struct jrn_store *s)
{
	static char name[] = "probe"; /* LMDB reads it, but its type has no const */
	size_t len = s->map_max / PROBE_SHARE < PROBE_LEN_MAX ? (size_t)s->map_max / PROBE_SHARE : PROBE_LEN_MAX;
	MDB_val key = { sizeof name - 1, name }, val = { len, NULL };
	MDB_txn *txn;
	int rc = mdb_txn_begin(s->kv.env, NULL, 0, &txn);

	if (rc)
		return rc;
	rc = mdb_put(txn, s->kv.meta, &key, &val, MDB_RESERVE);
	if (!rc)
		memset(val.mv_data, 0xff, len); /* never all zeros: kv.h */
	rc = end_txn(s, txn, rc);
	if (rc)
		return rc;
	rc = mdb_txn_begin(s->kv.env, NULL, 0, &txn);
	if (rc)
		return rc;
	return end_txn(s, txn, mdb_del(txn, s->kv.meta, &key, NULL));
}

static int reopen(struct jrn_store *s)
{
	struct jrn_why why;
	uint64_t next;

	kv_close(&s->kv);
	return jrn_store_open(s, &next, &why);
}

static int probe(struct jrn_store *s)
{
	static const struct jrn_queue none = { NULL, NULL };
	int rc = try_commit(s, &none, JRN_DEL, 0); /* deletes that wait make room first */

	return rc ? rc : probe_room(s);
}

void jrn_probe(struct jrn_store *s, bool may_reopen, uint64_t now_us)
{
	int rc = probe(s);

	if (rc == MDB_PANIC && may_reopen && reopen(s) == 0)
		rc = probe(s);
	if (!rc) {
		s->state = 0;
		return;
	}
	s->state = our_err(rc);
	s->probe_wait_us = 2 * s->probe_wait_us < PROBE_WAIT_MAX_US ? 2 * s->probe_wait_us : PROBE_WAIT_MAX_US;
	s->probe_us = now_us + s->probe_wait_us;
}
