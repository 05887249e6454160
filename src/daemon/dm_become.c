/* dm_become.c - see dm_become.h. */
#include "daemon/dm_become.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/dm_msg.h"
#include "sandbox/sbx.h"

/* A service manager signals every process of the service, a terminal the whole process group. Only
 * the parent acts on these signals: it stops the children in order, with a Disconnect-Peer to every
 * peer. The parent ends a child at once by SIGKILL; a child without parent ends itself. */
static const int parents_signals[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP };

static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < sizeof parents_signals / sizeof *parents_signals; i++) {
		signal(parents_signals[i], SIG_IGN);
	}
	signal(SIGPIPE, SIG_IGN);
}

/* A child needs neither our input nor our output; its log is standard error. All that the parent
 * has open or has inherited is closed. */
static int keep_only(int sock)
{
	int nothing = open("/dev/null", O_RDWR);

	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0) {
		return -1;
	}
	if (sock == DM_CHILD_FD ? fcntl(sock, F_SETFD, 0) < 0 : dup2(sock, DM_CHILD_FD) < 0) {
		return -1;
	}
	return close_range(DM_CHILD_FD + 1, ~0u, 0);
}

/* A line on standard error, which is the log: whoever starts the process sees only its status. No
 * memory is asked for, because another thread may have been in malloc() when the process forked. */
static noreturn void give_up(int status, const char *role, const char *what)
{
	const char *why = strerrordesc_np(errno);
	const char *const parts[] = { "mtc-iwfd: a process (",     role, ") could not start: ", what, ": ",
				      why ? why : "unknown error", "\n" };
	char line[512];
	size_t n = 0;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		size_t len = strnlen(parts[i], sizeof line - n);

		memcpy(line + n, parts[i], len);
		n += len;
	}
	err_ignore(write(STDERR_FILENO, line, n), "the status is all that is left to say");
	_exit(status);
}

noreturn void dm_become(const struct cfg_user *user, int sock, pid_t parent, const char *program, char *const argv[])
{
	const char *role = argv[0] && argv[1] && argv[2] ? argv[2] : program;

	reset_signals();
	if (user->change && sbx_become(user->id.uid, user->id.gid)) {
		give_up(126, role, "it cannot become its user");
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
		give_up(126, role, "prctl");
	}
	if (getppid() != parent) {
		_exit(126); /* the parent died before PR_SET_PDEATHSIG, and nobody waits for a word */
	}
	if (keep_only(sock)) {
		give_up(126, role, "its descriptors cannot be put in place");
	}
	execv(program, argv);
	give_up(127, role, program);
}
