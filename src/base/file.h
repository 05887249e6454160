/* file.h - a small file, read whole. Only a regular file is read (symbolic links are followed): a pipe, a device or a directory under the
 * name of a file is an error and never makes the caller wait. */
#pragma once
#include <stddef.h>

#include "base/err.h"

#define FILE_WHY_MAX 128

struct file_copy {
	void *p; /* owned; a NUL follows the last byte and is not counted */
	size_t len;
	unsigned mode; /* permission bits of the file */
};

/* Reads at most `max` bytes. ERR_IO, ERR_INVAL (not a regular file), ERR_LIMIT (larger), ERR_NOMEM;
 * `why` has a reason without the file's name. */
ERR_MUST_USE int file_read(struct file_copy *out, const char *path, size_t max, char why[FILE_WHY_MAX]);
/* Overwrites the content, which may be a key, and frees it. */
void file_copy_fini(struct file_copy *f);

/* For cleaning up. A missing file, or one that stays, does no harm: the next creation reports it.
 * Async-signal-safe. */
void file_remove(const char *path);
void file_remove_dir(const char *path); /* an empty one */
/* A name that was made or renamed there is to outlast a power cut. A directory that cannot be synced (some file systems) leaves the older
 * state after one, and that is whole too. */
void file_sync_dir(const char *path);
