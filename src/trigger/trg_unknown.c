/* trg_unknown.c - triggers whose outcome is unknown at an SMS-SC that takes no copies (SMPP): the
 * message may be there, has no id that we know, and a second one might wake the device twice. Only
 * a report resolves it; after the deadline it is UNCONFIRMED. */
#include <string.h>

#include "apps/tsp.h"
#include "trigger/trg_int.h"

enum trg_copies trg_copies(const struct trg *t)
{
	return t->ports->copies && !t->message_id ? t->ports->copies(t->arg, t) : TRG_COPIES_SAFE;
}

int trg_set_message_id(struct trg *t, const char *id, bool as_new)
{
	size_t len = strlen(id);
	char *kept;

	if (len == 0 || len > TRG_MESSAGE_ID_MAX) {
		return ERR_INVAL;
	}
	kept = trg_room_take(t, len + 1);
	if (!kept) {
		return ERR_NOMEM;
	}
	memcpy(kept, id, len + 1);
	trg_room_give(t, t->message_id);
	t->message_id = kept;
	t->as_new |= as_new;
	return 0;
}

bool trg_take(struct trg *t, const char *by)
{
	OBJ_CHECK(t, TRG_MAGIC);
	if (t->req.action != TSP_ACTION_TRIGGER || t->state != TRG_SUBMITTING || t->early || t->revoke_due) {
		return false;
	}
	t->accepted_by = trg_names_keep(t->conf->smssc_hosts, by);
	t->taken = true;
	return true;
}

void trg_take_back(struct trg *t)
{
	OBJ_CHECK(t, TRG_MAGIC);
	if (t->taken) {
		t->taken = false;
		t->accepted_by = NULL;
	}
}

/* The 201 waits until this is durable: else the next core would take it for undecided. */
enum trg_state trg_hold(struct trg_step *s)
{
	struct trg *t = s->t;

	t->held = true;
	t->revoke_due = false;
	t->step_reason = t->conf->reasons.smssc_silent;
	trg_arm(t, UINT64_MAX);
	if (!t->answered) {
		t->answer_status = TSP_STATUS_TEMPORARYERROR;
	}
	if (t->ports->store(t->arg, t)) {
		return trg_act_held(s);
	}
	return TRG_UNKNOWN;
}

static void answer_201(struct trg *t)
{
	if (!t->answered) {
		trg_send_answer(t, TSP_STATUS_TEMPORARYERROR, t->conf->reasons.smssc_silent);
	}
}

/* The decision is durable, or cannot be stored. */
enum trg_state trg_act_held(struct trg_step *s)
{
	answer_201(s->t);
	trg_release(s->t);
	trg_arm(s->t, trg_report_deadline(s->t));
	return TRG_UNKNOWN;
}

/* The SCS learns what became of it, although it received 201. */
enum trg_state trg_act_held_report(struct trg_step *s)
{
	answer_201(s->t);
	return trg_act_report(s);
}

enum trg_state trg_act_held_late(struct trg_step *s)
{
	return s->t->answered ? trg_act_unconfirmed(s) : TRG_UNKNOWN;
}

/* The answer came after we gave up: the message has an id by now and is cancelled. After a report
 * that the SCS was told, the answer adds nothing. */
enum trg_state trg_act_held_found(struct trg_step *s)
{
	if (s->t->told != TRG_TOLD_NOT) {
		return TRG_UNKNOWN;
	}
	s->t->held = false;
	s->t->answer_status = TSP_STATUS_TEMPORARYERROR;
	return trg_revoke(s, s->t->conf->reasons.smssc_silent);
}

/* The same, but it was refused: nothing is at the SMS-SC. */
enum trg_state trg_act_held_refused(struct trg_step *s)
{
	if (s->t->told != TRG_TOLD_NOT) {
		return TRG_UNKNOWN;
	}
	s->t->may_report = false;
	if (!s->t->answered) { /* the record still says undecided */
		s->t->held = false;
		return trg_refuse(s, TSP_STATUS_TEMPORARYERROR, s->t->conf->reasons.smssc_silent);
	}
	return trg_end(s, false);
}

/* The 201 is sent, or will be when the decision is durable. */
enum trg_state trg_act_held_overdue(struct trg_step *s)
{
	s->t->overdue = true;
	return TRG_UNKNOWN;
}
