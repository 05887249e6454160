/* dm_spawn.c - starts a child: this program again in another role, with its end of a socket pair
 * and the standard streams and nothing else. It runs as the configured user, cannot gain
 * privileges, and ends with the parent. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "daemon/dm_parent_int.h"
#include "sandbox/sbx.h"

/* A service manager signals every process of the service, a terminal the whole process group. Only
 * the parent acts on these signals: it stops the children in order, with a Disconnect-Peer to every
 * peer. The parent ends a child at once by SIGKILL; a child without parent ends itself. */
static const char *const state_words[] = {
	[DM_CHILD_NONE] = "none", [DM_CHILD_STARTING] = "starting", [DM_CHILD_READY] = "ready", [DM_CHILD_KILLED] = "killed"
};

static const uint32_t next_states[] = {
	[DM_CHILD_NONE] = MACHINE_TO(DM_CHILD_STARTING) | MACHINE_TO(DM_CHILD_NONE), /* ended again at the end of the parent */
	[DM_CHILD_STARTING] = MACHINE_TO(DM_CHILD_READY) | MACHINE_TO(DM_CHILD_NONE),
	[DM_CHILD_READY] = MACHINE_TO(DM_CHILD_KILLED) | MACHINE_TO(DM_CHILD_NONE),
	[DM_CHILD_KILLED] = MACHINE_TO(DM_CHILD_NONE),
};

const struct machine dm_child_machine = { "daemon", "process", state_words, next_states, DM_CHILD_STATES };

void dm_child_init(struct dm_child *c, struct dm_parent *p, enum dm_role role)
{
	*c = (struct dm_child){ .obj = { DM_CHILD_MAGIC }, .parent = p, .role = role, .sock = -1 };
	machine_begin(&dm_child_machine, p->in_state, c->state);
}

void dm_child_set(struct dm_child *c, enum dm_child_state state)
{
	char name[EDGE_WORDS_MAX];

	OBJ_CHECK(c, DM_CHILD_MAGIC);
	c->state = (enum dm_child_state)machine_go_traced(&dm_child_machine, c->parent->in_state, &c->parent->log,
							  dm_child_name(c, name), c->state, state);
}

static const int parents_signals[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP };

/* In the child, before the exec: only async-signal-safe calls. Never returns. */
static void become(const struct dm_child *c, int sock, pid_t parent, char *const argv[])
{
	const struct cfg_user *user = dm_user_of(c->parent, c->role);
	int nothing = open("/dev/null", O_RDWR);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < sizeof parents_signals / sizeof *parents_signals; i++) {
		signal(parents_signals[i], SIG_IGN);
	}
	signal(SIGPIPE, SIG_IGN);
	if (user->change && sbx_become(user->id.uid, user->id.gid)) {
		_exit(126);
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
		_exit(126);
	}
	/* A child needs neither our input nor our output; its log is standard error. */
	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0) {
		_exit(126);
	}
	if (getppid() != parent) {
		_exit(126); /* the parent died before PR_SET_PDEATHSIG */
	}
	if (sock == DM_CHILD_FD) {
		if (fcntl(sock, F_SETFD, 0) < 0) {
			_exit(126);
		}
	} else if (dup2(sock, DM_CHILD_FD) < 0) {
		_exit(126);
	}
	if (close_range(DM_CHILD_FD + 1, ~0u, 0) < 0) {
		_exit(126); /* closes the parent's descriptors and those that the parent inherited */
	}
	execv("/proc/self/exe", argv);
	_exit(127);
}

static const char *role_word(const struct dm_child *c)
{
	return c->role == DM_EDGE ? "edge" : c->role == DM_CORE ? "core" : kh_kind_name(c->slot);
}

int dm_spawn(struct dm_child *c)
{
	char generation[16];
	char program[] = "mtc-iwfd", role_opt[] = "--role", conf_opt[] = "-c", generation_opt[] = "--generation";
	char role[32];
	char *path = strdup(c->parent->path);
	char *argv[] = { program, role_opt, role, generation_opt, generation, conf_opt, path, NULL };
	pid_t parent = getpid(), pid;
	int pair[2];

	str_set(role, sizeof role, role_word(c));
	snprintf(generation, sizeof generation, "%u", c->generation);
	if (!path) {
		return ERR_NOMEM;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		free(path);
		return ERR_IO;
	}
	pid = fork();
	if (pid == 0) {
		become(c, pair[1], parent, argv);
	}
	free(path);
	close(pair[1]);
	if (pid < 0 || fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0) {
		close(pair[0]);
		return ERR_IO;
	}
	c->pid = pid;
	dm_child_set(c, DM_CHILD_STARTING);
	c->sock = pair[0];
	return 0;
}
