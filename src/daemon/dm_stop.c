/* dm_stop.c - the clean shutdown.
 *
 * SIGTERM, SIGINT, SIGQUIT: DM_STOP to the edges, then to the core. A process that does not end in
 * time is killed. A second signal, HURRY_MS later or more, waits for nobody: edges are killed, and
 * the core gets HURRY_MS. */
#include "daemon/dm_parent_int.h"

#include <signal.h>

#define STOP_GRACE_MS 2000
#define HURRY_MS 1000 /* sooner, it is the same request */

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
void dm_stop_step(struct dm_parent *p)
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

void dm_stop_late(void *arg)
{
	kill_stopping(OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC));
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

void dm_stop_begin(void *arg, int signum)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);

	if (p->stopping) {
		hurry(p, signum);
		return;
	}
	log_info(&p->log, "daemon", "shutting down after signal %d", signum);
	p->stopping = true;
	dm_ask_end(&p->ask);
	p->stopping_ms = net_loop_now_ms(p->loop);
	dm_notify_stopping(&p->notify, "every connection is taken down with Disconnect-Peer");
	for (uint32_t i = 0; i < p->edges_n; i++) {
		ask_to_stop(&p->edges[i]);
	}
	net_timer_start(p->stop_timer, p->cfg->timers.disconnect_wait_ms + STOP_GRACE_MS);
	dm_stop_step(p);
}
