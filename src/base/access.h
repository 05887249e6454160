/* access.h - may another user do this? The kernel is asked in the place of that user. So every
 * directory on the way, access control lists and read-only file systems count. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

struct access_ask {
	const char *path; /* borrowed */
	int mode;         /* R_OK, W_OK, X_OK together, or F_OK */
	int error;        /* answer: 0, or errno of access() */
};

#define ACCESS_ASKS_MAX 256

/* Asks for this user and group without supplementary groups, as a child of the daemon runs; for
 * this process if `uid` is its own. For another user a child process asks. ERR_IO: could not ask;
 * ERR_LIMIT. */
ERR_MUST_USE int access_as(uid_t uid, gid_t gid, struct access_ask *asks, size_t n);
