/* jrn_commit.c - one transaction for all waiting operations; see jrn_trouble.c for its failures. */
#include "base/fault.h"
#include "journal/jrn_int.h"

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

struct jrn_group jrn_group_at(const struct jrn_batch *b, size_t at)
{
	struct jrn_group g = { at, at, JRN_DEL };

	do {
		if (b->ops[g.end].kind > g.kind) {
			g.kind = b->ops[g.end].kind;
		}
	} while (b->ops[g.end++].glued && g.end < b->n);
	return g;
}

/* When new triggers are given up, so is a put without an older record: it replaces a lost first
 * record. */
static bool all_known(struct jrn_store *s, MDB_txn *txn, const struct jrn_batch *b, const struct jrn_group *g)
{
	for (size_t i = g->at; i < g->end; i++) {
		MDB_val key = key_of(&b->ops[i].number), val;

		if (b->ops[i].kind == JRN_PUT && mdb_get(txn, s->triggers, &key, &val)) {
			return false;
		}
	}
	return true;
}

static int apply_group(struct jrn_store *s, MDB_txn *txn, struct jrn_batch *b, const struct jrn_group *g,
		       const struct jrn_pass *p)
{
	bool taken = g->kind <= p->most && (p->most == JRN_ADD || all_known(s, txn, b, g));
	int rc = 0;

	for (size_t i = g->at; i < g->end && !rc; i++) {
		b->ops[i].err = taken ? 0 : p->failed;
		if (taken) {
			rc = apply(s, txn, b, &b->ops[i]);
		}
	}
	return rc;
}

/* -- one transaction */

/* Reserves the numbers given out since the last reservation in the same commit as their records.
 * In trouble an unchanged reservation is written too: LMDB reuses freed pages only two commits
 * later, and a full journal would never reach the second. */
static int promise(struct jrn_store *s, MDB_txn *txn, uint64_t *reserved, bool always)
{
	*reserved = s->reserved;
	if (s->next < s->reserved && !always) {
		return 0;
	}
	if (s->next >= s->reserved) {
		*reserved = s->next + JRN_RESERVE;
	}
	return jrn_put_reserved(s, txn, *reserved);
}

static int apply_all(struct jrn_store *s, MDB_txn *txn, const struct jrn_queue *q, const struct jrn_pass *p)
{
	struct jrn_group g;
	struct jrn_batch *b;
	size_t at = 0;
	int rc = 0;

	for (size_t i = 0; i < s->kept_n && !rc; i++) {
		rc = del(s, txn, s->kept[i]);
	}
	STAILQ_FOREACH (b, q, queued) {
		for (size_t i = 0; i < b->n && at < p->to && !rc; i = g.end, at++) {
			g = jrn_group_at(b, i);
			if (at >= p->from) {
				rc = apply_group(s, txn, b, &g, p);
			}
		}
	}
	return rc;
}

void jrn_count_octets(struct jrn_store *s)
{
	MDB_envinfo info;
	MDB_stat stat;

	mdb_env_info(s->kv.env, &info);
	mdb_env_stat(s->kv.env, &stat);
	s->counts.octets = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
}

int jrn_txn_end(struct jrn_store *s, MDB_txn *txn, int rc)
{
	MDB_stat stat;

	if (!rc) {
		rc = mdb_stat(txn, s->triggers, &stat);
	}
	if (rc) {
		mdb_txn_abort(txn);
		return rc;
	}
	FAULT_POINT(JOURNAL_IN_COMMIT);
	rc = mdb_txn_commit(txn);
	if (rc) {
		return rc;
	}
	s->counts.commits++;
	s->counts.records = stat.ms_entries;
	jrn_count_octets(s);
	return 0;
}

int jrn_try(struct jrn_store *s, const struct jrn_queue *q, const struct jrn_pass *p)
{
	uint64_t reserved;
	MDB_txn *txn;
	int rc = s->kv.env ? kv_write_begin(&s->kv, &txn) : MDB_PANIC;

	if (rc) {
		return rc;
	}
	FAULT_POINT(JOURNAL_BEFORE_COMMIT);
	rc = promise(s, txn, &reserved, p->most != JRN_ADD);
	if (!rc) {
		rc = apply_all(s, txn, q, p);
	}
	rc = jrn_txn_end(s, txn, rc);
	if (rc) {
		return rc;
	}
	FAULT_POINT(JOURNAL_AFTER_COMMIT);
	s->reserved = reserved;
	s->kept_n = 0;
	return 0;
}

static void count(struct jrn_store *s, const struct jrn_queue *q)
{
	const struct jrn_batch *b;

	STAILQ_FOREACH (b, q, queued) {
		for (size_t i = 0; i < b->n; i++) {
			if (!b->ops[i].err) {
				s->counts.operations++;
			} else if (!b->ops[i].done) {
				s->counts.lost++;
			}
		}
	}
}

void jrn_commit(struct jrn_store *s, const struct jrn_queue *q, uint64_t now_us)
{
	static const struct jrn_pass all = { 0, SIZE_MAX, JRN_ADD, 0 };
	const struct jrn_batch *b;
	int rc;

	STAILQ_FOREACH (b, q, queued)
		s->next = b->next;
	rc = jrn_try(s, q, &all);
	if (rc) {
		jrn_commit_less(s, q, rc, now_us);
	}
	count(s, q);
}
