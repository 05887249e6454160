/* fault.c - a file says when (fault.h). Compiled for bin/faults only. */
#include "base/fault.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[] = {
#define FAULT_ROW(name, file, meaning) #name,
	FAULT_TABLE(FAULT_ROW)
#undef FAULT_ROW
};

#define PATH_SIZE 512

/* Whether this is the pass it was armed for; then the file is gone and nobody else's. */
static bool mine(int fd, const char *path)
{
	char text[16] = "";
	struct stat st;
	long left;
	int len;

	if (flock(fd, LOCK_EX) || fstat(fd, &st) || st.st_nlink == 0 || pread(fd, text, sizeof text - 1, 0) < 1) {
		return false;
	}
	left = strtol(text, NULL, 10) - 1;
	if (left < 1) {
		return unlink(path) == 0;
	}
	len = snprintf(text, sizeof text, "%-8ld\n", left);
	if (pwrite(fd, text, (size_t)len, 0) != len) {
		abort(); /* a fault that cannot count is no test */
	}
	return false;
}

static void count(const char *dir, const char *name)
{
	char path[PATH_SIZE], line[96];
	int fd, len = snprintf(line, sizeof line, "%s %d\n", name, (int)getpid());

	snprintf(path, sizeof path, "%s/hits", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, line, (size_t)len) != len || fsync(fd)) {
		perror(path);
	}
}

void fault_point(enum fault p)
{
	const char *dir = getenv("MTC_FAULT_DIR");
	char path[PATH_SIZE];
	int fd;

	if (!dir || snprintf(path, sizeof path, "%s/%s", dir, names[p]) >= (int)sizeof path) {
		return;
	}
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		return;
	}
	if (mine(fd, path)) {
		count(dir, names[p]);
		for (;;) {
			kill(getpid(), SIGKILL);
		}
	}
	close(fd);
}
