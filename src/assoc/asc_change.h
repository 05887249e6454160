/* asc_change.h - changes of the store without waiting for the disk.
 * The store's own thread checks each change and makes it durable, in the order of submission. A
 * change comes into force, in memory and on disk at one instant, on the owner's thread inside
 * asc_completions(), which calls its `done`. So a look-up never waits. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "assoc/asc.h"

/* Each operation is one durable transaction. The errors below are those of asc_outcome.err, with
 * words. ERR_NOSPC, ERR_IO (the store cannot be written) and ERR_CLOSED are possible for all. After
 * an error nothing has changed. */
enum asc_op {
	/* Adds or replaces. ERR_INVAL; ERR_EXISTS: its origin_host, e164 or identity belongs to
	 * another SCS. */
	ASC_SCS_PUT,
	/* Deletes the record and every rule that names it. ERR_NOTFOUND. */
	ASC_SCS_DEL,
	/* Adds, or changes the anchor. ERR_INVAL, ERR_LIMIT. */
	ASC_GROUP_PUT,
	/* Deletes the group, its memberships and every rule that names it. ERR_NOTFOUND. */
	ASC_GROUP_DEL,
	/* Stored memberships. ERR_NOTFOUND (group, SCS or membership), ERR_EXISTS, ERR_LIMIT
	 * (ASC_GROUPS_PER_SCS_MAX). */
	ASC_GROUP_MEMBER_ADD,
	ASC_GROUP_MEMBER_DEL,
	/* ERR_INVAL, ERR_EXISTS, ERR_LIMIT. */
	ASC_SET_ADD,
	/* Deletes the set, its memberships and every rule on it. ERR_NOTFOUND. */
	ASC_SET_DEL,
	/* Members and rules stay. ERR_INVAL, ERR_NOTFOUND, ERR_EXISTS (the new name), ERR_BUSY (an
	 * import is running). */
	ASC_SET_RENAME,
	/* The device is "local@domain" or "msisdn:DIGITS"; adding a member again changes nothing.
	 * ERR_INVAL (form), ERR_NOTFOUND (set or membership), ERR_LIMIT (entries on one device). */
	ASC_SET_MEMBER_ADD,
	ASC_SET_MEMBER_DEL,
	/* Adds; replaces rights, times and mode of the rule with the same key. ERR_INVAL (form,
	 * rights, times, mode, "*" outside block), ERR_NOTFOUND (SCS, group or device set),
	 * ERR_LIMIT (ASC_RULES_PER_DEVICE_MAX). */
	ASC_RULE_ADD,
	/* Deletes the rules of (who, device): of one verdict, or of all. ERR_NOTFOUND. */
	ASC_RULE_DEL,
};

struct asc_change { /* a member is read only by the operations that its comment names */
	enum asc_op op;
	bool only_new;   /* SCS_PUT, GROUP_PUT: ERR_EXISTS when there is one of this name */
	bool only_there; /* SCS_PUT, GROUP_PUT: ERR_NOTFOUND when there is none */
	/* SCS_PUT with only_there: ASC_KEEP_*, members that keep the stored value; ignored in
	 * `scs` */
	uint32_t keep;
	struct asc_scs scs;     /* SCS_PUT */
	struct asc_group group; /* GROUP_PUT */
	/* SCS_DEL, GROUP_*, SET_*: of the SCS, group or set. Borrowed during the call, as all texts
	 * here */
	const char *name;
	const char *member;       /* *_MEMBER_*: SCS or device; SET_RENAME: the new name */
	struct asc_rule_new rule; /* RULE_ADD; who and device of RULE_DEL */
	int verdict;              /* RULE_DEL: -1 for all */
};

struct asc_rule_values { /* members of a rule other than its key */
	uint8_t rights, mode;
	int64_t not_before_s, not_after_s;
};

struct asc_outcome {
	/* 0, or an error of the operation: then nothing changed */
	int err;
	struct asc_why why;                 /* with err 0: a warning or "" */
	bool replaced;                      /* *_PUT, RULE_ADD: one of this key existed */
	struct asc_scs before;              /* SCS_PUT that replaced: the record before */
	struct asc_scs now;                 /* SCS_PUT: as it is stored */
	struct asc_group group_before;      /* GROUP_PUT that replaced: the group before */
	struct asc_rule_values rule_before; /* RULE_ADD that replaced: the rule before */
	/* RULE_ADD, SET_MEMBER_ADD: a device with entries whose name differs in case only; "":
	 * none */
	char twin[ASSOC_DEVICE_TEXT_MAX + 1];
	char device[ASSOC_DEVICE_TEXT_MAX + 1]; /* RULE_*, SET_MEMBER_*: canonical */
	uint64_t rules_deleted;                 /* *_DEL */
	uint64_t members_deleted;               /* SET_DEL */
};

/* On the owner's thread. Must not close the store; may submit. */
typedef void asc_done_fn(void *arg, const struct asc_outcome *out);

/* Owner thread. Checks at once everything that needs no store: ERR_INVAL with words. ERR_BUSY
 * (asc_conf.changes_max changes wait), ERR_NOMEM. After 0, `done` is called exactly once, from
 * asc_completions() or from asc_close(), there with ERR_CLOSED if the change was not begun. */
ERR_MUST_USE int asc_submit(struct asc *a, const struct asc_change *c, asc_done_fn *done, void *arg, struct asc_why *why);

/* Readable while completions are pending. Borrowed; only to be watched. */
int asc_wake_fd(const struct asc *a);
/* Owner thread: brings finished changes into force and calls their `done` in order. Does not
 * wait. */
void asc_completions(struct asc *a);
