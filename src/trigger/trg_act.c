/* trg_act.c - the actions of the machine from the request to the accepted trigger, also after a
 * restart. Each returns the state to enter.
 * The answer and the end are in trg_answer.c, the report in trg_report.c, recall and revocation in
 * trg_recall.c, the original of a recall or replace in trg_change.c. */
#include <string.h>

#include "apps/tsp.h"
#include "trigger/trg_int.h"

enum trg_state trg_act_none(struct trg_step *s)
{
	return s->t->state;
}

void trg_arm(struct trg *t, uint64_t at_ms)
{
	t->armed_ms = at_ms;
	t->ports->arm(t->arg, t, at_ms);
}

void trg_count(uint16_t *n)
{
	if (*n < UINT16_MAX) {
		(*n)++;
	}
}

void trg_back_off(struct trg_step *s, uint64_t latest_ms)
{
	struct trg *t = s->t;
	const struct trg_conf *c = t->conf;
	uint64_t wait_ms = t->backoff_ms < c->retry_min_ms ? c->retry_min_ms : t->backoff_ms;
	uint64_t at_ms;

	if (wait_ms > c->retry_max_ms) {
		wait_ms = c->retry_max_ms;
	}
	t->backoff_ms = wait_ms > c->retry_max_ms / 2 ? c->retry_max_ms : wait_ms * 2;
	at_ms = s->now_ms + wait_ms;
	trg_arm(t, at_ms < latest_ms ? at_ms : latest_ms);
}

bool trg_expired(const struct trg *t, uint64_t now_ms)
{
	return t->req.action != TSP_ACTION_RECALL && t->req.validity_s > 0 && now_ms >= t->req.expires_ms;
}

void trg_set_sent_to(struct trg *t, const char *peer, const char *host)
{
	t->sent_to = trg_names_keep(t->conf->smssc_hosts, peer);
	t->sent_host = t->sent_to ? trg_names_keep(t->conf->smssc_hosts, host) : NULL;
}

bool trg_unwanted(const struct trg *t)
{
	return t->revoke_due;
}

/* The trigger expires before its DTR was sent. The SCS gets SUCCESS when the report is durable,
 * and then EXPIRED.
 * A replace that is too late is refused, and the original is left untouched. */
static enum trg_state expire(struct trg_step *s)
{
	struct trg *t = s->t;

	if (t->req.action == TSP_ACTION_REPLACE) {
		return trg_refuse(s, TSP_STATUS_REPLACEFAIL, t->conf->reasons.expired);
	}
	return trg_store_report(s, TSP_OUTCOME_EXPIRED, 0);
}

enum trg_state trg_act_start(struct trg_step *s)
{
	struct trg *t = s->t;
	const struct trg_reasons *why = &t->conf->reasons;
	struct trg_refusal refusal = { 0 };

	if (t->req.action != TSP_ACTION_TRIGGER && !trg_changes(t)) {
		return trg_refuse(s, TSP_STATUS_PERMANENTERROR, why->action_not_supported);
	}
	if (trg_changes(t) && !trg_claim(t, &refusal)) {
		return trg_refuse(s, refusal.status, refusal.reason);
	}
	if (t->ports->ask_subscriber(t->arg, t)) {
		return trg_refuse(s, TSP_STATUS_TEMPORARYERROR, why->hss_silent);
	}
	return t->state;
}

/* True if both names were given and belong to different devices according to the HSS. */
static bool contradicting(const struct trg *t)
{
	return t->req.external[0] && t->req.msisdn[0] && strcmp(t->req.msisdn, t->sub.msisdn) != 0;
}

/* Without the feature a recall is not sent, and a replace becomes a new trigger (TS 29.368
 * 6.4.13). */
static bool feature_allows(struct trg *t, struct trg_refusal *refusal)
{
	if (!trg_changes(t) || t->ports->can_recall(t->arg, t)) {
		return true;
	}
	if (t->req.action == TSP_ACTION_REPLACE) {
		t->as_new = true;
		return true;
	}
	*refusal = (struct trg_refusal){ TSP_STATUS_RECALLFAIL, t->conf->reasons.no_recall };
	return false;
}

static bool may_leave(struct trg *t, struct trg_refusal *refusal)
{
	return t->ports->judge_again(t->arg, t, refusal) == 0 && trg_claim_stands(t, refusal);
}

enum trg_state trg_act_subscriber(struct trg_step *s)
{
	struct trg *t = s->t;
	const struct trg_reasons *why = &t->conf->reasons;
	struct trg_refusal refusal = { 0 };

	if (trg_set_subscriber(t, s->ev->subscriber)) {
		return trg_refuse(s, TSP_STATUS_TEMPORARYERROR, why->nomem);
	}
	if (contradicting(t)) {
		return trg_refuse(s, TSP_STATUS_INVEXTID, why->contradicting_device);
	}
	if (!may_leave(t, &refusal) || !feature_allows(t, &refusal)) {
		return trg_refuse(s, refusal.status, refusal.reason);
	}
	if (trg_expired(t, s->now_ms)) {
		return expire(s);
	}
	t->dtr_end_to_end = t->ports->end_to_end(t->arg);
	if (t->ports->store(t->arg, t)) {
		return trg_refuse(s, TSP_STATUS_TEMPORARYERROR, why->journal);
	}
	t->stored = true;
	return t->state;
}

/* The journal could not store the intent: the record is deleted all the same.
 * The refusal is not written: while the journal is in trouble its room is for accepted triggers. */
enum trg_state trg_act_disk(struct trg_step *s)
{
	trg_send_answer(s->t, TSP_STATUS_TEMPORARYERROR, s->t->conf->reasons.journal);
	return trg_end(s, false);
}

/* Last check of the association and the original before the SMS-SC learns of the trigger. */
enum trg_state trg_act_submit(struct trg_step *s)
{
	struct trg *t = s->t;
	struct trg_refusal refusal = { 0 };

	if (t->revoke_due) {
		return trg_refuse(s, t->revoke_status, t->revoke_reason);
	}
	if (!may_leave(t, &refusal)) {
		return trg_refuse(s, refusal.status, refusal.reason);
	}
	if (trg_expired(t, s->now_ms)) {
		return expire(s);
	}
	if (t->ports->submit(t->arg, t, false)) {
		return trg_refuse(s, TSP_STATUS_TEMPORARYERROR, t->conf->reasons.smssc_silent);
	}
	t->taken_ms = s->now_ms;
	t->may_report = t->req.action != TSP_ACTION_RECALL;
	trg_count(&t->submits);
	return t->state;
}

static void set_accepted_by(struct trg *t, const struct trg_event *ev)
{
	if (ev->accepted_by) {
		t->accepted_by = trg_names_keep(t->conf->smssc_hosts, ev->accepted_by);
	}
}

/* The SCS has its answer, and the SMS-SC has the trigger. The report may have arrived already. */
static enum trg_state wait_for_report(struct trg_step *s)
{
	struct trg *t = s->t;

	if (t->early) {
		return trg_store_report(s, t->early_outcome, t->token);
	}
	if (t->revoke_due) {
		return trg_act_revoke(s);
	}
	if (!t->taken) {
		t->ports->note(t->arg, t); /* with the next commit; the kind of the record follows from the answer */
	}
	t->taken = false;
	trg_arm(t, trg_report_deadline(t));
	return TRG_ACCEPTED;
}

enum trg_state trg_act_stored(struct trg_step *s)
{
	const struct trg *t = s->t;

	/* with a message id it is as new because of what the SMS-SC has just said */
	if (t->req.action != TSP_ACTION_REPLACE || (t->as_new && !t->message_id)) {
		return trg_act_refuse(s); /* the request is no replacement */
	}
	set_accepted_by(s->t, s->ev);
	s->t->taken_ms = s->now_ms;
	trg_accepted_as_new(s->t, &(struct trg_answer){ s->ev->status, s->ev->reason, false, 0 });
	return wait_for_report(s);
}

enum trg_state trg_act_accept(struct trg_step *s)
{
	struct trg *t = s->t;

	if (t->req.action == TSP_ACTION_RECALL) {
		return trg_recall_taken(s);
	}
	if (t->req.action == TSP_ACTION_REPLACE && s->ev->no_feature) {
		t->as_new = true; /* stored as a new trigger: the original still exists */
	}
	set_accepted_by(t, s->ev);
	t->taken_ms = s->now_ms;
	trg_accepted(t);
	return wait_for_report(s);
}

enum trg_state trg_act_submit_again(struct trg_step *s)
{
	struct trg *t = s->t;

	if (s->ev->original_gone) {
		trg_original_gone(t, TRG_EV_LOST);
	}
	if (trg_copies(t) == TRG_COPIES_NEVER) {
		return trg_act_give_up(s);
	}
	if (t->revoke_due || trg_expired(t, s->now_ms) || t->ports->submit(t->arg, t, true)) {
		return trg_act_give_up(s);
	}
	t->taken_ms = s->now_ms;
	trg_count(&t->submits);
	return t->state;
}

/* The first DTR was not sent: no recall is needed. */
enum trg_state trg_act_unsent(struct trg_step *s)
{
	if (s->t->early) {
		return trg_settle_early(s);
	}
	s->t->may_report = false;
	if (s->t->revoke_due) {
		return trg_refuse(s, s->t->revoke_status, s->t->revoke_reason);
	}
	if (trg_expired(s->t, s->now_ms)) {
		return expire(s);
	}
	return trg_refuse(s, TSP_STATUS_TEMPORARYERROR, s->t->conf->reasons.smssc_silent);
}

/* No copy is sent any more: the report of the SMS-SC, or UNCONFIRMED. */
static enum trg_state wait_resuming(struct trg_step *s)
{
	struct trg *t = s->t;

	if (s->now_ms >= trg_report_deadline(t)) {
		return trg_store_report(s, TSP_OUTCOME_UNCONFIRMED, 0);
	}
	trg_arm(t, trg_report_deadline(t));
	return TRG_RESUMING;
}

/* Expired, and unknown whether the SMS-SC ever had it. Waits for its report; without one nobody
 * knows its outcome. */
static enum trg_state resume_expired(struct trg_step *s)
{
	struct trg *t = s->t;

	if (t->req.action == TSP_ACTION_REPLACE) {
		return trg_act_give_up(s);
	}
	if (!t->answered) {
		trg_send_answer(t, TSP_STATUS_SUCCESS, t->conf->reasons.none);
	}
	return wait_resuming(s);
}

/* Too old for a copy. The SCS may have received SUCCESS and then waits for a report. */
static enum trg_state resume_too_late(struct trg_step *s)
{
	struct trg *t = s->t;

	if (t->early) {
		return trg_settle_early(s);
	}
	if (!t->answered) {
		trg_send_answer(t, TSP_STATUS_TEMPORARYERROR, t->conf->reasons.smssc_silent);
	}
	if (t->req.action == TSP_ACTION_RECALL) {
		return trg_end(s, true);
	}
	return wait_resuming(s);
}

/* A recall only repeats its question. Records of an older version lack the proven groups and
 * cannot be judged again. */
static bool may_resume(struct trg *t, struct trg_refusal *refusal)
{
	return t->req.action == TSP_ACTION_RECALL || t->req.groups_unknown || t->ports->judge_again(t->arg, t, refusal) == 0;
}

/* The message id was durable, the answer was not. */
static enum trg_state resume_taken(struct trg_step *s)
{
	struct trg *t = s->t;

	if (t->as_new && t->req.action == TSP_ACTION_REPLACE) {
		trg_accepted_as_new(
		    t, &(struct trg_answer){ TSP_STATUS_ORIGINALMESSAGESENT, t->conf->reasons.original_reported, false, 0 });
	} else {
		trg_accepted(t);
	}
	return wait_for_report(s);
}

/* After a restart it is unknown whether the DTR left: it is repeated, and the SMS-SC
 * deduplicates. */
enum trg_state trg_act_resume(struct trg_step *s)
{
	struct trg *t = s->t;
	struct trg_refusal refusal = { 0 };

	if (t->message_id && !t->answered && !t->early && !t->overdue) {
		return resume_taken(s);
	}
	if (!t->answered && t->req.action != TSP_ACTION_RECALL && trg_copies(t) == TRG_COPIES_NEVER) {
		return trg_act_give_up(s);
	}
	if (t->revoke_due) {
		return trg_act_give_up(s);
	}
	if (trg_expired(t, s->now_ms)) {
		return resume_expired(s);
	}
	if (s->now_ms >= trg_use_ends(t)) {
		return resume_too_late(s);
	}
	if (may_resume(t, &refusal) && t->ports->submit(t->arg, t, true) == 0) {
		t->taken_ms = s->now_ms;
		trg_count(&t->submits);
		t->backoff_ms = 0;
		trg_arm(t, UINT64_MAX);
		return TRG_RESUBMITTING;
	}
	if (refusal.status ==
	    TSP_STATUS_NOTAUTHORIZED) { /* its right ended while no core ran: not submitted again, but recalled */
		return trg_give_up_because(s, refusal.reason);
	}
	trg_back_off(s, UINT64_MAX);
	return TRG_RESUMING;
}

enum trg_state trg_act_restored(struct trg_step *s)
{
	trg_claim_again(s->t);
	return trg_act_resume(s);
}

/* The repetition was not sent. A restored trigger waits for the SMS-SC; for another the outcome
 * of its first DTR is unknown. */
enum trg_state trg_act_unsent_again(struct trg_step *s)
{
	if (!s->t->resumed || s->t->revoke_due) {
		return trg_act_give_up(s);
	}
	if (trg_expired(s->t, s->now_ms)) {
		return resume_expired(s);
	}
	trg_back_off(s, UINT64_MAX);
	return TRG_RESUMING;
}
