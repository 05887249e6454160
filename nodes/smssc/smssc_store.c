/* smssc_store.c - three LMDB databases: "msg" (delivery id -> trigger), "dup" (number -> request answered), "meta". */
#include "nodes/smssc/smssc_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/kv_readers.h"

enum { STORE_FORMAT = 1 };

struct smssc_store {
	struct kv kv; /* meta: "id_next", "events_end" */
	MDB_dbi msg, dup;
	MDB_txn *txn; /* NULL: clean */
	int failed;   /* MDB error of the open transaction; what follows is dropped with it */
	uint64_t id_first, events_end;
	char words[300]; /* why the last commit failed */
};

static MDB_val key_of(uint64_t number, uint8_t key[8])
{
	struct buf b = buf_over(key, 8);

	buf_be64(&b, number);
	return (MDB_val){ 8, key };
}

static uint64_t number_of(const MDB_val *v)
{
	struct rd r = rd_over(v->mv_data, v->mv_size);

	return rd_be64(&r);
}

static int put_number(struct smssc_store *s, const char *name, uint64_t v)
{
	uint8_t octets[8];
	MDB_val key = { strlen(name), (void *)name }, value = key_of(v, octets);

	return mdb_put(s->txn, s->kv.meta, &key, &value, 0);
}

static int get_number(struct smssc_store *s, const char *name, uint64_t *v)
{
	MDB_val key = { strlen(name), (void *)name }, value;
	int rc = mdb_get(s->txn, s->kv.meta, &key, &value);

	if (!rc) {
		*v = number_of(&value);
	}
	return rc;
}

/* Delivery ids begin at a random place below 2^52 (what every JSON reader can hold), so that mobiles that remember ids of an earlier
 * store do not take new messages for old ones. */
static int open_tables(struct smssc_store *s, uint32_t random)
{
	int rc = kv_write_begin(&s->kv, &s->txn);

	if (rc) {
		return rc;
	}
	rc = mdb_dbi_open(s->txn, "msg", MDB_CREATE, &s->msg);
	if (!rc) {
		rc = mdb_dbi_open(s->txn, "dup", MDB_CREATE, &s->dup);
	}
	if (!rc && (rc = get_number(s, "id_next", &s->id_first)) == MDB_NOTFOUND) {
		s->id_first = (uint64_t)(random >> 12) << 32 | 1;
		rc = put_number(s, "id_next", s->id_first);
	}
	s->events_end = UINT64_MAX;
	if (!rc && (rc = get_number(s, "events_end", &s->events_end)) == MDB_NOTFOUND) {
		rc = 0;
	}
	if (rc) {
		mdb_txn_abort(s->txn);
	} else {
		rc = mdb_txn_commit(s->txn);
	}
	s->txn = NULL;
	return rc;
}

int smssc_store_open(struct smssc_store **out, const char *dir, uint64_t size_max, uint32_t random, char why[SMSSC_STORE_WHY_MAX])
{
	const struct kv_conf conf = { .dir = dir,
				      .kind = "store of mtc-smssc",
				      .format = STORE_FORMAT,
				      .map_max = size_max,
				      .databases = 2,
				      .size_key = "limits.store" };
	struct smssc_store *s = calloc(1, sizeof *s);
	int rc, err;

	if (!s) {
		snprintf(why, SMSSC_STORE_WHY_MAX, "out of memory");
		return ERR_NOMEM;
	}
	err = kv_open(&s->kv, &conf, why, SMSSC_STORE_WHY_MAX);
	if (err) {
		free(s);
		return err;
	}
	rc = open_tables(s, random);
	if (rc) {
		snprintf(why, SMSSC_STORE_WHY_MAX, "%s: %s", dir, kv_words(&s->kv, rc, s->words, sizeof s->words));
		smssc_store_close(s);
		return kv_err(rc);
	}
	*out = s;
	return 0;
}

void smssc_store_close(struct smssc_store *s)
{
	if (!s) {
		return;
	}
	if (s->txn) {
		mdb_txn_abort(s->txn);
	}
	kv_close(&s->kv);
	free(s);
}

uint64_t smssc_store_id_first(const struct smssc_store *s)
{
	return s->id_first;
}

static int each(struct smssc_store *s, MDB_dbi dbi, smssc_record_fn *fn, void *arg)
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
		err = fn(arg, number_of(&key), value.mv_data, value.mv_size);
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

int smssc_store_each_msg(struct smssc_store *s, smssc_record_fn *fn, void *arg)
{
	return each(s, s->msg, fn, arg);
}

int smssc_store_each_dup(struct smssc_store *s, smssc_record_fn *fn, void *arg)
{
	return each(s, s->dup, fn, arg);
}

/* True when a change may be added to the transaction. */
static bool begin(struct smssc_store *s)
{
	if (!s->txn && !s->failed) {
		s->failed = kv_write_begin(&s->kv, &s->txn);
	}
	return !s->failed;
}

static void put(struct smssc_store *s, MDB_dbi dbi, uint64_t number, const void *record, size_t len)
{
	uint8_t octets[8];
	MDB_val key = key_of(number, octets), value = { len, (void *)record };

	if (begin(s)) {
		s->failed = mdb_put(s->txn, dbi, &key, &value, 0);
	}
}

static void del(struct smssc_store *s, MDB_dbi dbi, uint64_t number)
{
	uint8_t octets[8];
	MDB_val key = key_of(number, octets);

	if (begin(s)) {
		s->failed = mdb_del(s->txn, dbi, &key, NULL);
		if (s->failed == MDB_NOTFOUND) {
			s->failed = 0;
		}
	}
}

void smssc_store_put_msg(struct smssc_store *s, uint64_t id, const void *record, size_t len)
{
	put(s, s->msg, id, record, len);
}

void smssc_store_del_msg(struct smssc_store *s, uint64_t id)
{
	del(s, s->msg, id);
}

void smssc_store_put_dup(struct smssc_store *s, uint64_t sequence, const void *record, size_t len)
{
	put(s, s->dup, sequence, record, len);
}

void smssc_store_del_dup(struct smssc_store *s, uint64_t sequence)
{
	del(s, s->dup, sequence);
}

void smssc_store_put_events_end(struct smssc_store *s, uint64_t end)
{
	if (begin(s)) {
		s->failed = put_number(s, "events_end", end);
	}
}

uint64_t smssc_store_events_end(const struct smssc_store *s)
{
	return s->events_end;
}

bool smssc_store_dirty(const struct smssc_store *s)
{
	return s->txn || s->failed;
}

int smssc_store_commit(struct smssc_store *s, uint64_t id_next)
{
	int rc = s->failed;

	if (!rc && s->txn) {
		rc = put_number(s, "id_next", id_next);
	}
	if (rc && s->txn) {
		mdb_txn_abort(s->txn);
	} else if (s->txn) {
		rc = mdb_txn_commit(s->txn);
	}
	s->txn = NULL;
	s->failed = 0;
	if (!rc) {
		return 0;
	}
	kv_words(&s->kv, rc, s->words, sizeof s->words);
	return kv_err(rc);
}

const char *smssc_store_words(const struct smssc_store *s)
{
	return s->words;
}

void smssc_store_abort(struct smssc_store *s)
{
	if (s->txn) {
		mdb_txn_abort(s->txn);
	}
	s->txn = NULL;
	s->failed = 0;
}
