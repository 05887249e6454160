/* ue_state.c - LMDB: "id" (delivery id -> number and trigger), "order" (number -> delivery id, for ageing), "part" (delivery id and
 * part -> IMSI and RPDU). */
#include "nodes/ue/ue_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/kv_readers.h"

enum { STATE_FORMAT = 1, RECORD_ACTED = 1, RECORD_ACCEPTED = 2, RECORD_ORDER = 1, RECORD_MAX = 256 + SMS_PAYLOAD_MAX };

struct ue_state {
	struct kv kv;
	MDB_dbi id, order, part;
	MDB_txn *txn; /* NULL: clean */
	int failed;
	uint64_t ids_max, number_next, oldest;
	uint8_t record[RECORD_MAX];
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

/* First and last number of the ageing list. */
static int read_order(struct ue_state *s)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_cursor_open(s->txn, s->order, &cursor);

	if (rc) {
		return rc;
	}
	rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	if (!rc) {
		s->oldest = number_of(&key);
		rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
	}
	if (!rc) {
		s->number_next = number_of(&key) + 1;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int open_tables(struct ue_state *s)
{
	int rc = kv_write_begin(&s->kv, &s->txn);

	if (rc) {
		return rc;
	}
	rc = mdb_dbi_open(s->txn, "id", MDB_CREATE, &s->id);
	if (!rc) {
		rc = mdb_dbi_open(s->txn, "order", MDB_CREATE, &s->order);
	}
	if (!rc) {
		rc = mdb_dbi_open(s->txn, "part", MDB_CREATE, &s->part);
	}
	if (!rc) {
		rc = read_order(s);
	}
	if (rc) {
		mdb_txn_abort(s->txn);
	} else {
		rc = mdb_txn_commit(s->txn);
	}
	s->txn = NULL;
	return rc;
}

int ue_state_open(struct ue_state **out, const char *dir, uint64_t size_max, uint64_t ids_max, char why[UE_STATE_WHY_MAX])
{
	const struct kv_conf conf = { .dir = dir,
				      .kind = "state of mtc-ue",
				      .format = STATE_FORMAT,
				      .map_max = size_max,
				      .databases = 3,
				      .size_key = "--state-max" };
	struct ue_state *s = calloc(1, sizeof *s);
	int rc, err;

	if (!s) {
		snprintf(why, UE_STATE_WHY_MAX, "out of memory");
		return ERR_NOMEM;
	}
	s->ids_max = ids_max;
	err = kv_open(&s->kv, &conf, why, UE_STATE_WHY_MAX);
	if (err) {
		free(s);
		return err;
	}
	rc = open_tables(s);
	if (rc) {
		snprintf(why, UE_STATE_WHY_MAX, "%s: %s", dir, kv_words(&s->kv, rc, s->words, sizeof s->words));
		ue_state_close(s);
		return kv_err(rc);
	}
	*out = s;
	return 0;
}

void ue_state_close(struct ue_state *s)
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

static bool begin(struct ue_state *s)
{
	if (!s->txn && !s->failed) {
		s->failed = kv_write_begin(&s->kv, &s->txn);
	}
	return !s->failed;
}

enum ue_known ue_state_known(struct ue_state *s, uint64_t id)
{
	uint8_t octets[8];
	MDB_val key = key_of(id, octets), value;
	MDB_txn *txn = s->txn;
	enum ue_known known = UE_NEW;

	if (!txn && mdb_txn_begin(s->kv.env, NULL, MDB_RDONLY, &txn)) {
		return UE_NEW;
	}
	if (mdb_get(txn, s->id, &key, &value) == 0 && value.mv_size) {
		known = *(uint8_t *)value.mv_data == RECORD_ACCEPTED ? UE_ACCEPTED : UE_ACTED;
	}
	if (txn != s->txn) {
		mdb_txn_abort(txn);
	}
	return known;
}

static void drop_parts(struct ue_state *s, uint64_t id)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	uint8_t octets[8];

	s->failed = mdb_cursor_open(s->txn, s->part, &cursor);
	if (s->failed) {
		return;
	}
	key = key_of(id, octets);
	while (mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE) == 0 && number_of(&key) == id && !s->failed) {
		s->failed = mdb_cursor_del(cursor, 0);
		key = key_of(id, octets);
	}
	mdb_cursor_close(cursor);
}

/* The oldest ids make room. */
static void age(struct ue_state *s)
{
	uint8_t octets[8], id_octets[8];

	while (!s->failed && s->number_next - s->oldest > s->ids_max) {
		MDB_val key = key_of(s->oldest++, octets), value, id;

		if (mdb_get(s->txn, s->order, &key, &value) || value.mv_size != 9) {
			continue;
		}
		value = (MDB_val){ 8, (uint8_t *)value.mv_data + 1 };
		id = key_of(number_of(&value), id_octets);
		mdb_del(s->txn, s->id, &id, NULL);
		s->failed = mdb_del(s->txn, s->order, &key, NULL);
	}
}

static void put_id(struct ue_state *s, uint64_t id, const struct buf *record)
{
	uint8_t id_octets[8], number[8], order_octets[9] = { RECORD_ORDER };
	MDB_val key = key_of(id, id_octets), value, order_key = key_of(s->number_next, number);
	MDB_val order_value = { sizeof order_octets, order_octets };
	bool known = mdb_get(s->txn, s->id, &key, &value) == 0;

	memcpy(order_octets + 1, id_octets, sizeof id_octets);
	value = (MDB_val){ record->len, record->p };
	s->failed = record->full ? EINVAL : mdb_put(s->txn, s->id, &key, &value, 0);
	if (!s->failed && !known) {
		s->failed = mdb_put(s->txn, s->order, &order_key, &order_value, 0);
		s->number_next++;
	}
	if (!s->failed) {
		drop_parts(s, id);
	}
	age(s);
}

void ue_state_accepted(struct ue_state *s, const struct ue_trigger *t)
{
	struct buf b = buf_over(s->record, sizeof s->record);

	if (!begin(s)) {
		return;
	}
	buf_u8(&b, RECORD_ACCEPTED);
	buf_bytes(&b, t->imsi, sizeof t->imsi);
	buf_bytes(&b, t->originator, sizeof t->originator);
	buf_u8(&b, t->has_port);
	buf_le16(&b, t->port);
	buf_u8(&b, (uint8_t)t->parts);
	buf_le64(&b, (uint64_t)t->sent_s);
	buf_bytes(&b, t->payload, t->payload_len);
	put_id(s, t->id, &b);
}

void ue_state_acted(struct ue_state *s, uint64_t id)
{
	struct buf b = buf_over(s->record, sizeof s->record);

	if (!begin(s)) {
		return;
	}
	buf_u8(&b, RECORD_ACTED);
	put_id(s, id, &b);
}

void ue_state_part(struct ue_state *s, uint64_t id, const char *imsi, uint8_t part, const uint8_t *rpdu, size_t len)
{
	uint8_t key_octets[9];
	struct buf k = buf_over(key_octets, sizeof key_octets), b = buf_over(s->record, sizeof s->record);
	MDB_val key = { sizeof key_octets, key_octets }, value;

	if (!begin(s)) {
		return;
	}
	buf_be64(&k, id);
	buf_u8(&k, part);
	buf_u8(&b, (uint8_t)strlen(imsi));
	buf_bytes(&b, imsi, strlen(imsi));
	buf_bytes(&b, rpdu, len);
	value = (MDB_val){ b.len, b.p };
	s->failed = mdb_put(s->txn, s->part, &key, &value, 0);
}

bool ue_state_dirty(const struct ue_state *s)
{
	return s->txn || s->failed;
}

int ue_state_commit(struct ue_state *s)
{
	int rc = s->failed;

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

const char *ue_state_words(const struct ue_state *s)
{
	return s->words;
}

void ue_state_abort(struct ue_state *s)
{
	if (s->txn) {
		mdb_txn_abort(s->txn);
	}
	s->txn = NULL;
	s->failed = 0;
}

static int accepted_record(struct ue_trigger *t, const MDB_val *key, const MDB_val *value)
{
	struct rd r = rd_over(value->mv_data, value->mv_size);
	const uint8_t *imsi, *originator;

	if (rd_u8(&r) != RECORD_ACCEPTED) {
		return ERR_NOTFOUND;
	}
	*t = (struct ue_trigger){ .id = number_of(key), .again = true };
	imsi = rd_take(&r, sizeof t->imsi);
	originator = rd_take(&r, sizeof t->originator);
	t->has_port = rd_u8(&r);
	t->port = rd_le16(&r);
	t->parts = rd_u8(&r);
	t->sent_s = (int64_t)rd_le64(&r);
	if (r.bad || imsi[sizeof t->imsi - 1] || originator[sizeof t->originator - 1]) {
		return ERR_PROTO;
	}
	memcpy(t->imsi, imsi, sizeof t->imsi);
	memcpy(t->originator, originator, sizeof t->originator);
	t->payload = r.p;
	t->payload_len = rd_left(&r);
	return 0;
}

static int part_record(char imsi[SMS_IMSI_MAX + 1], struct rd *r, const MDB_val *value)
{
	const uint8_t *name;
	uint8_t len;

	*r = rd_over(value->mv_data, value->mv_size);
	len = rd_u8(r);
	name = rd_take(r, len);
	return name ? sms_frame_imsi_parse(imsi, name, len) : ERR_PROTO;
}

/* Both walks: over "id" with `accepted`, over "part" with `part`. */
static int each(struct ue_state *s, ue_accepted_fn *accepted, ue_part_fn *part, void *arg)
{
	MDB_cursor *cursor = NULL;
	MDB_val key, value;
	MDB_txn *txn;
	int err = 0, rc = mdb_txn_begin(s->kv.env, NULL, MDB_RDONLY, &txn);

	if (rc) {
		return kv_err(rc);
	}
	rc = mdb_cursor_open(txn, accepted ? s->id : s->part, &cursor);
	while (!rc && !err && !(rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))) {
		char imsi[SMS_IMSI_MAX + 1];
		struct ue_trigger t;
		struct rd r;

		if (accepted) {
			err = accepted_record(&t, &key, &value);
			err = err == ERR_NOTFOUND ? 0 : err ? err : accepted(arg, &t);
		} else {
			err = part_record(imsi, &r, &value);
			if (!err) {
				err = part(arg, number_of(&key), imsi, r.p, rd_left(&r));
			}
		}
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

int ue_state_each_accepted(struct ue_state *s, ue_accepted_fn *fn, void *arg)
{
	return each(s, fn, NULL, arg);
}

int ue_state_each_part(struct ue_state *s, ue_part_fn *fn, void *arg)
{
	return each(s, NULL, fn, arg);
}
