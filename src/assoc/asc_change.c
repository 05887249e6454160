/* asc_change.c - submits changes of the store: copies and checks what can be checked without it. */
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
		/* the kept values are not known yet: asc_write_scs_put() checks them */
		return c->keep ? 0 : asc_scs_check(&job->scs, why);
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

	OBJ_CHECK(a, ASC_MAGIC);
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
