/* core_overdue.c - requests whose deadline has passed, behind one timer of the loop; and
 * requests that an edge answered itself. */
#include "core/core_overdue.h"

#include "base/container.h"

#include "core/core_int.h"

#define GIVEN_UP_A_TURN 512 /* bounds the work of one turn when many deadlines coincide */

uint64_t core_overdue_at(const struct core *c, uint64_t answer_by_ms)
{
	uint64_t latest = net_loop_now_ms(c->loop) + cfg_answer_within_ms(c->cfg);
	uint64_t by = answer_by_ms && answer_by_ms < latest ? answer_by_ms : latest;

	return by > CFG_CORE_MARGIN_MS ? by - CFG_CORE_MARGIN_MS : 1;
}

uint64_t core_overdue_came_ms(const struct core *c, uint64_t answer_by_ms)
{
	uint64_t now = net_loop_now_ms(c->loop), within = cfg_answer_within_ms(c->cfg);
	uint64_t left = !answer_by_ms || answer_by_ms > now + within ? within : answer_by_ms > now ? answer_by_ms - now : 0;

	return core_now_ms(c) - (within - left);
}

static struct core_decision_input *input_of(struct heap_node *node)
{
	return CONTAINER_OF(node, struct core_decision_input, overdue);
}

static void start(struct core *c)
{
	const struct heap_node *first = heap_first(&c->overdue.heap);
	uint64_t now = net_loop_now_ms(c->loop);

	if (!first || first->at == c->overdue.timer_at_ms) {
		return; /* the timer may be early after a deletion; it is then started again */
	}
	c->overdue.timer_at_ms = first->at;
	net_timer_start(c->overdue.timer, first->at > now ? first->at - now : 0);
}

static void on_due(void *core)
{
	struct core *c = OBJ_OF(core, struct core, CORE_MAGIC);
	uint64_t now = net_loop_now_ms(c->loop);
	struct heap_node *first;

	c->overdue.timer_at_ms = UINT64_MAX;
	for (int i = 0; i < GIVEN_UP_A_TURN && (first = heap_first(&c->overdue.heap)) && first->at <= now; i++) {
		(void)core_trigger_give_up(input_of(first)->trigger);
	}
	start(c);
}

void core_overdue_watch(struct core_trigger *t, uint64_t at_ms)
{
	struct core *c = t->core;

	if (t->trg->answered) {
		return;
	}
	if (!t->input) {
		t->input = core_piece_input(c);
	}
	if (!t->input || (t->input->overdue.place && t->input->overdue.at <= at_ms)) {
		return;
	}
	t->input->trigger = t;
	if (heap_set(&c->overdue.heap, &t->input->overdue, at_ms)) {
		log_error(c->log, "core", "transaction %s: no memory for the deadline of its answer", t->transaction);
	}
	start(c);
}

/* -- after a restart: an edge may have answered, and its session ended, before the core knew */

bool core_overdue_restored(struct core_trigger *t)
{
	const struct core *c = t->core;
	uint64_t now = core_now_ms(c), until = t->trg->req.received_ms + cfg_answer_within_ms(c->cfg) - CFG_CORE_MARGIN_MS;

	if (t->trg->answered) {
		return false;
	}
	if (now < until) {
		core_overdue_watch(t, net_loop_now_ms(c->loop) + (until - now));
		return false;
	}
	(void)core_trigger_give_up(t);
	return true;
}

/* -- an edge gave up */

/* The edge answered 201 after the core had answered SUCCESS: recalls the trigger, or logs that
 * it is too late. */
static void recall_accepted(struct core_trigger *t)
{
	char device[POL_DEVICE_TEXT_MAX];
	struct core_decision d;

	if (t->given_up) { /* the edge repeats the record if our acknowledgement did not fit the ring */
		return;
	}
	t->given_up = true;
	core_quota_give_back(t);
	if (t->trg->state == TRG_ACCEPTED) {
		(void)core_trigger_give_up(t);
		return;
	}
	d = core_trigger_decision(t, device);
	d.reason = POL_ANSWER_OVERDUE;
	core_decide_revoked(t->core, &d, "revoke");
	d.reason = POL_ORIGINAL_REPORTED;
	core_decide_revoked(t->core, &d, "revoke-outcome");
}

static struct core_trigger *find(struct core *c, const struct asc_scs *scs, const struct ipc_device_action_given_up *g)
{
	struct ipc_device_action_answer edge_answer = { .result_code = DIA_RESULT_SUCCESS,
							.request_status = TSP_STATUS_TEMPORARYERROR };
	int err = core_later_request(c, scs->origin_host, g->end_to_end);
	struct core_dup_entry *dup = core_dup_override(c->dup, scs->origin_host, g->end_to_end, &edge_answer, core_now_ms(c));
	struct core_trigger *t = dup ? core_dup_owner(dup) : core_trigger_find(c, scs->e164, g->reference);

	if (err) { /* the edge says it again to the next core only */
		log_error(c->log, "core", "a trigger of the journal was given up and cannot be taken up");
	}
	return t && t->trg->req.end_to_end == g->end_to_end ? t : NULL;
}

static void acknowledge(struct core_edge *e, uint64_t transaction, const struct ipc_device_action_given_up *g)
{
	struct ipc_device_action_answer a = { .session = g->session,
					      .result_code = DIA_RESULT_SUCCESS,
					      .request_status = TSP_STATUS_TEMPORARYERROR };

	char words[EDGE_WORDS_MAX];

	if (core_send(e, ipc_device_action_answer_put(e->core->record, e->who.generation, transaction, &a))) {
		log_debug(e->core->log, "core", "%s will say again that it gave up a request", core_edge_words(words, e));
	}
}

void core_on_given_up(struct core_edge *e, uint64_t transaction, const struct ipc_device_action_given_up *g)
{
	struct core *c = e->core;
	const struct core_session *s = core_session_find(c, e->who.generation, g->session);
	const struct asc_scs *scs = s ? asc_scs_find(c->store.asc, s->scs->name) : NULL;
	struct core_trigger *t;

	if (!scs) {
		st_count(&c->st, ST_RING_STALE);
		return;
	}
	st_count(&c->st, ST_REQUESTS_GIVEN_UP);
	acknowledge(e, transaction, g);
	t = find(c, scs, g);
	if (t && !t->trg->answered) {
		(void)core_trigger_give_up(t);
	} else if (t && (t->trg->answer_status == TSP_STATUS_SUCCESS || t->trg->accepted)) {
		recall_accepted(t);
	}
}

/* -- the part */

int core_overdue_init(struct core *c)
{
	c->overdue.timer_at_ms = UINT64_MAX;
	return net_timer_new(&c->overdue.timer, c->loop, on_due, c);
}

void core_overdue_fini(struct core *c)
{
	net_timer_free(c->overdue.timer);
	heap_fini(&c->overdue.heap);
}
