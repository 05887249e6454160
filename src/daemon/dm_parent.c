/* dm_parent.c - the life of the processes.
 *
 *            spawn, hand over            DM_READY
 *   (none) -------------------> STARTING ---------> UP --(ends)--> pause --> next generation
 *                                   | ends before all were ready once: the daemon ends, the log
 *                                   | says why
 *                                   | ends later: pause, longer each time; the daemon goes on while
 *                                   | any process is ready
 *
 * SIGTERM, SIGINT, SIGQUIT: DM_STOP to the edges, then to the core. A process that does not end in
 * time is killed. A second signal, HURRY_MS later or more, waits for nobody: edges are killed, and
 * the core gets HURRY_MS.
 *
 * The parent reads messages of one size from its children and keeps nothing they say but "ready",
 * "end that edge", a log level, which set of files they use, and that an operator wants a
 * reload. */
#include "daemon/dm_parent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/edge_name.h"
#include "base/fault.h"
#include "base/shown.h"
#include "base/stdfd.h"
#include "daemon/dm_change.h"
#include "daemon/dm_console.h"
#include "daemon/dm_parent_int.h"

#define STOP_GRACE_MS 2000
#define READY_OCTETS_MAX ((SHOWN_ADDRESS_MAX + 32u) * CFG_LISTEN_MAX)
#define HURRY_MS 1000      /* sooner, it is the same request: */
#define MESSAGES_A_TURN 16 /* of one child, so that none keeps the parent busy */

static void start_child(struct dm_child *c);
static void step_stop(struct dm_parent *p);

static void give_up(struct dm_parent *p, const char *why)
{
	log_error(&p->log, "daemon", "%s", why);
	p->status = 1;
	net_loop_stop(p->loop);
}

/* -- rings, once both ends are ready */

static void connect_edge(struct dm_child *edge)
{
	struct dm_parent *p = edge->parent;
	char name[EDGE_WORDS_MAX];
	int err;

	if (!edge->pid || !p->core.pid || !dm_child_ready(edge) || !dm_child_ready(&p->core)) {
		return;
	}
	err = dm_hand_ring(edge);
	if (!err) {
		dm_set_tell_core(edge);
		return;
	}
	log_error(&p->log, "daemon", "%s and the core could not be joined: %s; it is restarted", dm_child_name(edge, name),
		  err_str(err));
	kill(edge->pid, SIGKILL);
}

static void announce(struct dm_parent *p)
{
	char line[SHOWN_ADDRESS_MAX + 32], address[SHOWN_ADDRESS_MAX];
	int len;

	if (p->announced || dm_children_ready(p) < dm_children(p)) {
		return;
	}
	p->announced = true;
	for (size_t i = 0; i < p->cfg->listen_n; i++) {
		if (p->listen_fds[i] < 0) {
			continue; /* shut, and that was told */
		}
		(void)shown_address(address, p->cfg->listen[i].address, p->listen_ports[i]);
		log_info(&p->log, "daemon", "listener %s is ready %s", p->cfg->listen[i].name, address);
		len = snprintf(line, sizeof line, "ready %s\n", address);
		if (p->out && len > 0 && writer_line(p->out, line, (size_t)len)) {
			log_warn(&p->log, "daemon", "the ready line could not be written to standard output");
		}
	}
	dm_notify_ready(&p->notify, "SCSs can connect; mtcctl status shows more");
}

static void on_ready(struct dm_child *c)
{
	struct dm_parent *p = c->parent;

	dm_child_set(c, DM_CHILD_READY);
	c->was_ready = true;
	dm_watch_ready(c);
	c->set_taken = c->set_sent; /* the set that it was started with */
	if (c->role == DM_EDGE) {
		connect_edge(c);
	} else if (c->role == DM_CORE) {
		for (uint32_t i = 0; i < p->edges_n; i++) {
			connect_edge(&p->edges[i]);
		}
		dm_holders_tell_all(p);
	}
	if (c->role == DM_CORE) {
		dm_sandboxes_tell(p);
		dm_crls_tell(p);
		dm_disk_tell(p);
		dm_answer_core_ready(p);
	}
	dm_holders_tell(c);
	dm_set_offer(c); /* the set may have been renewed in the meantime */
	dm_set_step(p);  /* edges may have waited for this keyholder */
	dm_change_anew(p);
	announce(p);
}

/* -- messages of children */

static void end_edge(struct dm_parent *p, uint32_t generation, const char *of)
{
	char name[EDGE_WORDS_MAX];

	for (uint32_t i = 0; i < p->edges_n; i++) {
		if (p->edges[i].pid && p->edges[i].generation == generation) {
			log_error(&p->log, "daemon", "%s broke the rules of %s and is ended", dm_child_name(&p->edges[i], name),
				  of);
			kill(p->edges[i].pid, SIGKILL);
			return;
		}
	}
}

static void tell_edges(struct dm_parent *p, const struct dm_msg *m)
{
	char name[EDGE_WORDS_MAX];

	for (uint32_t i = 0; i < p->edges_n; i++) {
		if (p->edges[i].pid && dm_send(p->edges[i].sock, m, NULL, 0)) {
			log_warn(&p->log, "daemon", "%s does not take messages", dm_child_name(&p->edges[i], name));
		}
	}
}

/* False: this child must not send this message now. */
static bool on_message(struct dm_child *c, const struct dm_msg *m)
{
	struct dm_parent *p = c->parent;
	struct dm_msg level = { .kind = DM_LOG_LEVEL, .value = m->value };

	if (m->kind == DM_READY && !dm_child_ready(c)) {
		on_ready(c);
	} else if (m->kind == DM_SANDBOX && !dm_child_ready(c)) {
		return dm_sandboxes_take(c, m);
	} else if (m->kind == DM_BAD_EDGE && c->role != DM_EDGE) {
		end_edge(p, m->generation,
			 c->role == DM_CORE     ? "its ring"
			 : c->role == DM_HOLDER ? "the keyholder"
			 : c->role == DM_HELPER ? "the NDS/IP helper"
						: "the fetcher");
	} else if (m->kind == DM_KEYS_LOST && c->role == DM_EDGE) {
		return dm_holders_lost(c, m);
	} else if (m->kind == DM_NDSIP_LOST) {
		return dm_ndsips_lost(c, m);
	} else if (m->kind == DM_VICI_WANTED) {
		return dm_ndsips_connect(c);
	} else if (m->kind == DM_FETCH_LOST) {
		return dm_fetchers_lost(c, m);
	} else if (m->kind == DM_FETCH_WANTED) {
		return dm_fetchers_connect(c, m);
	} else if (m->kind == DM_COUNT && c->role == DM_HOLDER) {
		return dm_holders_count(c, m);
	} else if (m->kind == DM_AUDIT_SIGNED) {
		return dm_audit_signed(c, m);
	} else if (m->kind == DM_LOG_LEVEL && c->role == DM_CORE && m->value <= LOG_LEVEL_DEBUG) {
		tell_edges(p, &level);
	} else if (m->kind == DM_SET_TAKEN && dm_child_ready(c)) {
		return dm_set_taken(c, m);
	} else if (m->kind == DM_RELOAD && c->role == DM_CORE && m->index) {
		dm_reload(p, m->index, m->value != 0);
	} else {
		return false;
	}
	return true;
}

static void on_child(void *arg, int events)
{
	struct dm_child *c = OBJ_OF(arg, struct dm_child, DM_CHILD_MAGIC);
	int fds[DM_FDS_MAX], err = 0;
	struct dm_msg m;

	(void)events;
	for (int n = 0; n < MESSAGES_A_TURN && !err; n++) {
		err = dm_recv(c->sock, &m, fds);
		for (int i = 0; i < DM_FDS_MAX; i++) {
			if (fds[i] >= 0) {
				close(fds[i]); /* children send no descriptors */
			}
		}
		if (!err && !on_message(c, &m)) {
			err = ERR_PROTO;
		}
	}
	if (!err || err == ERR_AGAIN) {
		return;
	}
	net_watch_stop(c->watch); /* SIGCHLD follows */
	if (err != ERR_PROTO) {
		return;
	}
	log_error(&c->parent->log, "daemon", "pid %d says what no child says and is ended", (int)c->pid);
	kill(c->pid, SIGKILL);
}

/* -- start, end, start again */

static void later(struct dm_child *c);

/* fork() failed: no process, descriptor or memory available. */
static void could_not_spawn(struct dm_child *c, int err)
{
	char name[EDGE_WORDS_MAX];

	log_error(&c->parent->log, "daemon", "%s: no process could be made: %s", dm_child_name(c, name), err_str(err));
	dm_again_ended(&c->again, false, 0);
	later(c);
}

/* The sandbox of this core will have the ports and transports of these. */
static void note_peers(const struct dm_child *c)
{
	struct dm_parent *p = c->parent;

	if (c->role != DM_CORE) {
		return;
	}
	p->core_peers_n = p->cfg->peers_n;
	for (size_t i = 0; i < p->cfg->peers_n; i++) {
		p->core_peers[i] = (struct dm_core_peer){ p->cfg->peers[i].port, p->cfg->peers[i].transport == TRANSPORT_SCTP };
	}
}

static void start_child(struct dm_child *c)
{
	struct dm_parent *p = c->parent;
	char name[EDGE_WORDS_MAX];
	int err;

	if (p->stopping || c->pid) {
		return;
	}
	c->generation = p->generation_next++;
	c->set_sent = c->set_taken = c->sets_used = 0;
	c->started_ms = net_loop_now_ms(p->loop);
	c->behind = false;
	note_peers(c);
	err = dm_spawn(c);
	FAULT_POINT(PARENT_CHILD_SPAWNED);
	if (!err) {
		err = net_watch_new(&c->watch, p->loop, c->sock, on_child, c);
	}
	if (!err) {
		err = net_watch_set(c->watch, NET_READ);
	}
	if (!err) {
		err = dm_hand_over(c);
	}
	if (err && c->pid) {
		kill(c->pid, SIGKILL); /* its end is handled like any other */
	} else if (err) {
		could_not_spawn(c, err);
	} else {
		log_info(&p->log, "daemon", "started %s", dm_child_name(c, name));
		dm_holders_join(c);
		dm_ndsips_join(c);
		if (c->role == DM_CORE || c->role == DM_HOLDER) {
			dm_audit_join(p);
		}
		dm_fetchers_join(c);
	}
}

static void on_restart(void *arg)
{
	start_child(OBJ_OF(arg, struct dm_child, DM_CHILD_MAGIC));
}

/* The child has ended. Before all children were ready once, this ends the start; later, the other
 * children keep running. */
static void later(struct dm_child *c)
{
	struct dm_parent *p = c->parent;
	uint64_t pause = dm_again_pause_ms(&c->again, p->cfg->timers.edge_restart_ms, p->cfg->timers.restart_max_ms);
	char name[EDGE_WORDS_MAX];

	if (!c->was_ready) {
		give_up(p, "a process ended before it was ready; its own lines above say why");
	} else if (dm_again_hopeless(&c->again) && !dm_children_ready(p)) {
		give_up(p, "a process ends again and again, and no other one is at work");
	} else {
		if (c->again.unready) {
			log_error(&p->log, "daemon", "%s could not start, attempt %u; the next one is in %llu ms",
				  dm_child_name(c, name), c->again.unready, (unsigned long long)pause);
		}
		net_timer_start(c->restart, pause);
	}
}

static void close_child(struct dm_child *c)
{
	net_watch_free(c->watch);
	c->watch = NULL;
	if (c->sock >= 0) {
		close(c->sock);
	}
	c->sock = -1;
	dm_sandboxes_gone(c);
	c->pid = 0;
	dm_child_set(c, DM_CHILD_NONE);
}

/* Tells the core that an edge has ended. */
static void forget_edge(struct dm_child *c)
{
	struct dm_parent *p = c->parent;
	struct dm_msg gone = { .kind = DM_EDGE_GONE, .generation = c->generation };
	char name[EDGE_WORDS_MAX];

	ipc_caps_clear(dm_caps_of(p, c->zone)->page, c->place);
	if (p->core.pid && dm_child_ready(&p->core) && dm_send(p->core.sock, &gone, NULL, 0)) {
		log_warn(&p->log, "daemon", "the core could not be informed that %s has ended", dm_child_name(c, name));
	}
}

static void on_child_end(struct dm_child *c, int status)
{
	struct dm_parent *p = c->parent;
	uint64_t lived_ms = net_loop_now_ms(p->loop) - c->started_ms;
	bool was_ready = dm_child_ready(c);
	char name[EDGE_WORDS_MAX];

	if (WIFSIGNALED(status)) {
		log_look(&p->log); /* it may have died in the middle of a line */
	}
	if (!p->stopping || (WIFSIGNALED(status) || WEXITSTATUS(status) != 0)) {
		log_warn(&p->log, "daemon", "%s ended with %s %d", dm_child_name(c, name),
			 WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	dm_sandboxes_ended(c, status);
	FAULT_POINT(PARENT_CHILD_ENDED);
	close_child(c);
	if (c->role == DM_EDGE) {
		forget_edge(c);
	}
	dm_holders_tell(c);
	if (p->stopping) {
		step_stop(p);
		return;
	}
	dm_again_ended(&c->again, was_ready, lived_ms);
	later(c);
	dm_set_step(p);
}

static struct dm_child *child_of(struct dm_parent *p, pid_t pid)
{
	for (uint32_t i = 0; i < dm_children(p); i++) {
		if (dm_child_at(p, i)->pid == pid) {
			return dm_child_at(p, i);
		}
	}
	return NULL;
}

static void on_chld(void *arg, int signum)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);
	struct dm_child *c;
	int status;
	pid_t pid;

	(void)signum;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		c = child_of(p, pid);
		if (c) {
			on_child_end(c, status);
		}
	}
}

/* -- the end in order */

static bool any_edge(const struct dm_parent *p)
{
	for (uint32_t i = 0; i < p->edges_n; i++) {
		if (p->edges[i].pid) {
			return true;
		}
	}
	return false;
}

static void ask_to_stop(struct dm_child *c)
{
	struct dm_msg stop = { .kind = DM_STOP };

	if (c->pid && (!dm_child_ready(c) || dm_send(c->sock, &stop, NULL, 0))) {
		kill(c->pid, SIGKILL);
	}
}

/* Stops the edges first, so that no further request arrives; then the core, which makes everything
 * durable. */
static void step_stop(struct dm_parent *p)
{
	if (any_edge(p)) {
		return;
	}
	if (p->core.pid && !p->core_stopping) {
		p->core_stopping = true;
		dm_holders_stop(p);
		ask_to_stop(&p->core);
		net_timer_start(p->stop_timer, p->hurried ? HURRY_MS : p->cfg->timers.disconnect_wait_ms + STOP_GRACE_MS);
		return;
	}
	if (!p->core.pid && !p->core_stopping) {
		p->core_stopping = true;
		dm_holders_stop(p);
	}
	if (!p->core.pid && !dm_holders_any(p)) {
		net_loop_stop(p->loop);
	}
}

/* The time to stop is up: kills every child that was asked to stop. */
static void kill_stopping(struct dm_parent *p)
{
	for (uint32_t i = 0; i < p->edges_n; i++) {
		if (p->edges[i].pid) {
			kill(p->edges[i].pid, SIGKILL);
		}
	}
	for (uint32_t i = 0; i < p->holders_n + p->ndsip_n + p->fetcher_n + p->metrics_n; i++) {
		const struct dm_child *c = dm_child_at(p, 1 + p->edges_n + i);

		if (p->core_stopping && c->pid) {
			kill(c->pid, SIGKILL);
		}
	}
	if (p->core_stopping && p->core.pid) {
		kill(p->core.pid, SIGKILL);
	}
}

static void on_stop_late(void *arg)
{
	kill_stopping(arg);
}

/* The core is durable at any instant: if it is killed, only the Disconnect-Peer to its peers is
 * missing. */
static void hurry(struct dm_parent *p, int signum)
{
	if (net_loop_now_ms(p->loop) - p->stopping_ms < HURRY_MS) {
		return;
	}
	log_warn(&p->log, "daemon", "ending at once after another signal %d", signum);
	p->hurried = true;
	kill_stopping(p);
}

static void on_term(void *arg, int signum)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);

	if (p->stopping) {
		hurry(p, signum);
		return;
	}
	log_info(&p->log, "daemon", "shutting down after signal %d", signum);
	p->stopping = true;
	p->stopping_ms = net_loop_now_ms(p->loop);
	dm_notify_stopping(&p->notify, "every connection is taken down with Disconnect-Peer");
	for (uint32_t i = 0; i < p->edges_n; i++) {
		ask_to_stop(&p->edges[i]);
	}
	net_timer_start(p->stop_timer, p->cfg->timers.disconnect_wait_ms + STOP_GRACE_MS);
	step_stop(p);
}

static void on_hup(void *arg, int signum)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);
	struct dm_msg m = { .kind = DM_DECISIONS };
	int fd = dm_open_decisions(p);

	(void)signum;
	if (fd >= 0) {
		if (p->core.pid && dm_send(p->core.sock, &m, &fd, 1) == 0) {
			log_info(&p->log, "daemon", "decision log opened again");
			dm_decisions_note(p, fd);
		}
		close(fd);
	}
	if (dm_audit_publish(p)) {
		log_warn(&p->log, "daemon", "the core does not take messages");
	}
	if (!p->stopping) {
		dm_reload(p, 0, false);
	}
}

/* The core keeps the counters of the parent. */
static void count(struct dm_parent *p, enum dm_kind kind, uint64_t now, uint64_t *told)
{
	struct dm_msg m = { .kind = kind, .value = now - *told };

	if (m.value && p->core.pid && p->core.state == DM_CHILD_READY && dm_send(p->core.sock, &m, NULL, 0) == 0) {
		*told = now;
	}
}

static void on_turn_end(void *arg)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);

	count(p, DM_LOG_LOST, log_lost(&p->log), &p->log_lost_told);
	count(p, DM_HUNG, p->hangs, &p->hangs_told);
	count(p, DM_REFUSED, p->refused, &p->refused_told);
	count(p, DM_CRL_RENEWED, p->crls.renewed, &p->crls.renewed_told);
	count(p, DM_CRL_REFUSED, p->crls.refusals, &p->crls.refusals_told);
}

/* -- */

static int watch_signals(struct dm_parent *p)
{
	int err = net_signal_new(&p->on_chld, p->loop, SIGCHLD, on_chld, p);

	if (!err) {
		err = net_signal_new(&p->on_term, p->loop, SIGTERM, on_term, p);
	}
	if (!err) {
		err = net_signal_new(&p->on_int, p->loop, SIGINT, on_term, p);
	}
	if (!err) {
		err = net_signal_new(&p->on_quit, p->loop, SIGQUIT, on_term, p);
	}
	if (!err) {
		err = net_signal_new(&p->on_hup, p->loop, SIGHUP, on_hup, p);
	}
	return err ? err : net_timer_new(&p->stop_timer, p->loop, on_stop_late, p);
}

/* Timers are created in advance, so that a restart cannot fail for lack of memory. */
static int make_restarts(struct dm_parent *p)
{
	int err = 0;

	for (uint32_t i = 0; i < dm_children(p) && !err; i++) {
		struct dm_child *c = dm_child_at(p, i);

		err = net_timer_new(&c->restart, p->loop, on_restart, c);
	}
	return err;
}

/* An earlier run may have ended in half a line; the children write to the same file, and do not
 * look. */
static int begin_log(struct dm_parent *p)
{
	int err = log_queue(&p->log, WRITER_OCTETS);

	log_look(&p->log);
	return err;
}

static bool is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Threads that write the log and the ready lines: they come after the sandbox, so that they are
 * inside. A log that is a file has no thread, and is begun before. */
static int begin_writers(struct dm_parent *p)
{
	int err = p->log.queue ? 0 : begin_log(p);

	if (!err && stdfd_written(STDOUT_FILENO)) {
		err = writer_open(&p->out, STDOUT_FILENO, READY_OCTETS_MAX, NULL, NULL);
	}
	if (err) {
		log_error(&p->log, "daemon", "%s", err_str(err));
		return err;
	}
	if (p->out) {
		writer_look(p->out);
	}
	log_queue_max(&p->log, p->cfg->log_queue_max);
	return 0;
}

static int run(struct dm_parent *p)
{
	int err = dm_notify_open(&p->notify, &p->log);

	if (!err) {
		err = dm_open_all(p);
	}
	if (!err) {
		err = dm_sandboxes_enter(p);
	}
	if (!err) {
		err = begin_writers(p);
	}
	if (!err) {
		err = net_loop_new(&p->loop);
	}
	if (!err) {
		err = dm_notify_begin(&p->notify, p->loop);
	}
	if (!err) {
		err = watch_signals(p);
	}
	if (!err) {
		err = net_check_new(&p->turn_end, p->loop, on_turn_end, p);
	}
	if (!err) {
		err = dm_files_watch(p);
	}
	if (!err) {
		err = dm_crls_watch(p);
	}
	if (!err) {
		err = dm_disk_watch(p);
	}
	if (!err) {
		err = dm_watch_begin(p);
	}
	if (!err) {
		err = make_restarts(p);
	}
	if (!err) {
		err = dm_holders_watch(p);
	}
	if (!err) {
		err = dm_ndsips_watch(p);
	}
	if (!err) {
		err = dm_fetchers_watch(p);
	}
	if (!err) {
		err = dm_decisions_watch(p);
	}
	if (err) {
		return err;
	}
	p->generation_next = 1;
	for (uint32_t i = 0; i < p->holders_n; i++) {
		start_child(&p->holders[i]);
	}
	if (p->ndsip_n) {
		start_child(&p->ndsip);
	}
	if (p->fetcher_n) {
		start_child(&p->fetcher);
	}
	if (p->metrics_n) {
		start_child(&p->metrics);
	}
	for (uint32_t i = 0; i < p->edges_n; i++) {
		start_child(&p->edges[i]);
	}
	start_child(&p->core);
	return p->status ? ERR_IO : net_loop_run(p->loop);
}

static void end_child(struct dm_child *c)
{
	if (c->pid) {
		kill(c->pid, SIGKILL);
		(void)waitpid(c->pid, NULL, 0);
	}
	close_child(c);
	net_timer_free(c->restart);
	net_timer_free(c->pair_again);
	net_timer_free(c->ndsip_again);
	net_timer_free(c->fetch_again);
}

static void tear_down(struct dm_parent *p)
{
	for (uint32_t i = 0; i < p->edges_n; i++) {
		end_child(&p->edges[i]);
	}
	for (uint32_t i = 0; i < p->holders_n; i++) {
		end_child(&p->holders[i]);
	}
	if (p->ndsip_n) {
		end_child(&p->ndsip);
	}
	if (p->fetcher_n) {
		end_child(&p->fetcher);
	}
	if (p->metrics_n) {
		end_child(&p->metrics);
	}
	if (p->edges_n) {
		end_child(&p->core);
	}
	net_signal_free(p->on_chld);
	net_signal_free(p->on_term);
	net_signal_free(p->on_int);
	net_signal_free(p->on_quit);
	net_signal_free(p->on_hup);
	net_timer_free(p->stop_timer);
	net_check_free(p->turn_end);
	dm_watch_end(p);
	dm_crls_free(p);
	dm_disk_free(p);
	dm_files_free(p);
	dm_console_fini(&p->console);
	dm_close_all(p);
	dm_notify_end(&p->notify);
	if (p->loop) {
		net_loop_free(p->loop);
	}
	p->loaded.set = NULL; /* there may be a newer one; dm_files_free() had the one in use */
	dm_loaded_fini(&p->loaded);
}

static void log_finding(void *arg, const char *kind, const char *text)
{
	const struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);

	log_write(&p->log, strcmp(kind, REPORT_ERROR) == 0 ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "daemon", "%s", text);
}

/* The parent owns the result. */
static int load(struct dm_parent *p, const char *path)
{
	static struct report report;
	int err = dm_load(&p->loaded, path, &report);

	if (p->log.queue) { /* a file may end in half a line; the log ends that first */
		report_each(&report, log_finding, p);
	} else {
		report_print(&report, stderr, "mtc-iwfd");
	}
	p->path = p->loaded.path;
	p->cfg = p->loaded.cfg;
	p->set = p->loaded.set;
	if (!err) {
		dm_source_note(p->cfg, p->loaded.text, p->loaded.text_len);
		p->set->cfg->source = p->cfg->source;
		p->connections_max = p->cfg->limits.connections_total;
	}
	return err;
}

int dm_parent_main(const char *path)
{
	static struct dm_parent parent; /* too large for a stack that is kept small */
	struct dm_parent *p = &parent;
	int status;

	obj_begin(&p->obj, DM_PARENT_MAGIC);
	obj_begin(&p->core.obj, DM_CHILD_MAGIC);
	p->core.parent = p;
	log_init(&p->log, STDERR_FILENO, LOG_LEVEL_INFO, "mtc-iwfd");
	if (is_file(STDERR_FILENO) && begin_log(p)) {
		fprintf(stderr, "mtc-iwfd: %s\n", err_str(ERR_NOMEM));
		return 1;
	}
	if (load(p, path)) {
		log_fini(&p->log);
		return 1;
	}
	p->log.level = (enum log_level)p->cfg->log_level;
	status = run(p) ? 1 : p->status;
	tear_down(p);
	writer_end(p->out);
	log_fini(&p->log);
	return status;
}
