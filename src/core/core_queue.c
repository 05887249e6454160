/* core_queue.c - requests to a core peer that wait while limits.peer_window requests are
 * outstanding.
 * Priority first (TS 29.368 6.4.7), then each SCS in turn, and of one SCS in order of arrival.
 * The queue holds no message. The message is built when it is sent: it carries the remaining
 * validity, and an expired or revoked trigger is not sent. */
#include <string.h>

#include "base/container.h"
#include "base/str.h"
#include "core/core_int.h"

void core_trigger_resume_end(struct core_trigger *t)
{
	if (t->resuming) {
		t->core->triggers.resuming--;
	}
	t->resuming = false;
}

void core_trigger_ask_drop(struct core_trigger *t)
{
	if (t->ask) {
		t->ask->trigger = NULL;
	}
	t->ask = NULL;
	core_trigger_resume_end(t);
	core_queue_take(t);
}

/* -- one outstanding request */

static struct core_ask *ask_new(struct core_peer *p, const struct core_message *m)
{
	size_t host_len = m->host ? strlen(m->host) : 0;
	struct core_ask *ask = core_piece_ask(p->core, m->session_id_len + host_len + 2);

	if (!ask) {
		return NULL;
	}
	*ask = (struct core_ask){ .obj = { CORE_ASK_MAGIC },
				  .peer = p,
				  .pooled = ask->pooled,
				  .session_id_len = m->session_id_len,
				  .host_len = (uint32_t)host_len };
	memcpy(ask->text, m->session_id, m->session_id_len);
	ask->text[m->session_id_len] = 0;
	memcpy(ask->text + m->session_id_len + 1, m->host ? m->host : "", host_len + 1);
	return ask;
}

/* Sends the request, which is about `t` (NULL: about no trigger). `*out` belongs to the
 * callback. */
static int send(struct core_ask **out, struct core *c, const struct core_trigger *t, size_t peer, const struct core_message *m,
		uint32_t wait_ms, link_answer_fn *fn)
{
	struct core_peer *p = &c->peers.row[peer];
	struct link *l = p->peer ? link_peer_link(p->peer) : NULL;
	struct core_ask *ask;
	int err;

	if (!l) {
		return ERR_CLOSED;
	}
	if (m->octets.full) {
		return ERR_LIMIT;
	}
	ask = ask_new(p, m);
	if (!ask) {
		return ERR_NOMEM;
	}
	core_trace_about(p, t);
	err = link_request(l, m->octets.p, m->octets.len, wait_ms, fn, ask);
	core_trace_about(p, NULL);
	if (err) {
		OBJ_END(ask, CORE_ASK_MAGIC);
		core_piece_ask_end(c, ask);
		return err;
	}
	p->requests++;
	p->outstanding++;
	p->gathered++;
	*out = ask;
	return 0;
}

int core_peer_ask(struct core_trigger *t, size_t peer, const struct core_message *message, uint32_t wait_ms, link_answer_fn *fn)
{
	struct core_ask *ask;
	int err = send(&ask, t->core, t, peer, message, wait_ms, fn);

	if (err) {
		return err;
	}
	core_trigger_ask_drop(t); /* an older request, no longer needed */
	ask->trigger = t;
	t->ask = ask;
	return 0;
}

int core_peer_ask_alone(struct core *c, size_t peer, const struct core_message *message, uint32_t wait_ms, link_answer_fn *fn,
			void *arg)
{
	struct core_ask *ask;
	int err = send(&ask, c, NULL, peer, message, wait_ms, fn);

	if (!err) {
		ask->arg = arg;
	}
	return err;
}

/* Copies a text of our own request: it has no NUL before its end. Returns its length, 0 for one
 * that does not fit. */
static size_t copy(char *out, size_t cap, const char *text, size_t len)
{
	len = len < cap ? len : 0;
	memcpy(out, text, len);
	out[len] = 0;
	return len;
}

/* Copies the request for the check of its answer, and counts the answer. */
static void fill_request(struct core_request *request, const struct core_ask *ask, int err)
{
	request->peer = ask->peer;
	request->session_id_len = copy(request->session_id, sizeof request->session_id, ask->text, ask->session_id_len);
	(void)copy(request->host, sizeof request->host, ask->text + ask->session_id_len + 1, ask->host_len);
	ask->peer->outstanding--;
	if (!err) {
		ask->peer->answers++;
	} else if (err == ERR_TIMEOUT) {
		ask->peer->timeouts++;
	} else {
		ask->peer->lost++;
	}
}

struct core_trigger *core_peer_answered(struct core_request *request, void *arg, int err)
{
	struct core_ask *ask = OBJ_OF(arg, struct core_ask, CORE_ASK_MAGIC);
	struct core_trigger *t = ask->trigger;

	fill_request(request, ask, err);
	if (t) {
		t->ask = NULL;
		core_trigger_resume_end(t);
	}
	OBJ_END(ask, CORE_ASK_MAGIC);
	core_piece_ask_end(request->peer->core, ask);
	return t;
}

void *core_peer_answered_alone(struct core_request *request, void *arg, int err)
{
	struct core_ask *ask = OBJ_OF(arg, struct core_ask, CORE_ASK_MAGIC);
	void *who = ask->arg;

	fill_request(request, ask, err);
	OBJ_END(ask, CORE_ASK_MAGIC);
	core_piece_ask_end(request->peer->core, ask);
	return who;
}

/* -- the queue */

static bool may_wait(const struct core_peer *p, bool again)
{
	return core_peer_usable(p) || (!again && core_peer_begins(p));
}

bool core_queue_begins(const struct core *c, size_t peer)
{
	return core_peer_begins(&c->peers.row[peer]);
}

bool core_queue_full(const struct core *c, size_t peer)
{
	const struct core_peer *p = &c->peers.row[peer];

	if (p->outstanding >= core_peer_window(p) && core_peer_usable(p)) {
		return true;
	}
	return !c->queue.moves && (!TAILQ_EMPTY(&p->waiting[0]) || !TAILQ_EMPTY(&p->waiting[1]));
}

/* [1]: priority requests. */
static int class_of(const struct core_trigger *t)
{
	return t->trg->req.priority == TSP_PRIORITY;
}

int core_queue_put(struct core_trigger *t, size_t peer, const struct core_turn *turn, bool again, uint64_t wait_ms)
{
	struct core *c = t->core;
	struct core_peer *p = &c->peers.row[peer];
	int of = class_of(t);

	if (!may_wait(p, again)) {
		return ERR_CLOSED;
	}
	if (p->waiting_n >= c->cfg->limits.peer_queue) {
		st_count(&c->st, ST_PEER_QUEUE_FULL);
		return ERR_BUSY;
	}
	core_trigger_ask_drop(t); /* an older one that nobody needs any more */
	core_trigger_wait(t, CORE_WAIT_TURN);
	t->turn = turn;
	t->waits_again = again;
	t->waits_at = p;
	t->waits_until_ms = net_loop_now_ms(c->loop) + wait_ms;
	if (again) { /* repetitions and recalls resolve an unknown outcome: ahead of new requests */
		TAILQ_INSERT_HEAD(&p->waiting[of], t, waiting);
	} else {
		TAILQ_INSERT_TAIL(&p->waiting[of], t, waiting);
		core_lanes_put(&p->lanes[of], &t->scs->lanes[peer][of], &t->lane);
	}
	p->waiting_n++;
	st_count(&c->st, ST_PEER_QUEUED);
	return 0;
}

void core_queue_take(struct core_trigger *t)
{
	if (t->wait != CORE_WAIT_TURN) {
		return;
	}
	core_trigger_wait(t, CORE_WAIT_NOTHING);
	TAILQ_REMOVE(&t->waits_at->waiting[class_of(t)], t, waiting);
	core_lanes_take(&t->waits_at->lanes[class_of(t)], &t->lane);
	t->waits_at->waiting_n--;
	t->turn = NULL;
}

static void did_not_leave(struct core_trigger *t, const struct core_turn *turn)
{
	st_count(&t->core->st, ST_PEER_QUEUE_LATE);
	turn->late(t);
}

const char *core_peer_foreign(const struct core_request *request, const struct app_head *answer, const char *realm)
{
	struct app_request expected = { .session_id = request->session_id, .session_id_len = request->session_id_len };
	const char *why;

	if (request->host[0]) {
		expected.host = request->host;
	} else {
		expected.peer = request->peer->conf->host;
		expected.realm = realm;
	}
	why = app_foreign(answer, &expected);
	if (why) {
		st_count(&request->peer->core->st, ST_ANSWERS_FOREIGN);
	}
	return why;
}

/* Repetitions first, which stand at the head; then whose turn it is. */
static struct core_trigger *next_of(struct core_peer *p, int of)
{
	struct core_trigger *t = TAILQ_FIRST(&p->waiting[of]);
	struct core_lane_place *place;

	if (!t || t->waits_again) {
		return t;
	}
	place = core_lanes_next(&p->lanes[of]);
	return place ? CONTAINER_OF(place, struct core_trigger, lane) : t;
}

static struct core_trigger *next(struct core_peer *p)
{
	struct core_trigger *t = next_of(p, 1);

	return t ? t : next_of(p, 0);
}

static bool too_late(const struct core_peer *p, const struct core_trigger *t)
{
	return net_loop_now_ms(p->core->loop) >= t->waits_until_ms;
}

/* Requests go to this peer no more. */
static bool is_left_behind(const struct core_peer *p)
{
	size_t i = (size_t)(p - p->core->peers.row);

	return i != p->core->peers.s6m && i != p->core->peers.t4;
}

/* A reload may have named another peer than the one that it waits for: then it waits for that one,
 * and not longer. */
static void end_wait(struct core_peer *p, struct core_trigger *t)
{
	const struct core_turn *turn = t->turn;
	uint64_t until_ms = t->waits_until_ms;
	bool late = too_late(p, t);

	core_queue_take(t);
	if (late || !is_left_behind(p) || turn->leave(t, t->waits_again)) {
		did_not_leave(t, turn);
	} else if (t->wait == CORE_WAIT_TURN) {
		t->waits_until_ms = until_ms;
	}
}

static void end_late(struct core_peer *p, bool all)
{
	for (int i = 1; i >= 0; i--) {
		struct core_trigger *t;

		while ((t = TAILQ_FIRST(&p->waiting[i])) && (all || too_late(p, t))) {
			end_wait(p, t);
		}
	}
}

/* Expiry is checked by a timer set to the earliest limit. */
static uint64_t soonest_of(const struct core_peer *p)
{
	uint64_t soonest = UINT64_MAX;

	for (int i = 0; i < 2; i++) {
		struct core_trigger *t = TAILQ_FIRST(&p->waiting[i]);

		if (t && t->waits_until_ms < soonest) {
			soonest = t->waits_until_ms;
		}
	}
	return soonest;
}

static void on_timer(void *core)
{
	(void)core; /* waking the loop is enough: the end of the turn calls core_queue_move() */
}

void core_queue_move(struct core *c)
{
	uint64_t soonest = UINT64_MAX, now_ms = net_loop_now_ms(c->loop);
	bool listens = net_loop_listens(c->loop);

	for (size_t i = 0; i < c->peers.n && !c->stop.begun; i++) {
		struct core_peer *p = &c->peers.row[i];
		struct core_trigger *t;

		if (!may_wait(p, false)) {
			end_late(p, true);
		} else if (!listens) {
			end_late(p, false);
		}
		while (!core_peer_begins(p) && p->outstanding < core_peer_window(p) && (t = next(p))) {
			const struct core_turn *turn = t->turn;
			int err;

			core_queue_take(t);
			c->queue.moves = true;
			err = turn->leave(t, t->waits_again);
			c->queue.moves = false;
			if (err) {
				did_not_leave(t, turn);
			}
		}
		if (soonest_of(p) < soonest) {
			soonest = soonest_of(p);
		}
	}
	if (soonest != UINT64_MAX) {
		net_timer_start(c->queue.timer, soonest > now_ms ? soonest - now_ms : 0);
	}
}

int core_queue_init(struct core *c)
{
	return net_timer_new(&c->queue.timer, c->loop, on_timer, c);
}

void core_queue_fini(struct core *c)
{
	net_timer_free(c->queue.timer);
}
