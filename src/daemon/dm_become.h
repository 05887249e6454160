/* dm_become.h - what a forked process does to become this program again in another role, or
 * another one. */
#pragma once
#include <stdnoreturn.h>
#include <sys/types.h>

#include "conf/cfg_users.h"

/* In the child, between fork and exec: only async-signal-safe calls. Executes `program` with
 * `argv`. It has `sock`, its end of a socket pair, as DM_CHILD_FD, and the standard streams, of
 * which only standard error leads anywhere, and nothing else. It runs as `user`, cannot gain
 * privileges, ignores the signals that are for the parent, and ends with `parent`, who forked it.
 * Exits with status 126 or 127 if any of this cannot be had, after a line on standard error that
 * says what failed, for which role (argv[2]). */
noreturn void dm_become(const struct cfg_user *user, int sock, pid_t parent, const char *program, char *const argv[]);
