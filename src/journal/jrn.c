/* jrn.c - operations gather here; one commit takes them all. */
#include <stdlib.h>
#include <string.h>

#include "journal/jrn_int.h"

uint64_t jrn_next(struct jrn *j)
{
	return j->next++;
}

static int push(struct jrn_batch *b, const struct jrn_op *op)
{
	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 64;
		struct jrn_op *bigger = realloc(b->ops, cap * sizeof *bigger);

		if (!bigger)
			return ERR_NOMEM;
		b->ops = bigger;
		b->cap = cap;
	}
	b->ops[b->n++] = *op;
	return 0;
}

int jrn_put(struct jrn *j, uint64_t number, const void *record, size_t len, jrn_done_fn *done, void *arg)
{
	struct jrn_op op = { .number = number, .len = len, .done = done, .arg = arg };
	int err;

	if (len > JRN_RECORD_MAX)
		return ERR_LIMIT;
	if (j->puts >= j->pending_max)
		return ERR_BUSY;
	op.record = malloc(len ? len : 1);
	if (!op.record)
		return ERR_NOMEM;
	memcpy(op.record, record, len);
	err = push(&j->waiting, &op);
	if (err) {
		free(op.record);
		return err;
	}
	j->puts++;
	return 0;
}

int jrn_del(struct jrn *j, uint64_t number)
{
	return push(&j->waiting, &(struct jrn_op){ .number = number });
}

static void forget_in(struct jrn_batch *b, const void *arg)
{
	for (size_t i = 0; i < b->n; i++) {
		if (b->ops[i].arg == arg)
			b->ops[i].done = NULL;
	}
}

void jrn_forget(struct jrn *j, const void *arg)
{
	forget_in(&j->waiting, arg);
	forget_in(&j->current, arg);
}

static int apply(struct jrn *j, MDB_txn *txn, const struct jrn_op *op)
{
	uint64_t number = op->number;
	MDB_val key = { sizeof number, &number }, val = { op->len, op->record };
	int rc;

	if (op->record)
		return mdb_put(txn, j->triggers, &key, &val, 0);
	rc = mdb_del(txn, j->triggers, &key, NULL);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Numbers handed out since the last promise are promised with the records that bear them. `always`: written even when it is old. */
static int promise(struct jrn *j, MDB_txn *txn, uint64_t *reserved, bool always)
{
	*reserved = j->reserved;
	if (j->next < j->reserved && !always)
		return 0;
	if (j->next >= j->reserved)
		*reserved = j->next + JRN_RESERVE;
	return jrn_put_reserved(j, txn, *reserved);
}

/* One transaction over the batch, or over its deletes only. LMDB's code; on failure nothing of it is kept. */
static int commit(struct jrn *j, const struct jrn_batch *b, bool deletes_only)
{
	uint64_t reserved;
	MDB_stat stat;
	MDB_txn *txn;
	int rc = mdb_txn_begin(j->kv.env, NULL, 0, &txn);

	if (rc)
		return rc;
	rc = promise(j, txn, &reserved, deletes_only);
	for (size_t i = 0; i < b->n && !rc; i++) {
		if (!deletes_only || !b->ops[i].record)
			rc = apply(j, txn, &b->ops[i]);
	}
	if (!rc)
		rc = mdb_stat(txn, j->triggers, &stat);
	if (rc) {
		mdb_txn_abort(txn);
		return rc;
	}
	rc = mdb_txn_commit(txn);
	if (rc)
		return rc;
	j->reserved = reserved;
	j->counts.commits++;
	j->counts.records = stat.ms_entries;
	return 0;
}

/* After a failed commit: deletes make room, so they are tried alone, and wait for the next flush when even that fails. Without any it
 * is a commit all the same: LMDB uses freed pages again only two commits later, and a full journal would never see the second. */
static void save_deletes(struct jrn *j, const struct jrn_batch *b)
{
	if (commit(j, b, true) == 0)
		return;
	for (size_t i = 0; i < b->n; i++) {
		if (!b->ops[i].record && push(&j->waiting, &b->ops[i]))
			j->counts.lost++;
	}
}

static void complete(struct jrn *j, int err)
{
	struct jrn_batch *b = &j->current;

	for (size_t i = 0; i < b->n; i++) {
		struct jrn_op *op =
		    &b->ops[i]; /* `current` is not moved while it is walked; done may be taken away by jrn_forget() */

		if (op->done)
			op->done(op->arg, op->number, err);
		else if (err && op->record)
			j->counts.lost++;
		free(op->record);
	}
	b->n = 0;
}

int jrn_flush(struct jrn *j)
{
	struct jrn_batch batch = j->waiting;
	int rc, err;

	if (batch.n == 0 || j->current.n) /* the second: called from a completion, whose puts are for the next commit */
		return 0;
	j->waiting = j->current; /* its room is used again */
	j->current = batch;
	j->puts = 0;
	rc = commit(j, &j->current, false);
	err = kv_err(rc);
	if (rc) {
		j->counts.commits_failed++;
		if (err != ERR_NOSPC)
			err = ERR_IO;
		save_deletes(j, &j->current);
	} else {
		j->counts.operations += j->current.n;
	}
	complete(j, err);
	return err;
}

size_t jrn_pending(const struct jrn *j)
{
	return j->waiting.n;
}

struct jrn_counts jrn_counts(const struct jrn *j)
{
	return j->counts;
}
