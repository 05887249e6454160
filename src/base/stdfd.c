/* stdfd.c - opens /dev/null for closed standard streams; detects lost standard output. */
#include "base/stdfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int stdfd_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int got;

		if (fcntl(fd, F_GETFD) >= 0) {
			continue;
		}
		/* inherited by children: no O_CLOEXEC */
		got = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
		if (got == fd) {
			continue;
		}
		if (got >= 0) {
			close(got);
		}
		return ERR_IO;
	}
	return 0;
}

bool stdfd_written(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

const char *stdfd_why(int error)
{
	if (!stdfd_written(STDOUT_FILENO)) {
		return "it is closed";
	}
	return error ? strerror(error) : "a part of it is lost";
}

int stdfd_end(const char *program, int status, int failure)
{
	/* a full buffer was flushed before, and its errno is lost */
	bool lost = ferror(stdout) != 0;

	errno = 0;
	if (fflush(stdout) == 0 && !lost) {
		return status;
	}
	fprintf(stderr, "%s: standard output could not be written: %s\n", program, stdfd_why(errno));
	return status ? status : failure;
}
