/* jrn_open.c - opening, closing, reading back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "journal/jrn_int.h"

#define FORMAT 1u
#define MAP_DEFAULT (4ull << 30)
#define PENDING_DEFAULT 4096u

static MDB_val reserved_key(void)
{
	static char name[] = "reserved"; /* LMDB reads it, but its type has no const */

	return (MDB_val){ sizeof name - 1, name };
}

int jrn_put_reserved(struct jrn *j, MDB_txn *txn, uint64_t reserved)
{
	uint8_t bytes[8];
	struct buf b = buf_over(bytes, sizeof bytes);
	MDB_val key = reserved_key(), val = { sizeof bytes, bytes };

	buf_le64(&b, reserved);
	return mdb_put(txn, j->kv.meta, &key, &val, 0);
}

static int get_reserved(struct jrn *j, MDB_txn *txn)
{
	MDB_val key = reserved_key(), val;
	int rc = mdb_get(txn, j->kv.meta, &key, &val);
	struct rd r;

	j->reserved = 1;
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc)
		return rc;
	r = rd_over(val.mv_data, val.mv_size);
	j->reserved = rd_le64(&r);
	return r.bad || rd_left(&r) ? MDB_CORRUPTED : 0;
}

static int load(struct jrn *j, MDB_txn *txn)
{
	MDB_cursor *cur;
	MDB_val key, val;
	MDB_stat stat;
	uint64_t last = 0;
	int rc = mdb_dbi_open(txn, "triggers", MDB_CREATE | MDB_INTEGERKEY, &j->triggers);

	if (!rc)
		rc = get_reserved(j, txn);
	if (!rc)
		rc = mdb_stat(txn, j->triggers, &stat);
	if (!rc)
		rc = mdb_cursor_open(txn, j->triggers, &cur);
	if (rc)
		return rc;
	j->counts.records = stat.ms_entries;
	rc = mdb_cursor_get(cur, &key, &val, MDB_LAST);
	if (!rc && key.mv_size == sizeof last)
		memcpy(&last, key.mv_data, sizeof last);
	mdb_cursor_close(cur);
	j->next = last >= j->reserved ? last + 1 : j->reserved;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int open_databases(struct jrn *j, struct jrn_why *why)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(j->kv.env, NULL, 0, &txn);

	if (!rc) {
		rc = load(j, txn);
		if (rc)
			mdb_txn_abort(txn);
		else
			rc = mdb_txn_commit(txn);
	}
	if (rc)
		snprintf(why->text, sizeof why->text, "journal: cannot open its databases: %s", mdb_strerror(rc));
	return kv_err(rc);
}

int jrn_open(struct jrn **out, const struct jrn_conf *conf, struct jrn_why *why)
{
	struct kv_conf kc = { conf->dir, "trigger journal", FORMAT, conf->map_max ? conf->map_max : MAP_DEFAULT, 1, 0 };
	struct jrn *j = calloc(1, sizeof *j);
	int err;

	why->text[0] = 0;
	if (!j) {
		snprintf(why->text, sizeof why->text, "journal: out of memory");
		return ERR_NOMEM;
	}
	j->kv.lock_fd = -1;
	j->pending_max = conf->pending_max ? conf->pending_max : PENDING_DEFAULT;
	err = kv_open(&j->kv, &kc, why->text, sizeof why->text);
	if (!err)
		err = open_databases(j, why);
	if (err) {
		kv_close(&j->kv);
		free(j);
		return err;
	}
	*out = j;
	return 0;
}

void jrn_close(struct jrn *j)
{
	if (!j)
		return;
	(void)jrn_flush(j); /* whoever waits was told */
	for (size_t i = 0; i < j->waiting.n; i++)
		free(j->waiting.ops[i].record); /* put by a completion: there is no next commit */
	free(j->waiting.ops);
	free(j->current.ops);
	kv_close(&j->kv);
	free(j);
}

static int next_record(MDB_cursor *cur, uint64_t *number, MDB_val *val)
{
	MDB_val key;
	int rc = mdb_cursor_get(cur, &key, val, MDB_NEXT);

	if (rc)
		return rc;
	if (key.mv_size != sizeof *number)
		return MDB_CORRUPTED;
	memcpy(number, key.mv_data, sizeof *number);
	return 0;
}

int jrn_replay(struct jrn *j, jrn_record_fn *fn, void *arg)
{
	uint64_t number;
	MDB_cursor *cur;
	MDB_txn *txn;
	MDB_val val;
	int stop = 0, rc = mdb_txn_begin(j->kv.env, NULL, MDB_RDONLY, &txn);

	if (rc)
		return ERR_IO;
	rc = mdb_cursor_open(txn, j->triggers, &cur);
	if (rc) {
		mdb_txn_abort(txn);
		return ERR_IO;
	}
	while (!stop && (rc = next_record(cur, &number, &val)) == 0)
		stop = fn(arg, number, val.mv_data, val.mv_size);
	mdb_cursor_close(cur);
	mdb_txn_abort(txn);
	return stop ? stop : rc == MDB_NOTFOUND ? 0 : ERR_IO;
}
