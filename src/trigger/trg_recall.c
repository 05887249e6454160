/* trg_recall.c - recall of a trigger from the SMS-SC, in three cases:
 * the outcome of the DTR is unknown and the SCS received 201 (RECALLING);
 * the right to an accepted trigger has ended (REVOKING);
 * another request of the SCS, a recall or replace, removed it (TAKEN_BACK, LOST). */
#include "apps/tsp.h"
#include "trigger/trg_int.h"

/* True if a later attempt may succeed. 111: being delivered at this moment; 201: trouble of the
 * SMS-SC. */
static bool may_succeed_later(const struct trg_event *ev)
{
	return ev->status == TSP_STATUS_RECALLFAIL || ev->status == TSP_STATUS_TEMPORARYERROR;
}

static bool send_recall(struct trg *t)
{
	if (t->ports->recall(t->arg, t, t->again)) {
		return false;
	}
	trg_count(&t->recalls);
	t->again = true;
	trg_arm(t, UINT64_MAX);
	return true;
}

/* The SMS-SC has answered: a repetition would get the same answer, a new recall may not. */
static void recall_with_new_id(struct trg *t)
{
	t->recall_end_to_end = t->ports->end_to_end(t->arg);
	t->again = false;
}

/* -- after a 201: the SMS-SC may hold an unwanted trigger */

/* A recall owns no trigger at the SMS-SC, only its question about the original, which has its
 * own deadline. */
static uint64_t recall_until(struct trg *t)
{
	struct trg *o = t->req.action == TSP_ACTION_RECALL ? trg_claimed(t) : NULL;
	uint64_t own = trg_report_deadline(t), others = o ? trg_report_deadline(o) : 0;

	return own > others ? own : others;
}

enum trg_state trg_act_recall_later(struct trg_step *s)
{
	if (s->now_ms >= recall_until(s->t)) {
		return trg_end(s, false); /* expired at the SMS-SC */
	}
	trg_back_off(s, UINT64_MAX);
	return TRG_RECALLING;
}

enum trg_state trg_act_recall(struct trg_step *s)
{
	return send_recall(s->t) ? TRG_RECALLING : trg_act_recall_later(s);
}

enum trg_state trg_act_recall_restored(struct trg_step *s)
{
	trg_claim_again(s->t);
	return trg_act_recall(s);
}

/* Restored without a recorded decision: the SCS may already have received SUCCESS. Therefore an
 * outcome report is sent even though a pending DAR is now answered 201.
 * The 201 waits until this is durable; else the next core would submit the trigger. */
static enum trg_state give_up_restored(struct trg_step *s, int reason)
{
	s->t->answer_status = TSP_STATUS_TEMPORARYERROR;
	return trg_revoke(s, reason);
}

enum trg_state trg_give_up_because(struct trg_step *s, int reason)
{
	struct trg *t = s->t;

	if (t->early) {
		return trg_settle_early(s);
	}
	if (t->req.action != TSP_ACTION_RECALL && trg_copies(t) != TRG_COPIES_SAFE) {
		return trg_hold(s);
	}
	if (t->resumed && t->req.action != TSP_ACTION_RECALL) {
		return give_up_restored(s, reason);
	}
	t->backoff_ms = 0;
	/* repeats its own DTR until the outcome is known */
	if (t->req.action == TSP_ACTION_RECALL) {
		t->recall_end_to_end = t->dtr_end_to_end;
		t->again = true;
	} else {
		recall_with_new_id(t);
	}
	t->gave_up = true;
	trg_arm(t, UINT64_MAX);
	/* after a restart it counts as undecided and is repeated: no worse than silence */
	if (t->ports->store(t->arg, t)) {
		return trg_act_gave_up(s);
	}
	return TRG_RECALLING;
}

enum trg_state trg_act_give_up(struct trg_step *s)
{
	return trg_give_up_because(s, s->t->revoke_due ? s->t->revoke_reason : s->t->conf->reasons.smssc_silent);
}

/* The decision is durable or cannot be stored: sends the 201 and then the recall. */
enum trg_state trg_act_gave_up(struct trg_step *s)
{
	if (s->t->answered) {
		return TRG_RECALLING;
	}
	trg_send_answer(s->t, TSP_STATUS_TEMPORARYERROR, s->t->conf->reasons.smssc_silent);
	return trg_act_recall(s);
}

/* The SMS-SC has deleted the trigger: of a recall the original, of a replace the replacement of
 * the original.
 * The SCS received 201 and knows neither, so the original is reported. */
enum trg_state trg_act_recalled(struct trg_step *s)
{
	trg_original_gone(s->t, TRG_EV_LOST);
	s->t->may_report = false;
	return trg_end(s, false);
}

enum trg_state trg_act_recall_no(struct trg_step *s)
{
	if (s->t->req.action == TSP_ACTION_RECALL || !may_succeed_later(s->ev)) {
		return trg_end(s, false);
	}
	recall_with_new_id(s->t);
	return trg_act_recall_later(s);
}

/* The SCS received 201, which is final: acknowledges the report, so that the SMS-SC does not
 * repeat it.
 * If the request is unanswered, the report becomes the answer. */
enum trg_state trg_act_report_late(struct trg_step *s)
{
	if (!s->t->answered && s->t->overdue) {
		trg_send_answer(s->t, TSP_STATUS_TEMPORARYERROR, s->t->conf->reasons.smssc_silent);
	}
	if (!s->t->answered) {
		s->t->gave_up = false;
		return trg_act_report_early(s);
	}
	trg_original_gone(s->t, TRG_EV_LOST);
	trg_try_keep_drr(s);
	s->t->ports->acknowledge(s->t->arg, s->t, s->ev->token, true);
	return trg_end(s, true);
}

/* -- by another request */

static void say_revoking(struct trg *t);

enum trg_state trg_act_taken_back(struct trg_step *s)
{
	if (s->t->told != TRG_TOLD_NOT) { /* the SMS-SC had reported it */
		return trg_act_lost(s);
	}
	say_revoking(s->t);
	s->t->may_report = false;
	return trg_end(s, false);
}

enum trg_state trg_act_lost(struct trg_step *s)
{
	say_revoking(s->t);
	return trg_store_report(s, TSP_OUTCOME_UNDELIVERABLE, 0);
}

/* -- its right is gone */

static void audit(struct trg *t, enum trg_revocation how)
{
	if (t->ports->revoked) {
		t->ports->revoked(t->arg, t, how);
	}
}

static enum trg_state revoke_later(struct trg_step *s)
{
	trg_back_off(s, trg_report_deadline(s->t));
	return TRG_REVOKING;
}

/* Answers 201 to a trigger restored undecided, then writes the line for the audit. */
static void say_revoking(struct trg *t)
{
	if (t->answered) {
		return;
	}
	trg_send_answer(t, TSP_STATUS_TEMPORARYERROR, t->conf->reasons.smssc_silent);
	audit(t, TRG_REVOCATION_BEGUN);
}

/* The record is durable or cannot be stored, or the timer fired: sends the recall. */
enum trg_state trg_act_revoke_recall(struct trg_step *s)
{
	say_revoking(s->t);
	return send_recall(s->t) ? TRG_REVOKING : revoke_later(s);
}

enum trg_state trg_revoke(struct trg_step *s, int reason)
{
	struct trg *t = s->t;

	t->revoke_reason = reason;
	t->revoke_due = false;
	t->revoked = t->revoking = true;
	t->step_reason = t->revoke_reason;
	t->backoff_ms = 0;
	recall_with_new_id(t);
	if (t->answered) {
		audit(t, TRG_REVOCATION_BEGUN);
	}
	trg_arm(t, UINT64_MAX);
	/* after a restart its recall would have another End-to-End-Id */
	if (t->ports->store(t->arg, t)) {
		return trg_act_revoke_recall(s);
	}
	return TRG_REVOKING;
}

enum trg_state trg_act_revoke(struct trg_step *s)
{
	return trg_revoke(s, s->t->revoke_due ? s->t->revoke_reason : s->ev->reason);
}

/* A replace answered 201 still has its original. */
enum trg_state trg_act_revoke_restored(struct trg_step *s)
{
	if (s->t->answer_status == TSP_STATUS_TEMPORARYERROR) {
		trg_claim_again(s->t);
	}
	return trg_act_revoke_recall(s);
}

/* Notes the revocation, in the record too. If its DTR was not sent, none is; else the recall
 * follows its DTA. */
enum trg_state trg_act_revoke_soon(struct trg_step *s)
{
	struct trg *t = s->t;

	t->revoke_due = true;
	t->revoke_reason = s->ev->reason;
	t->revoke_status = (uint8_t)s->ev->status;
	return t->state;
}

/* Not submitted again. An expired trigger needs no recall. */
enum trg_state trg_act_revoke_resuming(struct trg_step *s)
{
	return s->t->answered ? s->t->state : trg_give_up_because(s, s->ev->reason);
}

enum trg_state trg_act_revoke_timer(struct trg_step *s)
{
	if (s->now_ms < trg_report_deadline(s->t)) {
		return trg_act_revoke_recall(s);
	}
	s->t->revoking = false;
	audit(s->t, TRG_REVOCATION_UNANSWERED);
	return trg_act_unconfirmed(s);
}

enum trg_state trg_act_revoke_silent(struct trg_step *s)
{
	return revoke_later(s);
}

enum trg_state trg_act_revoke_no(struct trg_step *s)
{
	struct trg *t = s->t;

	if (may_succeed_later(s->ev)) {
		recall_with_new_id(t);
		return revoke_later(s);
	}
	t->revoking = false;
	trg_release(t);
	audit(t, TRG_REVOCATION_SENT);
	t->ports->note(t->arg, t);
	/* an outcome that could not be stored waits for no report */
	trg_arm(t, t->own_outcome == TRG_NO_OUTCOME ? trg_report_deadline(t) : s->now_ms + t->conf->retry_min_ms);
	return TRG_ACCEPTED;
}

enum trg_state trg_act_revoke_done(struct trg_step *s)
{
	s->t->revoking = false;
	trg_original_gone(s->t, TRG_EV_LOST); /* a replace answered 201 */
	audit(s->t, TRG_REVOCATION_TAKEN);
	return trg_act_lost(s);
}

enum trg_state trg_act_revoke_report(struct trg_step *s)
{
	say_revoking(s->t);
	s->t->revoking = false;
	trg_original_gone(s->t, TRG_EV_LOST); /* the same */
	audit(s->t, TRG_REVOCATION_REPORTED);
	return trg_act_report(s);
}

/* -- the time for the answer to the SCS is over */

/* The report of a replacement arrived without its DTA: the outcome of the original is unknown,
 * and it is left untouched.
 * A report is owed only if SUCCESS may have been sent before a restart. */
static enum trg_state overdue_early(struct trg_step *s)
{
	struct trg *t = s->t;

	trg_send_answer(t, s->ev->status, s->ev->reason);
	trg_release(t);
	t->as_new = true;
	if (t->resumed) {
		return trg_store_report(s, t->early_outcome, t->token);
	}
	t->early = false;
	t->ports->acknowledge(t->arg, t, t->token, true);
	t->token = 0;
	return trg_end(s, true);
}

enum trg_state trg_act_overdue(struct trg_step *s)
{
	struct trg *t = s->t;

	if (t->answered) { /* restored and expired: waits for a report, the SCS has its answer */
		return TRG_RESUMING;
	}
	t->overdue = true;
	if (t->resumed) {
		trg_claim_again(t);
	}
	if (t->early) {
		return overdue_early(s);
	}
	if (!s->ev->unsent || t->resumed) {
		return trg_give_up_because(s, s->ev->reason);
	}
	t->may_report = false;
	return trg_refuse(s, s->ev->status, s->ev->reason);
}

/* The SMS-SC kept the original: the outcome of the replacement does not change it. */
enum trg_state trg_act_stored_late(struct trg_step *s)
{
	struct trg *t = s->t;

	if (t->req.action == TSP_ACTION_REPLACE && !t->as_new) {
		trg_release(t);
		t->as_new = true;
	}
	return TRG_RECALLING;
}

/* The 201 was sent already. */
enum trg_state trg_act_overdue_more(struct trg_step *s)
{
	s->t->overdue = true;
	return TRG_RECALLING;
}

/* Our SUCCESS came too late: the edge answered 201, and the trigger is revoked. */
enum trg_state trg_act_overdue_accepted(struct trg_step *s)
{
	s->t->overdue = true;
	s->t->answer_status = s->ev->status;
	s->t->accepted = false;
	return trg_act_revoke(s);
}

/* The trigger expired here and its report is being written: nothing was sent, so no report is
 * owed.
 * An answered trigger is reported as usual. So is one with a message id: its report came from the
 * SMS-SC. */
enum trg_state trg_act_overdue_reporting(struct trg_step *s)
{
	struct trg *t = s->t;

	if (!t->answered && t->message_id) {
		trg_send_answer(t, s->ev->status, s->ev->reason);
	}
	if (t->answered) {
		return TRG_REPORTING;
	}
	if (t->token) {
		t->ports->acknowledge(t->arg, t, t->token, false);
	}
	t->token = 0;
	t->has_outcome = false;
	trg_drop_drr(t);
	return trg_refuse(s, s->ev->status, s->ev->reason);
}
