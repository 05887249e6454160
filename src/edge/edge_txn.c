/* edge_txn.c - the transactions of the Tsp front: each request of an SCS from its arrival to its
 * one answer, and until the core knows. */
#include "edge/edge_txn.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/container.h"
#include "base/fault.h"
#include "base/shown.h"
#include "edge/edge_out.h"
#include "policy/pol_reason.h"

/* Above limits.pending_per_scs, so that the core refuses first and states the reason. It has no
 * item of its own: that one bounds the number of requests, with its counter. */
#define PENDING_SLACK 64

/* -- answers */

enum edge_txn_end edge_tsp_send(struct edge_tsp *tsp, struct edge_session *s, const struct buf *out)
{
	if (out->full || link_answer(s->link, out->p, out->len)) {
		log_warn(tsp->env->log, "edge", "session %" PRIu64 " of %s: an answer could not be sent", s->number, s->host);
		return EDGE_TXN_NOT_SENT;
	}
	st_count(&tsp->env->st, ST_EDGE_ANSWERS);
	return EDGE_TXN_ANSWERED;
}

/* An SCS must not fill a disk with requests that nobody counts against its rate. */
#define REFUSALS_A_SECOND 10u
#define SECOND_MS 1000u

bool edge_tsp_may_say(const struct edge_tsp *tsp, struct edge_session *s)
{
	uint64_t now_ms = net_loop_now_ms(tsp->env->loop);
	uint32_t rest = few_rest(&s->refused, SECOND_MS, now_ms);
	char words[SHOWN_COUNT_MAX];

	if (rest) {
		log_info(tsp->env->log, "edge", "session %" PRIu64 " of %s: refused without a line each: %s", s->number, s->host,
			 shown_count(words, rest, "more request"));
	}
	return few_say(&s->refused, REFUSALS_A_SECOND, SECOND_MS, now_ms);
}

enum edge_txn_end edge_tsp_error(struct edge_tsp *tsp, struct edge_session *s, const struct dia_msg *m,
				 const struct dia_failed *why)
{
	struct buf out = edge_session_out(s);

	st_count(&tsp->env->st, ST_EDGE_SCREENED);
	if (edge_tsp_may_say(tsp, s)) {
		log_info(tsp->env->log, "edge", "session %" PRIu64 " of %s: request answered %u (%s): %s", s->number, s->host,
			 why->result_code, dia_result_str(why->result_code), why->text);
	}
	edge_out_error(&out, &tsp->env->cfg->external, m, why);
	return edge_tsp_send(tsp, s, &out);
}

/* -- the transaction */

struct edge_txn *edge_txn_new(struct edge_tsp *tsp, struct edge_session *s, const uint8_t *message, uint32_t len, bool host_named)
{
	const struct cfg_limits *max = &tsp->env->cfg->limits;
	struct edge_txn *t = NULL;

	if (s->octets + len > max->request_octets_per_connection || tsp->octets + len > max->request_octets) {
		st_count(&tsp->env->st, ST_EDGE_REQUESTS_FULL);
		return NULL;
	}
	if (s->pending < s->pending_max + PENDING_SLACK) {
		t = malloc(sizeof *t + len);
	}
	if (!t) {
		return NULL;
	}
	*t = (struct edge_txn){
		.obj = { EDGE_TXN_MAGIC }, .tsp = tsp, .session = s, .number = tsp->env->number_next++, .len = len
	};
	t->answer_by_ms = net_loop_now_ms(tsp->env->loop) + tsp->wait_ms;
	t->host_named = host_named;
	memcpy(t->message, message, len);
	multimap_add(&tsp->by_number, &t->by_number, t->number);
	TAILQ_INSERT_TAIL(&tsp->txns, t, entry);
	TAILQ_INSERT_TAIL(&s->txns, t, of_session);
	tsp->ring->unanswered++;
	tsp->octets += len;
	s->pending++;
	s->octets += len;
	if (TAILQ_FIRST(&tsp->txns) == t) {
		tsp->env->deadlines_moved = true;
	}
	return t;
}

/* Notes what became of its one answer. */
void edge_txn_answered(struct edge_txn *t, enum edge_txn_end how)
{
	OBJ_CHECK(t, EDGE_TXN_MAGIC);
	assert(!t->answered); /* exactly once */
	t->answered = true;
	t->end = how;
}

/* The only way a transaction ends. `why` is for one that was not answered: the reason, which is
 * counted. EDGE_TXN_ANSWERED: the caller says that it was, or that its answer could not be sent. */
void edge_txn_finish(struct edge_txn *t, enum edge_txn_end why)
{
	static const enum st_counter counters[EDGE_TXN_ENDS] = { [EDGE_TXN_NOT_SENT] = ST_EDGE_UNANSWERED_SENT,
								 [EDGE_TXN_SESSION_GONE] = ST_EDGE_UNANSWERED_GONE,
								 [EDGE_TXN_STOPPING] = ST_EDGE_UNANSWERED_STOP,
								 [EDGE_TXN_DROPPED] = ST_EDGE_SCREEN_DROPPED };
	struct edge_tsp *tsp = t->tsp;

	OBJ_CHECK(t, EDGE_TXN_MAGIC);
	assert(t->answered || why != EDGE_TXN_ANSWERED);
	why = t->answered ? t->end : why;
	if (why != EDGE_TXN_ANSWERED) {
		st_count(&tsp->env->st, counters[why]);
	}
	multimap_del(&tsp->by_number, &t->by_number);
	TAILQ_REMOVE(t->given_up ? &tsp->unconfirmed : &tsp->txns, t, entry);
	TAILQ_REMOVE(&t->session->txns, t, of_session);
	tsp->ring->unanswered--;
	tsp->octets -= t->len;
	t->session->pending--;
	t->session->octets -= t->len;
	OBJ_END(t, EDGE_TXN_MAGIC);
	free(t);
}

/* An answer that is an error repeats other parts of the request than a DAA. */
static void build_error(struct buf *out, const struct edge_txn *t, uint32_t result_code)
{
	struct dia_failed why;
	struct dia_msg m;

	if (dia_msg_parse(&m, t->message, t->len, &t->session->all->link_conf.limits, &why)) {
		out->full = true; /* it was a good one on arrival */
		return;
	}
	dia_failed_set(&why, result_code, "%s", dia_result_str(result_code));
	edge_out_error(out, &t->tsp->env->cfg->external, &m, &why);
}

/* Sends the one answer. */
static void txn_send_answer(struct edge_txn *t, const struct ipc_device_action_answer *a)
{
	struct edge_tsp *tsp = t->tsp;
	struct buf out = edge_session_out(t->session);

	if (a->result_code == DIA_RESULT_SUCCESS) {
		edge_out_daa(&out, &tsp->env->cfg->external, &t->asked, a);
	} else {
		build_error(&out, t, a->result_code);
	}
	edge_txn_answered(t, edge_tsp_send(tsp, t->session, &out));
	st_took(&tsp->env->st, ST_TIME_EDGE_ANSWERING, clock_mono_ns() - t->came_ns);
	FAULT_POINT(EDGE_DAA_QUEUED);
}

/* Reports to the core that the SCS has its answer. A ring without room for this record is
 * unusable. */
void edge_txn_report_given_up(struct edge_txn *t)
{
	struct ipc_device_action_given_up g = { t->session->number, t->asked.end_to_end, t->asked.reference_number.v };
	struct edge_ring *ring = t->tsp->ring;
	size_t len = ipc_device_action_given_up_put(ring->record, t->tsp->env->generation, t->number, &g);

	if (edge_ring_up(ring) && edge_ring_send(ring, len)) {
		edge_ring_broken(ring, "no room to say that a request was given up");
	}
}

/* The transaction stays until the core acknowledges the record: a core may die, and the next one
 * has the request in its journal. */
static void txn_give_up(struct edge_txn *t)
{
	struct edge_tsp *tsp = t->tsp;

	if (!t->offered) {
		edge_txn_finish(t, EDGE_TXN_ANSWERED);
		return;
	}
	TAILQ_REMOVE(&tsp->txns, t, entry);
	t->given_up = true;
	TAILQ_INSERT_TAIL(&tsp->unconfirmed, t, entry);
	edge_txn_report_given_up(t);
}

/* Answers without the core: 3004 if the request named this host and the core cannot have seen it,
 * else Request-Status 201. */
void edge_txn_answer_alone(struct edge_txn *t)
{
	enum pol_reason reason = POL_CORE_RESTARTING;
	struct ipc_device_action_answer a = { .result_code = DIA_RESULT_SUCCESS, .request_status = pol_reason_status(reason) };

	if (!t->offered && t->host_named) {
		a.result_code = DIA_RESULT_TOO_BUSY;
	}
	log_warn(t->tsp->env->log, "edge", "transaction %" PRIu32 "-%06" PRIx64 ": answered %u/%u without the core: %s",
		 t->tsp->env->generation, t->number, a.result_code, a.request_status, pol_reason_str(reason));
	txn_send_answer(t, &a);
	txn_give_up(t);
}

/* -- stage 13: the core's answer, or its deadline */

static struct edge_txn *txn_find(struct edge_tsp *tsp, uint64_t number)
{
	struct multimap_node *n = multimap_first(&tsp->by_number, number);
	struct edge_txn *t = n ? CONTAINER_OF(n, struct edge_txn, by_number) : NULL;

	/* multimap keeps the hash 0 as another one: number 0, which nobody has, must find none */
	return t && t->number == number ? t : NULL;
}

void edge_txn_on_answer(void *arg, uint64_t transaction, const struct ipc_device_action_answer *a)
{
	struct edge_txn *t = txn_find(OBJ_OF(arg, struct edge_tsp, EDGE_TSP_MAGIC), transaction);

	FAULT_POINT(EDGE_ANSWER_TAKEN);
	if (!t || t->session->number != a->session) {
		return; /* its connection has closed */
	}
	if (!t->given_up) {
		txn_send_answer(t, a);
	}
	edge_txn_finish(t, EDGE_TXN_ANSWERED);
}

uint64_t edge_txn_due(void *arg, uint64_t now_ms)
{
	struct edge_tsp *tsp = OBJ_OF(arg, struct edge_tsp, EDGE_TSP_MAGIC);
	struct edge_txn *t = TAILQ_FIRST(&tsp->txns);

	if (t && now_ms >= t->answer_by_ms) {
		edge_ring_read(tsp->ring); /* an answer already on the ring counts */
	}
	while ((t = TAILQ_FIRST(&tsp->txns)) && now_ms >= t->answer_by_ms) {
		st_count(&tsp->env->st, ST_EDGE_ANSWERED_LATE);
		edge_txn_answer_alone(t);
	}
	return t ? t->answer_by_ms : UINT64_MAX;
}

void edge_txn_session_gone(void *arg, struct edge_session *s)
{
	struct edge_txn *t;

	(void)arg;
	while ((t = TAILQ_FIRST(&s->txns))) {
		edge_txn_finish(t, s->all->stopping ? EDGE_TXN_STOPPING : EDGE_TXN_SESSION_GONE);
	}
}
