/* edge.c - the edge itself: what it is made of, its ring, its deadlines, its counters, its end. */
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "edge/edge_int.h"

#define STOP_GRACE_MS 500
#define STOP_LOOK_MS 20

/* The prepare step of the loop comes after its timers: on_turn_end() sees the flag in the same turn. */
static void on_deadlines(void *arg)
{
	struct edge *e = arg;

	e->deadlines_moved = true;
}

static void meet_deadlines(struct edge *e)
{
	uint64_t now = net_loop_now_ms(e->loop), next, sessions;

	e->deadlines_moved = false;
	next = e->front->due(e->front_arg, now);
	sessions = edge_sessions_due(e, now);
	if (sessions < next)
		next = sessions;
	if (next == UINT64_MAX)
		net_timer_stop(e->deadlines);
	else
		net_timer_start(e->deadlines, next > now ? next - now : 0);
}

/* -- the ring */

/* One record of the core, typed and checked, to whom it concerns. ERR_PROTO when it is not one. */
static int dispatch(struct edge *e, const uint8_t *record, size_t len)
{
	union {
		struct ipc_session_verdict verdict;
		struct ipc_session_cut cut;
		struct ipc_device_action_answer answer;
		struct ipc_device_notification notification;
	} u;
	struct ipc_rec_head h;
	int err = ipc_rec_head_get(&h, record, len);

	if (err || ipc_rec_to_core(h.type))
		return ERR_PROTO;
	if (h.edge_generation != e->generation) {
		st_count(&e->st, ST_EDGE_RING_STALE);
		return 0;
	}
	switch (h.type) {
	case IPC_REC_SESSION_VERDICT:
		err = ipc_session_verdict_get(&u.verdict, record, len);
		if (!err)
			edge_on_verdict(e, h.transaction, &u.verdict);
		return err;
	case IPC_REC_SESSION_CUT:
		err = ipc_session_cut_get(&u.cut, record, len);
		if (!err)
			edge_on_cut(e, h.transaction, &u.cut);
		return err;
	case IPC_REC_DEVICE_ACTION_ANSWER:
		err = ipc_device_action_answer_get(&u.answer, record, len);
		if (!err)
			e->front->on_answer(e->front_arg, h.transaction, &u.answer);
		return err;
	default: /* the one that is left in this direction */
		err = ipc_device_notification_get(&u.notification, record, len);
		if (!err)
			edge_on_notification(e, h.transaction, &u.notification);
		return err;
	}
}

static void read_ring(struct edge *e)
{
	uint8_t record[IPC_REC_MAX];
	size_t len;

	for (;;) {
		int err = e->ring ? ipc_ring_recv(e->ring, record, &len) : ERR_AGAIN;

		if (err == ERR_AGAIN)
			return;
		if (err || dispatch(e, record, len)) {
			edge_ring_broken(e, "a record that is not one");
			return;
		}
	}
}

static void on_bell(void *arg, int events)
{
	struct edge *e = arg;

	(void)events;
	if (!e->ring)
		return;
	ipc_ring_bell_clear(e->ring);
	read_ring(e);
}

/* Once a turn: the deadlines, then one doorbell for all records of the turn. */
static void on_turn_end(void *arg)
{
	struct edge *e = arg;

	if (e->deadlines_moved)
		meet_deadlines(e);
	if (e->ring && ipc_ring_flush(e->ring))
		edge_ring_broken(e, "its indexes lie");
	if (!e->ring_broken)
		return;
	e->ring_broken = false;
	if (e->on_ring_broken)
		e->on_ring_broken(e->arg);
}

int edge_ring_open(struct edge *e, struct ipc_ring_fds *fds)
{
	struct ipc_ring *ring;
	struct net_watch *bell;
	int err = ipc_ring_open(&ring, fds);

	if (err)
		return err;
	err = net_watch_new(&bell, e->loop, ipc_ring_bell(ring), on_bell, e);
	if (err)
		goto close_ring;
	err = net_watch_set(bell, NET_READ);
	if (err)
		goto free_bell;
	net_watch_free(e->bell);
	ipc_ring_close(e->ring);
	e->ring = ring;
	e->bell = bell;
	edge_announce(e);
	FAULT_POINT(EDGE_ANNOUNCED);
	e->front->offer_again(e->front_arg);
	return 0;

free_bell:
	net_watch_free(bell);
close_ring:
	ipc_ring_close(ring);
	return err;
}

/* -- counters */

static void count_links(struct edge *e)
{
	const struct link_counters *now = &e->link_counters, *seen = &e->link_seen;

	st_count_n(&e->st, ST_EDGE_NO_CER, now->ended[LINK_END_NO_CER] - seen->ended[LINK_END_NO_CER]);
	st_count_n(&e->st, ST_EDGE_BAD_CER, now->ended[LINK_END_NOT_CER] - seen->ended[LINK_END_NOT_CER]);
	st_count_n(&e->st, ST_EDGE_MALFORMED,
		   now->ended[LINK_END_NOT_DIAMETER] - seen->ended[LINK_END_NOT_DIAMETER] + now->ended[LINK_END_TOO_LONG] -
		       seen->ended[LINK_END_TOO_LONG] + now->errors_sent - seen->errors_sent);
	e->link_seen = *now;
}

static void send_stats(struct edge *e)
{
	struct st_counters delta;

	count_links(e);
	st_diff(&delta, &e->st, &e->st_sent);
	if (e->ring && edge_send(e, ipc_stats_put(e->record, e->generation, &delta)) == 0)
		e->st_sent = e->st;
}

static void on_stats(void *arg)
{
	struct edge *e = arg;

	send_stats(e);
	net_timer_start(e->stats, e->cfg->timers.stats_ms);
}

/* -- its life */

static void conf_links(struct edge *e)
{
	const struct cfg_iwf *c = e->cfg;

	e->link_conf = (struct link_conf){
		.host = c->external.host,
		.realm = c->external.realm,
		.product = "mtc-iwf",
		.applications = { APP_TSP },
		.applications_n = 1,
		.limits = { c->limits.message_max, (uint16_t)c->limits.avps_max, (uint8_t)c->limits.nesting_max },
		.cer_wait_ms = (uint32_t)c->limits.cer_wait_ms,
		.dpa_wait_ms = (uint32_t)c->timers.disconnect_wait_ms,
		.watchdog_ms = (uint32_t)c->timers.watchdog_ms,
		.watchdog_unchecked = c->timers.watchdog_ms < 6000,
		.pending_max = c->limits.pending_per_scs,
		.log = e->log,
		.counters = &e->link_counters,
	};
	e->stream_conf = (struct net_stream_conf){ .handshake_wait_ms = (uint32_t)c->limits.handshake_wait_ms };
	/* The core needs at most one SIR and two DTRs; what it has not answered then it will not answer. */
	e->txn_wait_ms = c->s6m.answer_wait_ms + 2 * c->t4.answer_wait_ms + 2000;
}

int edge_new(struct edge **out, struct net_loop *loop, const struct edge_conf *conf)
{
	struct edge *e = calloc(1, sizeof *e);

	if (!e)
		return ERR_NOMEM;
	e->cfg = conf->cfg;
	e->log = conf->log;
	e->caps = conf->caps;
	e->generation = conf->generation;
	e->on_ring_broken = conf->on_ring_broken;
	e->arg = conf->arg;
	e->loop = loop;
	e->number_next = 1;
	e->front = &edge_tsp;
	e->front_arg = e;
	TAILQ_INIT(&e->sessions);
	TAILQ_INIT(&e->txns);
	TAILQ_INIT(&e->notes);
	conf_links(e);
	e->scratch_size = (size_t)e->cfg->limits.message_max + 4096;
	e->scratch = malloc(e->scratch_size);
	if (!e->scratch || map_init(&e->sessions_by_number) || map_init(&e->txns_by_number) ||
	    net_check_new(&e->check, loop, on_turn_end, e) || net_timer_new(&e->deadlines, loop, on_deadlines, e) ||
	    net_timer_new(&e->stats, loop, on_stats, e)) {
		edge_free(e);
		return ERR_NOMEM;
	}
	st_count(&e->st, ST_EDGE_STARTED);
	net_timer_start(e->stats, e->cfg->timers.stats_ms);
	*out = e;
	return 0;
}

int edge_listen(struct edge *e, int fd, const struct cfg_listen *listen, struct tls_ctx *tls)
{
	struct edge_listener *l = &e->listeners[e->listeners_n];
	int err;

	if (e->listeners_n == EDGE_LISTENERS_MAX || (listen->protection == CFG_TLS) != (tls != NULL))
		return ERR_INVAL;
	*l = (struct edge_listener){ .edge = e, .conf = listen, .tls = tls };
	err = net_listener_new(&l->listener, e->loop, fd, edge_on_accept, l);
	if (err)
		return err;
	e->listeners_n++;
	return 0;
}

static void close_listeners(struct edge *e)
{
	for (size_t i = 0; i < e->listeners_n; i++) {
		net_listener_free(e->listeners[i].listener);
		e->listeners[i].listener = NULL;
	}
}

void edge_free(struct edge *e)
{
	struct edge_session *s;
	struct edge_note *n;

	if (!e)
		return;
	close_listeners(e);
	while ((s = TAILQ_FIRST(&e->sessions)))
		edge_session_free(s);
	while ((n = TAILQ_FIRST(&e->notes))) { /* links told them all; nothing should be left */
		TAILQ_REMOVE(&e->notes, n, entry);
		free(n);
	}
	net_timer_free(e->deadlines);
	net_timer_free(e->stats);
	net_timer_free(e->stop_timer);
	net_check_free(e->check);
	net_watch_free(e->bell);
	ipc_ring_close(e->ring);
	if (e->sessions_by_number.buckets)
		map_fini(&e->sessions_by_number);
	if (e->txns_by_number.buckets)
		map_fini(&e->txns_by_number);
	free(e->scratch);
	free(e);
}

/* -- the end in order: DPR to all, then gone */

static void on_stop_look(void *arg)
{
	struct edge *e = arg;
	uint64_t now = net_loop_now_ms(e->loop);

	if (TAILQ_EMPTY(&e->sessions) || now >= e->stop_by_ms) {
		send_stats(e);
		on_turn_end(e);
		e->stopped(e->stopped_arg);
		return;
	}
	net_timer_start(e->stop_timer, STOP_LOOK_MS);
}

void edge_stop(struct edge *e, void (*done)(void *arg), void *arg)
{
	struct edge_session *s, *next;

	if (e->stopping)
		return;
	e->stopping = true;
	e->stopped = done;
	e->stopped_arg = arg;
	close_listeners(e);
	for (s = TAILQ_FIRST(&e->sessions); s; s = next) {
		next = TAILQ_NEXT(s, entry);
		if (s->state == EDGE_SESSION_OPEN)
			edge_session_end(s, DIA_DISCONNECT_REBOOTING);
		else if (s->state < EDGE_SESSION_OPEN)
			edge_session_free(s);
	}
	if (net_timer_new(&e->stop_timer, e->loop, on_stop_look, e)) {
		done(arg);
		return;
	}
	e->stop_by_ms = net_loop_now_ms(e->loop) + e->cfg->timers.disconnect_wait_ms + STOP_GRACE_MS;
	net_timer_start(e->stop_timer, 0);
}
