/* trg_act.c - what the machine does on its transitions. Each action returns the state to be in. */
#include <assert.h>
#include <string.h>

#include "apps/tsp.h"
#include "trigger/trg_int.h"

enum trg_state trg_act_none(struct trg_step *s)
{
	return s->t->state;
}

/* --- ends -------------------------------------------------------------------------------------------------------------------- */

static enum trg_state end(struct trg_step *s, bool late)
{
	struct trg *t = s->t;

	t->ports->arm(t->arg, t, UINT64_MAX);
	t->ports->forget(t->arg, t, late);
	return TRG_DONE;
}

static void answer(struct trg *t, uint32_t status, int reason)
{
	assert(!t->answered); /* our promise: no path of the table leads here twice; the tests walk every one */
	t->answered = true;
	t->answer_status = status;
	t->ports->answer(t->arg, t, status, reason);
}

static enum trg_state refuse(struct trg_step *s, uint32_t status, int reason)
{
	answer(s->t, status, reason);
	return end(s, false);
}

enum trg_state trg_act_refuse(struct trg_step *s)
{
	return refuse(s, s->ev->status, s->ev->reason);
}

/* Arms the timer for the next attempt and doubles the wait. */
static void back_off(struct trg_step *s)
{
	struct trg *t = s->t;
	const struct trg_conf *c = t->conf;
	uint64_t wait_ms = t->backoff_ms < c->retry_min_ms ? c->retry_min_ms : t->backoff_ms;

	if (wait_ms > c->retry_max_ms)
		wait_ms = c->retry_max_ms;
	t->backoff_ms = wait_ms > c->retry_max_ms / 2 ? c->retry_max_ms : wait_ms * 2;
	t->ports->arm(t->arg, t, s->now_ms + wait_ms);
}

static uint64_t report_deadline(const struct trg *t)
{
	return t->req.expires_ms + t->conf->report_grace_ms;
}

/* --- submit ------------------------------------------------------------------------------------------------------------------ */

enum trg_state trg_act_start(struct trg_step *s)
{
	struct trg *t = s->t;
	const struct trg_reasons *why = &t->conf->reasons;

	if (t->req.action != TSP_ACTION_TRIGGER)
		return refuse(s, TSP_STATUS_PERMANENTERROR, why->action_not_supported);
	if (t->ports->ask_subscriber(t->arg, t))
		return refuse(s, TSP_STATUS_TEMPORARYERROR, why->hss_silent);
	return t->state;
}

/* True when both names were given and the HSS says that they are not one device's. */
static bool contradicting(const struct trg *t)
{
	return t->req.external[0] && t->req.msisdn[0] && strcmp(t->req.msisdn, t->sub.msisdn) != 0;
}

enum trg_state trg_act_subscriber(struct trg_step *s)
{
	struct trg *t = s->t;
	const struct trg_reasons *why = &t->conf->reasons;
	struct trg_refusal no = { 0 };

	if (trg_set_subscriber(t, s->ev->subscriber))
		return refuse(s, TSP_STATUS_TEMPORARYERROR, why->nomem);
	if (contradicting(t))
		return refuse(s, TSP_STATUS_INVEXTID, why->contradicting_device);
	if (t->ports->judge_again(t->arg, t, &no))
		return refuse(s, no.status, no.reason);
	t->dtr_end_to_end = t->ports->end_to_end(t->arg);
	if (t->ports->store(t->arg, t))
		return refuse(s, TSP_STATUS_TEMPORARYERROR, why->journal);
	t->stored = true;
	return t->state;
}

enum trg_state trg_act_disk(struct trg_step *s)
{
	s->t->stored = false;
	return refuse(s, TSP_STATUS_TEMPORARYERROR, s->t->conf->reasons.journal);
}

/* The last moment at which an association can be gone without the SMS-SC having heard of the trigger. */
enum trg_state trg_act_submit(struct trg_step *s)
{
	struct trg *t = s->t;
	struct trg_refusal no = { 0 };

	if (t->ports->judge_again(t->arg, t, &no))
		return refuse(s, no.status, no.reason);
	if (t->ports->submit(t->arg, t, false))
		return refuse(s, TSP_STATUS_TEMPORARYERROR, t->conf->reasons.smssc_silent);
	return t->state;
}

enum trg_state trg_act_accept(struct trg_step *s)
{
	struct trg *t = s->t;

	answer(t, TSP_STATUS_SUCCESS, t->conf->reasons.none);
	t->ports->note(t->arg, t); /* with the next commit: the record tells from the answer what it is */
	t->ports->arm(t->arg, t, report_deadline(t));
	return t->state;
}

enum trg_state trg_act_submit_again(struct trg_step *s)
{
	struct trg *t = s->t;

	return t->ports->submit(t->arg, t, true) ? trg_act_give_up(s) : t->state;
}

/* After a restart nobody knows whether the DTR left; the copy asks, and the SMS-SC deduplicates. */
enum trg_state trg_act_resume(struct trg_step *s)
{
	struct trg *t = s->t;

	if (s->now_ms >= report_deadline(t)) { /* whatever it was, it is no longer */
		answer(t, TSP_STATUS_TEMPORARYERROR, t->conf->reasons.smssc_silent);
		return end(s, true);
	}
	if (t->ports->submit(t->arg, t, true) == 0) {
		t->backoff_ms = 0;
		t->ports->arm(t->arg, t, UINT64_MAX);
		return t->state;
	}
	back_off(s);
	return TRG_RESUMING;
}

/* --- recall ------------------------------------------------------------------------------------------------------------------ */

enum trg_state trg_act_recall_later(struct trg_step *s)
{
	if (s->now_ms >= report_deadline(s->t))
		return end(s, false); /* the SMS-SC let it expire */
	back_off(s);
	return TRG_RECALLING;
}

enum trg_state trg_act_recall(struct trg_step *s)
{
	struct trg *t = s->t;

	if (t->ports->recall(t->arg, t, t->again))
		return trg_act_recall_later(s);
	t->again = true;
	return TRG_RECALLING;
}

enum trg_state trg_act_give_up(struct trg_step *s)
{
	struct trg *t = s->t;

	t->recall_end_to_end = t->ports->end_to_end(t->arg);
	t->again = false;
	t->backoff_ms = 0;
	answer(t, TSP_STATUS_TEMPORARYERROR, t->conf->reasons.smssc_silent);
	t->ports->note(t->arg, t);
	return trg_act_recall(s);
}

enum trg_state trg_act_recalled(struct trg_step *s)
{
	return end(s, false);
}

/* The SCS was told 201 and that is final: the report ends here, so that the SMS-SC need not send it again. */
enum trg_state trg_act_report_late(struct trg_step *s)
{
	s->t->ports->acknowledge(s->t->arg, s->t, s->ev->token, true);
	return end(s, true);
}

/* --- report ------------------------------------------------------------------------------------------------------------------ */

enum trg_state trg_act_wait_report(struct trg_step *s)
{
	struct trg *t = s->t;

	t->ports->arm(t->arg, t, report_deadline(t));
	return t->state;
}

/* Nothing of the report is kept; the SMS-SC sends it again, and our own deadline comes again. */
enum trg_state trg_act_unreported(struct trg_step *s)
{
	struct trg *t = s->t;
	uint64_t deadline = report_deadline(t), soon = s->now_ms + t->conf->retry_min_ms;

	t->has_outcome = false;
	t->outcome = 0;
	if (t->token)
		t->ports->acknowledge(t->arg, t, t->token, false);
	t->token = 0;
	t->ports->arm(t->arg, t, deadline > soon ? deadline : soon);
	return TRG_ACCEPTED;
}

static enum trg_state store_report(struct trg_step *s, uint32_t outcome, uint64_t token)
{
	struct trg *t = s->t;

	t->outcome = outcome;
	t->has_outcome = true;
	t->reported_ms = s->now_ms;
	t->token = token;
	t->again = false;
	t->backoff_ms = 0;
	if (t->dnr_end_to_end == 0)
		t->dnr_end_to_end = t->ports->end_to_end(t->arg);
	t->ports->arm(t->arg, t, UINT64_MAX);
	if (t->ports->store(t->arg, t))
		return trg_act_unreported(s);
	return t->state;
}

enum trg_state trg_act_report(struct trg_step *s)
{
	return store_report(s, s->ev->outcome, s->ev->token);
}

enum trg_state trg_act_unconfirmed(struct trg_step *s)
{
	return store_report(s, TSP_OUTCOME_UNCONFIRMED, 0);
}

/* A report proves the acceptance; the DTA may still come and says nothing new. */
enum trg_state trg_act_report_early(struct trg_step *s)
{
	answer(s->t, TSP_STATUS_SUCCESS, s->t->conf->reasons.none);
	return trg_act_report(s);
}

/* The same report again while the first is being written: the newer transaction is the one that still waits for its DRA. */
enum trg_state trg_act_report_twice(struct trg_step *s)
{
	struct trg *t = s->t;

	if (t->token)
		t->ports->acknowledge(t->arg, t, t->token, false);
	t->token = s->ev->token;
	return t->state;
}

enum trg_state trg_act_report_known(struct trg_step *s)
{
	s->t->ports->acknowledge(s->t->arg, s->t, s->ev->token, true);
	return s->t->state;
}

enum trg_state trg_act_notify_later(struct trg_step *s)
{
	struct trg *t = s->t;

	if (s->now_ms >= t->reported_ms + t->conf->report_retention_ms)
		return end(s, true);
	back_off(s);
	return TRG_BACKOFF;
}

enum trg_state trg_act_notify(struct trg_step *s)
{
	struct trg *t = s->t;

	t->ports->arm(t->arg, t, UINT64_MAX);
	if (t->ports->notify(t->arg, t, t->again))
		return trg_act_notify_later(s);
	t->again = true;
	return TRG_NOTIFYING;
}

enum trg_state trg_act_reported(struct trg_step *s)
{
	struct trg *t = s->t;

	if (t->token)
		t->ports->acknowledge(t->arg, t, t->token, true);
	t->token = 0;
	return trg_act_notify(s);
}

enum trg_state trg_act_acknowledged(struct trg_step *s)
{
	return end(s, false);
}
