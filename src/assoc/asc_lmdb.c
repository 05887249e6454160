/* asc_lmdb.c - keys and counters in LMDB's form, and LMDB's codes as our errors. */
#include "assoc/asc_lmdb.h"

#include <stdio.h>
#include <string.h>

#include "assoc/asc.h"

int asc_fail(struct asc_why *why, const struct kv *kv, int rc, const char *doing)
{
	char words[300];

	rc = kv_cause(kv, rc);
	snprintf(why->text, sizeof why->text, "association store: cannot %s: %s", doing, kv_words(kv, rc, words, sizeof words));
	return kv_err(rc);
}

MDB_val asc_key_text(uint8_t *room, const char *text)
{
	size_t len = strlen(text); /* every text in a key is shorter than ASC_KEY_MAX */

	room[0] = ASC_ROW_VERSION;
	memcpy(room + 1, text, len);
	return (MDB_val){ len + 1, room };
}

MDB_val asc_key_set(uint8_t *room, uint32_t number, uint8_t verdict, const char *device)
{
	struct buf b = buf_over(room, ASC_KEY_MAX);

	buf_u8(&b, ASC_ROW_VERSION);
	buf_be32(&b, number);
	buf_u8(&b, verdict);
	buf_bytes(&b, device, strlen(device));
	return (MDB_val){ b.len, room };
}

MDB_val asc_key_number(uint8_t *room, uint32_t number)
{
	struct buf b = buf_over(room, ASC_KEY_MAX);

	buf_u8(&b, ASC_ROW_VERSION);
	buf_be32(&b, number);
	return (MDB_val){ b.len, room };
}

MDB_val asc_key_member(uint8_t *room, uint32_t group, uint32_t scs)
{
	struct buf b = buf_over(room, ASC_KEY_MAX);

	buf_u8(&b, ASC_ROW_VERSION);
	buf_be32(&b, group);
	buf_be32(&b, scs);
	return (MDB_val){ b.len, room };
}

int asc_put_u64(const struct kv *kv, MDB_txn *txn, const char *name, uint64_t v)
{
	uint8_t bytes[8];
	struct buf b = buf_over(bytes, sizeof bytes);
	MDB_val key = { strlen(name), (void *)(uintptr_t)name }, val = { sizeof bytes, bytes };

	buf_le64(&b, v);
	return mdb_put(txn, kv->meta, &key, &val, 0);
}

int asc_get_u64(const struct kv *kv, MDB_txn *txn, const char *name, uint64_t *v)
{
	MDB_val key = { strlen(name), (void *)(uintptr_t)name }, val;
	int rc = mdb_get(txn, kv->meta, &key, &val);
	struct rd r;

	*v = 0;
	if (rc) {
		return rc == MDB_NOTFOUND ? 0 : rc;
	}
	r = rd_over(val.mv_data, val.mv_size);
	*v = rd_le64(&r);
	return r.bad || rd_left(&r) ? MDB_CORRUPTED : 0;
}
