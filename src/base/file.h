/* file.h - reads a small file whole. Only a regular file is read (symbolic links are followed). A
 * pipe, a device or a directory under that name is an error, and the caller never waits for one. */
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
/* Opens a file that the user named, to be read or written from its beginning to its end. Who names
 * a pipe wants to wait for the other end: after 2 s a line on standard error says that the program
 * waits. -1 with errno. file_not_opened() has words for it, which say what is there instead. */
int file_open_in(const char *path);
int file_open_pipe_out(const char *path); /* a pipe or a device that is there */
const char *file_not_opened(const char *path, int error);
/* Overwrites the content, which may be a key, and frees it. */
void file_copy_fini(struct file_copy *f);

/* For cleaning up. A missing file, or one that stays, does no harm: the next creation reports it.
 * Async-signal-safe. */
void file_remove(const char *path);
void file_remove_dir(const char *path); /* an empty one */
/* Makes a name that was created or renamed in this directory outlast a power cut. Some file systems
 * cannot sync a directory. After a power cut they show the older state, which is whole too. */
void file_sync_dir(const char *path);
/* The same for a caller that promises durability. ERR_IO with errno: the name may be lost by a
 * power cut. 0 also on a file system that cannot sync directories. */
ERR_MUST_USE int file_sync_dir_sure(const char *path);
