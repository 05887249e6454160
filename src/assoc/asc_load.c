/* asc_load.c - loading a store when it is opened. Each row is checked as if it came from
 * outside. */
#include "assoc/asc_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_check.h"
#include "assoc/asc_lmdb.h"
#include "assoc/asc_overlap.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"
#include "base/str.h"

struct loading {
	struct asc *a;
	struct asc_model *m;
	struct asc_why *why;
	struct asc_set_rule *rules; /* of `number`, those read so far */
	uint32_t rules_n, rules_cap, number;
};

/* Puts the node into the model. Takes it. */
static int keep(struct loading *l, struct asc_node *node)
{
	int err = asc_model_put(l->m, node);

	if (err) {
		asc_node_free(node);
	}
	return err;
}

static bool number_ok(const struct loading *l, uint32_t number)
{
	return number != ASC_NOBODY && number < l->a->next_number && !asc_model_slot(l->m, number);
}

static int load_scs(struct loading *l, const MDB_val *key, const MDB_val *val)
{
	const uint8_t *k = key->mv_data;
	struct asc_scs scs = { .name = "" };
	struct asc_node *node;
	uint32_t number = 0;
	int err;

	if (key->mv_size < 1 || k[0] != ASC_ROW_VERSION) {
		return asc_refuse(l->why, ERR_VERSION,
				  "association store: an SCS record of version %u, this program knows version %u",
				  key->mv_size ? k[0] : 0u, ASC_ROW_VERSION);
	}
	err = str_copy(scs.name, sizeof scs.name, k + 1, key->mv_size - 1);
	if (!err) {
		err = asc_scs_record_get(&scs, &number, val->mv_data, val->mv_size);
	}
	if (!err) {
		err = asc_scs_check(&scs, l->why);
	}
	if (!err && !number_ok(l, number)) {
		err = ERR_PROTO;
	}
	if (err) {
		return asc_refuse(
		    l->why, err == ERR_VERSION ? err : ERR_PROTO, "association store: the record of SCS '%.63s' is %s", scs.name,
		    err == ERR_VERSION ? "of another version, or has a limit or protection that this program does not know"
				       : "damaged");
	}
	node = asc_node_new(ASC_NODE_SCS, number, scs.name);
	if (!node) {
		return ERR_NOMEM;
	}
	node->scs = scs;
	return keep(l, node);
}

static int damaged(struct loading *l, const char *what, bool version)
{
	return asc_refuse(l->why, version ? ERR_VERSION : ERR_PROTO, "association store: %s is %s", what,
			  version ? "of another version" : "damaged");
}

static int load_group(struct loading *l, const MDB_val *key, const MDB_val *val)
{
	struct rd k = rd_over(key->mv_data, key->mv_size), v = rd_over(val->mv_data, val->mv_size);
	struct asc_group g = { .name = "" };
	struct asc_node *node;
	const uint8_t *anchor;
	uint32_t number;
	size_t len;

	if (rd_u8(&k) != ASC_ROW_VERSION || rd_u8(&v) != ASC_ROW_VERSION) {
		return damaged(l, "a group", !k.bad && !v.bad);
	}
	number = rd_le32(&v);
	len = rd_u8(&v);
	anchor = rd_take(&v, len);
	if (!anchor || rd_left(&v) || !number_ok(l, number) || str_copy(g.name, sizeof g.name, k.p, rd_left(&k)) ||
	    str_copy(g.anchor, sizeof g.anchor, anchor, len) || !ident_name_ok(g.name) || (len && !ident_name_ok(g.anchor))) {
		return damaged(l, "a group", false);
	}
	node = asc_node_new(ASC_NODE_GROUP, number, g.name);
	if (!node) {
		return ERR_NOMEM;
	}
	node->group = g;
	return keep(l, node);
}

static int load_dset(struct loading *l, const MDB_val *key, const MDB_val *val)
{
	struct rd k = rd_over(key->mv_data, key->mv_size), v = rd_over(val->mv_data, val->mv_size);
	char name[IDENT_SCS_MAX + 1];
	struct asc_node *node;
	uint32_t number;

	if (rd_u8(&k) != ASC_ROW_VERSION || rd_u8(&v) != ASC_ROW_VERSION) {
		return damaged(l, "a device set", !k.bad && !v.bad);
	}
	number = rd_le32(&v);
	if (v.bad || rd_left(&v) || str_copy(name, sizeof name, k.p, rd_left(&k)) || !ident_name_ok(name) ||
	    !number_ok(l, number)) {
		return damaged(l, "a device set", false);
	}
	node = asc_node_new(ASC_NODE_SET, number, name);
	if (!node) {
		return ERR_NOMEM;
	}
	str_set(node->dset.name, sizeof node->dset.name, name);
	return keep(l, node);
}

static int load_member(struct loading *l, const MDB_val *key, const MDB_val *val)
{
	struct rd k = rd_over(key->mv_data, key->mv_size), v = rd_over(val->mv_data, val->mv_size);
	struct asc_node *group, *scs;

	if (rd_u8(&k) != ASC_ROW_VERSION || rd_u8(&v) != ASC_ROW_VERSION) {
		return damaged(l, "a membership of a group", !k.bad && !v.bad);
	}
	group = asc_model_node(l->m, rd_be32(&k));
	scs = asc_model_node(l->m, rd_be32(&k));
	if (k.bad || rd_left(&k) || rd_left(&v) || !group || group->kind != ASC_NODE_GROUP || !scs || scs->kind != ASC_NODE_SCS ||
	    scs->groups_n == ASC_GROUPS_PER_SCS_MAX) {
		return damaged(l, "a membership of a group", false);
	}
	scs->groups[scs->groups_n++] = group->number;
	return 0;
}

/* All rules of l->number have been read, since rows are ordered by number: builds its index. */
static int end_rules(struct loading *l)
{
	struct asc_set_rule *all = l->rules;
	uint32_t n = l->rules_n;

	l->rules = NULL;
	l->rules_n = l->rules_cap = 0;
	return all ? asc_sets_build(&asc_model_node(l->m, l->number)->sets, all, n, &l->m->key) : 0;
}

static int keep_rule(struct loading *l, uint32_t number, const struct asc_set_rule *rule)
{
	uint32_t cap = l->rules_cap ? l->rules_cap * 2 : 8;
	struct asc_set_rule *bigger;

	if (number != l->number && end_rules(l)) {
		return ERR_NOMEM;
	}
	l->number = number;
	if (l->rules_n == l->rules_cap) {
		bigger = realloc(l->rules, cap * sizeof *bigger);
		if (!bigger) {
			return ERR_NOMEM;
		}
		l->rules = bigger;
		l->rules_cap = cap;
	}
	l->rules[l->rules_n++] = *rule;
	return 0;
}

static int load_set(struct loading *l, const MDB_val *key, const MDB_val *val)
{
	struct rd k = rd_over(key->mv_data, key->mv_size), v = rd_over(val->mv_data, val->mv_size);
	char device[ASSOC_DEVICE_TEXT_MAX + 1];
	struct asc_set_rule rule = { 0 };
	struct asc_node *node;
	uint32_t number;

	if (rd_u8(&k) != ASC_ROW_VERSION || rd_u8(&v) != ASC_ROW_VERSION) {
		return asc_refuse(l->why, ERR_VERSION, "association store: a rule of another version than %u", ASC_ROW_VERSION);
	}
	number = rd_be32(&k);
	rule.verdict = rd_u8(&k);
	rule.rights = rd_u8(&v);
	if (rule.rights & ASC_SET_DETECT) {
		rule.mode = ASSOC_DETECT;
	}
	rule.rights &= (uint8_t)~ASC_SET_DETECT;
	rule.not_before_s = (int64_t)rd_le64(&v);
	rule.not_after_s = (int64_t)rd_le64(&v);
	node = asc_model_node(l->m, number);
	if (k.bad || v.bad || rd_left(&v) || !node || node->kind == ASC_NODE_SET || rule.verdict > ASSOC_BLOCK ||
	    (rule.rights & ~ASSOC_RIGHT_ALL) || (rule.mode == ASSOC_DETECT && rule.verdict == ASSOC_ALLOW) ||
	    str_copy(device, sizeof device, k.p, rd_left(&k)) || asc_devname_parse(&rule.device, device, l->why) ||
	    asc_dset_resolve(l->m, &rule.device, l->why)) {
		return asc_refuse(l->why, ERR_PROTO, "association store: a rule of SCS number %u is damaged", number);
	}
	return keep_rule(l, number, &rule);
}

/* The counter of a deleted SCS, group or set stays until the next import, and is ignored. */
static int load_count(struct loading *l, const MDB_val *key, const MDB_val *val)
{
	struct rd k = rd_over(key->mv_data, key->mv_size), v = rd_over(val->mv_data, val->mv_size);
	struct asc_slot *slot;
	uint64_t n;

	if (rd_u8(&k) != ASC_ROW_VERSION || rd_u8(&v) != ASC_ROW_VERSION) {
		return damaged(l, "a counter", !k.bad && !v.bad);
	}
	slot = asc_model_slot(l->m, rd_be32(&k));
	n = rd_le64(&v);
	if (k.bad || v.bad) {
		return damaged(l, "a counter", false);
	}
	if (slot) {
		slot->exact_n = n;
	}
	return 0;
}

typedef int load_fn(struct loading *l, const MDB_val *key, const MDB_val *val);

static int load_each(struct loading *l, MDB_txn *txn, MDB_dbi dbi, load_fn *fn)
{
	MDB_cursor *cur;
	MDB_val key, val;
	int err = 0, rc = mdb_cursor_open(txn, dbi, &cur);

	if (rc) {
		return asc_fail(l->why, NULL, rc, "read");
	}
	while (!err && (rc = mdb_cursor_get(cur, &key, &val, MDB_NEXT)) == 0) {
		err = fn(l, &key, &val);
	}
	mdb_cursor_close(cur);
	if (!err && rc != MDB_NOTFOUND) {
		err = asc_fail(l->why, NULL, rc, "read");
	}
	if (err == ERR_NOMEM) {
		asc_refuse(l->why, err, "association store: out of memory");
	}
	return err;
}

int asc_load(struct asc *a, MDB_txn *txn, struct asc_why *why)
{
	uint64_t next;
	int rc = asc_get_u64(&a->main->kv, txn, "generation", &a->main_changes);

	if (!rc) {
		rc = asc_get_u64(&a->main->kv, txn, "next", &next);
	}
	if (rc) {
		return asc_fail(why, NULL, rc, "read its counters");
	}
	a->next_number = next ? (uint32_t)next : 1;
	return asc_load_model(a, txn, a->model, why);
}

int asc_load_model(struct asc *a, MDB_txn *txn, struct asc_model *m, struct asc_why *why)
{
	struct loading l = { .a = a, .m = m, .why = why };
	struct asc_why words = { "" };
	int err = load_each(&l, txn, a->main->scs, load_scs);

	if (!err) {
		err = load_each(&l, txn, a->main->group, load_group);
	}
	if (!err) {
		err = load_each(&l, txn, a->main->dset, load_dset);
	}
	if (!err && asc_model_index(m)) {
		err = asc_refuse(why, ERR_NOMEM, "association store: out of memory");
	}
	if (!err && asc_overlap_check(m, NULL, &words)) {
		err = asc_refuse(why, ERR_PROTO, "association store: %.300s", words.text);
	}
	if (!err) {
		err = load_each(&l, txn, a->main->member, load_member);
	}
	if (!err) {
		err = load_each(&l, txn, a->main->set, load_set);
	}
	if (!err && end_rules(&l)) {
		err = asc_refuse(why, ERR_NOMEM, "association store: out of memory");
	}
	free(l.rules);
	return err;
}

/* After a restore from backups the generation may be newer than the main environment. Taking the
 * larger "next" keeps a number from being used twice. */
int asc_load_counts(struct asc *a, struct asc_why *why)
{
	uint64_t next = 0;
	MDB_txn *txn;
	int rc = mdb_txn_begin(a->gen->kv.env, NULL, MDB_RDONLY, &txn);

	if (rc) {
		return asc_fail(why, NULL, rc, "read its counters");
	}
	rc = asc_get_u64(&a->gen->kv, txn, "generation", &a->gen_changes);
	if (!rc) {
		rc = asc_get_u64(&a->gen->kv, txn, "next", &next);
	}
	mdb_txn_abort(txn);
	if (rc) {
		return asc_fail(why, NULL, rc, "read its counters");
	}
	if (next > a->next_number) {
		a->next_number = (uint32_t)next;
	}
	a->model->generation = a->main_changes + a->gen_changes;
	return asc_load_entries(a, a->gen, a->model, why);
}

int asc_load_entries(struct asc *a, const struct asc_gen *g, struct asc_model *m, struct asc_why *why)
{
	struct loading l = { .a = a, .m = m, .why = why };
	MDB_txn *txn;
	int err, rc = mdb_txn_begin(g->kv.env, NULL, MDB_RDONLY, &txn);

	if (rc) {
		return asc_fail(why, NULL, rc, "read its counters");
	}
	err = load_each(&l, txn, g->count, load_count);
	mdb_txn_abort(txn);
	return err;
}
