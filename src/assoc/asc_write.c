/* asc_write.c - changes of rules and of members of named sets; the other changes are in
 * asc_write_scs.c. */
#include "assoc/asc_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_check.h"
#include "assoc/asc_edit.h"
#include "assoc/asc_manual.h"
#include "assoc/asc_reach.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"

static int no_rule(struct asc_job *job)
{
	return asc_refuse(&job->out.why, ERR_NOTFOUND, "no such rule: %s on %.200s; 'mtcctl assoc list' shows the rules",
			  job->name, job->rule.device.text);
}

/* -- rules on sets */

static int add_set(struct asc *a, struct asc_job *job, const struct asc_node *node)
{
	const struct asc_sets *s = &node->sets;
	const struct asc_set_rule *there = asc_sets_find(s, job->rule.verdict, job->rule.device.text);
	struct asc_set_rule *all;
	struct asc_why words = { "" };
	struct asc_edit e;
	int rc, err;

	if (!there && s->n == ASC_SET_RULES_MAX) {
		return asc_refuse(&job->out.why, ERR_LIMIT, "%s has as many rules on sets of devices as it can have (%u)",
				  node->who, ASC_SET_RULES_MAX);
	}
	err = asc_edit_begin(&e, a, job, false, a->gen);
	if (err) {
		return err;
	}
	rc = asc_edit_set_row(&e, node->number, &job->rule, true);
	all = rc ? NULL : malloc((s->n + 1) * sizeof *all);
	if (!rc && !all) {
		rc = ENOMEM;
	}
	if (!rc) {
		if (s->n) {
			memcpy(all, s->all, s->n * sizeof *all);
		}
		all[there ? (size_t)(there - s->all) : s->n] = job->rule;
		rc = asc_edit_sets(&e, node->number, all, there ? s->n : s->n + 1);
	}
	job->out.replaced = there != NULL;
	if (there) {
		job->out.rule_before =
		    (struct asc_rule_values){ there->rights, there->mode, there->not_before_s, there->not_after_s };
	}
	if (!rc && !there) {
		asc_reach_warn(a->model, e.model, &words);
	}
	err = asc_edit_end(&e, 0, rc, "write the rule");
	if (!err) {
		job->out.why = words;
	}
	return err;
}

static int del_set(struct asc *a, struct asc_job *job, const struct asc_node *node)
{
	const struct asc_sets *s = &node->sets;
	struct asc_set_rule *all = malloc((s->n + 1) * sizeof *all);
	struct asc_edit e;
	uint32_t kept = 0;
	int rc = 0, err = all ? asc_edit_begin(&e, a, job, false, a->gen) : ERR_NOMEM;

	if (err) {
		free(all);
		return err;
	}
	for (uint32_t i = 0; i < s->n && !rc; i++) {
		bool goes = (job->verdict < 0 || s->all[i].verdict == job->verdict) &&
			    strcmp(s->all[i].device.text, job->rule.device.text) == 0;

		if (goes) {
			rc = asc_edit_set_row(&e, node->number, &s->all[i], false);
		} else {
			all[kept++] = s->all[i];
		}
	}
	job->out.rules_deleted = s->n - kept;
	if (!rc && kept == s->n) {
		err = no_rule(job);
	}
	if (err || rc) {
		free(all);
	} else {
		rc = asc_edit_sets(&e, node->number, all, kept);
	}
	return asc_edit_end(&e, err, rc, "delete the rule");
}

/* -- rules and memberships of one device */

static int change_row(struct asc *a, struct asc_job *job, uint32_t number, struct asc_row_change *c, const char *not_there)
{
	struct asc_edit e;
	int rc = 0, err = asc_edit_begin(&e, a, job, true, a->gen);

	if (err) {
		return err;
	}
	err = asc_edit_row(&e, job->rule.device.text, c);
	if (!err && c->missing) {
		err = not_there ? asc_refuse(&job->out.why, ERR_NOTFOUND, "%s", not_there) : no_rule(job);
	}
	if (!err) {
		rc = asc_edit_count(&e, number, asc_model_slot(a->model, number)->exact_n + (c->add ? 1 : 0) - c->dropped);
	}
	job->number = number;
	job->out.replaced = c->add && c->dropped;
	job->out.rules_deleted = c->add ? 0 : c->dropped;
	err = asc_edit_end(&e, err, rc, "write the rule");
	if (!err && c->add && c->add->verdict == ASC_ENTRY_MEMBER && c->sets > ASC_DSETS_PER_LOOKUP_MAX) {
		(void)asc_refuse(&job->out.why, 0,
				 "the device is in %u sets and is judged by at most %u: requests for it are refused", c->sets,
				 ASC_DSETS_PER_LOOKUP_MAX);
	}
	return err;
}

static int rule_add(struct asc *a, struct asc_job *job)
{
	struct asc_set_rule *r = &job->rule;
	struct asc_node *node = asc_who_of(a->model, job->name, &job->out.why);
	struct asc_entry entry = { .verdict = r->verdict,
				   .rights = r->rights,
				   .not_before_s = r->not_before_s,
				   .not_after_s = r->not_after_s,
				   .mode = r->mode };
	struct asc_entry before = { .verdict = r->verdict };
	struct asc_row_change c = { .verdict = r->verdict, .add = &entry, .before = &before, .twin = job->out.twin };
	int err = node ? asc_dset_resolve(a->model, &r->device, &job->out.why) : ERR_NOTFOUND;

	if (err) {
		return err;
	}
	entry.scs_number = c.number = node->number;
	job->number = node->number;
	if (r->device.axis != ASSOC_DEVICE_EXACT) {
		return add_set(a, job, node);
	}
	err = change_row(a, job, node->number, &c, "");
	job->out.rule_before = (struct asc_rule_values){ before.rights, before.mode, before.not_before_s, before.not_after_s };
	return err;
}

static int rule_del(struct asc *a, struct asc_job *job)
{
	struct asc_node *node = asc_who_of(a->model, job->name, &job->out.why);
	struct asc_row_change c = { .verdict = job->verdict };

	if (!node) {
		return ERR_NOTFOUND;
	}
	job->number = c.number = node->number;
	return job->rule.device.axis == ASSOC_DEVICE_EXACT ? change_row(a, job, node->number, &c, NULL) : del_set(a, job, node);
}

static int dset_member(struct asc *a, struct asc_job *job, bool add)
{
	struct asc_node *set = asc_model_set(a->model, job->name);
	struct asc_entry entry = { .verdict = ASC_ENTRY_MEMBER };
	struct asc_row_change c = { .verdict = ASC_ENTRY_MEMBER, .add = add ? &entry : NULL, .twin = add ? job->out.twin : NULL };
	char not_there[ASSOC_DEVICE_TEXT_MAX + 48];

	if (!set) {
		return asc_refuse(&job->out.why, ERR_NOTFOUND, "no device set '%.63s'", job->name);
	}
	entry.scs_number = c.number = set->number;
	snprintf(not_there, sizeof not_there, "device '%.80s': is not in the set", job->rule.device.text);
	return change_row(a, job, set->number, &c, not_there);
}

void asc_write(struct asc *a, struct asc_job *job)
{
	int err;

	switch (job->op) {
	case ASC_SCS_PUT:
		err = asc_write_scs_put(a, job);
		break;
	case ASC_SCS_DEL:
		err = asc_write_scs_del(a, job);
		break;
	case ASC_GROUP_PUT:
		err = asc_write_group_put(a, job);
		break;
	case ASC_GROUP_DEL:
		err = asc_write_group_del(a, job);
		break;
	case ASC_GROUP_MEMBER_ADD:
	case ASC_GROUP_MEMBER_DEL:
		err = asc_write_group_member(a, job, job->op == ASC_GROUP_MEMBER_ADD);
		break;
	case ASC_SET_ADD:
		err = asc_write_dset_add(a, job);
		break;
	case ASC_SET_DEL:
		err = asc_write_dset_del(a, job);
		break;
	case ASC_SET_RENAME:
		err = asc_write_dset_rename(a, job);
		break;
	case ASC_SET_MEMBER_ADD:
	case ASC_SET_MEMBER_DEL:
		err = dset_member(a, job, job->op == ASC_SET_MEMBER_ADD);
		break;
	case ASC_RULE_ADD:
		err = rule_add(a, job);
		break;
	case ASC_RULE_DEL:
		err = rule_del(a, job);
		break;
	default:
		err = asc_refuse(&job->out.why, ERR_INVAL, "no such change");
	}
	job->out.err = err;
	if (!err && a->manual) {
		asc_manual_note(a->manual, job);
	}
}
