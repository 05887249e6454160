/* ue_exec.c - passes payloads to a command: no shell, payload on stdin, data in the environment, a
 * limited number at the same time. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

#include "nodes/common/node.h"
#include "nodes/ue/ue.h"

enum { ENV_OURS = 6, TRY_AGAIN_MS = 1000 };

struct job {
	struct ue_trigger t; /* payload in `octets` */
	pid_t pid;
	struct job *prev, *next;
	uint8_t octets[];
};

struct ue_exec {
	struct job *waiting, *running;
	uint32_t waiting_n, running_n;
	struct net_signal *child;
	struct net_timer *again;
};

bool ue_exec_full(const struct ue *u)
{
	return u->exec->waiting_n >= u->jobs_max;
}

/* Our five variables first, then our own environment. NULL: out of memory. */
static char **make_environment(char words[ENV_OURS][64], const struct ue_trigger *t)
{
	size_t n = 0, at = 0;
	char **env;

	while (environ[n]) {
		n++;
	}
	env = calloc(n + ENV_OURS + 1, sizeof *env);
	if (!env) {
		return NULL;
	}
	snprintf(words[0], sizeof words[0], "MTC_IMSI=%s", t->imsi);
	snprintf(words[1], sizeof words[1], "MTC_ORIGINATOR=%s", t->originator);
	snprintf(words[2], sizeof words[2], "MTC_DELIVERY_ID=%llu", (unsigned long long)t->id);
	snprintf(words[3], sizeof words[3], "MTC_AGAIN=%d", t->again);
	snprintf(words[4], sizeof words[4], "MTC_PORT=%u", t->port);
	if (!t->has_port) {
		snprintf(words[4], sizeof words[4], "MTC_PORT=");
	}
	for (size_t i = 0; i < 5; i++) {
		env[at++] = words[i];
	}
	for (size_t i = 0; i < n; i++) {
		if (strncmp(environ[i], "MTC_", 4) != 0) {
			env[at++] = environ[i];
		}
	}
	return env;
}

/* The payload fits into a pipe (at least 64 KiB), so that the write does not block. */
static int payload_pipe(int *read_end, const struct ue_trigger *t)
{
	int fds[2];
	ssize_t n;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK)) {
		return errno;
	}
	n = t->payload_len ? write(fds[1], t->payload, t->payload_len) : 0;
	close(fds[1]);
	if (n < 0 || (size_t)n != t->payload_len) {
		close(fds[0]);
		return EIO;
	}
	fcntl(fds[0], F_SETFL, 0); /* the command reads it as any other stdin */
	*read_end = fds[0];
	return 0;
}

static int spawn(pid_t *pid, const char *command, char **env, int in)
{
	char *const argv[] = { (char *)command, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, reset;
	int err;

	sigemptyset(&none);
	sigemptyset(&reset);
	sigaddset(&reset, SIGPIPE);
	if (posix_spawn_file_actions_init(&files)) {
		return ENOMEM;
	}
	if (posix_spawnattr_init(&attr)) {
		posix_spawn_file_actions_destroy(&files);
		return ENOMEM;
	}
	err = posix_spawn_file_actions_adddup2(&files, in, 0);
	if (!err) {
		err = posix_spawn_file_actions_adddup2(&files, 2, 1); /* stdout is for our events */
	}
	if (!err) {
		err = posix_spawnattr_setsigmask(&attr, &none);
	}
	if (!err) {
		err = posix_spawnattr_setsigdefault(&attr, &reset);
	}
	if (!err) {
		err = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	}
	if (!err) {
		err = posix_spawnp(pid, command, &files, &attr, argv, env);
	}
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return err;
}

static int start_job(const struct ue *u, struct job *j)
{
	char words[ENV_OURS][64];
	char **env = make_environment(words, &j->t);
	int in = -1, err;

	if (!env) {
		return ENOMEM;
	}
	err = payload_pipe(&in, &j->t);
	if (!err) {
		err = spawn(&j->pid, u->command, env, in);
		close(in);
	}
	free(env);
	return err;
}

static void emit_command(struct ue *u, const struct job *j, const char *key, int value, const char *words)
{
	json_t *event = json_pack("{s:s, s:s, s:I, s:s*}", "event", "command", "imsi", j->t.imsi, "delivery_id",
				  (json_int_t)j->t.id, "error", words);

	if (event && !words) {
		json_object_set_new(event, key, json_integer(value));
	}
	node_out_event(&u->out, event);
}

static void start_more(struct ue *u)
{
	struct ue_exec *x = u->exec;

	while (x->waiting && x->running_n < u->commands_max) {
		struct job *j = x->waiting;
		int err = start_job(u, j);

		/* a temporary failure */
		if (err == EAGAIN || err == ENOMEM || err == EMFILE || err == ENFILE) {
			log_warn(&u->log, "exec", "%s: %s; trying again", u->command, strerror(err));
			net_timer_start(x->again, TRY_AGAIN_MS);
			return;
		}
		DL_DELETE(x->waiting, j);
		x->waiting_n--;
		if (err) { /* kept on disk: started after a restart with a command that works */
			emit_command(u, j, "", 0, strerror(err));
			free(j);
			continue;
		}
		u->counts.commands++;
		ue_state_acted(u->state, j->t.id);
		DL_APPEND(x->running, j);
		x->running_n++;
	}
}

static void on_again(void *arg)
{
	start_more(OBJ_OF(arg, struct ue, UE_MAGIC));
}

static void on_child(void *arg, int signum)
{
	struct ue *u = OBJ_OF(arg, struct ue, UE_MAGIC);
	struct job *j, *after;
	int status;

	(void)signum;
	DL_FOREACH_SAFE (u->exec->running, j, after) {
		if (waitpid(j->pid, &status, WNOHANG) != j->pid) {
			continue;
		}
		if (WIFSIGNALED(status)) {
			emit_command(u, j, "signal", WTERMSIG(status), NULL);
		} else {
			emit_command(u, j, "exit_status", WEXITSTATUS(status), NULL);
		}
		DL_DELETE(u->exec->running, j);
		u->exec->running_n--;
		free(j);
	}
	start_more(u);
}

int ue_exec_add(struct ue *u, const struct ue_trigger *t)
{
	struct job *j;

	if (ue_exec_full(u)) {
		return ERR_BUSY;
	}
	j = calloc(1, sizeof *j + t->payload_len);
	if (!j) {
		return ERR_NOMEM;
	}
	j->t = *t;
	if (t->payload_len) {
		memcpy(j->octets, t->payload, t->payload_len);
	}
	j->t.payload = j->octets;
	DL_APPEND(u->exec->waiting, j);
	u->exec->waiting_n++;
	/* not at once: before the loop runs there may be a walk through the state under way */
	net_timer_start(u->exec->again, 0);
	return 0;
}

int ue_exec_start(struct ue *u)
{
	int err;

	u->exec = calloc(1, sizeof *u->exec);
	if (!u->exec) {
		return ERR_NOMEM;
	}
	err = net_signal_new(&u->exec->child, u->loop, SIGCHLD, on_child, u);
	if (!err) {
		err = net_timer_new(&u->exec->again, u->loop, on_again, u);
	}
	return err;
}

void ue_exec_end(struct ue *u)
{
	struct job *j, *after;

	if (!u->exec) {
		return;
	}
	net_signal_free(u->exec->child);
	net_timer_free(u->exec->again);
	DL_FOREACH_SAFE (u->exec->waiting, j, after)
		free(j);
	DL_FOREACH_SAFE (u->exec->running, j, after)
		free(j);
	free(u->exec);
	u->exec = NULL;
}
