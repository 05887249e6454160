/* access.h - may another user do this? Asked of the kernel in the place of that user, so that every directory on the way, lists of rights
 * and read-only file systems count. */
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

/* Asks for this user and group without supplementary groups, which is what a child of the daemon runs as; for ourselves when `uid` is that of
 * this process. A child process asks where it has to be another user. ERR_IO: it could not be asked; ERR_LIMIT. */
ERR_MUST_USE int access_as(uid_t uid, gid_t gid, struct access_ask *asks, size_t n);
