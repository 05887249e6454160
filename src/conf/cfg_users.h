/* cfg_users.h - which user each kind of process runs as: `users`, and `user` for those that it does
 * not name. */
#pragma once
#include <stdbool.h>

#include "base/user.h"
#include "conf/cfg_iwf.h"

enum cfg_process { CFG_PROCESS_CORE, CFG_PROCESS_EDGE, CFG_PROCESS_KEYHOLDER, CFG_PROCESSES };

struct cfg_user {
	struct user id;   /* ours, when `change` is false */
	bool change;      /* the process becomes this user: we are root, and one is configured */
	const char *name; /* as configured; "": none. Borrowed from the configuration */
	const char *key;  /* of the configuration that names it: "users.core", or "user" */
};

/* ERR_NOTFOUND: this machine has no such user; name and key are set. */
ERR_MUST_USE int cfg_user_find(struct cfg_user *out, const struct cfg_iwf *c, enum cfg_process which);

/* Whether processes that should have users of their own have them. */
enum cfg_users_state {
	CFG_USERS_APART,  /* yes */
	CFG_USERS_SHARED, /* root, and two processes would have one user, or one would stay root */
	CFG_USERS_ONE,    /* not root: all run as our user */
};
/* `words`: which ones share, and what to do; "" when they are apart. A user that does not exist
 * counts as apart: another check reports it. */
enum cfg_users_state cfg_users_look(const struct cfg_iwf *c, char words[CFG_WHY_MAX]);

/* Errors (sandbox: require) of users that are shared. ERR_INVAL: they are in the report. */
ERR_MUST_USE int cfg_users_check(const struct cfg_iwf *c, struct report *why);
