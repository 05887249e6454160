/* asc.c - opening, closing, transactions. What is in memory changes only after its transaction is on disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "assoc/asc_int.h"

#define FORMAT 4u /* 1: without groups; 2: without named sets; 3: without modes of rules */
#define FORMAT_OLDEST 1u
#define MAP_DEFAULT (4ull << 30)

static const char generation_key[] = "generation";
static const char next_key[] = "next";

int asc_fail(struct asc_why *why, int rc, const char *doing)
{
	snprintf(why->text, sizeof why->text, "association store: cannot %s: %s", doing, mdb_strerror(rc));
	return kv_err(rc);
}

int asc_abort(MDB_txn *txn, struct asc_why *why, int rc, const char *doing)
{
	mdb_txn_abort(txn);
	return asc_fail(why, rc, doing);
}

MDB_val asc_key_text(uint8_t *room, const char *text)
{
	struct buf b = buf_over(room, ASC_KEY_MAX);

	buf_u8(&b, ASC_ROW_VERSION);
	buf_bytes(&b, text, strlen(text));
	return (MDB_val){ b.len, room };
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

int asc_put_u64(struct asc *a, MDB_txn *txn, const char *name, uint64_t v)
{
	uint8_t bytes[8];
	struct buf b = buf_over(bytes, sizeof bytes);
	MDB_val key = { strlen(name), (void *)(uintptr_t)name }, val = { sizeof bytes, bytes };

	buf_le64(&b, v);
	return mdb_put(txn, a->kv.meta, &key, &val, 0);
}

/* 0 when it was never written. */
static int get_u64(struct asc *a, MDB_txn *txn, const char *name, uint64_t *v)
{
	MDB_val key = { strlen(name), (void *)(uintptr_t)name }, val;
	int rc = mdb_get(txn, a->kv.meta, &key, &val);
	struct rd r;

	*v = 0;
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc)
		return rc;
	r = rd_over(val.mv_data, val.mv_size);
	*v = rd_le64(&r);
	return r.bad || rd_left(&r) ? MDB_CORRUPTED : 0;
}

int asc_put_count(struct asc *a, MDB_txn *txn, uint32_t number, uint64_t n)
{
	uint8_t room[ASC_KEY_MAX], bytes[9];
	struct buf b = buf_over(bytes, sizeof bytes);
	MDB_val key = asc_key_number(room, number), val = { sizeof bytes, bytes };

	buf_u8(&b, ASC_ROW_VERSION);
	buf_le64(&b, n);
	return mdb_put(txn, a->count, &key, &val, 0);
}

int asc_begin(struct asc *a, MDB_txn **txn, struct asc_why *why)
{
	int rc;

	why->text[0] = 0;
	rc = mdb_txn_begin(a->kv.env, NULL, 0, txn);
	if (rc)
		return asc_fail(why, rc, "begin a change");
	rc = asc_put_u64(a, *txn, generation_key, a->generation + 1);
	if (!rc)
		rc = asc_put_u64(a, *txn, next_key, a->next_number);
	return rc ? asc_abort(*txn, why, rc, "begin a change") : 0;
}

int asc_commit(struct asc *a, MDB_txn *txn, struct asc_why *why)
{
	int rc = mdb_txn_commit(txn);

	if (rc)
		return asc_fail(why, rc, "commit");
	a->generation++;
	return 0;
}

static int load_scs(struct asc *a, const MDB_val *key, const MDB_val *val, struct asc_why *why)
{
	const uint8_t *k = key->mv_data;
	struct asc_node *node;
	int err;

	if (key->mv_size < 1 || k[0] != ASC_ROW_VERSION) {
		snprintf(why->text, sizeof why->text,
			 "association store: an SCS record of version %u, this program knows version %u",
			 key->mv_size ? k[0] : 0u, ASC_ROW_VERSION);
		return ERR_VERSION;
	}
	err = asc_node_reserve(a);
	if (err)
		return err;
	node = calloc(1, sizeof *node);
	if (!node)
		return ERR_NOMEM;
	err = str_copy(node->scs.name, sizeof node->scs.name, k + 1, key->mv_size - 1);
	if (!err)
		err = asc_scs_record_get(&node->scs, &node->number, val->mv_data, val->mv_size);
	if (!err)
		err = asc_scs_check(&node->scs, why);
	if (!err && node->number >= a->next_number)
		err = ERR_PROTO;
	if (err) {
		snprintf(why->text, sizeof why->text, "association store: the record of SCS '%.63s' is %s", node->scs.name,
			 err == ERR_VERSION ? "of another version" : "damaged");
		free(node);
		return err == ERR_VERSION ? err : ERR_PROTO;
	}
	asc_node_link(a, node);
	return 0;
}

static int load_set(struct asc *a, const MDB_val *key, const MDB_val *val, struct asc_why *why)
{
	struct rd k = rd_over(key->mv_data, key->mv_size), v = rd_over(val->mv_data, val->mv_size);
	char device[ASSOC_DEVICE_TEXT_MAX + 1];
	struct asc_set_rule rule = { 0 };
	struct asc_node *node;
	uint32_t number;

	if (rd_u8(&k) != ASC_ROW_VERSION || rd_u8(&v) != ASC_ROW_VERSION) {
		snprintf(why->text, sizeof why->text, "association store: a rule of another version than %u", ASC_ROW_VERSION);
		return ERR_VERSION;
	}
	number = rd_be32(&k);
	rule.verdict = rd_u8(&k);
	rule.rights = rd_u8(&v);
	if (rule.rights & ASC_SET_DETECT)
		rule.mode = ASSOC_DETECT;
	rule.rights &= (uint8_t)~ASC_SET_DETECT;
	rule.not_before_s = (int64_t)rd_le64(&v);
	rule.not_after_s = (int64_t)rd_le64(&v);
	node = asc_node_by_number(a, number);
	if (k.bad || v.bad || rd_left(&v) || !node || rule.verdict > ASSOC_BLOCK || (rule.rights & ~ASSOC_RIGHT_ALL) ||
	    (rule.mode == ASSOC_DETECT && rule.verdict == ASSOC_ALLOW) || str_copy(device, sizeof device, k.p, rd_left(&k)) ||
	    asc_devname_parse(&rule.device, device, why) || node->dset.name[0] || asc_dset_resolve(a, &rule.device, why)) {
		snprintf(why->text, sizeof why->text, "association store: a rule of SCS number %u is damaged", number);
		return ERR_PROTO;
	}
	if (asc_sets_reserve(node))
		return ERR_NOMEM;
	node->sets[node->sets_n++] = rule;
	return 0;
}

static int load_count(struct asc *a, const MDB_val *key, const MDB_val *val, struct asc_why *why)
{
	struct rd k = rd_over(key->mv_data, key->mv_size), v = rd_over(val->mv_data, val->mv_size);
	struct asc_node *node;
	uint64_t n;

	(void)rd_u8(&k);
	(void)rd_u8(&v);
	node = asc_node_by_number(a, rd_be32(&k));
	n = rd_le64(&v);
	if (k.bad || v.bad || !node) {
		snprintf(why->text, sizeof why->text, "association store: a counter is damaged");
		return ERR_PROTO;
	}
	node->exact_n = n;
	return 0;
}

typedef int load_fn(struct asc *a, const MDB_val *key, const MDB_val *val, struct asc_why *why);

static int load_each(struct asc *a, MDB_txn *txn, MDB_dbi dbi, load_fn *fn, struct asc_why *why)
{
	MDB_cursor *cur;
	MDB_val key, val;
	int err = 0, rc = mdb_cursor_open(txn, dbi, &cur);

	if (rc)
		return asc_fail(why, rc, "read");
	while (!err && (rc = mdb_cursor_get(cur, &key, &val, MDB_NEXT)) == 0)
		err = fn(a, &key, &val, why);
	mdb_cursor_close(cur);
	if (!err && rc != MDB_NOTFOUND)
		err = asc_fail(why, rc, "read");
	if (err == ERR_NOMEM)
		snprintf(why->text, sizeof why->text, "association store: out of memory");
	return err;
}

static int load(struct asc *a, MDB_txn *txn, struct asc_why *why)
{
	uint64_t next;
	int err, rc = get_u64(a, txn, generation_key, &a->generation);

	if (!rc)
		rc = get_u64(a, txn, next_key, &next);
	if (rc)
		return asc_fail(why, rc, "read its counters");
	a->next_number = next ? (uint32_t)next : 1;
	err = load_each(a, txn, a->scs, load_scs, why);
	asc_node_sort(a);
	if (!err)
		err = load_each(a, txn, a->group, asc_group_load, why);
	if (!err)
		err = load_each(a, txn, a->dset, asc_dset_load, why);
	if (!err)
		err = load_each(a, txn, a->member, asc_member_load, why);
	if (!err)
		err = load_each(a, txn, a->set, load_set, why);
	if (!err)
		err = load_each(a, txn, a->count, load_count, why);
	return err;
}

/* The databases are made by one first transaction, so a store is either empty or whole. */
static int open_databases(struct asc *a, const struct kv_conf *kc, struct asc_why *why)
{
	MDB_txn *txn;
	int err, rc = mdb_txn_begin(a->kv.env, NULL, 0, &txn);

	if (rc)
		return asc_fail(why, rc, "begin");
	rc = mdb_dbi_open(txn, "scs", MDB_CREATE, &a->scs);
	if (!rc)
		rc = mdb_dbi_open(txn, "dev", MDB_CREATE, &a->dev);
	if (!rc)
		rc = mdb_dbi_open(txn, "set", MDB_CREATE, &a->set);
	if (!rc)
		rc = mdb_dbi_open(txn, "count", MDB_CREATE, &a->count);
	if (!rc)
		rc = mdb_dbi_open(txn, "group", MDB_CREATE, &a->group);
	if (!rc)
		rc = mdb_dbi_open(txn, "member", MDB_CREATE, &a->member);
	if (!rc)
		rc = mdb_dbi_open(txn, "dset", MDB_CREATE, &a->dset);
	if (!rc && a->kv.format != kc->format)
		rc = kv_put_format(&a->kv, txn, kc); /* what 1 to 3 had is the same in 4 */
	if (rc)
		return asc_abort(txn, why, rc, "open its databases");
	err = load(a, txn, why);
	if (err) {
		mdb_txn_abort(txn);
		return err;
	}
	rc = mdb_txn_commit(txn);
	if (!rc)
		rc = mdb_txn_begin(a->kv.env, NULL, MDB_RDONLY, &a->reader);
	if (rc)
		return asc_fail(why, rc, "open its databases");
	mdb_txn_reset(a->reader);
	return 0;
}

int asc_open(struct asc **out, const struct asc_conf *conf, struct asc_why *why)
{
	struct kv_conf kc = { .dir = conf->dir,
			      .kind = "association store",
			      .format = FORMAT,
			      .map_max = conf->map_max ? conf->map_max : MAP_DEFAULT,
			      .databases = 7,
			      .format_oldest = FORMAT_OLDEST };
	struct asc *a = calloc(1, sizeof *a);
	int err;

	why->text[0] = 0;
	if (!a) {
		snprintf(why->text, sizeof why->text, "association store: out of memory");
		return ERR_NOMEM;
	}
	a->kv.lock_fd = -1;
	a->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a->wake_fd < 0) {
		snprintf(why->text, sizeof why->text, "association store: cannot make an eventfd");
		free(a);
		return ERR_IO;
	}
	strcpy(a->anyone.scs.name, "*");
	err = kv_open(&a->kv, &kc, why->text, sizeof why->text);
	if (!err)
		err = open_databases(a, &kc, why);
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
	if (a->reader)
		mdb_txn_abort(a->reader);
	kv_close(&a->kv);
	close(a->wake_fd);
	for (size_t i = 0; i < a->n; i++)
		asc_node_free(a->by_name[i]);
	for (size_t i = 0; i < a->groups_n; i++)
		asc_node_free(a->groups[i]);
	free(a->groups);
	for (size_t i = 0; i < a->dsets_n; i++)
		asc_node_free(a->dsets[i]);
	free(a->dsets);
	free(a->anyone.sets);
	free(a->by_name);
	free(a->by_host);
	free(a->by_e164);
	free(a->by_number);
	free(a);
}

uint64_t asc_generation(const struct asc *a)
{
	return a->generation;
}
