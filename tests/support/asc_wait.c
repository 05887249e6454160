/* asc_wait.c - submits a change and runs the completions until it is done. */
#include "tests/support/asc_wait.h"

#include <stdlib.h>

#include "assoc/asc_change.h"
#include "assoc/asc_work.h"

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

static int submit_and_wait(struct asc *a, const struct asc_change *c, struct asc_why *why)
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
	return submit_and_wait(a, &(struct asc_change){ .op = ASC_SCS_PUT, .scs = *scs }, why);
}

int asc_scs_del(struct asc *a, const char *name, struct asc_why *why)
{
	return submit_and_wait(a, &(struct asc_change){ .op = ASC_SCS_DEL, .name = name }, why);
}

int asc_group_put(struct asc *a, const struct asc_group *group, struct asc_why *why)
{
	return submit_and_wait(a, &(struct asc_change){ .op = ASC_GROUP_PUT, .group = *group }, why);
}

int asc_group_del(struct asc *a, const char *name, struct asc_why *why)
{
	return submit_and_wait(a, &(struct asc_change){ .op = ASC_GROUP_DEL, .name = name }, why);
}

int asc_group_member_add(struct asc *a, const char *group, const char *scs, struct asc_why *why)
{
	return submit_and_wait(a, &(struct asc_change){ .op = ASC_GROUP_MEMBER_ADD, .name = group, .member = scs }, why);
}

int asc_group_member_del(struct asc *a, const char *group, const char *scs, struct asc_why *why)
{
	return submit_and_wait(a, &(struct asc_change){ .op = ASC_GROUP_MEMBER_DEL, .name = group, .member = scs }, why);
}

int asc_dset_add(struct asc *a, const char *name, struct asc_why *why)
{
	return submit_and_wait(a, &(struct asc_change){ .op = ASC_SET_ADD, .name = name }, why);
}

int asc_dset_del(struct asc *a, const char *name, struct asc_why *why)
{
	return submit_and_wait(a, &(struct asc_change){ .op = ASC_SET_DEL, .name = name }, why);
}

int asc_dset_rename(struct asc *a, const char *name, const char *to, struct asc_why *why)
{
	return submit_and_wait(a, &(struct asc_change){ .op = ASC_SET_RENAME, .name = name, .member = to }, why);
}

int asc_dset_member_add(struct asc *a, const char *name, const char *device, struct asc_why *why)
{
	return submit_and_wait(a, &(struct asc_change){ .op = ASC_SET_MEMBER_ADD, .name = name, .member = device }, why);
}

int asc_dset_member_del(struct asc *a, const char *name, const char *device, struct asc_why *why)
{
	return submit_and_wait(a, &(struct asc_change){ .op = ASC_SET_MEMBER_DEL, .name = name, .member = device }, why);
}

int asc_rule_add(struct asc *a, const struct asc_rule_new *r, struct asc_why *why)
{
	return submit_and_wait(a, &(struct asc_change){ .op = ASC_RULE_ADD, .rule = *r }, why);
}

int asc_rule_del(struct asc *a, const char *who, const char *device, int verdict, struct asc_why *why)
{
	return submit_and_wait(
	    a, &(struct asc_change){ .op = ASC_RULE_DEL, .rule = { .who = who, .device = device }, .verdict = verdict }, why);
}

void asc_settle(struct asc *a)
{
	struct asc_why why;

	/* Changes are done in their order; this one is refused after all others. */
	if (!asc_dset_del(a, "nobody-has-it", &why)) {
		abort();
	}
}
