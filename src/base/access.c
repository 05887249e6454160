/* access.c - a child process becomes the user, asks the kernel, and reports the answer. */
#include "base/access.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

static void ask_all(struct access_ask *asks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		asks[i].error = faccessat(AT_FDCWD, asks[i].path, asks[i].mode, AT_EACCESS) ? errno : 0;
	}
}

/* In the child: only calls that are allowed after fork() in a process with threads. */
static void ask_in_child(int fd, uid_t uid, gid_t gid, const struct access_ask *asks, size_t n)
{
	int errors[ACCESS_ASKS_MAX] = { 0 };

	if (setgroups(0, NULL) < 0 || setgid(gid) < 0 || setuid(uid) < 0) {
		_exit(1);
	}
	for (size_t i = 0; i < n; i++) {
		errors[i] = access(asks[i].path, asks[i].mode) ? errno : 0;
	}
	_exit(write(fd, errors, n * sizeof *errors) == (ssize_t)(n * sizeof *errors) ? 0 : 1);
}

static int hear(int fd, struct access_ask *asks, size_t n)
{
	int errors[ACCESS_ASKS_MAX];
	ssize_t got;

	do {
		/* less than PIPE_BUF: whole or nothing */
		got = read(fd, errors, n * sizeof *errors);
	} while (got < 0 && errno == EINTR);
	if (got != (ssize_t)(n * sizeof *errors)) {
		return ERR_IO;
	}
	for (size_t i = 0; i < n; i++) {
		asks[i].error = errors[i];
	}
	return 0;
}

int access_as(uid_t uid, gid_t gid, struct access_ask *asks, size_t n)
{
	int pair[2], err;
	pid_t pid;

	if (n > ACCESS_ASKS_MAX) {
		return ERR_LIMIT;
	}
	if (uid == geteuid()) {
		ask_all(asks, n);
		return 0;
	}
	if (pipe2(pair, O_CLOEXEC) < 0) {
		return ERR_IO;
	}
	pid = fork();
	if (pid == 0) {
		ask_in_child(pair[1], uid, gid, asks, n);
	}
	close(pair[1]);
	err = pid < 0 ? ERR_IO : hear(pair[0], asks, n);
	close(pair[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
		;
	}
	return err;
}
