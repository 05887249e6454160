/* trg_recall.c - taking a trigger back from the SMS-SC. Three ways lead here:
 * the outcome of the DTR is unknown and the SCS was told 201 (RECALLING); the right to a trigger is gone that the SMS-SC has accepted
 * (REVOKING); another request, a recall or replace of the SCS, did it (TAKEN_BACK, LOST). */
#include "apps/tsp.h"
#include "trigger/trg_int.h"

/* Not now, or never? 111: it is on its way to the device at this moment; 201: trouble of the SMS-SC. */
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

/* The SMS-SC answered: a copy of that recall would only get the same answer. */
static void recall_anew(struct trg *t)
{
	t->recall_end_to_end = t->ports->end_to_end(t->arg);
	t->again = false;
}

/* --- after a 201: what the SMS-SC may hold is not wanted any more ------------------------------------------------------------- */

/* A recall has nothing at the SMS-SC but its question about the original, which has its own time. */
static uint64_t recall_until(struct trg *t)
{
	struct trg *o = t->req.action == TSP_ACTION_RECALL ? trg_claimed(t) : NULL;
	uint64_t own = trg_report_deadline(t), others = o ? trg_report_deadline(o) : 0;

	return own > others ? own : others;
}

enum trg_state trg_act_recall_later(struct trg_step *s)
{
	if (s->now_ms >= recall_until(s->t)) {
		return trg_end(s, false); /* the SMS-SC let it expire */
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

static enum trg_state revoke(struct trg_step *s, int reason);

/* Restored undecided: its acceptance may have been told to the SCS and not have come into the journal. Then a report is owed, whatever is
 * told now. The 201 waits for the record that says so, else the next core would submit it. */
static enum trg_state give_up_restored(struct trg_step *s, int reason)
{
	s->t->answer_status = TSP_STATUS_TEMPORARYERROR;
	return revoke(s, reason);
}

enum trg_state trg_give_up_because(struct trg_step *s, int reason)
{
	struct trg *t = s->t;

	if (t->early) {
		return trg_settle_early(s);
	}
	if (t->resumed && t->req.action != TSP_ACTION_RECALL) {
		return give_up_restored(s, reason);
	}
	t->backoff_ms = 0;
	if (t->req.action == TSP_ACTION_RECALL) { /* its own DTR, until it is known what became of it */
		t->recall_end_to_end = t->dtr_end_to_end;
		t->again = true;
	} else {
		recall_anew(t);
	}
	t->gave_up = true;
	trg_arm(t, UINT64_MAX);
	if (t->ports->store(t->arg, t)) { /* a restart would take it for undecided, and ask again: no worse than silence */
		return trg_act_gave_up(s);
	}
	return TRG_RECALLING;
}

enum trg_state trg_act_give_up(struct trg_step *s)
{
	return trg_give_up_because(s, s->t->revoke_due ? s->t->revoke_reason : s->t->conf->reasons.smssc_silent);
}

/* The decision is on disk, or cannot be: the 201, and then the recall. */
enum trg_state trg_act_gave_up(struct trg_step *s)
{
	if (s->t->answered) {
		return TRG_RECALLING;
	}
	trg_say(s->t, TSP_STATUS_TEMPORARYERROR, s->t->conf->reasons.smssc_silent);
	return trg_act_recall(s);
}

/* Of a recall: the original is gone. Of a replace: it had taken the original's place. The SCS was told 201 and knows neither, so the
 * original is reported. */
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
	recall_anew(s->t);
	return trg_act_recall_later(s);
}

/* The SCS was told 201 and that is final: the report ends here, so that the SMS-SC need not send it again. When it was not told yet, the
 * report is the answer. */
enum trg_state trg_act_report_late(struct trg_step *s)
{
	if (!s->t->answered && s->t->overdue) {
		trg_say(s->t, TSP_STATUS_TEMPORARYERROR, s->t->conf->reasons.smssc_silent);
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

/* --- by another request -------------------------------------------------------------------------------------------------------- */

static void say_revoking(struct trg *t);

enum trg_state trg_act_taken_back(struct trg_step *s)
{
	say_revoking(s->t);
	s->t->may_report = false;
	return trg_end(s, false);
}

enum trg_state trg_act_lost(struct trg_step *s)
{
	say_revoking(s->t);
	return trg_store_report(s, TSP_OUTCOME_UNDELIVERABLE, 0);
}

/* --- its right is gone --------------------------------------------------------------------------------------------------------- */

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

/* The 201 to one that was restored undecided, and only then the line for the audit. */
static void say_revoking(struct trg *t)
{
	if (t->answered) {
		return;
	}
	trg_say(t, TSP_STATUS_TEMPORARYERROR, t->conf->reasons.smssc_silent);
	audit(t, TRG_REVOCATION_BEGUN);
}

/* Its record is on disk, or cannot be; or its time has come. */
enum trg_state trg_act_revoke_recall(struct trg_step *s)
{
	say_revoking(s->t);
	return send_recall(s->t) ? TRG_REVOKING : revoke_later(s);
}

static enum trg_state revoke(struct trg_step *s, int reason)
{
	struct trg *t = s->t;

	t->revoke_reason = reason;
	t->revoke_due = false;
	t->revoked = t->revoking = true;
	t->said = t->revoke_reason;
	t->backoff_ms = 0;
	recall_anew(t);
	if (t->answered) {
		audit(t, TRG_REVOCATION_BEGUN);
	}
	trg_arm(t, UINT64_MAX);
	if (t->ports->store(t->arg, t)) { /* its recall after a restart would be another one */
		return trg_act_revoke_recall(s);
	}
	return TRG_REVOKING;
}

enum trg_state trg_act_revoke(struct trg_step *s)
{
	return revoke(s, s->t->revoke_due ? s->t->revoke_reason : s->ev->reason);
}

/* A replace that was answered 201 still has its original. */
enum trg_state trg_act_revoke_restored(struct trg_step *s)
{
	if (s->t->answer_status == TSP_STATUS_TEMPORARYERROR) {
		trg_claim_again(s->t);
	}
	return trg_act_revoke_recall(s);
}

/* Its DTR has not left: none does. Or it has: the answer to it is waited for, then it is taken back. The record says so, too. */
enum trg_state trg_act_revoke_soon(struct trg_step *s)
{
	struct trg *t = s->t;

	t->revoke_due = true;
	t->revoke_reason = s->ev->reason;
	t->revoke_status = (uint8_t)s->ev->status;
	return t->state;
}

/* It is not submitted again. When it has expired, there is nothing to take back. */
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
		recall_anew(t);
		return revoke_later(s);
	}
	t->revoking = false;
	trg_release(t);
	audit(t, TRG_REVOCATION_SENT);
	t->ports->note(t->arg, t);
	trg_arm(t, trg_report_deadline(t));
	return TRG_ACCEPTED;
}

enum trg_state trg_act_revoke_done(struct trg_step *s)
{
	s->t->revoking = false;
	trg_original_gone(s->t, TRG_EV_LOST); /* a replace that was answered 201 */
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

/* --- the time for the answer to the SCS is over -------------------------------------------------------------------------------- */

/* The report of a replacement is here, its DTA is not: what became of the original is not known, and it is left alone. A report is owed
 * only when the acceptance may have been told before a restart. */
static enum trg_state overdue_early(struct trg_step *s)
{
	struct trg *t = s->t;

	trg_say(t, s->ev->status, s->ev->reason);
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

	if (t->answered) { /* restored and expired: it waits for a report, and nobody waits for an answer */
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

/* The SMS-SC did not touch the original: whatever becomes of the replacement, it is not gone. */
enum trg_state trg_act_stored_late(struct trg_step *s)
{
	struct trg *t = s->t;

	if (t->req.action == TSP_ACTION_REPLACE && !t->as_new) {
		trg_release(t);
		t->as_new = true;
	}
	return TRG_RECALLING;
}

/* The 201 is on its way already. */
enum trg_state trg_act_overdue_more(struct trg_step *s)
{
	s->t->overdue = true;
	return TRG_RECALLING;
}

/* Our SUCCESS came too late: the SCS was told 201, and its trigger is not wanted any more. */
enum trg_state trg_act_overdue_accepted(struct trg_step *s)
{
	s->t->overdue = true;
	s->t->answer_status = s->ev->status;
	s->t->accepted = false;
	return trg_act_revoke(s);
}

/* The report of one that expired here is being written, and its answer waits for that: nothing of it was sent, so nothing is owed.
 * One that was answered is reported as ever. */
enum trg_state trg_act_overdue_reporting(struct trg_step *s)
{
	struct trg *t = s->t;

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
