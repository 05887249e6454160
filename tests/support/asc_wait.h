/* asc_wait.h - changes of an association store that block until they are durable and in force, for tests and benchmarks. Each is
 * asc_submit() of the operation of the same name (asc_change.h) and returns asc_outcome.err with `why`. Waiting calls the `done`
 * of everything that was submitted before. The gateway submits and never waits. */
#pragma once
#include "assoc/asc.h"

ERR_MUST_USE int asc_scs_put(struct asc *a, const struct asc_scs *scs, struct asc_why *why);
ERR_MUST_USE int asc_scs_del(struct asc *a, const char *name, struct asc_why *why);
ERR_MUST_USE int asc_group_put(struct asc *a, const struct asc_group *group, struct asc_why *why);
ERR_MUST_USE int asc_group_del(struct asc *a, const char *name, struct asc_why *why);
ERR_MUST_USE int asc_group_member_add(struct asc *a, const char *group, const char *scs, struct asc_why *why);
ERR_MUST_USE int asc_group_member_del(struct asc *a, const char *group, const char *scs, struct asc_why *why);
ERR_MUST_USE int asc_dset_add(struct asc *a, const char *name, struct asc_why *why);
ERR_MUST_USE int asc_dset_del(struct asc *a, const char *name, struct asc_why *why);
ERR_MUST_USE int asc_dset_rename(struct asc *a, const char *name, const char *to, struct asc_why *why);
ERR_MUST_USE int asc_dset_member_add(struct asc *a, const char *name, const char *device, struct asc_why *why);
ERR_MUST_USE int asc_dset_member_del(struct asc *a, const char *name, const char *device, struct asc_why *why);
ERR_MUST_USE int asc_rule_add(struct asc *a, const struct asc_rule_new *r, struct asc_why *why);
ERR_MUST_USE int asc_rule_del(struct asc *a, const char *who, const char *device, int verdict, struct asc_why *why);

/* Returns when every change submitted before is done. */
void asc_settle(struct asc *a);
