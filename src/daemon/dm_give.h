/* dm_give.h - the owner of a state_dir. A directory of an earlier version, or of another user, is
 * given to the core's user. */
#pragma once
#include "base/log.h"
#include "base/user.h"
#include "conf/cfg_iwf.h"

#define DM_GIVE_WHY_MAX 1024 /* bytes of words, with the NUL */

/* Makes `path` when it does not exist, and gives it and what is in it to `to`, once. All of it is
 * looked at first, and the directory itself comes last, so that a start that was cut off does it
 * again. By root only. Follows no symbolic link, and takes only directories and regular files with
 * one name that belong to root or to the present owner of the directory: another user's file would
 * otherwise come in by a hard link. Errors are logged with the file. ERR_IO. */
ERR_MUST_USE int dm_give(const struct log *log, const char *path, const struct user *to);

/* Whether the core of this configuration could use the state_dir that exists: dm_give() would take
 * it, or the core stays root and its files are root's. Changes nothing. Says nothing unless this
 * process is root. ERR_INVAL: the report has the file and what to do. */
ERR_MUST_USE int dm_give_check(const struct cfg_iwf *c, struct report *why);
