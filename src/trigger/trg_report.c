/* trg_report.c - the actions from the delivery report, of the SMS-SC or our own, to the SCS that
 * has acknowledged it. Each returns the state to enter. */
#include <string.h>

#include "apps/tsp.h"
#include "trigger/trg_int.h"

uint64_t trg_use_ends(const struct trg *t)
{
	uint64_t late_ms = t->taken_ms > t->req.received_ms ? t->taken_ms - t->req.received_ms : 0;

	return t->req.expires_ms + late_ms + t->conf->report_grace_ms;
}

uint64_t trg_report_deadline(const struct trg *t)
{
	uint64_t end_ms = trg_use_ends(t);

	return end_ms > t->conf->unconfirmed_from_ms ? end_ms : t->conf->unconfirmed_from_ms;
}

uint64_t trg_report_kept_until(const struct trg *t)
{
	uint64_t until_ms = t->reported_ms + t->conf->report_retention_ms;

	return t->reported_ms >= t->conf->old_ms || until_ms > t->conf->drop_from_ms ? until_ms : t->conf->drop_from_ms;
}

/* A restored trigger that waits for its report. It may have been cancelled while the record of its
 * acceptance was not durable yet. */
enum trg_state trg_act_wait_report(struct trg_step *s)
{
	struct trg *t = s->t;

	if (t->revoke_due) {
		return trg_act_revoke(s);
	}
	trg_arm(t, trg_report_deadline(t));
	return t->state;
}

/* The report could not be stored. The SMS-SC repeats its own; a report made here is tried again
 * soon. With a message id the SMS-SC has accepted the trigger, stored or not. */
enum trg_state trg_act_unreported(struct trg_step *s)
{
	struct trg *t = s->t;
	uint64_t deadline = trg_report_deadline(t), soon = s->now_ms + t->conf->retry_min_ms;

	if (t->told != TRG_TOLD_NOT) { /* as one made here, and its DRR is known */
		t->own_outcome = (uint8_t)t->outcome;
	} else {
		trg_drop_drr(t);
	}
	t->has_outcome = false;
	t->outcome = 0;
	if (t->token) {
		t->ports->acknowledge(t->arg, t, t->token, false);
	}
	t->token = 0;
	if (!t->answered && !t->message_id) {
		return trg_act_disk(s);
	}
	if (!t->answered) {
		trg_accepted(t);
	}
	trg_arm(t, deadline > soon && t->own_outcome == TRG_NO_OUTCOME ? deadline : soon);
	return t->held ? TRG_UNKNOWN : TRG_ACCEPTED;
}

void trg_drop_drr(struct trg *t)
{
	trg_room_give(t, t->drr);
	t->drr = NULL;
}

int trg_keep_drr(struct trg_step *s)
{
	uint8_t *drr;

	if (s->ev->kind != TRG_EV_DRR || !s->ev->drr) {
		return 0;
	}
	drr = trg_room_take(s->t, HASH_LEN);
	if (!drr) {
		return ERR_NOMEM;
	}
	memcpy(drr, s->ev->drr, HASH_LEN);
	trg_room_give(s->t, s->t->drr);
	s->t->drr = drr;
	return 0;
}

void trg_try_keep_drr(struct trg_step *s)
{
	if (trg_keep_drr(s)) {
		return; /* the older one stays */
	}
}

enum trg_state trg_store_report(struct trg_step *s, uint32_t outcome, uint64_t token)
{
	struct trg *t = s->t;

	t->early = false;
	/* what the SCS was told counts */
	t->outcome = t->told == TRG_TOLD_NOT ? outcome : t->own_outcome;
	t->has_outcome = true;
	t->own_outcome = token ? TRG_NO_OUTCOME : (uint8_t)t->outcome;
	t->reported_ms = s->now_ms;
	t->token = token;
	/* an earlier core may have sent the DNR before the record of the report was durable */
	t->again = t->told != TRG_TOLD_NOT || t->number < t->conf->first_number;
	t->backoff_ms = 0;
	if (t->dnr_end_to_end == 0) {
		t->dnr_end_to_end = t->ports->report_end_to_end(t->arg, t);
	}
	trg_arm(t, UINT64_MAX);
	if (trg_keep_drr(s) || t->ports->store(t->arg, t)) {
		return trg_act_unreported(s);
	}
	t->stored = true;
	return TRG_REPORTING;
}

/* Sends the DNR of a report that is on its way to the disk. */
static void tell_early(struct trg *t)
{
	if (t->ports->notify(t->arg, t, t->again)) {
		return; /* as before: it is sent when the report is durable */
	}
	trg_count(&t->notifies);
	t->told = TRG_TOLD_OUT;
	t->again = true;
}

/* The DNR leaves while the report is on its way to the disk: to wait for that takes the SCS a
 * commit longer, and the gateway a round of all processes. The DRA waits. If no record comes of it,
 * the SMS-SC reports again, and the DNR is repeated under the same ids with T. */
enum trg_state trg_act_report(struct trg_step *s)
{
	struct trg *t = s->t;
	enum trg_state next = trg_store_report(s, s->ev->outcome, s->ev->token);

	if (next == TRG_REPORTING && t->answered && t->told == TRG_TOLD_NOT && t->ports->ids_last(t->arg, t)) {
		tell_early(t);
	}
	return next;
}

bool trg_waits_for_scs(const struct trg *t)
{
	return t->state == TRG_BACKOFF || (t->state == TRG_REPORTING && t->told == TRG_TOLD_REFUSED);
}

/* The disk may take long: the SCS does not wait for it now either. */
enum trg_state trg_act_tell_again(struct trg_step *s)
{
	if (s->t->told == TRG_TOLD_REFUSED) {
		tell_early(s->t);
	}
	return s->t->state;
}

enum trg_state trg_act_told(struct trg_step *s)
{
	if (s->t->told == TRG_TOLD_OUT) {
		s->t->told = s->ev->kind == TRG_EV_DNA_OK ? TRG_TOLD_TAKEN : TRG_TOLD_REFUSED;
	}
	return s->t->state;
}

enum trg_state trg_act_unconfirmed(struct trg_step *s)
{
	uint8_t own = s->t->own_outcome;

	return trg_store_report(s, own == TRG_NO_OUTCOME ? TSP_OUTCOME_UNCONFIRMED : own, 0);
}

/* A replacement whose original is still pending as far as known: only the DTA tells whether it
 * was replaced or sent.
 * The report and its DRA wait for the DTA. */
static enum trg_state hold_report(struct trg_step *s)
{
	struct trg *t = s->t;
	uint64_t older = t->token;

	if (trg_keep_drr(s)) {
		t->ports->acknowledge(t->arg, t, s->ev->token, false);
		return t->state;
	}
	t->early = true;
	t->early_outcome = (uint8_t)s->ev->outcome;
	t->token = s->ev->token;
	if (older) {
		t->ports->acknowledge(t->arg, t, older, false);
	}
	return t->state;
}

/* The SMS-SC has said so, under an id that is on its way to the disk. */
static bool is_stored_as_new(const struct trg *t)
{
	return !t->answered && t->req.action == TSP_ACTION_REPLACE && t->as_new && t->message_id;
}

/* A report proves the acceptance; a later DTA adds nothing. A replacement whose original has
 * ended is a new trigger. */
enum trg_state trg_act_report_early(struct trg_step *s)
{
	struct trg *t = s->t;
	bool replaces = !t->answered && t->req.action == TSP_ACTION_REPLACE && !t->as_new;

	if (replaces && t->state != TRG_RECALLING && trg_claims_pending(t)) {
		return hold_report(s);
	}
	t->early_outcome = (uint8_t)s->ev->outcome;
	if (replaces || is_stored_as_new(t)) {
		uint64_t older = t->token;

		if (older) {
			t->ports->acknowledge(t->arg, t, older, false);
		}
		trg_accepted_as_new(
		    t, &(struct trg_answer){ TSP_STATUS_ORIGINALMESSAGESENT, t->conf->reasons.original_reported, false, 0 });
	} else if (!t->answered && !t->taken) { /* `taken`: the answer waits for the disk, report or not */
		trg_accepted(t);
	}
	return trg_act_report(s);
}

/* The same report again while the first is being written: only the newer transaction gets a DRA
 * with 2001. */
enum trg_state trg_act_report_twice(struct trg_step *s)
{
	struct trg *t = s->t;

	if (t->token) {
		t->ports->acknowledge(t->arg, t, t->token, false);
	}
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

	if (s->now_ms >= trg_report_kept_until(t)) {
		return trg_end(s, true);
	}
	trg_back_off(s, UINT64_MAX);
	return TRG_BACKOFF;
}

enum trg_state trg_act_notify(struct trg_step *s)
{
	struct trg *t = s->t;

	trg_arm(t, UINT64_MAX);
	if (t->ports->notify(t->arg, t, t->again)) {
		return trg_act_notify_later(s);
	}
	trg_count(&t->notifies);
	t->again = true;
	return TRG_NOTIFYING;
}

enum trg_state trg_act_reported(struct trg_step *s)
{
	struct trg *t = s->t;

	if (!t->answered) {
		trg_send_answer(t, TSP_STATUS_SUCCESS, t->conf->reasons.none);
	}
	if (t->token) {
		t->ports->acknowledge(t->arg, t, t->token, true);
	}
	t->token = 0;
	switch (t->told) {
	case TRG_TOLD_OUT:
		return TRG_NOTIFYING;
	case TRG_TOLD_TAKEN:
		return trg_act_acknowledged(s);
	case TRG_TOLD_REFUSED:
		return trg_act_notify_later(s);
	default:
		return trg_act_notify(s);
	}
}

enum trg_state trg_act_acknowledged(struct trg_step *s)
{
	return trg_end(s, false);
}
