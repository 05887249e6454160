/* dm_life.c - the life of the processes.
 *
 *            spawn, hand over            DM_READY
 *   (none) -------------------> STARTING ---------> UP --(ends)--> pause --> next generation
 *                                   | ends before all were ready once: the daemon ends, the log
 *                                   | says why
 *                                   | ends later: pause, longer each time; the daemon goes on while
 *                                   | any process is ready */
#include "daemon/dm_parent_int.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/shown.h"
#include "daemon/dm_change.h"

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

void dm_life_ready(struct dm_child *c)
{
	struct dm_parent *p = c->parent;

	dm_child_set(c, DM_CHILD_READY);
	c->was_ready = true;
	dm_watch_anew(c);
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
		dm_watch_tell_all(p);
		dm_waits_tell(p);
	}
	dm_holders_tell(c);
	dm_set_offer(c); /* the set may have been renewed in the meantime */
	dm_set_step(p);  /* edges may have waited for this keyholder */
	dm_change_anew(p);
	announce(p);
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

void dm_life_start(struct dm_child *c)
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
	dm_watch_anew(c);
	note_peers(c);
	err = dm_spawn(c);
	FAULT_POINT(PARENT_CHILD_SPAWNED);
	if (!err) {
		err = net_watch_new(&c->watch, p->loop, c->sock, dm_hear, c);
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

void dm_life_restart(void *arg)
{
	dm_life_start(OBJ_OF(arg, struct dm_child, DM_CHILD_MAGIC));
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

void dm_life_close(struct dm_child *c)
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
	dm_life_close(c);
	if (c->role == DM_EDGE) {
		forget_edge(c);
	}
	dm_holders_tell(c);
	if (p->stopping) {
		dm_stop_step(p);
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

void dm_life_on_chld(void *arg, int signum)
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
		} else {
			dm_ask_reaped(&p->ask, pid);
		}
	}
}
