/* sbx_fds.c - the open descriptors of a process. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/obj.h"
#include "base/str.h"
#include "sandbox/sbx_int.h"

static bool among(int fd, const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (fds[i] == fd) {
			return true;
		}
	}
	return false;
}

/* The name of an entry of /proc/self/fd; -1: not a descriptor. */
static int number_of(const char *name)
{
	uint32_t fd;

	return str_parse_u32(&fd, name, 0, INT_MAX) ? -1 : (int)fd;
}

/* Calls `fn` for each descriptor until it returns an error; the one of the listing itself is left
 * out. */
static int each_fd(int (*fn)(void *arg, int fd), void *arg)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *e;
	int err = 0;

	if (!dir) {
		return ERR_IO;
	}
	while (!err && (e = readdir(dir))) {
		int fd = number_of(e->d_name);

		if (fd >= 0 && fd != dirfd(dir)) {
			err = fn(arg, fd);
		}
	}
	closedir(dir);
	return err;
}

#define EXPECTED_MAGIC 0x2d9f7c46u
struct expected {
	struct obj obj;
	const int *fds;
	size_t n;
	char *why;
};

static int compare(void *arg, int fd)
{
	const struct expected *x = OBJ_OF(arg, struct expected, EXPECTED_MAGIC);
	char link[32], file[128];
	ssize_t n;

	if (fd <= STDERR_FILENO || among(fd, x->fds, x->n)) {
		return 0;
	}
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, file, sizeof file - 1);
	file[n > 0 ? n : 0] = 0;
	snprintf(x->why, SBX_WHY_MAX, "descriptor %d (%s) is open, and nothing of this role needs it", fd, file);
	return ERR_STATE;
}

int sbx_check_fds(const int *expected, size_t n, char why[SBX_WHY_MAX])
{
	struct expected x = { OBJ(EXPECTED_MAGIC), expected, n, why };
	int err;

	why[0] = 0;
	err = each_fd(compare, &x);
	if (err == ERR_IO) {
		snprintf(why, SBX_WHY_MAX, "/proc/self/fd cannot be read: %s; mount /proc", strerror(errno));
	}
	return err;
}
