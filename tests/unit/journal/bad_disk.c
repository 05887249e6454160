#include "tests/unit/journal/bad_disk.h"

#include "tests/unit/test.h"

#include <errno.h>

static int on_open(void *arg, const char *name, enum jrn_open_how how)
{
	struct bad_disk *b = arg;

	return b->real.open(b->real.arg, name, how);
}

static void on_close(void *arg, int fd)
{
	struct bad_disk *b = arg;

	b->real.close(b->real.arg, fd);
}

static int64_t on_size(void *arg, int fd)
{
	struct bad_disk *b = arg;

	return b->real.size(b->real.arg, fd);
}

static int64_t on_pread(void *arg, int fd, void *p, size_t n, uint64_t at)
{
	struct bad_disk *b = arg;

	return b->real.pread(b->real.arg, fd, p, n, at);
}

static int on_pwrite(void *arg, int fd, const void *p, size_t n, uint64_t at)
{
	struct bad_disk *b = arg;

	return b->fill_errno ? -b->fill_errno : b->real.pwrite(b->real.arg, fd, p, n, at);
}

static int on_flush(void *arg, int fd)
{
	struct bad_disk *b = arg;

	(void)fd;
	return -b->fill_errno; /* else nothing: the flush is not what is tested, and takes its time */
}

static int on_write_through(void *arg, int fd, const void *p, size_t n, uint64_t at)
{
	struct bad_disk *b = arg;
	int left = b->commits_left, rc;

	if (left > 0) {
		b->commits_left = left - 1;
	}
	if (left == 0) {
		b->commits_left = -1;
		return -EIO;
	}
	if (b->commit_errno) {
		return -b->commit_errno;
	}
	rc = b->real.pwrite(b->real.arg, fd, p, n, at);
	b->writes += rc == 0;
	return rc;
}

static int on_rename(void *arg, const char *from, const char *to)
{
	struct bad_disk *b = arg;

	return b->name_errno ? -b->name_errno : b->real.rename(b->real.arg, from, to);
}

static int on_unlink(void *arg, const char *name)
{
	struct bad_disk *b = arg;

	return b->real.unlink(b->real.arg, name);
}

static int on_sync_dir(void *arg)
{
	struct bad_disk *b = arg;

	return -b->name_errno;
}

static int on_list(void *arg, jrn_name_fn *fn, void *fn_arg)
{
	struct bad_disk *b = arg;

	return b->real.list(b->real.arg, fn, fn_arg);
}

static void on_space(void *arg, uint64_t *left, uint64_t *whole)
{
	struct bad_disk *b = arg;

	b->real.space(b->real.arg, left, whole);
}

void bad_disk_init(struct bad_disk *b, const char *dir)
{
	assert_int_equal(jrn_disk_dir(&b->real, dir, true), 0);
	b->disk = (struct jrn_disk){ b,         on_open,   on_close,    on_size, on_pread, on_pwrite, on_flush, on_write_through,
				     on_rename, on_unlink, on_sync_dir, on_list, on_space };
	bad_disk_well(b);
}

void bad_disk_well(struct bad_disk *b)
{
	b->commit_errno = b->fill_errno = b->name_errno = 0;
	b->commits_left = -1;
}

void bad_disk_fini(struct bad_disk *b)
{
	jrn_disk_fini(&b->real);
}
