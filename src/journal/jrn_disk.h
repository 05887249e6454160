/* jrn_disk.h - the seam between the journal and its directory.
 *
 * The product has one implementation, jrn_disk_dir(). A test hands in its own: it records the
 * writes and flushes, keeps the files in memory, or fails on purpose.
 * All names are names in the journal's directory, without a slash. All functions return 0 or more,
 * or a negative errno (-ENOSPC, -EIO); none returns a partial result.
 *
 * Durable means: a power cut leaves it. What pwrite() wrote is durable after the next flush() of
 * that file that succeeds. A name that rename(), open() or unlink() made or removed is durable
 * after the next sync_dir() that succeeds. write_through() is durable when it returns 0. After a
 * failed write, flush or write_through nobody knows which of the octets are on the disk.
 *
 * Calls come from several threads, but never for one file descriptor at the same time, except
 * pread(). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define JRN_NAME_MAX 64u

enum jrn_open_how {
	JRN_OPEN_READ,  /* -ENOENT when missing */
	JRN_OPEN_WRITE, /* to read and write an existing file */
	JRN_OPEN_NEW,   /* makes the file; empties an existing one; to read and write it */
};

typedef int jrn_name_fn(void *arg, const char *name, uint64_t size); /* non-zero stops */

struct jrn_disk {
	/* first argument of each function */
	void *arg;
	int (*open)(void *arg, const char *name, enum jrn_open_how how); /* returns a descriptor */
	void (*close)(void *arg, int fd);
	int64_t (*size)(void *arg, int fd); /* octets of the file */
	/* Reads up to n octets. Returns less than n only at the end of the file. */
	int64_t (*pread)(void *arg, int fd, void *p, size_t n, uint64_t at);
	int (*pwrite)(void *arg, int fd, const void *p, size_t n, uint64_t at);
	int (*flush)(void *arg, int fd);
	/* Writes and flushes these octets. `p`, `n` and `at` are multiples of JRN_BLOCK. */
	int (*write_through)(void *arg, int fd, const void *p, size_t n, uint64_t at);
	int (*rename)(void *arg, const char *from, const char *to); /* replaces an existing `to` */
	int (*unlink)(void *arg, const char *name);                 /* -ENOENT when missing */
	int (*sync_dir)(void *arg);
	/* Calls fn for each entry but "." and ".."; directories and special files too, with size 0.
	 * Returns what fn returned. */
	int (*list)(void *arg, jrn_name_fn *fn, void *fn_arg);
	/* Octets that the file system has left for us, and its size; 0, 0: unknown. */
	void (*space)(void *arg, uint64_t *left, uint64_t *whole);
};

/* The directory itself. Makes it with mode 0700 if `make` and it is missing (its parent must
 * exist). jrn_disk_fini() releases; a zeroed struct is allowed. Returns 0 or a negative errno. */
ERR_MUST_USE int jrn_disk_dir(struct jrn_disk *out, const char *dir, bool make);
void jrn_disk_fini(struct jrn_disk *d);

/* ERR_NOSPC, ERR_NOMEM or ERR_IO for a negative errno. */
int jrn_disk_err(int negative_errno);
