#include "nodes/common/node_kv.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/kv_readers.h"

/* Ends the transaction: commits it if nothing failed. Returns LMDB's code. */
static int end(struct node_kv *s, int rc)
{
	if (rc && s->txn) {
		mdb_txn_abort(s->txn);
	} else if (s->txn) {
		rc = mdb_txn_commit(s->txn);
	}
	s->txn = NULL;
	s->failed = 0;
	return rc;
}

/* A full disk keeps nobody from what the store has: only changes have to wait. */
static int open_to_read(struct node_kv *s, node_kv_tables_fn *tables, void *arg)
{
	int rc = mdb_txn_begin(s->kv.env, NULL, MDB_RDONLY, &s->txn);

	s->reading = true;
	rc = end(s, rc ? rc : tables(arg)); /* the commit keeps the handles of the databases */
	s->reading = false;
	s->began_full = !rc;
	return rc;
}

int node_kv_open(struct node_kv *s, const struct kv_conf *conf, node_kv_tables_fn *tables, void *arg, char *why, size_t why_cap)
{
	int rc, err = kv_open(&s->kv, conf, why, why_cap);

	if (err) {
		return err;
	}
	rc = kv_write_begin(&s->kv, &s->txn);
	rc = kv_cause(&s->kv, end(s, rc ? rc : tables(arg)));
	if (rc) {
		snprintf(why, why_cap, "%s: %s", conf->dir, kv_words(&s->kv, rc, s->words, sizeof s->words));
		if (kv_err(rc) == ERR_NOSPC && !open_to_read(s, tables, arg)) {
			return 0;
		}
		kv_close(&s->kv);
		return kv_err(rc);
	}
	return 0;
}

void node_kv_close(struct node_kv *s)
{
	node_kv_abort(s);
	kv_close(&s->kv);
}

bool node_kv_begin(struct node_kv *s)
{
	if (!s->txn && !s->failed) {
		s->failed = kv_write_begin(&s->kv, &s->txn);
	}
	return !s->failed;
}

bool node_kv_dirty(const struct node_kv *s)
{
	return s->txn || s->failed;
}

int node_kv_commit(struct node_kv *s)
{
	int rc = kv_cause(&s->kv, end(s, s->failed));

	if (!rc) {
		return 0;
	}
	kv_words(&s->kv, rc, s->words, sizeof s->words);
	return kv_err(rc);
}

void node_kv_abort(struct node_kv *s)
{
	if (s->txn) {
		mdb_txn_abort(s->txn);
	}
	s->txn = NULL;
	s->failed = 0;
}

int node_kv_each(struct node_kv *s, MDB_dbi dbi, node_kv_each_fn *fn, void *arg)
{
	MDB_cursor *cursor = NULL;
	MDB_val key, value;
	MDB_txn *txn;
	int err = 0, rc = mdb_txn_begin(s->kv.env, NULL, MDB_RDONLY, &txn);

	if (rc) {
		return kv_err(rc);
	}
	rc = mdb_cursor_open(txn, dbi, &cursor);
	while (!rc && !err && !(rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))) {
		err = fn(arg, &key, &value);
	}
	if (cursor) {
		mdb_cursor_close(cursor);
	}
	mdb_txn_abort(txn);
	if (err) {
		return err;
	}
	return rc == MDB_NOTFOUND ? 0 : kv_err(rc);
}

MDB_val node_kv_key(uint64_t number, uint8_t octets[8])
{
	struct buf b = buf_over(octets, 8);

	buf_be64(&b, number);
	return (MDB_val){ 8, octets };
}

uint64_t node_kv_number(const MDB_val *v)
{
	struct rd r = rd_over(v->mv_data, v->mv_size);

	return rd_be64(&r);
}
