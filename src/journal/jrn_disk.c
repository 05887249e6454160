/* jrn_disk.c - the real directory behind the seam. */
#include "journal/jrn_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

int jrn_disk_err(int negative_errno)
{
	switch (-negative_errno) {
	case 0:
		return 0;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_NOSPC;
	case ENOMEM:
		return ERR_NOMEM;
	default:
		return ERR_IO;
	}
}

static int dir_of(void *arg)
{
	return (int)(intptr_t)arg - 1; /* so that a zeroed seam holds no descriptor */
}

static int disk_open(void *arg, const char *name, enum jrn_open_how how)
{
	static const int flags[] = {
		[JRN_OPEN_READ] = O_RDONLY, [JRN_OPEN_WRITE] = O_RDWR, [JRN_OPEN_NEW] = O_RDWR | O_CREAT | O_TRUNC
	};
	int fd = openat(dir_of(arg), name, flags[how] | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? -errno : fd;
}

static void disk_close(void *arg, int fd)
{
	(void)arg;
	close(fd);
}

static int64_t disk_size(void *arg, int fd)
{
	struct stat st;

	(void)arg;
	return fstat(fd, &st) < 0 ? -errno : (int64_t)st.st_size;
}

static int64_t disk_pread(void *arg, int fd, void *p, size_t n, uint64_t at)
{
	size_t got = 0;

	(void)arg;
	while (got < n) {
		ssize_t k = pread(fd, (char *)p + got, n - got, (off_t)(at + got));

		if (k < 0 && errno == EINTR) {
			continue;
		}
		if (k < 0) {
			return -errno;
		}
		if (k == 0) {
			break;
		}
		got += (size_t)k;
	}
	return (int64_t)got;
}

static int write_all(int fd, const void *p, size_t n, uint64_t at, int flags)
{
	size_t done = 0;

	while (done < n) {
		/* pwritev() does not write to it, but its type has no const */
		struct iovec v = { (char *)(uintptr_t)p + done, n - done };
		ssize_t k = pwritev2(fd, &v, 1, (off_t)(at + done), flags);

		if (k < 0 && errno == EINTR) {
			continue;
		}
		if (k <= 0) {
			return k < 0 ? -errno : -EIO;
		}
		done += (size_t)k;
	}
	return 0;
}

static int disk_pwrite(void *arg, int fd, const void *p, size_t n, uint64_t at)
{
	(void)arg;
	return write_all(fd, p, n, at, 0);
}

static int disk_flush(void *arg, int fd)
{
	(void)arg;
	return fdatasync(fd) < 0 ? -errno : 0;
}

static int disk_write_through(void *arg, int fd, const void *p, size_t n, uint64_t at)
{
	(void)arg;
	return write_all(fd, p, n, at, RWF_DSYNC);
}

static int disk_rename(void *arg, const char *from, const char *to)
{
	return renameat(dir_of(arg), from, dir_of(arg), to) < 0 ? -errno : 0;
}

static int disk_unlink(void *arg, const char *name)
{
	return unlinkat(dir_of(arg), name, 0) < 0 ? -errno : 0;
}

static int disk_sync_dir(void *arg)
{
	return fsync(dir_of(arg)) < 0 ? -errno : 0;
}

static int disk_list(void *arg, jrn_name_fn *fn, void *fn_arg)
{
	int fd = openat(dir_of(arg), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (!d) {
		rc = -errno;
		if (fd >= 0) {
			close(fd);
		}
		return rc;
	}
	while (!rc && (e = readdir(d))) {
		struct stat st;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
			continue;
		}
		if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			st.st_mode = 0;
		}
		rc = fn(fn_arg, e->d_name, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0);
	}
	closedir(d);
	return rc;
}

static void disk_space(void *arg, uint64_t *left, uint64_t *whole)
{
	struct statvfs st;

	*left = *whole = 0;
	if (fstatvfs(dir_of(arg), &st) == 0) {
		*left = (uint64_t)st.f_bavail * st.f_frsize;
		*whole = (uint64_t)st.f_blocks * st.f_frsize;
	}
}

int jrn_disk_dir(struct jrn_disk *out, const char *dir, bool make)
{
	int fd;

	if (make && mkdir(dir, 0700) < 0 && errno != EEXIST) {
		return -errno;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	*out = (struct jrn_disk){ .arg = (void *)((intptr_t)fd + 1),
				  .open = disk_open,
				  .close = disk_close,
				  .size = disk_size,
				  .pread = disk_pread,
				  .pwrite = disk_pwrite,
				  .flush = disk_flush,
				  .write_through = disk_write_through,
				  .rename = disk_rename,
				  .unlink = disk_unlink,
				  .sync_dir = disk_sync_dir,
				  .list = disk_list,
				  .space = disk_space };
	return 0;
}

void jrn_disk_fini(struct jrn_disk *d)
{
	if (d->open == disk_open && d->arg) {
		close(dir_of(d->arg));
	}
	*d = (struct jrn_disk){ .arg = NULL };
}
