/* core_smpp.c - triggers over SMPP: submit_sm (SMPP 3.4 4.4; TS 23.682 5.2.3). replace_sm can carry
 * neither header nor protocol_id, so a replace is a cancel_sm (core_smpp_cancel.c) and a submit_sm:
 * between the two the original is gone, whatever follows.
 * The parts of a long message leave one after the other, each when the SMS-SC has the one before.
 * So the device cannot have the whole message before the last has left, and what fails earlier
 * fails for good: no part is sent after one that was not delivered. */
#include "core/core_smpp.h"

#include <string.h>

#include "base/fault.h"
#include "base/str.h"
#include "core/core_int.h"
#include "core/core_smpp_int.h"
#include "trigger/trg_parts.h"

enum trg_copies core_smpp_copies(void *arg, const struct trg *trg)
{
	const struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	if (!core_smpp_used(c)) {
		return TRG_COPIES_SAFE;
	}
	/* an id proves that the SMS-SC has the message, even if the journal did not take the id */
	return c->cfg->smssc.on_unknown == CFG_SMSSC_RESUBMIT && !trg->message_id ? TRG_COPIES_ONCE : TRG_COPIES_NEVER;
}

/* -- what an answer means */

bool core_smpp_later(uint32_t status)
{
	return smpp_status_again(status) != SMPP_AGAIN_FINAL;
}

void core_smpp_event(struct trg_event *ev, enum trg_event_kind kind, enum pol_reason reason)
{
	*ev = (struct trg_event){ .kind = kind, .status = pol_reason_status(reason), .reason = (int)reason };
}

static void refused(struct core_ask *ask, struct trg_event *ev, uint32_t status)
{
	struct core_peer *p = ask->peer;

	st_count(&p->core->st, ST_T4_REFUSED);
	core_smpp_event(ev, TRG_EV_DTA_NO, core_smpp_later(status) ? POL_SMSSC_TROUBLE : POL_SMSSC_REFUSED);
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
		core_smpp_event(ev, TRG_EV_DTA_STORED, POL_SMSSC_SENT);
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
	FAULT_POINT(SMPP_ID_DURABLE);
	if (err) {
		ev = (struct trg_event){ .kind = TRG_EV_DTA_SILENT, .original_gone = ask->phase == CORE_SMPP_CANCELLED };
	} else {
		event_taken(&ev, ask);
	}
	t = core_smpp_asked(ask);
	if (t && err) {
		trg_take_back(t->trg);
	} else if (t && t->trg->taken) {
		t->accepted_ms = core_now_ms(c);
	}
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
	bool taken;

	if (trg_set_message_id(t->trg, id, ask->phase == CORE_SMPP_AS_NEW)) {
		return false;
	}
	if (core_smpp_name(c, &t->seat, t->trg)) {
		log_error(c->log, "core", "transaction %s: no memory for its message id; its receipt will not be found",
			  t->transaction);
	}
	taken = trg_take(t->trg, ask->peer->conf->host);
	if (core_trigger_keep(t, on_id_kept, ask)) {
		trg_take_back(t->trg);
		return false;
	}
	if (taken) {
		core_trigger_decide_early(t);
	}
	return true;
}

/* A part was not delivered: the device will never have the whole. */
static bool is_lost(const struct trg *trg)
{
	return trg->parts && ((trg->has_outcome && trg->outcome != TSP_OUTCOME_SUCCESS) ||
			      (trg->early && trg->early_outcome != TSP_OUTCOME_SUCCESS));
}

static int send_part(struct core *c, struct core_trigger *t, size_t place, uint32_t part, uint8_t phase);

/* True: the next part has left. */
static bool sends_next(struct core_ask *ask)
{
	struct core_trigger *t = ask->trigger;

	if (send_part(t->core, t, (size_t)(ask->peer - t->core->peers.row), ask->part + 1u, ask->phase)) {
		return false;
	}
	(void)core_smpp_asked(ask); /* the trigger waits for the next one by now */
	return true;
}

/* The SMS-SC has taken a message under this id. True: on_id_kept() or the next part follows. */
static bool goes_on(struct core_trigger *t, struct core_ask *ask, const char *id, bool late)
{
	const struct trg_parts *parts = t->trg->parts;

	if (!parts) {
		return keep_id(t, ask, id);
	}
	if (trg_part_taken(t->trg, ask->part, id)) {
		return false;
	}
	if (is_lost(t->trg)) {
		core_smpp_cancel_part(t, (size_t)(ask->peer - t->core->peers.row), ask->part);
		return false;
	}
	if (trg_parts_known(parts)) {
		return keep_id(t, ask, parts->part[0].id);
	}
	return !late && ask->part + 1u < parts->n && sends_next(ask);
}

/* A copy was refused: the message before it may be there all the same. */
static bool is_copy(const struct trg *trg)
{
	return trg->submits > 1 || trg->resumed;
}

static void failed(struct core_trigger *t, struct core_ask *ask, struct trg_event *ev)
{
	const struct trg_parts *parts = t->trg->parts;
	bool never_whole = parts && !is_lost(t->trg) && (ev->kind == TRG_EV_DTA_NO || ask->part + 1u < parts->n);

	if (is_copy(t->trg)) {
		ev->kind = TRG_EV_DTA_SILENT;
	} else if (never_whole) {
		core_smpp_cancel_parts(t, (size_t)(ask->peer - t->core->peers.row), TRG_NO_PART);
		if (ev->kind == TRG_EV_DTA_SILENT) {
			core_smpp_event(ev, TRG_EV_DTA_NO, POL_SMSSC_TROUBLE);
		}
	}
	if (ask->phase == CORE_SMPP_CANCELLED) {
		if (ev->kind == TRG_EV_DTA_NO) {
			core_smpp_event(ev, TRG_EV_DTA_NO, POL_SMSSC_REPLACE);
		}
		ev->original_gone = true;
	}
}

static void submitted(struct core_ask *ask, const struct smpp_pdu *pdu)
{
	bool late = !ask->trigger;
	struct core_trigger *t = !late || !pdu ? ask->trigger : find_late(ask);
	struct trg_event ev = { .kind = TRG_EV_DTA_SILENT };

	FAULT_POINT(SMPP_SUBMIT_TAKEN);
	if (!t && ask->cancel && pdu && pdu->header.status == SMPP_ROK) {
		core_smpp_apart_send(ask->cancel, pdu->message_id);
		ask->cancel = NULL;
	}
	if (t && pdu && pdu->header.status == SMPP_ROK && goes_on(t, ask, pdu->message_id, late)) {
		return;
	}
	if (pdu && pdu->header.status != SMPP_ROK) {
		refused(ask, &ev, pdu->header.status);
	}
	if (t) {
		failed(t, ask, &ev);
	}
	t = core_smpp_asked(ask);
	if (t) {
		core_trigger_step(t, &ev);
	}
}

static void on_submitted(struct core_ask *ask, const struct smpp_pdu *pdu)
{
	struct core *c = ask->peer->core;

	submitted(ask, pdu);
	core_flow_early(c);
}

void core_smpp_cancel_coming(struct core_trigger *t, size_t place)
{
	if (t->trg->parts && t->ask && t->ask->fn == on_submitted && !t->ask->cancel) {
		t->ask->cancel = core_smpp_apart_prepare(t, place);
	}
}

/* True if a receipt may have to find this trigger by its reference. The first message of a trigger
 * is found by the id in its response: a receipt that overtakes the response waits for it, and
 * without a response core_smpp_name_reference() enters the reference. */
static bool wants_name(const struct trg *trg)
{
	return trg->parts || trg->submits || trg->resumed || trg->req.action != TSP_ACTION_TRIGGER;
}

int core_smpp_name_reference(struct core *c, struct core_trigger *t)
{
	return core_smpp_used(c) && !t->trg->message_id && t->trg->may_report ? core_smpp_name(c, &t->seat, t->trg) : 0;
}

static int send_part(struct core *c, struct core_trigger *t, size_t place, uint32_t part, uint8_t phase)
{
	uint8_t octets[CORE_SMPP_OCTETS_MAX];
	struct smpp_pdu pdu;
	const char *why = core_smpp_fill(&pdu, octets, t->trg, part, &c->cfg->smssc, core_now_ms(c));
	int err;

	if (why) {
		log_warn(c->log, "core", "transaction %s: %s", t->transaction, why);
		err = core_smpp_ask_nobody(t, place, SMPP_RSUBMITFAIL, on_submitted);
	} else {
		err = wants_name(t->trg) ? core_smpp_name(c, &t->seat, t->trg) : 0;
		err = err ? err : core_smpp_ask(t, place, &pdu, on_submitted);
	}
	FAULT_POINT(SMPP_SUBMIT_QUEUED);
	if (!err) {
		t->ask->phase = phase;
		t->ask->part = (uint8_t)part;
	}
	return err;
}

int core_smpp_submit_now(struct core *c, struct core_trigger *t, size_t place, uint8_t phase)
{
	return send_part(c, t, place, 0, phase);
}

int core_smpp_plan(const struct core *c, struct trg *trg)
{
	uint32_t n = 1;

	if (core_smpp_used(c) && trg->req.action != TSP_ACTION_RECALL) {
		n = core_smpp_parts(&trg->req, &c->cfg->smssc);
	}
	return n > 1 && n <= TRG_PARTS_MAX ? trg_parts_begin(trg, n, (uint8_t)c->cfg->smssc.long_form) : 0;
}

int core_smpp_submit(struct core *c, struct trg *trg, size_t place, bool again)
{
	struct core_trigger *t = core_trigger_of(trg);
	bool replaces = trg->req.action == TSP_ACTION_REPLACE && !trg->as_new;

	if (trg->req.action == TSP_ACTION_RECALL) {
		return core_smpp_cancel_original(c, t, place);
	}
	if (again && core_smpp_copies(c, trg) == TRG_COPIES_NEVER) {
		return ERR_CLOSED;
	}
	if (replaces && core_smpp_has_original(c, trg)) {
		return core_smpp_cancel_original(c, t, place);
	}
	return core_smpp_submit_now(c, t, place, replaces ? CORE_SMPP_AS_NEW : CORE_SMPP_PLAIN);
}

void core_smpp_password(struct core *c, const char *password)
{
	str_cut(c->smpp_password, sizeof c->smpp_password, password ? password : "");
}
