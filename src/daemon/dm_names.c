/* dm_names.c - see dm_names.h. Both ends send struct cfg_names once: they are one program. */
#include "daemon/dm_names.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "daemon/dm_become.h"
#include "daemon/dm_child.h"
#include "daemon/dm_parent_int.h"

/* -- the process that asks */

int dm_names_main(void)
{
	struct cfg_names n;

	if (recv(DM_CHILD_FD, &n, sizeof n, 0) != (ssize_t)sizeof n || n.n > CFG_NAMES_MAX) {
		return 1;
	}
	cfg_names_ask(&n);
	return send(DM_CHILD_FD, &n, sizeof n, MSG_NOSIGNAL) < 0;
}

/* -- who needs the answers */

static int spawn(pid_t *pid, int *sock, const struct cfg_names *n)
{
	char program[] = "mtc-iwfd", role_opt[] = "--role", role[] = "names", conf_opt[] = "-c", conf[] = "-";
	char *argv[] = { program, role_opt, role, conf_opt, conf, NULL };
	struct cfg_user same = { .change = false };
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		return ERR_IO;
	}
	*pid = fork();
	if (*pid == 0) {
		dm_become(&same, pair[1], parent, "/proc/self/exe", argv);
	}
	close(pair[1]);
	if (*pid < 0) {
		close(pair[0]);
		return ERR_IO;
	}
	if (send(pair[0], n, sizeof *n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof *n) {
		kill(*pid, SIGKILL);
		close(pair[0]);
		return ERR_IO;
	}
	*sock = pair[0];
	return 0;
}

/* `waited_ms` 0: the process ended, or its answer is none. */
static const char *words(char why[DM_NAMES_WHY_MAX], const struct cfg_names *n, uint64_t waited_ms)
{
	if (waited_ms) {
		snprintf(
		    why, DM_NAMES_WHY_MAX,
		    "the name service of this machine did not answer within %llu ms (timers.names) about users and groups such "
		    "as '%.64s': try 'getent %s', and look at /etc/nsswitch.conf and the servers that it names",
		    (unsigned long long)waited_ms, n->of[0].name, n->of[0].group ? "group" : "passwd");
	} else {
		str_cut(why, DM_NAMES_WHY_MAX,
			"the process that asks the name service of this machine ended without an answer: try 'getent passwd' and "
			"'getent group'");
	}
	return why;
}

static int take(struct cfg_names *n, int sock, char why[DM_NAMES_WHY_MAX])
{
	struct cfg_names answers;
	int err = recv(sock, &answers, sizeof answers, MSG_DONTWAIT) == (ssize_t)sizeof answers ? cfg_names_take(n, &answers)
												: ERR_CLOSED;

	if (err) {
		words(why, n, 0);
	}
	return err;
}

int dm_names_wait(struct cfg_names *n, uint64_t wait_ms, char why[DM_NAMES_WHY_MAX])
{
	pid_t pid = 0;
	int sock, err;

	if (!n->n) {
		n->asked = true;
		return 0;
	}
	err = spawn(&pid, &sock, n);
	if (err) {
		snprintf(why, DM_NAMES_WHY_MAX, "no process could be made that asks the name service: %s", strerror(errno));
	} else {
		err = dm_ask_wait(sock, wait_ms) ? take(n, sock, why) : ERR_TIMEOUT;
		close(sock);
	}
	if (err == ERR_TIMEOUT) {
		words(why, n, wait_ms);
	}
	if (pid > 0) {
		kill(pid, SIGKILL); /* it has answered, or is late */
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
		}
	}
	return err;
}

/* -- beside the loop of the parent */

static void on_answer(void *arg, int events)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);
	char why[DM_NAMES_WHY_MAX] = "";
	int err = take(&p->names.names, p->ask.sock, why);

	(void)events;
	dm_ask_end(&p->ask);
	dm_reload_named(p, &p->names.names, err ? why : NULL);
}

static void on_late(void *arg)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);
	char why[DM_NAMES_WHY_MAX];

	if (dm_ask_again(&p->ask)) {
		return;
	}
	dm_ask_end(&p->ask);
	p->names.late++;
	dm_reload_named(p, &p->names.names, words(why, &p->names.names, p->names.wait_ms));
}

int dm_names_begin(struct dm_parent *p, const struct cfg_names *n)
{
	pid_t pid;
	int sock, err;

	p->names.names = *n;
	p->names.wait_ms = p->cfg->timers.names_ms;
	err = spawn(&pid, &sock, n);
	return err ? err : dm_ask_begin(&p->ask, p->loop, pid, sock, p->names.wait_ms, on_answer, on_late, p);
}
