/* asc_change.c - submitting changes, and the calls of asc.h that submit one and wait for it. */
#include "assoc/asc_change.h"

#include <stdlib.h>
#include <string.h>

#include "assoc/asc_check.h"
#include "assoc/asc_job.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"
#include "assoc/asc_work.h"
#include "assoc/asc_write.h"
#include "base/shown.h"
#include "base/str.h"

static int copy_text(char *out, size_t cap, const char *text, struct asc_why *why)
{
	if (text && !str_copy(out, cap, text, strlen(text))) {
		return 0;
	}
	return asc_refuse(why, ERR_NOTFOUND, "no such name '%.80s'", text ? text : "");
}

static int fill_set_member(struct asc_job *job, const struct asc_change *c, struct asc_why *why)
{
	int err = c->op == ASC_SET_MEMBER_ADD ? asc_member_check(&job->rule.device, c->member, why)
					      : asc_devname_parse(&job->rule.device, c->member, why);

	if (!err) {
		str_set(job->out.device, sizeof job->out.device, job->rule.device.text);
	}
	return err ? err : copy_text(job->name, sizeof job->name, c->name, why);
}

static int fill_rule(struct asc_job *job, const struct asc_change *c, struct asc_why *why)
{
	int err;

	if (c->op == ASC_RULE_ADD) {
		err = asc_rule_check(&job->rule, &c->rule, why);
	} else {
		err = asc_devname_parse(&job->rule.device, c->rule.device, why);
		job->verdict = c->verdict;
	}
	if (!err) {
		str_set(job->out.device, sizeof job->out.device, job->rule.device.text);
	}
	if (!err && str_copy(job->name, sizeof job->name, c->rule.who, strlen(c->rule.who))) {
		err = asc_refuse_who(why, c->rule.who);
	}
	return err;
}

/* Fills the job. Refuses what is invalid whatever the store holds. */
static int fill(struct asc_job *job, const struct asc_change *c, struct asc_why *why)
{
	int err;

	job->op = c->op;
	job->only_new = c->only_new;
	job->only_there = c->only_there;
	job->keep = c->keep;
	switch (c->op) {
	case ASC_SCS_PUT:
		job->scs = c->scs;
		return c->keep ? 0
			       : asc_scs_check(&job->scs, why); /* what is kept is not known yet: asc_write_scs_put() checks it */
	case ASC_GROUP_PUT:
		job->group = c->group;
		return asc_group_check(&job->group, why);
	case ASC_SET_ADD:
		err = asc_dset_check(c->name, why);
		break;
	case ASC_SET_RENAME:
		err = asc_dset_check(c->member, why);
		if (!err) {
			err = copy_text(job->member, sizeof job->member, c->member, why);
		}
		break;
	case ASC_SET_MEMBER_ADD:
	case ASC_SET_MEMBER_DEL:
		return fill_set_member(job, c, why);
	case ASC_RULE_ADD:
	case ASC_RULE_DEL:
		return fill_rule(job, c, why);
	case ASC_GROUP_MEMBER_ADD:
	case ASC_GROUP_MEMBER_DEL:
		err = copy_text(job->member, sizeof job->member, c->member, why);
		break;
	default:
		err = 0;
	}
	return err ? err : copy_text(job->name, sizeof job->name, c->name, why);
}

static void on_finished(struct asc *a, struct asc_job *job)
{
	(void)a;
	if (job->done) {
		job->done(job->arg, &job->out);
	}
}

int asc_submit(struct asc *a, const struct asc_change *c, asc_done_fn *done, void *arg, struct asc_why *why)
{
	struct asc_job *job;
	int err;

	why->text[0] = 0;
	if (a->waiting >= a->changes_max) {
		return asc_refuse(why, ERR_BUSY, "too many changes wait already (%u): try again", a->waiting);
	}
	job = calloc(1, sizeof *job);
	if (!job) {
		return asc_refuse(why, ERR_NOMEM, "out of memory");
	}
	err = fill(job, c, why);
	if (err) {
		free(job);
		return err;
	}
	job->run = asc_write;
	job->finished = on_finished;
	job->done = done;
	job->arg = arg;
	asc_enqueue(a, job);
	return 0;
}

/* -- calls that wait */

struct waited {
	bool over;
	int err;
	struct asc_why *why;
};

static void on_waited(void *arg, const struct asc_outcome *out)
{
	struct waited *w = arg;

	w->over = true;
	w->err = out->err;
	*w->why = out->why;
}

static int run(struct asc *a, const struct asc_change *c, struct asc_why *why)
{
	struct waited w = { .why = why };
	int err;

	while ((err = asc_submit(a, c, on_waited, &w, why)) == ERR_BUSY) {
		asc_work_wait(a);
	}
	if (err) {
		return err;
	}
	while (!w.over) {
		asc_work_wait(a);
	}
	return w.err;
}

int asc_scs_put(struct asc *a, const struct asc_scs *scs, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_SCS_PUT, .scs = *scs }, why);
}

int asc_scs_del(struct asc *a, const char *name, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_SCS_DEL, .name = name }, why);
}

int asc_group_put(struct asc *a, const struct asc_group *group, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_GROUP_PUT, .group = *group }, why);
}

int asc_group_del(struct asc *a, const char *name, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_GROUP_DEL, .name = name }, why);
}

int asc_group_member_add(struct asc *a, const char *group, const char *scs, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_GROUP_MEMBER_ADD, .name = group, .member = scs }, why);
}

int asc_group_member_del(struct asc *a, const char *group, const char *scs, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_GROUP_MEMBER_DEL, .name = group, .member = scs }, why);
}

int asc_dset_add(struct asc *a, const char *name, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_SET_ADD, .name = name }, why);
}

int asc_dset_del(struct asc *a, const char *name, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_SET_DEL, .name = name }, why);
}

int asc_dset_rename(struct asc *a, const char *name, const char *to, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_SET_RENAME, .name = name, .member = to }, why);
}

int asc_dset_member_add(struct asc *a, const char *name, const char *device, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_SET_MEMBER_ADD, .name = name, .member = device }, why);
}

int asc_dset_member_del(struct asc *a, const char *name, const char *device, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_SET_MEMBER_DEL, .name = name, .member = device }, why);
}

int asc_rule_add(struct asc *a, const struct asc_rule_new *r, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_RULE_ADD, .rule = *r }, why);
}

int asc_rule_del(struct asc *a, const char *who, const char *device, int verdict, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_RULE_DEL, .rule = { .who = who, .device = device }, .verdict = verdict },
		   why);
}
