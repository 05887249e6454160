/* asc.c - opening, bringing up what older programs wrote, closing. */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "assoc/asc_int.h"

#define FORMAT 4u /* 1: without groups; 2: without named sets; 3: without modes of rules. None of them had generations */
#define FORMAT_OLDEST 1u
#define MAP_DEFAULT (4ull << 30)
#define CHANGES_DEFAULT 256u
#define IMPORT_MEMORY_DEFAULT ((size_t)256 << 20)
#define COPY_BATCH 200000u /* rows a transaction when an older store is brought up */

static const char dev_key[] = "dev"; /* in meta: the number of the generation that counts */

/* -- bringing up: the rows of devices stood in the main environment */

struct copying {
	struct asc_gen *gen;
	MDB_txn *out;
	unsigned n; /* rows in `out` */
};

static int copy_row(struct copying *c, MDB_dbi into, MDB_val *key, MDB_val *val)
{
	int rc = c->out ? 0 : mdb_txn_begin(c->gen->kv.env, NULL, 0, &c->out);

	if (!rc)
		rc = mdb_put(c->out, into, key, val, MDB_APPEND);
	if (!rc && ++c->n == COPY_BATCH) {
		rc = mdb_txn_commit(c->out);
		c->out = NULL;
		c->n = 0;
	}
	return rc;
}

/* One database of the main environment, if it is there, into the generation; then it goes. */
static int move_one(struct asc *a, MDB_txn *txn, const char *name, MDB_dbi into, struct copying *c)
{
	MDB_cursor *cur;
	MDB_val key, val;
	MDB_dbi dbi;
	int rc = mdb_dbi_open(txn, name, 0, &dbi);

	(void)a;
	if (rc)
		return rc == MDB_NOTFOUND ? 0 : rc;
	rc = mdb_cursor_open(txn, dbi, &cur);
	if (rc)
		return rc;
	while ((rc = mdb_cursor_get(cur, &key, &val, MDB_NEXT)) == 0) {
		rc = copy_row(c, into, &key, &val);
		if (rc)
			break;
	}
	mdb_cursor_close(cur);
	return rc == MDB_NOTFOUND ? mdb_drop(txn, dbi, 1) : rc;
}

/* In the main transaction whose commit makes the first generation count. */
static int make_first(struct asc *a, MDB_txn *txn, struct asc_why *why)
{
	struct copying c = { .out = NULL };
	int rc, err = asc_gen_open(&a->gen, a, 1, true, why);

	if (err)
		return err;
	c.gen = a->gen;
	mdb_env_set_flags(a->gen->kv.env, MDB_NOSYNC, 1);
	rc = move_one(a, txn, "dev", a->gen->dev, &c);
	if (!rc)
		rc = move_one(a, txn, "count", a->gen->count, &c);
	if (c.out && rc)
		mdb_txn_abort(c.out);
	else if (c.out)
		rc = mdb_txn_commit(c.out);
	mdb_env_set_flags(a->gen->kv.env, MDB_NOSYNC, 0);
	if (!rc)
		rc = asc_gen_sync(a->gen);
	if (!rc)
		rc = asc_put_u64(&a->kv, txn, dev_key, 1);
	return rc ? asc_fail(why, rc, "bring the store up") : 0;
}

static int open_dbis(struct asc *a, MDB_txn *txn)
{
	int rc = mdb_dbi_open(txn, "scs", MDB_CREATE, &a->scs);

	if (!rc)
		rc = mdb_dbi_open(txn, "set", MDB_CREATE, &a->set);
	if (!rc)
		rc = mdb_dbi_open(txn, "group", MDB_CREATE, &a->group);
	if (!rc)
		rc = mdb_dbi_open(txn, "member", MDB_CREATE, &a->member);
	return rc ? rc : mdb_dbi_open(txn, "dset", MDB_CREATE, &a->dset);
}

/* One transaction makes a store whole, or of this format: before its commit it is as it was. */
static int open_databases(struct asc *a, const struct kv_conf *kc, struct asc_why *why)
{
	uint64_t number = 0;
	MDB_txn *txn;
	int err, rc = mdb_txn_begin(a->kv.env, NULL, 0, &txn);

	if (rc)
		return asc_fail(why, rc, "begin");
	rc = open_dbis(a, txn);
	if (!rc && a->kv.format != kc->format)
		rc = kv_put_format(&a->kv, txn, kc);
	if (!rc)
		rc = asc_get_u64(&a->kv, txn, dev_key, &number);
	err = rc ? asc_fail(why, rc, "open its databases") : asc_load(a, txn, why);
	if (!err)
		err = number ? asc_gen_open(&a->gen, a, number, false, why) : make_first(a, txn, why);
	if (!err)
		err = asc_load_counts(a, why);
	if (err) {
		mdb_txn_abort(txn);
		return err;
	}
	rc = mdb_txn_commit(txn);
	if (rc)
		return asc_fail(why, rc, "open its databases");
	a->next_gen = a->gen->number + 1;
	return 0;
}

static int start(struct asc *a, struct asc_why *why)
{
	asc_gen_clean(a);
	a->view = asc_view_new(a->model, a->gen, why);
	if (!a->view)
		return ERR_NOMEM;
	return asc_work_start(a) ? asc_refuse(why, ERR_NOMEM, "association store: cannot start its thread") : 0;
}

static struct asc *make(const struct asc_conf *conf)
{
	struct asc *a = calloc(1, sizeof *a);

	if (!a)
		return NULL;
	a->kv.lock_fd = -1;
	a->queue_tail = &a->queue;
	a->done_tail = &a->done;
	a->handing_tail = &a->handing;
	a->map_max = conf->map_max ? conf->map_max : MAP_DEFAULT;
	a->changes_max = conf->changes_max ? conf->changes_max : CHANGES_DEFAULT;
	a->import_memory = conf->import_memory ? conf->import_memory : IMPORT_MEMORY_DEFAULT;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->work, NULL);
	pthread_cond_init(&a->finished, NULL);
	a->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	a->dir = strdup(conf->dir);
	a->model = asc_model_new();
	if (a->dir && a->model && a->wake_fd >= 0)
		return a;
	asc_close(a);
	return NULL;
}

int asc_open(struct asc **out, const struct asc_conf *conf, struct asc_why *why)
{
	struct asc *a = make(conf);
	struct kv_conf kc = {
		.dir = conf->dir, .kind = "association store", .format = FORMAT, .databases = 7, .format_oldest = FORMAT_OLDEST
	};
	int err;

	why->text[0] = 0;
	if (!a)
		return asc_refuse(why, ERR_NOMEM, "association store: out of memory");
	kc.map_max = a->map_max;
	err = kv_open(&a->kv, &kc, why->text, sizeof why->text);
	if (!err)
		err = open_databases(a, &kc, why);
	if (!err)
		err = start(a, why);
	if (err) {
		asc_close(a);
		return err;
	}
	*out = a;
	return 0;
}

void asc_close(struct asc *a)
{
	if (!a)
		return;
	asc_work_stop(a);
	asc_view_free(a->view);
	asc_model_free(a->model);
	asc_gen_free(a->gen);
	kv_close(&a->kv);
	if (a->wake_fd >= 0)
		close(a->wake_fd);
	pthread_cond_destroy(&a->finished);
	pthread_cond_destroy(&a->work);
	pthread_mutex_destroy(&a->lock);
	free(a->dir);
	free(a);
}

uint64_t asc_generation(const struct asc *a)
{
	return a->view->model->generation;
}
