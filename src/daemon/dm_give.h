/* dm_give.h - a state_dir of an earlier version, or of another user, is given to the core's user. */
#pragma once
#include "base/log.h"
#include "base/user.h"

/* Makes `path` when it does not exist, and gives it and what is in it to `to`, once: all of it is looked at first, the directory itself comes last, so that a start that
 * was cut off does it again. By root only. Follows no symbolic link, and takes only directories and regular files with
 * one name that belong to root or to the present owner of the directory: another user's file would otherwise come in by a
 * hard link. Errors are logged with the file. ERR_IO. */
ERR_MUST_USE int dm_give(const struct log *log, const char *path, const struct user *to);
