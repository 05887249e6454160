/* core_smpp.c - triggers over SMPP: submit_sm, and cancel_sm for a recall or before a replacement
 * (SMPP 3.4 4.4, 4.9; TS 23.682 5.2.3). replace_sm can carry neither header nor protocol_id, so
 * a replace is a cancel_sm and a submit_sm: between the two the original is gone, whatever
 * follows. */
#include "core/core_smpp.h"

#include <string.h>

#include "base/str.h"
#include "core/core_int.h"

enum trg_copies core_smpp_copies(void *arg, const struct trg *trg)
{
	const struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	(void)trg;
	if (!core_smpp_used(c)) {
		return TRG_COPIES_SAFE;
	}
	return c->cfg->smssc.on_unknown == CFG_SMSSC_RESUBMIT ? TRG_COPIES_ONCE : TRG_COPIES_NEVER;
}

/* -- what an answer means */

static bool is_later(uint32_t status)
{
	return smpp_status_again(status) != SMPP_AGAIN_FINAL;
}

static void event_of(struct trg_event *ev, enum trg_event_kind kind, enum pol_reason reason)
{
	*ev = (struct trg_event){ .kind = kind, .status = pol_reason_status(reason), .reason = (int)reason };
}

/* The original of a recall or replace, if the SMS-SC may still have it. */
static struct core_trigger *original_of(struct core *c, const struct trg *trg)
{
	struct core_trigger *o = core_trigger_find(c, trg->req.scs_e164, trg_old_reference(&trg->req));

	return o && o->trg != trg && !o->trg->has_outcome ? o : NULL;
}

static void refused(struct core_ask *ask, struct trg_event *ev, uint32_t status)
{
	struct core_peer *p = ask->peer;

	st_count(&p->core->st, ST_T4_REFUSED);
	event_of(ev, TRG_EV_DTA_NO, is_later(status) ? POL_SMSSC_TROUBLE : POL_SMSSC_REFUSED);
	log_info(p->core->log, "core", "the SMS-SC refused a trigger: %s, %s", smpp_status_name(status),
		 smpp_status_words(status));
	if ((status == SMPP_RTHROTTLED || status == SMPP_RMSGQFUL) && p->smpp) {
		st_count(&p->core->st, ST_SMPP_THROTTLED);
		core_smpp_pause(p->smpp);
	}
}

/* -- submit_sm */

static void event_taken(struct trg_event *ev, const struct core_ask *ask)
{
	if (ask->phase == CORE_SMPP_AS_NEW) {
		event_of(ev, TRG_EV_DTA_STORED, POL_SMSSC_SENT);
	} else {
		*ev = (struct trg_event){ .kind = TRG_EV_DTA_OK };
	}
	ev->accepted_by = ask->peer->conf->host;
}

/* The id is on disk. If it could not be stored, nothing may rely on it but the cancel_sm that
 * follows. */
static void on_id_kept(void *arg, uint64_t number, int err)
{
	struct core_ask *ask = OBJ_OF(arg, struct core_ask, CORE_ASK_MAGIC);
	struct core *c = ask->peer->core;
	struct trg_event ev;
	struct core_trigger *t;

	(void)number;
	if (err) {
		ev = (struct trg_event){ .kind = TRG_EV_DTA_SILENT, .original_gone = ask->phase == CORE_SMPP_CANCELLED };
	} else {
		event_taken(&ev, ask);
	}
	t = core_smpp_asked(ask);
	if (t) {
		core_trigger_step(t, &ev);
		core_flow_early(c);
	}
}

/* The trigger that was given up before its response came. */
static struct core_trigger *find_late(struct core_ask *ask)
{
	struct core_trigger *t = core_trigger_find(ask->peer->core, ask->text, ask->reference);

	if (!t || t->trg->number != ask->number || t->ask || t->trg->message_id) {
		return NULL;
	}
	ask->trigger = t;
	t->ask = ask;
	return t;
}

static bool keep_id(struct core_trigger *t, struct core_ask *ask, const char *id)
{
	struct core *c = t->core;

	if (trg_set_message_id(t->trg, id, ask->phase == CORE_SMPP_AS_NEW)) {
		return false;
	}
	if (core_smpp_name(c, &t->seat, t->trg)) {
		log_error(c->log, "core", "transaction %s: no memory for its message id; its receipt will not be found",
			  t->transaction);
	}
	return core_trigger_keep(t, on_id_kept, ask) == 0;
}

static void on_submitted(struct core_ask *ask, const struct smpp_pdu *pdu)
{
	struct core_trigger *t = ask->trigger || !pdu ? ask->trigger : find_late(ask);
	struct trg_event ev = { .kind = TRG_EV_DTA_SILENT };

	if (t && pdu && pdu->header.status == SMPP_ROK && keep_id(t, ask, pdu->message_id)) {
		return; /* on_id_kept() follows */
	}
	if (pdu && pdu->header.status != SMPP_ROK) {
		refused(ask, &ev, pdu->header.status);
	}
	if (ask->phase == CORE_SMPP_CANCELLED) {
		if (ev.kind == TRG_EV_DTA_NO) {
			event_of(&ev, TRG_EV_DTA_NO, POL_SMSSC_REPLACE);
		}
		ev.original_gone = true;
	}
	t = core_smpp_asked(ask);
	if (t) {
		core_trigger_step(t, &ev);
	}
}

static int submit(struct core *c, struct core_trigger *t, size_t place, uint8_t phase)
{
	uint8_t octets[CORE_SMPP_OCTETS_MAX];
	struct smpp_pdu pdu;
	const char *why = core_smpp_fill(&pdu, octets, t->trg, &c->cfg->smssc, core_now_ms(c));
	int err;

	if (why) {
		log_warn(c->log, "core", "transaction %s: %s", t->transaction, why);
		err = core_smpp_ask_nobody(t, place, SMPP_RSUBMITFAIL, on_submitted);
	} else {
		err = core_smpp_name(c, &t->seat, t->trg);
		err = err ? err : core_smpp_ask(t, place, &pdu, on_submitted);
	}
	if (!err) {
		t->ask->phase = phase;
	}
	return err;
}

/* -- cancel_sm */

static int cancel(struct core *c, struct core_trigger *t, size_t place, const struct trg *whose, core_smpp_fn *fn)
{
	struct smpp_pdu pdu;

	if (!whose || !whose->message_id) {
		return core_smpp_ask_nobody(t, place, SMPP_RINVMSGID, fn);
	}
	core_smpp_fill_cancel(&pdu, whose, &c->cfg->smssc, whose->message_id);
	return pdu.message_id[0] ? core_smpp_ask(t, place, &pdu, fn) : core_smpp_ask_nobody(t, place, SMPP_RINVMSGID, fn);
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
	} else if (pdu && is_later(pdu->header.status)) {
		event_of(&ev, TRG_EV_DTA_NO, POL_SMSSC_TROUBLE);
	} else if (pdu && t->trg->state == TRG_RESUBMITTING) { /* the first may have cancelled it */
		event_of(&ev, TRG_EV_DTA_UNHANDLED, POL_SMSSC_TROUBLE);
	} else if (pdu) {
		event_of(&ev, TRG_EV_DTA_NO, original_of(t->core, t->trg) ? POL_SMSSC_RECALL : POL_SMSSC_SENT);
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
		event_of(&ev, TRG_EV_DTA_NO, POL_SMSSC_SILENT); /* nothing was submitted */
	} else if (!gone && is_later(pdu->header.status)) {
		event_of(&ev, TRG_EV_DTA_NO, POL_SMSSC_TROUBLE);
	} else if (!trg_expired(t->trg, core_now_ms(t->core)) && !trg_unwanted(t->trg) &&
		   submit(t->core, t, place, gone ? CORE_SMPP_CANCELLED : CORE_SMPP_AS_NEW) == 0) {
		return;
	} else {
		event_of(&ev, TRG_EV_DTA_NO, POL_SMSSC_REPLACE);
		ev.original_gone = gone;
	}
	core_trigger_step(t, &ev);
}

int core_smpp_submit(struct core *c, struct trg *trg, size_t place, bool again)
{
	struct core_trigger *t = core_trigger_of(trg);
	struct core_trigger *o = trg->req.action == TSP_ACTION_TRIGGER ? NULL : original_of(c, trg);

	if (trg->req.action == TSP_ACTION_RECALL) {
		return cancel(c, t, place, o ? o->trg : NULL, on_recalled);
	}
	if (again && core_smpp_copies(c, trg) == TRG_COPIES_NEVER) {
		return ERR_CLOSED;
	}
	if (trg->req.action == TSP_ACTION_REPLACE && !trg->as_new) {
		return o ? cancel(c, t, place, o->trg, on_original_cancelled) : submit(c, t, place, CORE_SMPP_AS_NEW);
	}
	return submit(c, t, place, CORE_SMPP_PLAIN);
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
		event_of(&ev, TRG_EV_RECALL_NO, is_later(pdu->header.status) ? POL_SMSSC_TROUBLE : POL_SMSSC_SENT);
	}
	core_trigger_step(t, &ev);
}

int core_smpp_recall(struct core *c, struct trg *trg, size_t place)
{
	struct core_trigger *o = trg->req.action == TSP_ACTION_RECALL ? original_of(c, trg) : core_trigger_of(trg);

	return cancel(c, core_trigger_of(trg), place, o ? o->trg : NULL, on_taken_back);
}

void core_smpp_password(struct core *c, const char *password)
{
	str_cut(c->smpp_password, sizeof c->smpp_password, password ? password : "");
}
