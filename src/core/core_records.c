/* core_records.c - reads and checks the records of edges and calls their stage; adds and removes
 * edges. */
#include <stdlib.h>

#include "base/shown.h"
#include "core/core_dnr.h"
#include "core/core_int.h"
#include "core/core_overdue.h"
#include "core/core_path.h"
#include "core/core_records.h"

#define RECORDS_A_TURN 512 /* of one edge: no edge starves the others */

static int dispatch(struct core_edge *e, const uint8_t *record, size_t len)
{
	union {
		struct ipc_session_open open;
		struct ipc_session_closed closed;
		struct ipc_device_action action;
		struct ipc_device_action_given_up given_up;
		struct ipc_device_notification_answer answer;
		struct ipc_screen_seen seen;
		struct ipc_ocsp found;
		struct ipc_ocsp_state state;
		struct ipc_trace_copy copy;
		struct st_counters counters;
	} u;
	struct ipc_rec_head h;
	int err = ipc_rec_head_get(&h, record, len);

	if (err || !ipc_rec_to_core(h.type)) {
		return ERR_PROTO;
	}
	if (h.edge_generation != e->who.generation) {
		return ERR_PROTO; /* each edge has its own new ring: no other edge's record can be in it */
	}
	switch (h.type) {
	case IPC_REC_SESSION_OPEN:
		err = ipc_session_open_get(&u.open, record, len);
		if (!err) {
			core_on_session_open(e, h.transaction, &u.open);
		}
		return err;
	case IPC_REC_SESSION_CLOSED:
		err = ipc_session_closed_get(&u.closed, record, len);
		if (!err) {
			core_on_session_closed(e, h.transaction, &u.closed);
		}
		return err;
	case IPC_REC_DEVICE_ACTION:
		err = ipc_device_action_get(&u.action, record, len);
		/* an edge that lives on offers it to the next core, which a reload starts */
		if (!err && !e->core->stop.begun) {
			core_on_device_action(e, h.transaction, &u.action);
		}
		return err;
	case IPC_REC_DEVICE_ACTION_GIVEN_UP:
		err = ipc_device_action_given_up_get(&u.given_up, record, len);
		if (!err) {
			core_on_given_up(e, h.transaction, &u.given_up);
		}
		return err;
	case IPC_REC_DEVICE_NOTIFICATION_ANSWER:
		err = ipc_device_notification_answer_get(&u.answer, record, len);
		if (!err) {
			core_report_on_answer(e, h.transaction, &u.answer);
		}
		return err;
	case IPC_REC_SCREEN_SEEN:
		err = ipc_screen_seen_get(&u.seen, record, len);
		if (!err) {
			core_screen_on_seen(e, h.transaction, &u.seen);
		}
		return err;
	case IPC_REC_OCSP_FOUND:
		err = ipc_ocsp_get(&u.found, IPC_REC_OCSP_FOUND, record, len);
		if (!err) {
			core_ocsp_on_found(e, &u.found);
		}
		return err;
	case IPC_REC_OCSP_STATE:
		err = ipc_ocsp_state_get(&u.state, record, len);
		return err ? err : core_ocsp_on_state(e, &u.state);
	case IPC_REC_TRACE_COPY:
		err = ipc_trace_copy_get(&u.copy, record, len);
		return err ? err : core_trace_on_copy(e, h.transaction, &u.copy);
	default: /* stats */
		err = ipc_stats_get(&u.counters, record, len);
		if (!err) {
			st_add(&e->core->st, &u.counters);
			st_gauges_move(&e->core->st, &e->gauges, &u.counters);
			for (unsigned i = 0; i < NET_TURNS; i++) {
				e->turns[i] += u.counters.v[ST_EDGE_TURNS_BELOW_1MS + i];
			}
		}
		return err;
	}
}

static void read_edge(struct core_edge *e)
{
	struct core *c = e->core;
	uint8_t record[IPC_REC_MAX];
	size_t len;
	int err = 0;

	for (int i = 0; i < RECORDS_A_TURN && !e->bad; i++) {
		err = ipc_ring_recv(e->ring, record, &len);
		if (err) {
			break;
		}
		st_count(&c->st, ST_RING_RECORDS);
		if (dispatch(e, record, len)) {
			core_edge_bad(e, "a record that breaks the rules");
			return;
		}
		core_flow_early(c);
	}
	if (err && err != ERR_AGAIN) {
		core_edge_bad(e, "the indexes of its ring lie");
	} else if (!err && !e->bad) {
		net_timer_start(c->edges.again, 0); /* records are left */
	}
}

static void on_bell(void *arg, int events)
{
	struct core_edge *e = OBJ_OF(arg, struct core_edge, CORE_EDGE_MAGIC);

	(void)events;
	ipc_ring_bell_clear(e->ring);
	read_edge(e);
}

static void on_again(void *arg)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	struct core_edge *e;

	TAILQ_FOREACH (e, &c->edges.list, entry) {
		if (!e->bad) {
			read_edge(e);
		}
	}
}

static void edge_free(struct core_edge *e)
{
	struct core_session *s;

	e->bad = true; /* no further session is admitted on it */
	core_probe_forget(e->core, e->who.generation, 0);
	while ((s = TAILQ_FIRST(&e->sessions))) {
		core_session_free(s);
	}
	TAILQ_REMOVE(&e->core->edges.list, e, entry);
	st_gauges_move(&e->core->st, &e->gauges, NULL);
	net_watch_free(e->bell);
	free(e->ocsp);
	ipc_ring_close(e->ring);
	OBJ_END(e, CORE_EDGE_MAGIC);
	free(e);
}

int core_edge_add(struct core *c, const struct core_edge_id *edge, struct ipc_ring_fds *fds)
{
	char words[EDGE_WORDS_MAX];
	struct core_edge *e;
	int err;

	if (core_edge_find(c, edge->generation)) {
		return ERR_EXISTS;
	}
	e = calloc(1, sizeof *e);
	if (!e) {
		return ERR_NOMEM;
	}
	obj_begin(&e->obj, CORE_EDGE_MAGIC);
	e->core = c;
	e->who = *edge;
	TAILQ_INIT(&e->sessions);
	err = ipc_ring_open(&e->ring, fds);
	if (err) {
		goto free_edge;
	}
	err = net_watch_new(&e->bell, c->loop, ipc_ring_bell(e->ring), on_bell, e);
	if (!err) {
		err = net_watch_set(e->bell, NET_READ);
	}
	if (err) {
		goto close_ring;
	}
	TAILQ_INSERT_TAIL(&c->edges.list, e, entry);
	core_screen_edge(e);
	core_ocsp_edge(e);
	core_trace_edge(e);
	log_info(c->log, "core", "%s is connected to the core", core_edge_words(words, e));
	return 0;

close_ring:
	net_watch_free(e->bell);
	ipc_ring_close(e->ring);
free_edge:
	OBJ_END(e, CORE_EDGE_MAGIC);
	free(e);
	return err;
}

void core_edge_gone(struct core *c, uint32_t generation)
{
	struct core_edge *e = core_edge_find(c, generation);
	char words[EDGE_WORDS_MAX], sessions[SHOWN_COUNT_MAX];

	if (!e) {
		return;
	}
	if (!e->bad) {
		read_edge(e); /* its last records */
	}
	log_warn(c->log, "core", "%s is gone, with %s", core_edge_words(words, e),
		 shown_count(sessions, e->sessions_n, "session"));
	edge_free(e);
}

/* -- the part */

int core_edges_init(struct core *c)
{
	TAILQ_INIT(&c->edges.list);
	return net_timer_new(&c->edges.again, c->loop, on_again, c);
}

void core_edges_fini(struct core *c)
{
	struct core_edge *e;

	while ((e = TAILQ_FIRST(&c->edges.list))) {
		edge_free(e);
	}
	net_timer_free(c->edges.again);
}
