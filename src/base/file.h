/* file.h - a small file, read whole. Only a regular file is read (symbolic links are followed): a pipe, a device or a directory under the
 * name of a file is an error and never makes the caller wait. */
#pragma once
#include <stddef.h>

#include "base/err.h"

#define FILE_WHY_MAX 128

struct file_copy {
	void *p; /* owned; a NUL stands behind the last octet and does not count */
	size_t len;
	unsigned mode; /* permission bits of the file */
};

/* Reads at most `max` octets. ERR_IO, ERR_INVAL (no regular file), ERR_LIMIT (larger), ERR_NOMEM; `why` has words without the file's name. */
ERR_MUST_USE int file_read(struct file_copy *out, const char *path, size_t max, char why[FILE_WHY_MAX]);
/* Overwrites the octets, which may be a key, and frees them. */
void file_copy_fini(struct file_copy *f);
