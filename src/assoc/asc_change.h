/* asc_change.h - changes without waiting for the disk. A change is checked and made durable on the store's own thread, one after the other
 * in the order they were handed in; it comes into force, and is told, on the owner's thread inside asc_completions(). So whoever
 * looks rules up never waits, and sees a change in memory and on disk at one instant. The calls of asc.h that change something are
 * the same changes, waited for. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "assoc/asc.h"

enum asc_op {
	ASC_SCS_PUT,
	ASC_SCS_DEL,
	ASC_GROUP_PUT,
	ASC_GROUP_DEL,
	ASC_GROUP_MEMBER_ADD,
	ASC_GROUP_MEMBER_DEL,
	ASC_SET_ADD,
	ASC_SET_DEL,
	ASC_SET_RENAME,
	ASC_SET_MEMBER_ADD,
	ASC_SET_MEMBER_DEL,
	ASC_RULE_ADD,
	ASC_RULE_DEL,
};

struct asc_change { /* what the call of this name in asc.h takes; members that an op does not name are not looked at */
	enum asc_op op;
	bool only_new;          /* SCS_PUT, GROUP_PUT: ERR_EXISTS when there is one of this name */
	bool only_there;        /* SCS_PUT, GROUP_PUT: ERR_NOTFOUND when there is none */
	uint32_t keep;          /* SCS_PUT with only_there: ASC_KEEP_*, what stays as it is stored; not looked at in `scs` */
	struct asc_scs scs;     /* SCS_PUT */
	struct asc_group group; /* GROUP_PUT */
	const char *name;   /* SCS_DEL, GROUP_*, SET_*: of the SCS, group or set. Borrowed during the call, as all texts here */
	const char *member; /* *_MEMBER_*: SCS or device; SET_RENAME: the new name */
	struct asc_rule_new rule; /* RULE_ADD; who and device of RULE_DEL */
	int verdict;              /* RULE_DEL: -1 for all */
};

struct asc_rule_values { /* of a rule, what its key does not say */
	uint8_t rights, mode;
	int64_t not_before_s, not_after_s;
};

struct asc_outcome {
	int err;                            /* as the call of asc.h says; then nothing changed */
	struct asc_why why;                 /* with err 0, a warning; "" when nothing is to be said */
	bool replaced;                      /* *_PUT, RULE_ADD: there was one of this key */
	struct asc_scs before;              /* SCS_PUT that replaced: as it was */
	struct asc_scs now;                 /* SCS_PUT: as it is stored */
	struct asc_group group_before;      /* GROUP_PUT that replaced: as it was */
	struct asc_rule_values rule_before; /* RULE_ADD that replaced: as it was */
	char twin[ASSOC_DEVICE_TEXT_MAX +
		  1]; /* RULE_ADD, SET_MEMBER_ADD: a device that has entries and differs in case only; "" */
	char device[ASSOC_DEVICE_TEXT_MAX + 1]; /* RULE_*, SET_MEMBER_*: canonical */
	uint64_t rules_deleted;                 /* *_DEL */
	uint64_t members_deleted;               /* SET_DEL */
};

/* On the owner's thread. Must not close the store; may submit. */
typedef void asc_done_fn(void *arg, const struct asc_outcome *out);

/* Owner thread. What can be judged without the store is judged at once: ERR_INVAL with words. ERR_BUSY (asc_conf.changes_max wait
 * already), ERR_NOMEM. On 0 `done` is called exactly once, from asc_completions(), from a call of asc.h that changes something, or
 * from asc_close(), there with ERR_CLOSED when the change was not begun. */
ERR_MUST_USE int asc_submit(struct asc *a, const struct asc_change *c, asc_done_fn *done, void *arg, struct asc_why *why);

/* Readable while something waits for asc_completions(). Borrowed: the store's; only to be watched. */
int asc_wake_fd(const struct asc *a);
/* Owner thread: brings what is finished into force and calls each one's `done`, in order. Does not wait. */
void asc_completions(struct asc *a);
