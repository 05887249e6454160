/* asc_edit.c - one change under way: its transaction, its copy of the model, and the view that will
 * show both. */
#include "assoc/asc_edit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_lmdb.h"
#include "assoc/asc_load.h"
#include "assoc/asc_room.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"
#include "base/str.h"

static const char generation_key[] = "generation";
static const char next_key[] = "next";

void asc_edit_drop(struct asc_edit *e)
{
	if (e->txn) {
		mdb_txn_abort(e->txn);
	}
	asc_view_free(e->view);
	asc_model_free(e->model);
}

int asc_edit_begin(struct asc_edit *e, struct asc *a, struct asc_job *job, bool of_gen, struct asc_gen *gen)
{
	struct asc_why *why = &job->out.why;
	int rc;

	*e = (struct asc_edit){ .a = a, .job = job, .of_gen = of_gen, .gen = gen };
	if (a->broken) {
		return asc_refuse(why, ERR_IO, "association store: what was written cannot be read: start again");
	}
	e->model = asc_model_copy(a->model);
	if (!e->model) {
		return asc_refuse(why, ERR_NOMEM, "out of memory");
	}
	e->view = asc_view_new(e->model, gen, why);
	if (!e->view) {
		asc_edit_drop(e);
		return ERR_NOMEM;
	}
	rc = kv_write_begin(of_gen ? &gen->kv : &a->main->kv, &e->txn);
	if (rc) {
		e->txn = NULL;
		asc_edit_drop(e);
		return asc_fail(why, of_gen ? &gen->kv : &a->main->kv, rc, "begin a change");
	}
	return 0;
}

static const struct kv *kv_of(const struct asc_edit *e)
{
	return e->of_gen ? &e->gen->kv : &e->a->main->kv;
}

static int put_counters(struct asc_edit *e)
{
	struct asc *a = e->a;
	const struct kv *kv = kv_of(e);
	int rc = asc_put_u64(kv, e->txn, generation_key, (e->of_gen ? a->gen_changes : a->main_changes) + 1);

	return rc ? rc : asc_put_u64(kv, e->txn, next_key, a->next_number);
}

int asc_edit_end(struct asc_edit *e, int err, int rc, const char *doing)
{
	struct asc_why *why = &e->job->out.why;
	struct asc *a = e->a;

	if (!err && !rc && e->reindex && asc_model_index(e->model)) {
		rc = ENOMEM;
	}
	if (!err && !rc) {
		rc = put_counters(e);
	}
	if (!err && !rc) {
		rc = mdb_txn_commit(e->txn);
		e->txn = NULL;
		doing = "commit";
	}
	if (err || rc) {
		asc_edit_drop(e);
		return err ? err : asc_fail(why, kv_of(e), rc, doing);
	}
	if (e->of_gen) {
		a->gen_changes++;
	} else {
		a->main_changes++;
	}
	e->model->generation = a->main_changes + a->gen_changes;
	asc_room_wrote(a, 0);
	asc_model_free(a->model);
	a->model = e->model;
	mdb_txn_reset(e->view->reader);
	rc = mdb_txn_renew(e->view->reader);
	if (rc) { /* on disk, but not readable: the old view stays in force until the next start */
		a->broken = true;
		asc_view_free(e->view);
		return asc_fail(why, kv_of(e), rc, "read what was committed");
	}
	e->job->view = e->view;
	return 0;
}

int asc_edit_reload(struct asc_edit *e)
{
	struct asc_why *why = &e->job->out.why;
	struct asc_model *fresh = asc_model_new();
	int err = fresh ? asc_load_model(e->a, e->txn, fresh, why) : asc_refuse(why, ERR_NOMEM, "out of memory");

	if (!err) {
		err = asc_load_entries(e->a, e->gen, fresh, why);
	}
	if (err) {
		asc_model_free(fresh);
		return err;
	}
	fresh->scs_changes = e->model->scs_changes + 1;
	asc_model_free(e->view->model);
	asc_model_free(e->model);
	e->model = e->view->model = fresh;
	fresh->refs++;
	return 0;
}

/* -- rules on sets */

int asc_edit_set_row(struct asc_edit *e, uint32_t number, const struct asc_set_rule *rule, bool add)
{
	uint8_t room[ASC_KEY_MAX], bytes[18];
	struct buf b = buf_over(bytes, sizeof bytes);
	MDB_val key = asc_key_set(room, number, rule->verdict, rule->device.text), val;

	if (!add) {
		return mdb_del(e->txn, e->a->main->set, &key, NULL);
	}
	buf_u8(&b, ASC_ROW_VERSION);
	buf_u8(&b, (uint8_t)(rule->rights | (rule->mode == ASSOC_DETECT ? ASC_SET_DETECT : 0)));
	buf_le64(&b, (uint64_t)rule->not_before_s);
	buf_le64(&b, (uint64_t)rule->not_after_s);
	val = (MDB_val){ b.len, bytes };
	return mdb_put(e->txn, e->a->main->set, &key, &val, 0);
}

int asc_edit_sets(struct asc_edit *e, uint32_t number, struct asc_set_rule *all, uint32_t n)
{
	struct asc_node *copy = malloc(sizeof *copy);

	if (!copy) {
		free(all);
		return ENOMEM;
	}
	*copy = *asc_model_node(e->model, number);
	copy->refs = 0;
	if (asc_sets_build(&copy->sets, all, n, &e->model->key)) {
		free(copy);
		return ENOMEM;
	}
	if (asc_model_put(e->model, copy)) {
		asc_node_free(copy);
		return ENOMEM;
	}
	e->reindex = true;
	return 0;
}

/* -- nodes and their rows */

/* The node of the edited model, ready to be written to: a node that another model shares is
 * replaced by a copy. NULL: there is none, or out of memory. */
static struct asc_node *own(struct asc_edit *e, uint32_t number)
{
	struct asc_node *node = asc_model_node(e->model, number), *copy;

	e->reindex = true;
	if (!node || node->refs == 1) {
		return node;
	}
	copy = asc_node_copy(node);
	if (copy && asc_model_put(e->model, copy)) {
		asc_node_free(copy);
		return NULL;
	}
	return copy;
}

/* The same; creates the node if it is missing. NULL: out of memory. */
static struct asc_node *own_or_new(struct asc_edit *e, enum asc_node_kind kind, uint32_t number, const char *name)
{
	struct asc_node *node = own(e, number);

	if (node || asc_model_node(e->model, number)) {
		return node;
	}
	node = asc_node_new(kind, number, name);
	if (node && asc_model_put(e->model, node)) {
		asc_node_free(node);
		return NULL;
	}
	return node;
}

static int put_row(struct asc_edit *e, MDB_dbi dbi, const char *name, const struct buf *b)
{
	uint8_t room[ASC_KEY_MAX];
	MDB_val key = asc_key_text(room, name), val = { b->len, b->p };

	return b->full ? MDB_BAD_VALSIZE : mdb_put(e->txn, dbi, &key, &val, 0);
}

static int del_row(struct asc_edit *e, MDB_dbi dbi, const char *name)
{
	uint8_t room[ASC_KEY_MAX];
	MDB_val key = asc_key_text(room, name);

	return mdb_del(e->txn, dbi, &key, NULL);
}

/* Deletes the rows of a node's rules on sets of devices. Its entries in rows of devices stay: a
 * number that no record has is ignored there, and so is its counter. */
static int del_set_rows(struct asc_edit *e, const struct asc_node *node)
{
	int rc = 0;

	for (uint32_t i = 0; i < node->sets.n && !rc; i++) {
		rc = asc_edit_set_row(e, node->number, &node->sets.all[i], false);
	}
	return rc;
}

/* -- SCSs */

int asc_edit_scs(struct asc_edit *e, const struct asc_scs *scs, uint32_t number)
{
	struct asc_node *node = own_or_new(e, ASC_NODE_SCS, number, scs->name);
	uint8_t bytes[ASC_SCS_RECORD_MAX];
	struct buf b = buf_over(bytes, sizeof bytes);

	if (!node) {
		return ENOMEM;
	}
	node->scs = *scs;
	e->model->scs_changes++;
	asc_scs_record_put(&b, scs, number);
	return put_row(e, e->a->main->scs, scs->name, &b);
}

int asc_edit_scs_del(struct asc_edit *e, uint32_t number, uint64_t *rules)
{
	struct asc_slot *slot = asc_model_slot(e->model, number);
	const struct asc_node *node = slot->node;
	uint8_t room[ASC_KEY_MAX];
	int rc = del_row(e, e->a->main->scs, node->who);

	for (uint8_t i = 0; i < node->groups_n && !rc; i++) {
		MDB_val key = asc_key_member(room, node->groups[i], number);

		rc = mdb_del(e->txn, e->a->main->member, &key, NULL);
	}
	if (!rc) {
		rc = del_set_rows(e, node);
	}
	*rules += node->sets.n + slot->exact_n;
	asc_model_drop(e->model, number);
	e->model->scs_changes++;
	e->reindex = true;
	return rc;
}

/* -- groups */

int asc_edit_group(struct asc_edit *e, const struct asc_group *group, uint32_t number)
{
	struct asc_node *node = own_or_new(e, ASC_NODE_GROUP, number, group->name);
	uint8_t bytes[8 + IDENT_SCS_MAX];
	struct buf b = buf_over(bytes, sizeof bytes);

	if (!node) {
		return ENOMEM;
	}
	node->group = *group;
	buf_u8(&b, ASC_ROW_VERSION);
	buf_le32(&b, number);
	buf_u8(&b, (uint8_t)strlen(group->anchor));
	buf_bytes(&b, group->anchor, strlen(group->anchor));
	return put_row(e, e->a->main->group, group->name, &b);
}

int asc_edit_member(struct asc_edit *e, uint32_t group, uint32_t scs, bool add)
{
	uint8_t room[ASC_KEY_MAX], version = ASC_ROW_VERSION;
	MDB_val key = asc_key_member(room, group, scs), val = { 1, &version };
	struct asc_node *node = own(e, scs);
	uint8_t at = 0;

	if (!node) {
		return ENOMEM;
	}
	if (add) {
		node->groups[node->groups_n++] = group;
		return mdb_put(e->txn, e->a->main->member, &key, &val, 0);
	}
	while (node->groups[at] != group) { /* the caller has seen that the SCS is a member */
		at++;
	}
	node->groups[at] = node->groups[--node->groups_n];
	return mdb_del(e->txn, e->a->main->member, &key, NULL);
}

int asc_edit_group_del(struct asc_edit *e, uint32_t number, uint64_t *rules)
{
	int rc = del_row(e, e->a->main->group, asc_model_node(e->model, number)->group.name);

	for (uint32_t i = 0; i < e->model->n && !rc; i++) {
		const struct asc_node *scs = e->model->slots[i].node;

		if (scs->kind == ASC_NODE_SCS && asc_node_in_group(scs, number)) {
			rc = asc_edit_member(e, number, scs->number, false);
		}
	}
	if (!rc) {
		rc = del_set_rows(e, asc_model_node(e->model, number));
	}
	*rules += asc_model_node(e->model, number)->sets.n + asc_model_slot(e->model, number)->exact_n;
	asc_model_drop(e->model, number);
	e->reindex = true;
	return rc;
}

/* -- named sets of devices */

int asc_edit_dset(struct asc_edit *e, const char *name, uint32_t number)
{
	struct asc_node *node = own_or_new(e, ASC_NODE_SET, number, name);
	uint8_t bytes[5];
	struct buf b = buf_over(bytes, sizeof bytes);

	if (!node) {
		return ENOMEM;
	}
	/* ident_name_ok() bounds its length */
	str_set(node->dset.name, sizeof node->dset.name, name);
	buf_u8(&b, ASC_ROW_VERSION);
	buf_le32(&b, number);
	return put_row(e, e->a->main->dset, name, &b);
}

/* Deletes the rules of one SCS, group or "*" on a named set. */
static int del_rules_on(struct asc_edit *e, const struct asc_node *who, uint32_t set, uint64_t *rules)
{
	struct asc_set_rule *all = malloc((who->sets.n + 1) * sizeof *all);
	uint32_t kept = 0;
	int rc = all ? 0 : ENOMEM;

	for (uint32_t i = 0; i < who->sets.n && !rc; i++) {
		const struct asc_set_rule *r = &who->sets.all[i];

		if (r->device.axis == ASSOC_DEVICE_SET && r->device.first == set) {
			rc = asc_edit_set_row(e, who->number, r, false);
		} else {
			all[kept++] = *r;
		}
	}
	*rules += who->sets.n - kept;
	if (rc || kept == who->sets.n) {
		free(all);
		return rc;
	}
	return asc_edit_sets(e, who->number, all, kept);
}

/* Writes the rules of one SCS, group or "*" on a named set under its new name. */
static int rename_rules_on(struct asc_edit *e, const struct asc_node *who, uint32_t set, const char *name)
{
	struct asc_set_rule *all = malloc((who->sets.n + 1) * sizeof *all);
	uint32_t n = who->sets.n;
	bool any = false;
	int rc = all ? 0 : ENOMEM;

	for (uint32_t i = 0; i < n && !rc; i++) {
		all[i] = who->sets.all[i];
		if (all[i].device.axis != ASSOC_DEVICE_SET || all[i].device.first != set) {
			continue;
		}
		any = true;
		rc = asc_edit_set_row(e, who->number, &all[i], false);
		str_set(all[i].device.text, sizeof all[i].device.text, ASSOC_SET_PREFIX);
		/* ident_name_ok() bounds its length */
		str_add(all[i].device.text, sizeof all[i].device.text, name);
		if (!rc) {
			rc = asc_edit_set_row(e, who->number, &all[i], true);
		}
	}
	if (rc || !any) {
		free(all);
		return rc;
	}
	return asc_edit_sets(e, who->number, all, n);
}

int asc_edit_dset_rename(struct asc_edit *e, uint32_t number, const char *name)
{
	struct asc_node *node;
	int rc = del_row(e, e->a->main->dset, asc_model_node(e->model, number)->dset.name);

	for (uint32_t i = 0; i < e->model->n && !rc; i++) {
		rc = rename_rules_on(e, e->model->slots[i].node, number, name);
	}
	if (rc) {
		return rc;
	}
	node = own(e, number);
	if (!node) {
		return ENOMEM;
	}
	str_set(node->who, sizeof node->who, name);
	node->who_len = (uint8_t)strlen(node->who);
	return asc_edit_dset(e, name, number);
}

int asc_edit_dset_del(struct asc_edit *e, uint32_t number, uint64_t *rules)
{
	int rc = del_row(e, e->a->main->dset, asc_model_node(e->model, number)->dset.name);

	for (uint32_t i = 0; i < e->model->n && !rc; i++) {
		rc = del_rules_on(e, e->model->slots[i].node, number, rules);
	}
	asc_model_drop(e->model, number);
	e->reindex = true;
	return rc;
}

/* -- rows of devices */

int asc_edit_row(struct asc_edit *e, const char *device, struct asc_row_change *c)
{
	return asc_row_apply(e->gen, e->txn, e->a->model, device, c, &e->job->out.why);
}

int asc_edit_count(struct asc_edit *e, uint32_t number, uint64_t n)
{
	asc_model_slot(e->model, number)->exact_n = n;
	return asc_put_count(e->gen, e->txn, number, n);
}

int asc_edit_gen(struct asc_edit *e)
{
	return asc_put_u64(&e->a->main->kv, e->txn, ASC_MAIN_GENERATION, e->gen->number);
}
