/* asc_write_scs.c - changes of SCSs, groups and named sets: the main environment's rows and the nodes. All on the store's thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_int.h"

/* A node of the edited model that may be written to: the one that is there when no other model has it, else a copy in its place. */
static struct asc_node *own(struct asc_edit *e, uint32_t number)
{
	struct asc_node *node = asc_model_node(e->model, number), *copy;

	e->reindex = true;
	if (!node || node->refs == 1)
		return node;
	copy = asc_node_copy(node);
	if (copy && asc_model_put(e->model, copy)) {
		asc_node_free(copy);
		return NULL;
	}
	return copy;
}

/* The node of this number, made when there is none. */
static struct asc_node *own_or_new(struct asc_edit *e, enum asc_node_kind kind, uint32_t number, const char *name)
{
	struct asc_node *node = own(e, number);

	if (node || asc_model_node(e->model, number))
		return node;
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

/* The rows of rules on sets. Entries in rows of devices are no rules any more without their number, and its counter means nothing. */
static int del_set_rows(struct asc_edit *e, const struct asc_node *node)
{
	int rc = 0;

	for (uint32_t i = 0; i < node->sets.n && !rc; i++)
		rc = asc_edit_set_row(e, node->number, &node->sets.all[i], false);
	return rc;
}

/* -- SCSs */

int asc_edit_scs(struct asc_edit *e, const struct asc_scs *scs, uint32_t number)
{
	struct asc_node *node = own_or_new(e, ASC_NODE_SCS, number, scs->name);
	uint8_t bytes[ASC_SCS_RECORD_MAX];
	struct buf b = buf_over(bytes, sizeof bytes);

	if (!node)
		return ENOMEM;
	node->scs = *scs;
	asc_scs_record_put(&b, scs, number);
	return put_row(e, e->a->scs, scs->name, &b);
}

static int refuse_taken(struct asc_why *why, const char *what, const char *value, const struct asc_node *owner)
{
	return asc_refuse(why, ERR_EXISTS, "%s '%.200s' belongs to SCS '%s' already", what, value, owner->who);
}

int asc_scs_free_names(const struct asc_model *m, const struct asc_scs *scs, struct asc_why *why)
{
	const struct asc_node *other = asc_model_host(m, scs->origin_host);

	if (other && strcmp(other->who, scs->name) != 0)
		return refuse_taken(why, "origin-host", scs->origin_host, other);
	other = asc_model_e164(m, scs->e164);
	if (other && strcmp(other->who, scs->name) != 0)
		return refuse_taken(why, "e164", scs->e164, other);
	return 0;
}

int asc_write_scs_put(struct asc *a, struct asc_job *job)
{
	struct asc_node *there = asc_model_scs(a->model, job->scs.name);
	struct asc_edit e;
	int err = asc_scs_free_names(a->model, &job->scs, &job->out.why);

	if (!err && there && job->only_new)
		err = asc_refuse(&job->out.why, ERR_EXISTS, "SCS '%s' exists already", job->scs.name);
	if (!err)
		err = asc_edit_begin(&e, a, job, false, a->gen);
	if (err)
		return err;
	job->out.replaced = there != NULL;
	if (there)
		job->out.before = there->scs;
	return asc_edit_end(&e, 0, asc_edit_scs(&e, &job->scs, there ? there->number : a->next_number++), "write the SCS");
}

int asc_edit_scs_del(struct asc_edit *e, uint32_t number, uint64_t *rules)
{
	struct asc_slot *slot = asc_model_slot(e->model, number);
	const struct asc_node *node = slot->node;
	uint8_t room[ASC_KEY_MAX];
	int rc = del_row(e, e->a->scs, node->who);

	for (uint8_t i = 0; i < node->groups_n && !rc; i++) {
		MDB_val key = asc_key_member(room, node->groups[i], number);

		rc = mdb_del(e->txn, e->a->member, &key, NULL);
	}
	if (!rc)
		rc = del_set_rows(e, node);
	*rules += node->sets.n + slot->exact_n;
	asc_model_drop(e->model, number);
	e->reindex = true;
	return rc;
}

int asc_write_scs_del(struct asc *a, struct asc_job *job)
{
	struct asc_node *node = asc_model_scs(a->model, job->name);
	struct asc_edit e;
	int err;

	if (!node)
		return asc_refuse(&job->out.why, ERR_NOTFOUND, "no SCS '%.63s'", job->name);
	job->number = node->number;
	err = asc_edit_begin(&e, a, job, false, a->gen);
	return err ? err : asc_edit_end(&e, 0, asc_edit_scs_del(&e, node->number, &job->out.rules_deleted), "delete the SCS");
}

/* -- groups */

int asc_edit_group(struct asc_edit *e, const struct asc_group *group, uint32_t number)
{
	struct asc_node *node = own_or_new(e, ASC_NODE_GROUP, number, group->name);
	uint8_t bytes[8 + IDENT_SCS_MAX];
	struct buf b = buf_over(bytes, sizeof bytes);

	if (!node)
		return ENOMEM;
	node->group = *group;
	buf_u8(&b, ASC_ROW_VERSION);
	buf_le32(&b, number);
	buf_u8(&b, (uint8_t)strlen(group->anchor));
	buf_bytes(&b, group->anchor, strlen(group->anchor));
	return put_row(e, e->a->group, group->name, &b);
}

int asc_group_check(const struct asc_group *group, struct asc_why *why)
{
	if (!ident_name_ok(group->name))
		return asc_refuse(
		    why, ERR_INVAL,
		    "group '%.63s': expected a name of a-z, 0-9, '.', '_', '-', at most 63, beginning with a letter or digit",
		    group->name);
	if (group->anchor[0] && !ident_name_ok(group->anchor))
		return asc_refuse(why, ERR_INVAL, "anchor '%.63s': expected the name of a trust anchor", group->anchor);
	if (strcmp(group->anchor, IDENT_ANCHOR_INTERNAL) == 0)
		return asc_refuse(why, ERR_INVAL, "anchor '%.63s': SCSs under it have no certificate that could prove a group",
				  group->anchor);
	return 0;
}

int asc_write_group_put(struct asc *a, struct asc_job *job)
{
	struct asc_node *there = asc_model_group(a->model, job->group.name);
	struct asc_edit e;
	int err;

	if (there && job->only_new)
		return asc_refuse(&job->out.why, ERR_EXISTS, "group '%s' exists already", job->group.name);
	if (!there && a->model->index->groups_n == ASC_GROUPS_MAX)
		return asc_refuse(&job->out.why, ERR_LIMIT, "group '%s': there are as many groups as there may be",
				  job->group.name);
	job->out.replaced = there != NULL;
	err = asc_edit_begin(&e, a, job, false, a->gen);
	return err ? err
		   : asc_edit_end(&e, 0, asc_edit_group(&e, &job->group, there ? there->number : a->next_number++),
				  "write the group");
}

int asc_edit_member(struct asc_edit *e, uint32_t group, uint32_t scs, bool add)
{
	uint8_t room[ASC_KEY_MAX], version = ASC_ROW_VERSION;
	MDB_val key = asc_key_member(room, group, scs), val = { 1, &version };
	struct asc_node *node = own(e, scs);
	uint8_t at = 0;

	if (!node)
		return ENOMEM;
	if (add) {
		node->groups[node->groups_n++] = group;
		return mdb_put(e->txn, e->a->member, &key, &val, 0);
	}
	while (node->groups[at] != group) /* it is in: the caller looked */
		at++;
	node->groups[at] = node->groups[--node->groups_n];
	return mdb_del(e->txn, e->a->member, &key, NULL);
}

int asc_edit_group_del(struct asc_edit *e, uint32_t number, uint64_t *rules)
{
	int rc = del_row(e, e->a->group, asc_model_node(e->model, number)->group.name);

	for (uint32_t i = 0; i < e->model->n && !rc; i++) {
		const struct asc_node *scs = e->model->slots[i].node;

		if (scs->kind == ASC_NODE_SCS && asc_node_in_group(scs, number))
			rc = asc_edit_member(e, number, scs->number, false);
	}
	if (!rc)
		rc = del_set_rows(e, asc_model_node(e->model, number));
	*rules += asc_model_node(e->model, number)->sets.n + asc_model_slot(e->model, number)->exact_n;
	asc_model_drop(e->model, number);
	e->reindex = true;
	return rc;
}

int asc_write_group_del(struct asc *a, struct asc_job *job)
{
	struct asc_node *node = asc_model_group(a->model, job->name);
	struct asc_edit e;
	int err;

	if (!node)
		return asc_refuse(&job->out.why, ERR_NOTFOUND, "no group '%.63s'", job->name);
	job->number = node->number;
	err = asc_edit_begin(&e, a, job, false, a->gen);
	return err ? err : asc_edit_end(&e, 0, asc_edit_group_del(&e, node->number, &job->out.rules_deleted), "delete the group");
}

int asc_write_group_member(struct asc *a, struct asc_job *job, bool add)
{
	struct asc_node *group = asc_model_group(a->model, job->name), *scs = asc_model_scs(a->model, job->member);
	struct asc_why *why = &job->out.why;
	struct asc_edit e;
	bool in;
	int err;

	if (!group)
		return asc_refuse(why, ERR_NOTFOUND, "no group '%.63s'", job->name);
	if (!scs)
		return asc_refuse(why, ERR_NOTFOUND, "no SCS '%.63s'", job->member);
	in = asc_node_in_group(scs, group->number);
	if (add && in)
		return asc_refuse(why, ERR_EXISTS, "SCS '%.63s': is a member already", job->member);
	if (add && scs->groups_n == ASC_GROUPS_PER_SCS_MAX)
		return asc_refuse(why, ERR_LIMIT, "SCS '%.63s': is in as many groups as it may be", job->member);
	if (!add && !in)
		return asc_refuse(why, ERR_NOTFOUND, "SCS '%.63s': is not a stored member of the group", job->member);
	err = asc_edit_begin(&e, a, job, false, a->gen);
	return err ? err : asc_edit_end(&e, 0, asc_edit_member(&e, group->number, scs->number, add), "write the membership");
}

/* -- named sets of devices */

int asc_dset_check(const char *name, struct asc_why *why)
{
	if (ident_name_ok(name))
		return 0;
	return asc_refuse(
	    why, ERR_INVAL,
	    "device set '%.80s': expected a name of a-z, 0-9, '.', '_', '-', at most 63, beginning with a letter or digit", name);
}

int asc_member_check(struct asc_devname *d, const char *device, struct asc_why *why)
{
	int err = asc_devname_parse(d, device, why);

	if (!err && d->axis != ASSOC_DEVICE_EXACT)
		err = asc_refuse(why, ERR_INVAL, "device '%.80s': a member of a set is one device: local@domain or msisdn:DIGITS",
				 device);
	return err;
}

int asc_edit_dset(struct asc_edit *e, const char *name, uint32_t number)
{
	struct asc_node *node = own_or_new(e, ASC_NODE_SET, number, name);
	uint8_t bytes[5];
	struct buf b = buf_over(bytes, sizeof bytes);

	if (!node)
		return ENOMEM;
	strcpy(node->dset.name, name); /* ident_name_ok() bounds it */
	buf_u8(&b, ASC_ROW_VERSION);
	buf_le32(&b, number);
	return put_row(e, e->a->dset, name, &b);
}

int asc_write_dset_add(struct asc *a, struct asc_job *job)
{
	struct asc_edit e;
	int err;

	if (asc_model_set(a->model, job->name))
		return asc_refuse(&job->out.why, ERR_EXISTS, "device set '%.80s': exists already", job->name);
	if (a->model->index->dsets_n == ASC_DSETS_MAX)
		return asc_refuse(&job->out.why, ERR_LIMIT, "device set '%.80s': there are as many sets as there may be",
				  job->name);
	err = asc_edit_begin(&e, a, job, false, a->gen);
	return err ? err : asc_edit_end(&e, 0, asc_edit_dset(&e, job->name, a->next_number++), "write the device set");
}

/* The rules of one node on a set go. */
static int del_rules_on(struct asc_edit *e, const struct asc_node *who, uint32_t set, uint64_t *rules)
{
	struct asc_set_rule *all = malloc((who->sets.n + 1) * sizeof *all);
	uint32_t kept = 0;
	int rc = all ? 0 : ENOMEM;

	for (uint32_t i = 0; i < who->sets.n && !rc; i++) {
		const struct asc_set_rule *r = &who->sets.all[i];

		if (r->device.axis == ASSOC_DEVICE_SET && r->device.first == set)
			rc = asc_edit_set_row(e, who->number, r, false);
		else
			all[kept++] = *r;
	}
	*rules += who->sets.n - kept;
	if (rc || kept == who->sets.n) {
		free(all);
		return rc;
	}
	return asc_edit_sets(e, who->number, all, kept);
}

int asc_edit_dset_del(struct asc_edit *e, uint32_t number, uint64_t *rules)
{
	int rc = del_row(e, e->a->dset, asc_model_node(e->model, number)->dset.name);

	for (uint32_t i = 0; i < e->model->n && !rc; i++)
		rc = del_rules_on(e, e->model->slots[i].node, number, rules);
	asc_model_drop(e->model, number);
	e->reindex = true;
	return rc;
}

int asc_write_dset_del(struct asc *a, struct asc_job *job)
{
	struct asc_node *node = asc_model_set(a->model, job->name);
	struct asc_edit e;
	int err;

	if (!node)
		return asc_refuse(&job->out.why, ERR_NOTFOUND, "no device set '%.80s'", job->name);
	job->number = node->number;
	job->out.members_deleted = asc_model_slot(a->model, node->number)->exact_n;
	err = asc_edit_begin(&e, a, job, false, a->gen);
	return err ? err
		   : asc_edit_end(&e, 0, asc_edit_dset_del(&e, node->number, &job->out.rules_deleted), "delete the device set");
}
