/* jrn_open.c - opens, closes and replays the journal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/kv_copy.h"
#include "journal/jrn_int.h"

/* 2: records hold the delivery report, and ended triggers (core_past.c). 3: records of used
 * quotas (core_quota.c).
 * A program for an older format would lose them, and refuses. */
#define FORMAT 3u
#define FORMAT_OLDEST 1u
#define MAP_DEFAULT (4ull << 30)
#define PENDING_DEFAULT 4096u
#define BATCH_DEFAULT 4096u

static MDB_val reserved_key(void)
{
	static char name[] = "reserved"; /* LMDB reads it, but its type has no const */

	return (MDB_val){ sizeof name - 1, name };
}

int jrn_put_reserved(struct jrn_store *s, MDB_txn *txn, uint64_t reserved)
{
	uint8_t bytes[8];
	struct buf b = buf_over(bytes, sizeof bytes);
	MDB_val key = reserved_key(), val = { sizeof bytes, bytes };

	buf_le64(&b, reserved);
	return mdb_put(txn, s->kv.meta, &key, &val, 0);
}

static int get_reserved(struct jrn_store *s, MDB_txn *txn)
{
	MDB_val key = reserved_key(), val;
	int rc = mdb_get(txn, s->kv.meta, &key, &val);
	struct rd r;

	s->reserved = 1;
	if (rc == MDB_NOTFOUND) {
		return 0;
	}
	if (rc) {
		return rc;
	}
	r = rd_over(val.mv_data, val.mv_size);
	s->reserved = rd_le64(&r);
	return r.bad || rd_left(&r) ? MDB_CORRUPTED : 0;
}

static int load(struct jrn_store *s, MDB_txn *txn, uint64_t *next)
{
	MDB_cursor *cur;
	MDB_val key, val;
	MDB_stat stat;
	uint64_t last = 0;
	int rc = mdb_dbi_open(txn, "triggers", MDB_CREATE | MDB_INTEGERKEY, &s->triggers);

	if (!rc) {
		rc = mdb_dbi_open(txn, "ballast", MDB_CREATE | MDB_INTEGERKEY, &s->ballast);
	}
	if (!rc) {
		rc = get_reserved(s, txn);
	}
	if (!rc) {
		rc = mdb_stat(txn, s->triggers, &stat);
	}
	if (!rc) {
		rc = mdb_cursor_open(txn, s->triggers, &cur);
	}
	if (rc) {
		return rc;
	}
	s->counts.records = stat.ms_entries;
	rc = mdb_cursor_get(cur, &key, &val, MDB_LAST);
	if (!rc && key.mv_size == sizeof last) {
		memcpy(&last, key.mv_data, sizeof last);
	}
	mdb_cursor_close(cur);
	*next = last >= s->reserved ? last + 1 : s->reserved;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Records of an older format stay readable; newer ones may follow from now on. */
static int bring_up(struct jrn_store *s, MDB_txn *txn, const struct kv_conf *kc)
{
	return s->kv.format == FORMAT ? 0 : kv_put_format(&s->kv, txn, kc);
}

static int open_databases(struct jrn_store *s, const struct kv_conf *kc, uint64_t *next, struct jrn_why *why)
{
	char words[300];
	MDB_txn *txn;
	int rc = kv_write_begin(&s->kv, &txn);

	if (!rc) {
		rc = load(s, txn, next);
		if (!rc) {
			rc = bring_up(s, txn, kc);
		}
		if (rc) {
			mdb_txn_abort(txn);
		} else {
			rc = mdb_txn_commit(txn);
		}
	}
	if (rc) {
		snprintf(why->text, sizeof why->text, "journal: cannot open its databases: %s",
			 kv_words(&s->kv, rc, words, sizeof words));
	}
	return kv_err(rc);
}

int jrn_store_open(struct jrn_store *s, uint64_t *next, struct jrn_why *why)
{
	struct kv_conf kc = { .dir = s->dir,
			      .kind = "trigger journal",
			      .format = FORMAT,
			      .format_oldest = FORMAT_OLDEST,
			      .map_max = s->map_max,
			      .databases = 2,
			      .compact_above = s->compact_above,
			      .size_key = "journal.size_max" };
	int err = kv_open(&s->kv, &kc, why->text, sizeof why->text);

	if (err) {
		return err;
	}
	err = open_databases(s, &kc, next, why);
	if (err) {
		kv_close(&s->kv);
	} else {
		jrn_count_octets(s);
	}
	return err;
}

/* A journal without space for its ballast opens in trouble: its records are needed. */
static void begin_well(struct jrn_store *s)
{
	int rc = jrn_ballast_in(s);

	if (rc) {
		jrn_set_trouble(s, rc, jrn_now_us());
	} else {
		jrn_look(s, jrn_now_us());
	}
}

static int make_locks(struct jrn *j)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&j->lock, NULL); /* cannot fail: default attributes, or the monotonic clock */
	pthread_cond_init(&j->idle, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&j->work, &monotonic);
	pthread_condattr_destroy(&monotonic);
	j->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return j->wake < 0 ? ERR_IO : 0;
}

static void free_all(struct jrn *j)
{
	struct jrn_batch *b;

	while ((b = TAILQ_FIRST(&j->out))) {
		TAILQ_REMOVE(&j->out, b, of_owner);
		jrn_batch_free(b);
	}
	jrn_batch_free(j->gather);
	for (size_t i = 0; i < j->spares; i++) {
		jrn_batch_free(j->spare[i]);
	}
	kv_close(&j->store.kv);
	free(j->store.kept);
	free(j->store.dir);
	if (j->wake >= 0) {
		close(j->wake);
	}
	pthread_cond_destroy(&j->work);
	pthread_cond_destroy(&j->idle);
	pthread_mutex_destroy(&j->lock);
	OBJ_END(j, JRN_MAGIC);
	free(j);
}

int jrn_open(struct jrn **out, const struct jrn_conf *conf, struct jrn_why *why)
{
	struct jrn *j = calloc(1, sizeof *j);
	int err;

	snprintf(why->text, sizeof why->text, "journal: out of memory or descriptors");
	if (!j) {
		return ERR_NOMEM;
	}
	obj_begin(&j->obj, JRN_MAGIC);
	j->store.kv.lock_fd = -1;
	j->store.map_max = conf->map_max ? conf->map_max : MAP_DEFAULT;
	j->store.compact_above = conf->compact_above;
	j->pending_max = conf->pending_max ? conf->pending_max : PENDING_DEFAULT;
	j->batch_max = conf->batch_max ? conf->batch_max : BATCH_DEFAULT;
	j->batch_window_ms = conf->batch_window_ms;
	j->group_at = SIZE_MAX;
	TAILQ_INIT(&j->out);
	STAILQ_INIT(&j->queue);
	j->store.dir = strdup(conf->dir);
	err = make_locks(j);
	if (!err && !j->store.dir) {
		err = ERR_NOMEM;
	}
	if (!err) {
		err = jrn_store_open(&j->store, &j->next, why);
	}
	if (!err) {
		begin_well(&j->store);
	}
	j->counts = j->store.counts;
	j->room = j->store.room;
	j->why = j->store.why;
	atomic_init(&j->state, j->store.state);
	if (!err && conf->threaded) {
		err = jrn_thread_start(j);
	}
	if (err) {
		free_all(j);
		return err;
	}
	why->text[0] = 0;
	*out = j;
	return 0;
}

void jrn_close(struct jrn *j)
{
	if (!j) {
		return;
	}
	(void)jrn_flush(j); /* completions were called; an operation put by a completion has no later commit */
	jrn_thread_end(j);
	free_all(j);
}

static int next_record(MDB_cursor *cur, uint64_t *number, MDB_val *val)
{
	MDB_val key;
	int rc = mdb_cursor_get(cur, &key, val, MDB_NEXT);

	if (rc) {
		return rc;
	}
	if (key.mv_size != sizeof *number) {
		return MDB_CORRUPTED;
	}
	memcpy(number, key.mv_data, sizeof *number);
	return 0;
}

static int replay(struct jrn *j, jrn_record_fn *fn, void *arg)
{
	uint64_t number;
	MDB_cursor *cur;
	MDB_txn *txn;
	MDB_val val;
	int stop = 0, rc = j->store.kv.env ? mdb_txn_begin(j->store.kv.env, NULL, MDB_RDONLY, &txn) : MDB_PANIC;

	if (rc) {
		return ERR_IO;
	}
	rc = mdb_cursor_open(txn, j->store.triggers, &cur);
	if (rc) {
		mdb_txn_abort(txn);
		return ERR_IO;
	}
	while (!stop && (rc = next_record(cur, &number, &val)) == 0) {
		stop = fn(arg, number, val.mv_data, val.mv_size);
	}
	mdb_cursor_close(cur);
	mdb_txn_abort(txn);
	return stop ? stop : rc == MDB_NOTFOUND ? 0 : ERR_IO;
}

static void unpin(struct jrn *j)
{
	pthread_mutex_lock(&j->lock);
	j->pins--;
	pthread_mutex_unlock(&j->lock);
}

int jrn_replay(struct jrn *j, jrn_record_fn *fn, void *arg)
{
	int err;

	OBJ_CHECK(j, JRN_MAGIC);
	pthread_mutex_lock(&j->lock);
	while (j->busy) {
		pthread_cond_wait(&j->idle, &j->lock);
	}
	j->pins++; /* keeps the thread from reopening LMDB */
	pthread_mutex_unlock(&j->lock);
	err = replay(j, fn, arg);
	unpin(j);
	return err;
}

/* A running commit reopens nothing: it started without trouble, or the state would show it. */
int jrn_copy_begin(struct kv_copy **out, struct jrn *j)
{
	bool well;
	int err;

	OBJ_CHECK(j, JRN_MAGIC);
	pthread_mutex_lock(&j->lock);
	well = jrn_state(j) == 0 && j->store.kv.env;
	if (well) {
		j->pins++;
	}
	pthread_mutex_unlock(&j->lock);
	if (!well) {
		return ERR_BUSY;
	}
	err = kv_copy_begin(out, &j->store.kv);
	if (err) {
		unpin(j);
	}
	return err;
}

int jrn_copy_end(struct jrn *j, struct kv_copy *c)
{
	int err = kv_copy_end(c);

	OBJ_CHECK(j, JRN_MAGIC);
	unpin(j);
	return err;
}
