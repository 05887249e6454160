/* smssc_store.c - three LMDB databases: "msg" (delivery id -> trigger), "dup" (number -> request
 * answered), "meta". */
#include "nodes/smssc/smssc_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "nodes/common/node_kv.h"

enum { STORE_FORMAT = 1, REFERENCES = 4096 /* taken from the disk at a time */ };

#define SMSSC_STORE_MAGIC 0xd403e929u
struct smssc_store {
	struct obj obj;
	struct node_kv kv; /* meta: "id_next", "events_end", "number_key", "reference_end" */
	MDB_dbi msg, dup;
	uint32_t random; /* as opened with */
	uint64_t id_first, events_end;
	struct sip_key number_key;
	uint64_t reference_next, reference_end; /* below the end: durable as used */
	bool reference_grows;                   /* the next block is in the changes of this commit */
};
OBJ_FIRST(struct smssc_store);

static int put_number(struct smssc_store *s, const char *name, uint64_t v)
{
	uint8_t octets[8];
	MDB_val key = { strlen(name), (void *)name }, value = node_kv_key(v, octets);

	return mdb_put(s->kv.txn, s->kv.kv.meta, &key, &value, 0);
}

static int get_number(struct smssc_store *s, const char *name, uint64_t *v)
{
	MDB_val key = { strlen(name), (void *)name }, value;
	int rc = mdb_get(s->kv.txn, s->kv.kv.meta, &key, &value);

	if (!rc) {
		*v = node_kv_number(&value);
	}
	return rc;
}

/* A store of a program that had no key gets one: numbers that it gave stay in their records. */
static int open_number_key(struct smssc_store *s)
{
	MDB_val name = { strlen("number_key"), (void *)"number_key" }, value;
	int rc = mdb_get(s->kv.txn, s->kv.kv.meta, &name, &value);

	if (!rc && value.mv_size != sizeof s->number_key) {
		return MDB_CORRUPTED;
	}
	if (!rc) {
		memcpy(&s->number_key, value.mv_data, sizeof s->number_key);
	}
	if (rc != MDB_NOTFOUND) {
		return rc;
	}
	if (sip_key_new(&s->number_key)) {
		return EIO;
	}
	value = (MDB_val){ sizeof s->number_key, &s->number_key };
	return mdb_put(s->kv.txn, s->kv.kv.meta, &name, &value, 0);
}

/* They go on behind the block of the last start. A new store begins anywhere: the gateway may still
 * know numbers of an older one. */
static int open_references(struct smssc_store *s)
{
	int rc = get_number(s, "reference_end", &s->reference_next);

	if (rc == MDB_NOTFOUND) {
		s->reference_next = s->random | 1;
	} else if (rc) {
		return rc;
	}
	if (s->kv.reading) { /* none to give until a commit brings some */
		s->reference_end = s->reference_next;
		return rc;
	}
	s->reference_end = s->reference_next + REFERENCES;
	return put_number(s, "reference_end", s->reference_end);
}

/* Delivery ids begin at a random number below 2^52 (which every JSON reader can hold), so that
 * mobiles that remember ids of an earlier store do not take new messages for repetitions. */
static int open_tables(void *arg)
{
	struct smssc_store *s = OBJ_OF(arg, struct smssc_store, SMSSC_STORE_MAGIC);
	int rc = mdb_dbi_open(s->kv.txn, "msg", MDB_CREATE, &s->msg);

	if (!rc) {
		rc = mdb_dbi_open(s->kv.txn, "dup", MDB_CREATE, &s->dup);
	}
	if (!rc && (rc = get_number(s, "id_next", &s->id_first)) == MDB_NOTFOUND) {
		s->id_first = (uint64_t)(s->random >> 12) << 32 | 1;
		rc = put_number(s, "id_next", s->id_first);
	}
	if (!rc) {
		rc = open_number_key(s);
	}
	if (!rc) {
		rc = open_references(s);
	}
	s->events_end = UINT64_MAX;
	if (!rc && (rc = get_number(s, "events_end", &s->events_end)) == MDB_NOTFOUND) {
		rc = 0;
	}
	return rc;
}

int smssc_store_open(struct smssc_store **out, const char *dir, uint64_t size_max, uint64_t lock_wait_ms, uint32_t random,
		     char why[SMSSC_STORE_WHY_MAX])
{
	const struct kv_conf conf = { .dir = dir,
				      .kind = "store of mtc-smssc",
				      .format = STORE_FORMAT,
				      .map_max = size_max,
				      .databases = 2,
				      .lock_wait_ms = lock_wait_ms,
				      .size_key = "limits.store" };
	struct smssc_store *s = calloc(1, sizeof *s);
	int err;

	if (!s) {
		snprintf(why, SMSSC_STORE_WHY_MAX, "out of memory");
		return ERR_NOMEM;
	}
	obj_begin(&s->obj, SMSSC_STORE_MAGIC);
	s->random = random;
	err = node_kv_open(&s->kv, &conf, open_tables, s, why, SMSSC_STORE_WHY_MAX);
	if (err) {
		free(s);
		return err;
	}
	*out = s;
	return 0;
}

void smssc_store_close(struct smssc_store *s)
{
	if (!s) {
		return;
	}
	node_kv_close(&s->kv);
	OBJ_END(s, SMSSC_STORE_MAGIC);
	free(s);
}

uint64_t smssc_store_id_first(const struct smssc_store *s)
{
	return s->id_first;
}

int smssc_store_reference(struct smssc_store *s, uint32_t *out)
{
	OBJ_CHECK(s, SMSSC_STORE_MAGIC);
	if (!s->reference_grows && s->reference_end - s->reference_next <= REFERENCES / 2 && node_kv_begin(&s->kv)) {
		s->kv.failed = put_number(s, "reference_end", s->reference_end + REFERENCES);
		s->reference_grows = true;
	}
	if (s->reference_next == s->reference_end) {
		return ERR_BUSY;
	}
	*out = (uint32_t)s->reference_next++;
	return 0;
}

struct sip_key smssc_store_number_key(const struct smssc_store *s)
{
	return s->number_key;
}

#define WALK_MAGIC 0xe785ba9bu
struct walk {
	struct obj obj;
	smssc_record_fn *fn;
	void *arg;
};

static int record(void *arg, const MDB_val *key, const MDB_val *value)
{
	const struct walk *w = OBJ_OF(arg, struct walk, WALK_MAGIC);

	return w->fn(w->arg, node_kv_number(key), value->mv_data, value->mv_size);
}

static int each(struct smssc_store *s, MDB_dbi dbi, smssc_record_fn *fn, void *arg)
{
	struct walk w = { OBJ(WALK_MAGIC), fn, arg };

	return node_kv_each(&s->kv, dbi, record, &w);
}

int smssc_store_each_msg(struct smssc_store *s, smssc_record_fn *fn, void *arg)
{
	return each(s, s->msg, fn, arg);
}

int smssc_store_each_dup(struct smssc_store *s, smssc_record_fn *fn, void *arg)
{
	return each(s, s->dup, fn, arg);
}

static void put(struct smssc_store *s, MDB_dbi dbi, uint64_t number, const void *record, size_t len)
{
	uint8_t octets[8];
	MDB_val key = node_kv_key(number, octets), value = { len, (void *)record };

	if (node_kv_begin(&s->kv)) {
		s->kv.failed = mdb_put(s->kv.txn, dbi, &key, &value, 0);
	}
}

static void del(struct smssc_store *s, MDB_dbi dbi, uint64_t number)
{
	uint8_t octets[8];
	MDB_val key = node_kv_key(number, octets);

	if (node_kv_begin(&s->kv)) {
		s->kv.failed = mdb_del(s->kv.txn, dbi, &key, NULL);
		if (s->kv.failed == MDB_NOTFOUND) {
			s->kv.failed = 0;
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
	if (node_kv_begin(&s->kv)) {
		s->kv.failed = put_number(s, "events_end", end);
	}
}

uint64_t smssc_store_events_end(const struct smssc_store *s)
{
	return s->events_end;
}

bool smssc_store_dirty(const struct smssc_store *s)
{
	return node_kv_dirty(&s->kv);
}

int smssc_store_commit(struct smssc_store *s, uint64_t id_next)
{
	int err;

	OBJ_CHECK(s, SMSSC_STORE_MAGIC);
	if (!s->kv.failed && s->kv.txn) {
		s->kv.failed = put_number(s, "id_next", id_next);
	}
	err = node_kv_commit(&s->kv);
	if (!err && s->reference_grows) {
		s->reference_end += REFERENCES;
	}
	s->reference_grows = false;
	return err;
}

bool smssc_store_began_full(const struct smssc_store *s)
{
	return s->kv.began_full;
}

const char *smssc_store_words(const struct smssc_store *s)
{
	return s->kv.words;
}

void smssc_store_abort(struct smssc_store *s)
{
	node_kv_abort(&s->kv);
	s->reference_grows = false;
}
