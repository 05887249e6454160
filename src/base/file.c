/* file.c - reads a small regular file. The size that fstat() reports is not trusted, because the
 * file may grow while it is read. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

static int wrong(char why[FILE_WHY_MAX], const char *words, int err)
{
	str_cut(why, FILE_WHY_MAX, words);
	return err;
}

static int read_all(struct file_copy *f, int fd, size_t max, char why[FILE_WHY_MAX])
{
	char *p = f->p;

	while (f->len <= max) {
		ssize_t n = read(fd, p + f->len, max + 1 - f->len);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return wrong(why, strerror(errno), ERR_IO);
		}
		if (n == 0) {
			p[f->len] = 0;
			return 0;
		}
		f->len += (size_t)n;
	}
	snprintf(why, FILE_WHY_MAX, "larger than %zu bytes, the limit of such a file", max);
	return ERR_LIMIT;
}

static int read_regular(struct file_copy *out, int fd, size_t max, char why[FILE_WHY_MAX])
{
	struct file_copy f = { .p = NULL };
	struct stat st;
	int err;

	if (fstat(fd, &st) < 0) {
		return wrong(why, strerror(errno), ERR_IO);
	}
	if (!S_ISREG(st.st_mode)) {
		return wrong(why, "not a regular file", ERR_INVAL);
	}
	f.mode = st.st_mode & 07777;
	f.p = malloc(max + 1);
	if (!f.p) {
		return wrong(why, err_str(ERR_NOMEM), ERR_NOMEM);
	}
	err = read_all(&f, fd, max, why);
	if (err) {
		file_copy_fini(&f);
	} else {
		*out = f;
	}
	return err;
}

int file_read(struct file_copy *out, const char *path, size_t max, char why[FILE_WHY_MAX])
{
	/* O_NONBLOCK: nobody waits for the writer of a pipe. */
	int err, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0) {
		return wrong(why, errno == ENXIO ? "not a regular file" : strerror(errno), errno == ENXIO ? ERR_INVAL : ERR_IO);
	}
	err = read_regular(out, fd, max, why);
	close(fd);
	return err;
}

/* -- files that may be pipes */

#define SILENT_MS 2000 /* until a program says that it waits */
#define STEP_MS 50

static void say_waits(const char *path, const char *what)
{
	fprintf(stderr, "%s: %s: a pipe that no program %s; waiting for one (Ctrl-C ends this)\n", program_invocation_short_name,
		path, what);
}

/* The descriptor does not block until somebody is at the other end. */
static int settled(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A signal ends no wait: a read would find the end of the file where no other end has come yet. */
static int await(struct pollfd *end, int ms)
{
	int n;

	do {
		n = poll(end, 1, ms);
	} while (n < 0 && errno == EINTR);
	return n;
}

int file_open_in(const char *path)
{
	struct pollfd end = { .fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), .events = POLLIN };
	struct stat st = { .st_mode = 0 };

	if (end.fd < 0) {
		return -1;
	}
	if (fstat(end.fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(end.fd);
		errno = EISDIR;
		return -1;
	}
	if (S_ISFIFO(st.st_mode) && await(&end, SILENT_MS) == 0) {
		say_waits(path, "writes to");
		err_ignore(await(&end, -1), "the read tells");
	}
	return settled(end.fd);
}

static bool is_pipe(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISFIFO(st.st_mode);
}

int file_open_pipe_out(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	for (int ms = 0; fd < 0 && errno == ENXIO && is_pipe(path) && ms < SILENT_MS; ms += STEP_MS) {
		err_ignore(poll(NULL, 0, STEP_MS), "a signal: the next look comes earlier");
		fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	}
	if (fd >= 0) {
		return settled(fd);
	}
	if (errno != ENXIO || !is_pipe(path)) {
		return -1;
	}
	say_waits(path, "reads");
	return open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
}

const char *file_not_opened(const char *path, int error)
{
	struct stat st;

	if (error == EISDIR) {
		return "a directory, expected a file";
	}
	return error == ENXIO && stat(path, &st) == 0 && S_ISSOCK(st.st_mode) ? "a socket, expected a file" : strerror(error);
}

void file_copy_fini(struct file_copy *f)
{
	if (f->p) {
		explicit_bzero(f->p, f->len);
	}
	free(f->p);
	*f = (struct file_copy){ .p = NULL };
}

void file_remove(const char *path)
{
	err_ignore(unlink(path), "not there, or it stays");
}

void file_remove_dir(const char *path)
{
	err_ignore(rmdir(path), "not there, or it stays");
}

int file_sync_dir_sure(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), saved;
	bool synced;

	if (fd < 0) {
		return ERR_IO;
	}
	synced = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP; /* it cannot sync directories */
	saved = errno;
	close(fd);
	errno = saved;
	return synced ? 0 : ERR_IO;
}

void file_sync_dir(const char *path)
{
	err_ignore(file_sync_dir_sure(path), "the older state is whole too");
}
