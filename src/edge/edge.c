/* edge.c - the edge as a whole: its parts, its deadlines, the records of the core, its end. */
#include <stdlib.h>

#include "base/fault.h"
#include "edge/edge_int.h"

#define STOP_GRACE_MS 500
#define STOP_LOOK_MS 20

/* The end of a turn comes after the timers of the turn: on_turn_end() sees the flag in the same
 * turn. */
static void on_deadlines(void *arg)
{
	struct edge *e = OBJ_OF(arg, struct edge, EDGE_MAGIC);

	e->env.deadlines_moved = true;
}

static void meet_deadlines(struct edge *e)
{
	uint64_t now = net_loop_now_ms(e->env.loop), next, verdict;

	e->env.deadlines_moved = false;
	next = e->sessions.front->due(e->sessions.front_arg, now);
	verdict = edge_sessions_due(&e->sessions, now);
	if (verdict < next) {
		next = verdict;
	}
	if (next == UINT64_MAX) {
		net_timer_stop(e->deadlines);
	} else {
		net_timer_start(e->deadlines, next > now ? next - now : 0);
	}
}

static void on_turn_end(void *arg)
{
	struct edge *e = OBJ_OF(arg, struct edge, EDGE_MAGIC);

	if (e->env.deadlines_moved && !net_loop_listens(e->env.loop)) {
		meet_deadlines(e);
	}
	edge_trace_turn_end(&e->trace);
	if (edge_ring_turn_end(&e->ring) && e->on_ring_broken) {
		e->on_ring_broken(e->arg);
	}
}

/* -- records of the core */

static int on_record(void *arg, const struct ipc_rec_head *h, const uint8_t *record, size_t len)
{
	union {
		struct ipc_session_verdict verdict;
		struct ipc_session_cut cut;
		struct ipc_device_action_answer answer;
		struct ipc_device_notification notification;
		struct ipc_screen_rule rule;
		struct ipc_ocsp known;
		struct ipc_trace trace;
	} u;
	struct edge *e = OBJ_OF(arg, struct edge, EDGE_MAGIC);
	int err;

	switch (h->type) {
	case IPC_REC_SESSION_VERDICT:
		err = ipc_session_verdict_get(&u.verdict, record, len);
		if (!err) {
			edge_session_on_verdict(&e->sessions, h->transaction, &u.verdict);
		}
		return err;
	case IPC_REC_SESSION_CUT:
		err = ipc_session_cut_get(&u.cut, record, len);
		if (!err) {
			edge_session_on_cut(&e->sessions, h->transaction, &u.cut);
		}
		return err;
	case IPC_REC_DEVICE_ACTION_ANSWER:
		err = ipc_device_action_answer_get(&u.answer, record, len);
		if (!err) {
			e->sessions.front->on_answer(e->sessions.front_arg, h->transaction, &u.answer);
		}
		return err;
	case IPC_REC_SCREEN_RULE:
		err = ipc_screen_rule_get(&u.rule, record, len);
		if (!err) {
			edge_screen_on_rule(&e->screen, &u.rule);
		}
		return err;
	case IPC_REC_OCSP_KNOWN:
		err = ipc_ocsp_get(&u.known, IPC_REC_OCSP_KNOWN, record, len);
		if (!err) {
			edge_ocsp_on_known(&e->sessions.ocsp, &u.known);
		}
		return err;
	case IPC_REC_TRACE:
		err = ipc_trace_get(&u.trace, record, len);
		if (!err) {
			edge_trace_on_record(&e->trace, &u.trace);
			edge_sessions_trace(&e->sessions);
		}
		return err;
	default: /* the only other type in this direction; the decoder refuses any that is added */
		err = ipc_device_notification_get(&u.notification, record, len);
		if (!err) {
			edge_notes_send(&e->notes, h->transaction, &u.notification);
		}
		return err;
	}
}

int edge_ring_open(struct edge *e, struct ipc_ring_fds *fds)
{
	int err;

	OBJ_CHECK(e, EDGE_MAGIC);
	err = edge_ring_replace(&e->ring, fds);
	if (err) {
		return err;
	}
	edge_trace_end(&e->trace);
	edge_sessions_trace(&e->sessions);
	edge_sessions_announce(&e->sessions);
	edge_ocsp_announce(&e->sessions.ocsp);
	FAULT_POINT(EDGE_ANNOUNCED);
	e->sessions.front->offer_again(e->sessions.front_arg);
	return 0;
}

/* -- start and end */

static void on_stop_look(void *arg);

static int init_parts(struct edge *e, struct ipc_caps *caps)
{
	edge_ring_init(&e->ring, &e->env, on_record, e);
	edge_screen_init(&e->screen, &e->env, &e->ring);
	edge_trace_init(&e->trace, &e->env, &e->ring);
	if (edge_tsp_init(&e->tsp, &e->env, &e->ring, &e->screen)) {
		return ERR_NOMEM;
	}
	edge_notes_init(&e->notes, &e->env, &e->ring, &e->sessions);
	if (edge_sessions_init(&e->sessions, &e->env, &e->ring, caps, &edge_tsp_front, &e->tsp, &e->trace) ||
	    edge_stats_init(&e->stats, &e->env, &e->ring, &e->sessions) ||
	    net_timer_new(&e->stop.timer, e->env.loop, on_stop_look, e) ||
	    net_timer_new(&e->deadlines, e->env.loop, on_deadlines, e) ||
	    net_check_new(&e->turn_end, e->env.loop, on_turn_end, e)) {
		return ERR_NOMEM;
	}
	return 0;
}

void edge_free(struct edge *e)
{
	if (!e) {
		return;
	}
	OBJ_CHECK(e, EDGE_MAGIC);
	net_check_free(e->turn_end);
	net_timer_free(e->deadlines);
	net_timer_free(e->stop.timer);
	edge_stats_fini(&e->stats);
	edge_sessions_fini(&e->sessions);
	edge_notes_fini(&e->notes);
	edge_tsp_fini(&e->tsp);
	edge_trace_fini(&e->trace);
	edge_ring_fini(&e->ring);
	OBJ_END(e, EDGE_MAGIC);
	free(e);
}

int edge_new(struct edge **out, struct net_loop *loop, const struct edge_conf *conf)
{
	struct edge *e = calloc(1, sizeof *e);

	if (!e) {
		return ERR_NOMEM;
	}
	obj_begin(&e->obj, EDGE_MAGIC);
	e->env.cfg = conf->cfg;
	e->env.log = conf->log;
	e->env.loop = loop;
	e->env.generation = conf->generation;
	e->env.number_next = 1;
	e->on_ring_broken = conf->on_ring_broken;
	e->arg = conf->arg;
	if (init_parts(e, conf->caps)) {
		edge_free(e);
		return ERR_NOMEM;
	}
	st_count(&e->env.st, ST_EDGE_STARTED);
	*out = e;
	return 0;
}

struct st_counters *edge_counters(struct edge *e)
{
	OBJ_CHECK(e, EDGE_MAGIC);
	return &e->env.st;
}

int edge_listen(struct edge *e, int fd, const struct cfg_listen *listen, struct tls_ctx *tls)
{
	OBJ_CHECK(e, EDGE_MAGIC);
	return edge_sessions_listen(&e->sessions, fd, listen, tls);
}

void edge_unlisten(struct edge *e, const struct cfg_listen *listen)
{
	OBJ_CHECK(e, EDGE_MAGIC);
	edge_sessions_unlisten(&e->sessions, listen);
}

void edge_reconfigure(struct edge *e)
{
	OBJ_CHECK(e, EDGE_MAGIC);
	e->tsp.wait_ms = cfg_answer_within_ms(e->env.cfg);
	edge_sessions_reconfigure(&e->sessions);
}

int edge_ndsip(struct edge *e, int fd, uint32_t number, void (*lost)(void *arg, uint32_t number), void *arg)
{
	OBJ_CHECK(e, EDGE_MAGIC);
	return edge_proofs_channel(&e->sessions.proofs, fd, number, lost, arg);
}

int edge_fetcher(struct edge *e, int fd, uint32_t number, void (*lost)(void *arg, uint32_t number), void *arg)
{
	OBJ_CHECK(e, EDGE_MAGIC);
	return edge_ocsp_channel(&e->sessions.ocsp, fd, number, lost, arg);
}

struct tls_ocsp *edge_ocsp(struct edge *e)
{
	OBJ_CHECK(e, EDGE_MAGIC);
	return e->sessions.ocsp.store;
}

int edge_renew(struct edge *e, const struct cfg_listen *listen, struct tls_ctx *tls)
{
	OBJ_CHECK(e, EDGE_MAGIC);
	return edge_sessions_renew(&e->sessions, listen, tls);
}

/* -- a clean shutdown: DPR to all SCSs, then wait for their sessions to end */

static void on_stop_look(void *arg)
{
	struct edge *e = OBJ_OF(arg, struct edge, EDGE_MAGIC);

	if (TAILQ_EMPTY(&e->sessions.list) || net_loop_now_ms(e->env.loop) >= e->stop.by_ms) {
		edge_stats_send(&e->stats);
		on_turn_end(e);
		e->stop.done(e->stop.arg);
		return;
	}
	net_timer_start(e->stop.timer, STOP_LOOK_MS);
}

void edge_stop(struct edge *e, void (*done)(void *arg), void *arg)
{
	OBJ_CHECK(e, EDGE_MAGIC);
	if (e->stop.begun) {
		return;
	}
	e->stop.begun = true;
	e->stop.done = done;
	e->stop.arg = arg;
	edge_sessions_stop(&e->sessions);
	e->stop.by_ms = net_loop_now_ms(e->env.loop) + e->env.cfg->timers.disconnect_wait_ms + STOP_GRACE_MS;
	net_timer_start(e->stop.timer, 0);
}
