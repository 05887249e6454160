/* asc_main.c - the main environment: opening it, converting an older format, closing it. */
#include "assoc/asc_main.h"

#include <stdlib.h>

#include "assoc/asc_gen.h"
#include "assoc/asc_kept.h"
#include "assoc/asc_lmdb.h"
#include "assoc/asc_load.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"

/* 1: no groups; 2: no named sets; 3: no modes of rules. None of them had generations */
#define FORMAT 4u
#define FORMAT_OLDEST 1u
#define COPY_BATCH 200000u /* rows per transaction when an older store is converted */

/* -- older formats, which kept the rows of devices in the main environment */

struct copying {
	struct asc_gen *gen;
	MDB_txn *out;
	unsigned n; /* rows in `out` */
};

static int copy_row(struct copying *c, MDB_dbi into, MDB_val *key, MDB_val *val)
{
	int rc = c->out ? 0 : kv_write_begin(&c->gen->kv, &c->out);

	if (!rc) {
		rc = mdb_put(c->out, into, key, val, MDB_APPEND);
	}
	if (!rc && ++c->n == COPY_BATCH) {
		rc = mdb_txn_commit(c->out);
		c->out = NULL;
		c->n = 0;
	}
	return rc;
}

/* Copies one database of the main environment into the generation and deletes it; nothing if there
 * is none. */
static int move_one(MDB_txn *txn, const char *name, MDB_dbi into, struct copying *c)
{
	MDB_cursor *cur;
	MDB_val key, val;
	MDB_dbi dbi;
	int rc = mdb_dbi_open(txn, name, 0, &dbi);

	if (rc) {
		return rc == MDB_NOTFOUND ? 0 : rc;
	}
	rc = mdb_cursor_open(txn, dbi, &cur);
	if (rc) {
		return rc;
	}
	while ((rc = mdb_cursor_get(cur, &key, &val, MDB_NEXT)) == 0) {
		rc = copy_row(c, into, &key, &val);
		if (rc) {
			break;
		}
	}
	mdb_cursor_close(cur);
	return rc == MDB_NOTFOUND ? mdb_drop(txn, dbi, 1) : rc;
}

/* Creates the first generation. It counts from the commit of the caller's transaction on. */
static int make_first(struct asc *a, MDB_txn *txn, struct asc_why *why)
{
	struct copying c = { .out = NULL };
	int rc, err = asc_gen_open(&a->gen, a, 1, true, why);

	if (err) {
		return err;
	}
	c.gen = a->gen;
	mdb_env_set_flags(a->gen->kv.env, MDB_NOSYNC, 1);
	rc = move_one(txn, "dev", a->gen->dev, &c);
	if (!rc) {
		rc = move_one(txn, "count", a->gen->count, &c);
	}
	if (c.out && rc) {
		mdb_txn_abort(c.out);
	} else if (c.out) {
		rc = mdb_txn_commit(c.out);
	}
	mdb_env_set_flags(a->gen->kv.env, MDB_NOSYNC, 0);
	if (!rc) {
		rc = asc_gen_sync(a->gen);
	}
	if (!rc) {
		rc = asc_put_u64(&a->main->kv, txn, ASC_MAIN_GENERATION, 1);
	}
	return rc ? asc_fail(why, &a->main->kv, rc, "bring the store up") : 0;
}

/* -- opening */

static int open_dbis(struct asc *a, MDB_txn *txn)
{
	int rc = mdb_dbi_open(txn, "scs", MDB_CREATE, &a->main->scs);

	if (!rc) {
		rc = mdb_dbi_open(txn, "set", MDB_CREATE, &a->main->set);
	}
	if (!rc) {
		rc = mdb_dbi_open(txn, "group", MDB_CREATE, &a->main->group);
	}
	if (!rc) {
		rc = mdb_dbi_open(txn, "member", MDB_CREATE, &a->main->member);
	}
	if (!rc) {
		rc = mdb_dbi_open(txn, "dset", MDB_CREATE, &a->main->dset);
	}
	return rc ? rc : mdb_dbi_open(txn, "kept", MDB_CREATE, &a->main->kept);
}

/* One transaction creates or converts the store: it is unchanged until the commit. */
static int open_databases(struct asc *a, const struct kv_conf *kc, struct asc_why *why)
{
	uint64_t number = 0;
	MDB_txn *txn;
	int err, rc = kv_write_begin(&a->main->kv, &txn);

	if (rc) {
		return asc_fail(why, &a->main->kv, rc, "begin");
	}
	rc = open_dbis(a, txn);
	if (!rc && a->main->kv.format != kc->format) {
		rc = kv_put_format(&a->main->kv, txn, kc);
	}
	if (!rc) {
		rc = asc_get_u64(&a->main->kv, txn, ASC_MAIN_GENERATION, &number);
	}
	err = rc ? asc_fail(why, &a->main->kv, rc, "open its databases") : asc_load(a, txn, why);
	if (!err) {
		err = number ? asc_gen_open(&a->gen, a, number, false, why) : make_first(a, txn, why);
	}
	if (!err) {
		err = asc_load_counts(a, why);
	}
	if (!err) {
		err = asc_kept_load(a, txn, why);
	}
	if (err) {
		mdb_txn_abort(txn);
		return err;
	}
	rc = mdb_txn_commit(txn);
	if (rc) {
		return asc_fail(why, &a->main->kv, rc, "open its databases");
	}
	a->next_gen = a->gen->number + 1;
	return 0;
}

int asc_main_open(struct asc *a, struct asc_why *why)
{
	struct kv_conf kc = { .dir = a->dir,
			      .kind = "association store",
			      .format = FORMAT,
			      .map_max = a->map_max,
			      .databases = 8,
			      .format_oldest = FORMAT_OLDEST,
			      .lock_wait_ms = a->lock_wait_ms,
			      .size_key = ASC_SIZE_KEY };
	int err;

	a->main = calloc(1, sizeof *a->main);
	if (!a->main) {
		return asc_refuse(why, ERR_NOMEM, "association store: out of memory");
	}
	a->main->kv.lock_fd = -1;
	err = kv_open(&a->main->kv, &kc, why->text, sizeof why->text);
	return err ? err : open_databases(a, &kc, why);
}

void asc_main_free(struct asc_main *m)
{
	if (!m) {
		return;
	}
	kv_close(&m->kv);
	free(m);
}
