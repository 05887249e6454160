/* core_smpp_cancel.c - cancel_sm (SMPP 3.4 4.9): for a recall of an SCS, for the original of a
 * replace, and for what we no longer want. Of a message in parts each is cancelled; it is gone when
 * one is, because the device acts only when it has all. */
#include <string.h>

#include "base/fault.h"
#include "core/core_int.h"
#include "core/core_smpp_int.h"
#include "trigger/trg_parts.h"

static void on_recalled(struct core_ask *ask, const struct smpp_pdu *pdu);
static void on_original_cancelled(struct core_ask *ask, const struct smpp_pdu *pdu);

/* The original of a recall or replace, if the SMS-SC may still have it. */
static struct core_trigger *original_of(struct core *c, const struct trg *trg)
{
	struct core_trigger *o = core_trigger_find(c, trg->req.scs_e164, trg_old_reference(&trg->req));

	return o && o->trg != trg && !o->trg->has_outcome ? o : NULL;
}

/* Whose message a cancel_sm of this trigger is about. NULL: it has ended. */
static const struct trg *whose(struct core *c, const struct trg *trg, core_smpp_fn *then)
{
	bool of_other = trg->req.action == TSP_ACTION_RECALL || then == on_original_cancelled;
	struct core_trigger *o = of_other ? original_of(c, trg) : core_trigger_of(trg);

	return o ? o->trg : NULL;
}

/* "": there is no such part. */
static const char *id_of(const struct trg *trg, uint32_t part)
{
	if (trg->parts) {
		return part < trg->parts->n ? trg->parts->part[part].id : "";
	}
	return part == 0 ? trg->message_id : "";
}

static void on_cancelled(struct core_ask *ask, const struct smpp_pdu *pdu);

/* An empty id is never sent: it would cancel messages of others. */
static int cancel(struct core *c, struct core_trigger *t, size_t place, uint32_t part, core_smpp_fn *then)
{
	const struct trg *of = whose(c, t->trg, then);
	struct smpp_pdu pdu = { .message_id = "" };
	int err;

	if (of && of->message_id) {
		core_smpp_fill_cancel(&pdu, of, &c->cfg->smssc, id_of(of, part));
	}
	if (!pdu.message_id[0]) {
		return core_smpp_ask_nobody(t, place, SMPP_RINVMSGID, then);
	}
	err = core_smpp_ask(t, place, &pdu, on_cancelled);
	FAULT_POINT(SMPP_CANCEL_QUEUED);
	if (!err) {
		t->ask->part = (uint8_t)part;
		t->ask->then = then;
	}
	return err;
}

/* True: the cancel_sm of the next part has left. */
static bool cancels_next(struct core_ask *ask)
{
	struct core_trigger *t = ask->trigger;
	struct core *c = ask->peer->core;
	const struct trg *of = t ? whose(c, t->trg, ask->then) : NULL;
	uint32_t next = ask->part + 1u;

	if (!of || !id_of(of, next)[0] || cancel(c, t, (size_t)(ask->peer - c->peers.row), next, ask->then)) {
		return false;
	}
	t->ask->some = ask->some;
	return true;
}

static void on_cancelled(struct core_ask *ask, const struct smpp_pdu *pdu)
{
	static const struct smpp_pdu gone = { .header.status = SMPP_ROK };

	FAULT_POINT(SMPP_CANCEL_TAKEN);
	ask->some |= pdu && pdu->header.status == SMPP_ROK;
	if (pdu && cancels_next(ask)) {
		(void)core_smpp_asked(ask); /* the trigger waits for the next one by now */
	} else {
		ask->then(ask, ask->some ? &gone : pdu);
	}
}

/* A recall of the SCS. */
static void on_recalled(struct core_ask *ask, const struct smpp_pdu *pdu)
{
	struct core_trigger *t = core_smpp_asked(ask);
	struct trg_event ev = { .kind = TRG_EV_DTA_SILENT };

	if (!t) {
		return;
	}
	if (pdu && pdu->header.status == SMPP_ROK) {
		ev.kind = TRG_EV_DTA_OK;
	} else if (pdu && core_smpp_later(pdu->header.status)) {
		core_smpp_event(&ev, TRG_EV_DTA_NO, POL_SMSSC_TROUBLE);
	} else if (pdu && t->trg->state == TRG_RESUBMITTING) { /* the first may have cancelled it */
		core_smpp_event(&ev, TRG_EV_DTA_UNHANDLED, POL_SMSSC_TROUBLE);
	} else if (pdu) {
		core_smpp_event(&ev, TRG_EV_DTA_NO, original_of(t->core, t->trg) ? POL_SMSSC_RECALL : POL_SMSSC_SENT);
	}
	core_trigger_step(t, &ev);
}

/* The original is cancelled, or is not pending there any more: then the replacement is a new
 * trigger. */
static void on_original_cancelled(struct core_ask *ask, const struct smpp_pdu *pdu)
{
	size_t place = (size_t)(ask->peer - ask->peer->core->peers.row);
	struct core_trigger *t = core_smpp_asked(ask);
	bool gone = pdu && pdu->header.status == SMPP_ROK;
	struct trg_event ev;

	if (!t) {
		return;
	}
	if (!pdu) {
		core_smpp_event(&ev, TRG_EV_DTA_NO, POL_SMSSC_SILENT); /* nothing was submitted */
	} else if (!gone && core_smpp_later(pdu->header.status)) {
		core_smpp_event(&ev, TRG_EV_DTA_NO, POL_SMSSC_TROUBLE);
	} else if (!trg_expired(t->trg, core_now_ms(t->core)) && !trg_unwanted(t->trg) &&
		   core_smpp_submit_now(t->core, t, place, gone ? CORE_SMPP_CANCELLED : CORE_SMPP_AS_NEW) == 0) {
		return;
	} else {
		core_smpp_event(&ev, TRG_EV_DTA_NO, POL_SMSSC_REPLACE);
		ev.original_gone = gone;
	}
	core_trigger_step(t, &ev);
}

int core_smpp_cancel_original(struct core *c, struct core_trigger *t, size_t place)
{
	bool recalls = t->trg->req.action == TSP_ACTION_RECALL;

	return cancel(c, t, place, 0, recalls ? on_recalled : on_original_cancelled);
}

bool core_smpp_has_original(struct core *c, const struct trg *trg)
{
	return original_of(c, trg) != NULL;
}

/* -- of our own: a right is gone, an operator cancels, the answer came too late */

static void on_taken_back(struct core_ask *ask, const struct smpp_pdu *pdu)
{
	struct core_trigger *t = core_smpp_asked(ask);
	struct trg_event ev = { .kind = TRG_EV_RECALL_SILENT };

	if (!t) {
		return;
	}
	if (pdu && pdu->header.status == SMPP_ROK) {
		ev.kind = TRG_EV_RECALL_DONE;
	} else if (pdu) {
		core_smpp_event(&ev, TRG_EV_RECALL_NO, core_smpp_later(pdu->header.status) ? POL_SMSSC_TROUBLE : POL_SMSSC_SENT);
	}
	core_trigger_step(t, &ev);
}

int core_smpp_recall(struct core *c, struct trg *trg, size_t place)
{
	return cancel(c, core_trigger_of(trg), place, 0, on_taken_back);
}

void core_smpp_cancel_part(struct core_trigger *t, size_t place, uint8_t part)
{
	const char *id = t->trg->parts->part[part].id;
	struct smpp_pdu pdu = { .message_id = "" };

	if (id[0]) {
		core_smpp_fill_cancel(&pdu, t->trg, &t->core->cfg->smssc, id);
	}
	if (pdu.message_id[0]) {
		core_smpp_apart(t, place, &pdu);
	}
}

void core_smpp_cancel_parts(struct core_trigger *t, size_t place, uint8_t except)
{
	const struct trg_parts *parts = t->trg->parts;

	for (uint8_t i = 0; parts && i < parts->n; i++) {
		if (i != except && !parts->part[i].delivered) {
			core_smpp_cancel_part(t, place, i);
		}
	}
}
