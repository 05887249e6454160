/* stdfd.c - /dev/null in the place of closed standard streams. */
#include "base/stdfd.h"

#include <fcntl.h>
#include <unistd.h>

int stdfd_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int got;

		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		got = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY); /* inherited: no O_CLOEXEC */
		if (got == fd)
			continue;
		if (got >= 0)
			close(got);
		return ERR_IO;
	}
	return 0;
}

bool stdfd_written(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}
