/* trg_answer.c - the one answer to the SCS, and the end of a trigger: what is refused, now or when
 * the refusal is durable, and what is accepted. */
#include <assert.h>

#include "apps/tsp.h"
#include "trigger/trg_int.h"

enum trg_state trg_end(struct trg_step *s, bool late)
{
	struct trg *t = s->t;

	trg_release(t);
	trg_arm(t, UINT64_MAX);
	t->ports->forget(t->arg, t, late);
	return TRG_DONE;
}

static void answer(struct trg *t, const struct trg_answer *a)
{
	assert(!t->answered); /* our own promise: no path of the table answers twice; the tests walk every path */
	t->answered = true;
	t->answer_status = a->status;
	t->accepted |= a->status == TSP_STATUS_SUCCESS && t->req.action != TSP_ACTION_RECALL;
	if (a->reason != t->conf->reasons.none) {
		t->step_reason = a->reason;
	}
	t->ports->answer(t->arg, t, a);
	trg_shed(t); /* no further DTR leaves */
}

void trg_send_answer(struct trg *t, uint32_t status, int reason)
{
	answer(t, &(struct trg_answer){ .status = status, .reason = reason });
}

/* A refusal is sent when it is durable; else the next core would submit an intent whose SCS
 * received a refusal. */
static enum trg_state refuse(struct trg_step *s, const struct trg_answer *a)
{
	struct trg *t = s->t;

	if (t->stored) {
		t->refused = true;
		t->outcome = 0;
		t->answer_status = a->status;
		t->refuse_reason = (uint8_t)a->reason;
		t->refuse_has_diagnostic = a->has_diagnostic;
		t->refuse_diagnostic = a->diagnostic;
		trg_arm(t, UINT64_MAX);
		if (t->ports->store(t->arg, t) == 0) {
			return TRG_REFUSING;
		}
	}
	answer(t, a);
	return trg_end(s, false);
}

enum trg_state trg_refuse(struct trg_step *s, uint32_t status, int reason)
{
	return refuse(s, &(struct trg_answer){ .status = status, .reason = reason });
}

/* The refusal is durable or cannot be stored, or it was restored: its answer was sent or is sent
 * to duplicates. */
enum trg_state trg_act_refused(struct trg_step *s)
{
	const struct trg *t = s->t;

	if (!t->answered) {
		answer(s->t, &(struct trg_answer){ t->answer_status, t->refuse_reason, t->refuse_has_diagnostic,
						   t->refuse_diagnostic });
	}
	return trg_end(s, false);
}

/* The refusal awaits the journal past the deadline: the edge answers 201. */
enum trg_state trg_act_overdue_refusing(struct trg_step *s)
{
	struct trg *t = s->t;

	t->overdue = true;
	t->answer_status = s->ev->status;
	t->refuse_reason = (uint8_t)s->ev->reason;
	t->refuse_has_diagnostic = false;
	return TRG_REFUSING;
}

/* A report for a refused trigger: not acknowledged; a repetition finds no trigger. */
enum trg_state trg_act_report_refused(struct trg_step *s)
{
	s->t->ports->acknowledge(s->t->arg, s->t, s->ev->token, false);
	return TRG_REFUSING;
}

enum trg_state trg_act_refuse(struct trg_step *s)
{
	const struct trg_event *ev = s->ev;

	if (s->t->early) {
		return trg_settle_early(s);
	}
	s->t->may_report = false;
	if (ev->original_gone) {
		trg_original_gone(s->t, TRG_EV_LOST);
	}
	return refuse(s, &(struct trg_answer){ ev->status, ev->reason, ev->has_diagnostic, ev->diagnostic });
}

void trg_accepted(struct trg *t)
{
	if (t->req.action == TSP_ACTION_REPLACE) {
		trg_original_gone(t, TRG_EV_TAKEN_BACK);
		trg_release(t);
	}
	trg_send_answer(t, TSP_STATUS_SUCCESS, t->conf->reasons.none);
}

void trg_accepted_as_new(struct trg *t, const struct trg_answer *a)
{
	t->as_new = t->accepted = true;
	trg_release(t);
	answer(t, a);
}

enum trg_state trg_settle_early(struct trg_step *s)
{
	struct trg *t = s->t;

	trg_accepted_as_new(t,
			    &(struct trg_answer){ TSP_STATUS_ORIGINALMESSAGESENT, t->conf->reasons.original_reported, false, 0 });
	return trg_store_report(s, t->early_outcome, t->token);
}
