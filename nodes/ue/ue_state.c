/* ue_state.c - LMDB: "id" (delivery id -> number and trigger), "order" (number -> delivery id, for
 * ageing), "part" (delivery id and part -> IMSI and RPDU). */
#include "nodes/ue/ue_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "nodes/common/node_kv.h"

enum { STATE_FORMAT = 1, RECORD_ACTED = 1, RECORD_ACCEPTED = 2, RECORD_ORDER = 1, RECORD_MAX = 256 + SMS_PAYLOAD_MAX };

#define UE_STATE_MAGIC 0xb27f6ffau
struct ue_state {
	struct obj obj;
	struct node_kv kv;
	MDB_dbi id, order, part;
	uint64_t ids_max, number_next, oldest;
	uint8_t record[RECORD_MAX];
};
OBJ_FIRST(struct ue_state);

/* First and last number of the ageing list. */
static int read_order(struct ue_state *s)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_cursor_open(s->kv.txn, s->order, &cursor);

	if (rc) {
		return rc;
	}
	rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	if (!rc) {
		s->oldest = node_kv_number(&key);
		rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
	}
	if (!rc) {
		s->number_next = node_kv_number(&key) + 1;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int open_tables(void *arg)
{
	struct ue_state *s = OBJ_OF(arg, struct ue_state, UE_STATE_MAGIC);
	int rc = mdb_dbi_open(s->kv.txn, "id", MDB_CREATE, &s->id);

	if (!rc) {
		rc = mdb_dbi_open(s->kv.txn, "order", MDB_CREATE, &s->order);
	}
	if (!rc) {
		rc = mdb_dbi_open(s->kv.txn, "part", MDB_CREATE, &s->part);
	}
	return rc ? rc : read_order(s);
}

int ue_state_open(struct ue_state **out, const char *dir, uint64_t size_max, uint64_t lock_wait_ms, uint64_t ids_max,
		  char why[UE_STATE_WHY_MAX])
{
	const struct kv_conf conf = { .dir = dir,
				      .kind = "state of mtc-ue",
				      .format = STATE_FORMAT,
				      .map_max = size_max,
				      .databases = 3,
				      .lock_wait_ms = lock_wait_ms,
				      .size_key = "--state-max" };
	struct ue_state *s = calloc(1, sizeof *s);
	int err;

	if (!s) {
		snprintf(why, UE_STATE_WHY_MAX, "out of memory");
		return ERR_NOMEM;
	}
	obj_begin(&s->obj, UE_STATE_MAGIC);
	s->ids_max = ids_max;
	err = node_kv_open(&s->kv, &conf, open_tables, s, why, UE_STATE_WHY_MAX);
	if (err) {
		free(s);
		return err;
	}
	*out = s;
	return 0;
}

void ue_state_close(struct ue_state *s)
{
	if (!s) {
		return;
	}
	node_kv_close(&s->kv);
	OBJ_END(s, UE_STATE_MAGIC);
	free(s);
}

enum ue_known ue_state_known(struct ue_state *s, uint64_t id)
{
	uint8_t octets[8];
	MDB_val key = node_kv_key(id, octets), value;
	MDB_txn *txn = s->kv.txn;
	enum ue_known known = UE_NEW;

	if (!txn && mdb_txn_begin(s->kv.kv.env, NULL, MDB_RDONLY, &txn)) {
		return UE_NEW;
	}
	if (mdb_get(txn, s->id, &key, &value) == 0 && value.mv_size) {
		known = *(uint8_t *)value.mv_data == RECORD_ACCEPTED ? UE_ACCEPTED : UE_ACTED;
	}
	if (txn != s->kv.txn) {
		mdb_txn_abort(txn);
	}
	return known;
}

static void drop_parts(struct ue_state *s, uint64_t id)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	uint8_t octets[8];

	s->kv.failed = mdb_cursor_open(s->kv.txn, s->part, &cursor);
	if (s->kv.failed) {
		return;
	}
	key = node_kv_key(id, octets);
	while (mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE) == 0 && node_kv_number(&key) == id && !s->kv.failed) {
		s->kv.failed = mdb_cursor_del(cursor, 0);
		key = node_kv_key(id, octets);
	}
	mdb_cursor_close(cursor);
}

/* The oldest ids make room. */
static void age(struct ue_state *s)
{
	uint8_t octets[8], id_octets[8];

	while (!s->kv.failed && s->number_next - s->oldest > s->ids_max) {
		MDB_val key = node_kv_key(s->oldest++, octets), value, id;

		if (mdb_get(s->kv.txn, s->order, &key, &value) || value.mv_size != 9) {
			continue;
		}
		value = (MDB_val){ 8, (uint8_t *)value.mv_data + 1 };
		id = node_kv_key(node_kv_number(&value), id_octets);
		mdb_del(s->kv.txn, s->id, &id, NULL);
		s->kv.failed = mdb_del(s->kv.txn, s->order, &key, NULL);
	}
}

static void put_id(struct ue_state *s, uint64_t id, const struct buf *record)
{
	uint8_t id_octets[8], number[8], order_octets[9] = { RECORD_ORDER };
	MDB_val key = node_kv_key(id, id_octets), value, order_key = node_kv_key(s->number_next, number);
	MDB_val order_value = { sizeof order_octets, order_octets };
	bool known = mdb_get(s->kv.txn, s->id, &key, &value) == 0;

	memcpy(order_octets + 1, id_octets, sizeof id_octets);
	value = (MDB_val){ record->len, record->p };
	s->kv.failed = record->full ? EINVAL : mdb_put(s->kv.txn, s->id, &key, &value, 0);
	if (!s->kv.failed && !known) {
		s->kv.failed = mdb_put(s->kv.txn, s->order, &order_key, &order_value, 0);
		s->number_next++;
	}
	if (!s->kv.failed) {
		drop_parts(s, id);
	}
	age(s);
}

void ue_state_accepted(struct ue_state *s, const struct ue_trigger *t)
{
	struct buf b = buf_over(s->record, sizeof s->record);

	if (!node_kv_begin(&s->kv)) {
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

	if (!node_kv_begin(&s->kv)) {
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

	if (!node_kv_begin(&s->kv)) {
		return;
	}
	buf_be64(&k, id);
	buf_u8(&k, part);
	buf_u8(&b, (uint8_t)strlen(imsi));
	buf_bytes(&b, imsi, strlen(imsi));
	buf_bytes(&b, rpdu, len);
	value = (MDB_val){ b.len, b.p };
	s->kv.failed = mdb_put(s->kv.txn, s->part, &key, &value, 0);
}

bool ue_state_dirty(const struct ue_state *s)
{
	return node_kv_dirty(&s->kv);
}

int ue_state_commit(struct ue_state *s)
{
	OBJ_CHECK(s, UE_STATE_MAGIC);
	return node_kv_commit(&s->kv);
}

const char *ue_state_words(const struct ue_state *s)
{
	return s->kv.words;
}

void ue_state_abort(struct ue_state *s)
{
	node_kv_abort(&s->kv);
}

static int accepted_record(struct ue_trigger *t, const MDB_val *key, const MDB_val *value)
{
	struct rd r = rd_over(value->mv_data, value->mv_size);
	const uint8_t *imsi, *originator;

	if (rd_u8(&r) != RECORD_ACCEPTED) {
		return ERR_NOTFOUND;
	}
	*t = (struct ue_trigger){ .id = node_kv_number(key), .again = true };
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

#define WALK_MAGIC 0xe34ed3e5u
struct walk {
	struct obj obj;
	ue_accepted_fn *accepted;
	ue_part_fn *part;
	void *arg;
};

static int each_accepted(void *arg, const MDB_val *key, const MDB_val *value)
{
	const struct walk *w = OBJ_OF(arg, struct walk, WALK_MAGIC);
	struct ue_trigger t;
	int err = accepted_record(&t, key, value);

	return err == ERR_NOTFOUND ? 0 : err ? err : w->accepted(w->arg, &t);
}

static int each_part(void *arg, const MDB_val *key, const MDB_val *value)
{
	const struct walk *w = OBJ_OF(arg, struct walk, WALK_MAGIC);
	char imsi[SMS_IMSI_MAX + 1];
	struct rd r;
	int err = part_record(imsi, &r, value);

	return err ? err : w->part(w->arg, node_kv_number(key), imsi, r.p, rd_left(&r));
}

int ue_state_each_accepted(struct ue_state *s, ue_accepted_fn *fn, void *arg)
{
	struct walk w = { .obj = OBJ(WALK_MAGIC), .accepted = fn, .arg = arg };

	return node_kv_each(&s->kv, s->id, each_accepted, &w);
}

int ue_state_each_part(struct ue_state *s, ue_part_fn *fn, void *arg)
{
	struct walk w = { .obj = OBJ(WALK_MAGIC), .part = fn, .arg = arg };

	return node_kv_each(&s->kv, s->part, each_part, &w);
}
