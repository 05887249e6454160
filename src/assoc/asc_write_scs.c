/* asc_write_scs.c - changes of SCSs, groups and named sets. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_check.h"
#include "assoc/asc_edit.h"
#include "assoc/asc_reach.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"
#include "assoc/asc_write.h"

/* -- SCSs */

int asc_write_scs_put(struct asc *a, struct asc_job *job)
{
	struct asc_node *there = asc_model_scs(a->model, job->scs.name);
	struct asc_edit e;
	int err = 0;

	if (there && job->only_new) {
		return asc_refuse(&job->out.why, ERR_EXISTS, "SCS '%s' exists already", job->scs.name);
	}
	if (!there && job->only_there) {
		return asc_refuse(&job->out.why, ERR_NOTFOUND, "no SCS '%.63s'; 'mtcctl scs list' lists them", job->scs.name);
	}
	if (there && job->keep) {
		asc_scs_keep(&job->scs, &there->scs, job->keep);
		err = asc_scs_check(&job->scs, &job->out.why);
	}
	if (!err) {
		err = asc_scs_free_names(a->model, &job->scs, &job->out.why);
	}
	if (!err) {
		err = asc_edit_begin(&e, a, job, false, a->gen);
	}
	if (err) {
		return err;
	}
	job->out.replaced = there != NULL;
	if (there) {
		job->out.before = there->scs;
	}
	job->out.now = job->scs;
	return asc_edit_end(&e, 0, asc_edit_scs(&e, &job->scs, there ? there->number : a->next_number++), "write the SCS");
}

int asc_write_scs_del(struct asc *a, struct asc_job *job)
{
	struct asc_node *node = asc_model_scs(a->model, job->name);
	struct asc_edit e;
	int err;

	if (!node) {
		return asc_refuse(&job->out.why, ERR_NOTFOUND, "no SCS '%.63s'; 'mtcctl scs list' lists them", job->name);
	}
	job->number = node->number;
	err = asc_edit_begin(&e, a, job, false, a->gen);
	return err ? err : asc_edit_end(&e, 0, asc_edit_scs_del(&e, node->number, &job->out.rules_deleted), "delete the SCS");
}

/* -- groups */

int asc_write_group_put(struct asc *a, struct asc_job *job)
{
	struct asc_node *there = asc_model_group(a->model, job->group.name);
	struct asc_edit e;
	int err;

	if (there && job->only_new) {
		return asc_refuse(&job->out.why, ERR_EXISTS, "group '%s' exists already", job->group.name);
	}
	if (!there && a->model->index->groups_n == ASC_GROUPS_MAX) {
		return asc_refuse(&job->out.why, ERR_LIMIT, "group '%s': there are as many groups as there may be",
				  job->group.name);
	}
	if (!there && job->only_there) {
		return asc_refuse(&job->out.why, ERR_NOTFOUND, "no group '%.63s'; 'mtcctl group list' lists them",
				  job->group.name);
	}
	job->out.replaced = there != NULL;
	if (there) {
		job->out.group_before = there->group;
	}
	err = asc_edit_begin(&e, a, job, false, a->gen);
	return err ? err
		   : asc_edit_end(&e, 0, asc_edit_group(&e, &job->group, there ? there->number : a->next_number++),
				  "write the group");
}

int asc_write_group_del(struct asc *a, struct asc_job *job)
{
	struct asc_node *node = asc_model_group(a->model, job->name);
	struct asc_edit e;
	int err;

	if (!node) {
		return asc_refuse(&job->out.why, ERR_NOTFOUND, "no group '%.63s'; 'mtcctl group list' lists them", job->name);
	}
	job->number = node->number;
	err = asc_edit_begin(&e, a, job, false, a->gen);
	return err ? err : asc_edit_end(&e, 0, asc_edit_group_del(&e, node->number, &job->out.rules_deleted), "delete the group");
}

int asc_write_group_member(struct asc *a, struct asc_job *job, bool add)
{
	struct asc_node *group = asc_model_group(a->model, job->name), *scs = asc_model_scs(a->model, job->member);
	struct asc_why *why = &job->out.why;
	struct asc_why words = { "" };
	struct asc_edit e;
	bool in;
	int rc, err;

	if (!group) {
		return asc_refuse(why, ERR_NOTFOUND, "no group '%.63s'; 'mtcctl group list' lists them", job->name);
	}
	if (!scs) {
		return asc_refuse(why, ERR_NOTFOUND, "no SCS '%.63s'; 'mtcctl scs list' lists them", job->member);
	}
	in = asc_node_in_group(scs, group->number);
	if (add && in) {
		return asc_refuse(why, ERR_EXISTS, "SCS '%.63s': is a member already", job->member);
	}
	if (add && scs->groups_n == ASC_GROUPS_PER_SCS_MAX) {
		return asc_refuse(why, ERR_LIMIT, "SCS '%.63s': is in as many groups as it may be", job->member);
	}
	if (!add && !in) {
		return asc_refuse(why, ERR_NOTFOUND, "SCS '%.63s': is not a stored member of the group", job->member);
	}
	err = asc_edit_begin(&e, a, job, false, a->gen);
	if (err) {
		return err;
	}
	rc = asc_edit_member(&e, group->number, scs->number, add);
	if (!rc && add) {
		asc_reach_warn(a->model, e.model, &words);
	}
	err = asc_edit_end(&e, 0, rc, "write the membership");
	if (!err) {
		*why = words;
	}
	return err;
}

/* -- named sets of devices */

int asc_write_dset_add(struct asc *a, struct asc_job *job)
{
	struct asc_edit e;
	int err;

	if (asc_model_set(a->model, job->name)) {
		return asc_refuse(&job->out.why, ERR_EXISTS, "device set '%.80s': exists already", job->name);
	}
	if (a->model->index->dsets_n == ASC_DSETS_MAX) {
		return asc_refuse(&job->out.why, ERR_LIMIT, "device set '%.80s': there are as many sets as there may be",
				  job->name);
	}
	err = asc_edit_begin(&e, a, job, false, a->gen);
	return err ? err : asc_edit_end(&e, 0, asc_edit_dset(&e, job->name, a->next_number++), "write the device set");
}

/* The file of an import names sets: it is as of its beginning, where this one had its old name. */
int asc_write_dset_rename(struct asc *a, struct asc_job *job)
{
	struct asc_node *node = asc_model_set(a->model, job->name);
	struct asc_edit e;
	int err;

	if (!node) {
		return asc_refuse(&job->out.why, ERR_NOTFOUND, "no device set '%.80s'; 'mtcctl set list' lists them", job->name);
	}
	if (asc_model_set(a->model, job->member)) {
		return asc_refuse(&job->out.why, ERR_EXISTS, "device set '%.80s': exists already", job->member);
	}
	if (a->manual) {
		return asc_refuse(&job->out.why, ERR_BUSY, "an import is under way: rename the device set when it has ended");
	}
	err = asc_edit_begin(&e, a, job, false, a->gen);
	return err ? err : asc_edit_end(&e, 0, asc_edit_dset_rename(&e, node->number, job->member), "rename the device set");
}

int asc_write_dset_del(struct asc *a, struct asc_job *job)
{
	struct asc_node *node = asc_model_set(a->model, job->name);
	struct asc_edit e;
	int err;

	if (!node) {
		return asc_refuse(&job->out.why, ERR_NOTFOUND, "no device set '%.80s'; 'mtcctl set list' lists them", job->name);
	}
	job->number = node->number;
	job->out.members_deleted = asc_model_slot(a->model, node->number)->exact_n;
	err = asc_edit_begin(&e, a, job, false, a->gen);
	return err ? err
		   : asc_edit_end(&e, 0, asc_edit_dset_del(&e, node->number, &job->out.rules_deleted), "delete the device set");
}
