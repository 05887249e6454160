/* tail.c - reads backwards in blocks until there is a newline. */
#include "base/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd_stat.h"
#include "base/str.h"

#define BLOCK 4096u

static void link_of(char out[32], int fd)
{
	snprintf(out, 32, "/proc/self/fd/%d", fd);
}

/* Opens the same file for reading; -1: not permitted. O_NONBLOCK: never waits, whatever the file is
 * by now. */
static int open_for_reading(int fd)
{
	char link[32];

	link_of(link, fd);
	return open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

static int open_as(const char *path, int access, unsigned mode)
{
	return open(path, access | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode);
}

/* A pipe is opened for writing only: a process that also reads it would not notice that there is no
 * other reader. */
int tail_open(const char *path, unsigned mode)
{
	int fd = open_as(path, O_WRONLY, mode), both;
	struct stat is, also;

	if (fd < 0 || fstat(fd, &is) || !S_ISREG(is.st_mode)) {
		return fd;
	}
	both = open_as(path, O_RDWR, mode);
	if (both < 0) {
		return fd; /* it may not be read: its end is not known */
	}
	if (fstat(both, &also) || is.st_dev != also.st_dev || is.st_ino != also.st_ino) {
		close(both); /* it was moved away in between */
		return fd;
	}
	close(fd);
	return both;
}

static ssize_t read_at(int fd, char *out, size_t len, off_t at)
{
	ssize_t n;

	do {
		n = pread(fd, out, len, at);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* True: *torn bytes follow the last newline before `end`. */
static bool count_back(int fd, off_t end, uint64_t *torn)
{
	char block[BLOCK];

	*torn = 0;
	while (end > 0 && *torn < TAIL_LOOK_MAX) {
		size_t len = end < (off_t)BLOCK ? (size_t)end : BLOCK;
		const char *newline;

		if (read_at(fd, block, len, end - (off_t)len) != (ssize_t)len) {
			return false;
		}
		newline = memrchr(block, '\n', len);
		if (newline) {
			*torn += (uint64_t)(block + len - 1 - newline);
			break;
		}
		*torn += len;
		end -= (off_t)len;
	}
	if (*torn > TAIL_LOOK_MAX) {
		*torn = TAIL_LOOK_MAX;
	}
	return true;
}

enum tail tail_look(int fd, uint64_t *octets)
{
	struct stat st;
	bool known;
	int again;

	*octets = 0;
	if (fd_stat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size == 0) {
		return TAIL_WHOLE;
	}
	known = count_back(fd, st.st_size, octets);
	if (!known) {
		again = open_for_reading(fd);
		known = again >= 0 && count_back(again, st.st_size, octets);
		if (again >= 0) {
			close(again);
		}
	}
	if (!known) {
		*octets = 0;
		return TAIL_UNKNOWN;
	}
	return *octets ? TAIL_TORN : TAIL_WHOLE;
}

const char *tail_name(char out[TAIL_NAME_MAX], int fd, const char *otherwise)
{
	char link[32];
	struct stat st;
	ssize_t n = -1;

	link_of(link, fd);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		n = readlink(link, out, TAIL_NAME_MAX - 1);
	}
	if (n <= 0) {
		str_cut(out, TAIL_NAME_MAX, otherwise);
		return out;
	}
	out[n] = 0;
	return out;
}
