/* user.h - a user by name or number. */
#pragma once
#include <sys/types.h>

#include "base/err.h"

struct user {
	uid_t uid;
	gid_t gid; /* the main group of the user; of a number that no account has: the same number */
};

/* `name` is an account of this machine, or decimal digits. ERR_NOTFOUND: neither. */
ERR_MUST_USE int user_find(struct user *out, const char *name);
/* The group of this name. ERR_NOTFOUND: this machine has none; *out stays. */
ERR_MUST_USE int user_group_find(gid_t *out, const char *name);
