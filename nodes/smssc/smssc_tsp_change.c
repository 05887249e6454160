/* smssc_tsp_change.c - triggers of SMEs that change: they are cancelled, replaced, or recalled because
 * nobody knows what became of their request. What is asked is on disk first, and is asked until the
 * gateway has answered, also when its SME was told ESME_RSYSERR, and after a restart.
 *
 *  RECALL --the gateway has it no more, or never had--> gone
 *  CANCEL --SUCCESS--> gone;  else it stays, and its report comes
 *  REPLACE --SUCCESS--> the old one is gone;  refused: the new one is
 *     | ORIGINALMESSAGESENT: the new one may be live beside the old one, or not (t4.replace_not_pending)
 *     v
 *  FIND --SUCCESS, or nothing to recall--> the new one is gone;  else it is live
 *  WITHDRAW --SUCCESS, or nothing to recall--> it ends as UNDELIVERABLE;  else its report comes
 *
 * A replacement is asked for again with T for REPEAT_MS (smssc_tsp.c). Then nobody may know any more
 * whether it took the place of the old one, and FIND ends that, too. */
#include <utlist.h>

#include "nodes/smssc/smssc_tsp_ask.h"

void smssc_tsp_ask_keep(struct tsp_ask *a, struct dlv_msg *m, enum dlv_change_kind kind)
{
	struct dlv_change change = smssc_tsp_ask_change(a, kind);

	change.old = m->text.sme.change.old;
	dlv_afar_change(a->scs->s->dlv, m, &change);
}

static void keep_none(struct tsp_ask *a, struct dlv_msg *m)
{
	const struct dlv_change none = { 0 };

	dlv_afar_change(a->scs->s->dlv, m, &none);
}

static void erase(struct tsp_ask *a)
{
	dlv_afar_over(a->scs->s->dlv, a->id, smssc_now(a->scs->s));
}

void smssc_tsp_undeliverable(struct tsp_ask *a, struct dlv_msg *m)
{
	bool absent;
	uint8_t outcome = sme_trigger_outcome(TSP_OUTCOME_UNDELIVERABLE, &absent);

	dlv_afar_end(a->scs->s->dlv, m, outcome, absent, smssc_now(a->scs->s));
}

/* The SME waits no longer; the gateway is asked until it answers. */
static void goes_on(struct tsp_ask *a, struct dlv_msg *m, const char *words)
{
	(void)m;
	a->scs->s->sme->counts.changes_refused += a->ticket != NULL;
	smssc_tsp_ask_refuse(a, SMPP_RSYSERR, words);
	smssc_tsp_ask_later(a);
}

static void refuse(struct tsp_ask *a, enum smpp_status status, const struct tsp_daa *daa)
{
	char room[SME_TRIGGER_WORDS_MAX];

	a->scs->s->sme->counts.changes_refused += a->ticket != NULL;
	smssc_tsp_ask_refuse(a, status, sme_trigger_words(daa, room));
}

/* -- taken back, because its SME was refused */

static void recalled(struct tsp_ask *a, struct dlv_msg *m, const struct tsp_daa *daa)
{
	struct smssc *s = a->scs->s;
	char room[SME_TRIGGER_WORDS_MAX];

	log_info(&s->log, "tsp", "recall of a trigger of '%s', delivery %llu: %s", a->scs->owner->conf->system_id,
		 (unsigned long long)a->id, sme_trigger_words(daa, room));
	if (m && !sme_trigger_is_settled(daa)) {
		smssc_tsp_ask_turn(a, &smssc_tsp_recall);
		smssc_tsp_ask_later(a);
		return;
	}
	erase(a);
	smssc_tsp_ask_end(a);
}

const struct tsp_kind smssc_tsp_recall = { .word = "recall", .build = sme_trigger_recall, .answered = recalled, .late = goes_on };

/* -- taken back, although its segments were taken: it has a receipt */

static void withdrawn(struct tsp_ask *a, struct dlv_msg *m, const struct tsp_daa *daa)
{
	if (m && !sme_trigger_is_settled(daa)) {
		smssc_tsp_ask_turn(a, &smssc_tsp_withdraw);
		smssc_tsp_ask_later(a);
		return;
	}
	if (m && (sme_trigger_is(daa, TSP_STATUS_SUCCESS) || sme_trigger_is(daa, TSP_STATUS_PERMANENTERROR))) {
		smssc_tsp_undeliverable(a, m);
	} else if (m) {
		keep_none(a, m); /* its report comes */
	}
	smssc_tsp_ask_end(a);
}

const struct tsp_kind smssc_tsp_withdraw = {
	.word = "recall", .build = sme_trigger_recall, .answered = withdrawn, .late = goes_on
};

/* -- cancelled */

static void cancelled(struct tsp_ask *a, struct dlv_msg *m, const struct tsp_daa *daa)
{
	if (m && sme_trigger_is(daa, TSP_STATUS_SUCCESS)) {
		a->scs->s->sme->counts.triggers_cancelled++;
		smssc_tsp_ask_tell(a, SMPP_ROK);
		erase(a);
	} else {
		/* a SUCCESS for what has an outcome already comes too late: its receipt is right */
		enum smpp_status status = sme_trigger_status(daa, SMPP_RCANCELFAIL);

		refuse(a, status == SMPP_ROK ? SMPP_RCANCELFAIL : status, daa);
		if (m) {
			keep_none(a, m);
		}
	}
	smssc_tsp_ask_end(a);
}

static void cancel_late(struct tsp_ask *a, struct dlv_msg *m, const char *words)
{
	if (a->sent || !m) {
		goes_on(a, m, words);
		return;
	}
	a->scs->s->sme->counts.changes_refused++;
	smssc_tsp_ask_refuse(a, SMPP_RSYSERR, words);
	keep_none(a, m);
	smssc_tsp_ask_end(a);
}

static const struct tsp_kind cancel = { .word = "cancel_sm",
					.needs_disk = true,
					.build = sme_trigger_recall,
					.answered = cancelled,
					.late = cancel_late,
					.lost = keep_none };

/* -- replaced */

static const struct tsp_kind find;

/* The new one is live, whatever it took the place of. */
static void is_live(struct tsp_ask *a, struct dlv_msg *m)
{
	a->scs->s->sme->counts.triggers_replaced++;
	smssc_tsp_ask_tell(a, SMPP_ROK);
	keep_none(a, m);
}

static void replaced(struct tsp_ask *a, struct dlv_msg *m, const struct tsp_daa *daa)
{
	struct smssc *s = a->scs->s;
	const struct dlv_msg *old = m ? dlv_afar_of(s->dlv, m->text.sme.change.old) : NULL;

	if (m && sme_trigger_is(daa, TSP_STATUS_ORIGINALMESSAGESENT)) {
		smssc_tsp_ask_turn(a, &find);
		smssc_tsp_ask_keep(a, m, DLV_CHANGE_FIND);
		return;
	}
	if (m && sme_trigger_is(daa, TSP_STATUS_SUCCESS)) {
		is_live(a, m);
		if (old) { /* in the same commit */
			dlv_afar_over(s->dlv, old->id, smssc_now(s));
		}
	} else {
		refuse(a, m ? sme_trigger_status(daa, SMPP_RREPLACEFAIL) : SMPP_RSYSERR, daa);
		erase(a);
	}
	smssc_tsp_ask_end(a);
}

static void replace_late(struct tsp_ask *a, struct dlv_msg *m, const char *words)
{
	if (a->sent) {
		goes_on(a, m, words);
		return;
	}
	a->scs->s->sme->counts.changes_refused++;
	smssc_tsp_ask_refuse(a, SMPP_RSYSERR, words);
	erase(a);
	smssc_tsp_ask_end(a);
}

static void replace_aged(struct tsp_ask *a, struct dlv_msg *m)
{
	(void)m; /* its record stays as it is: found() sees that nobody knows of the old one */
	smssc_tsp_ask_turn(a, &find);
}

static const struct tsp_kind replace = { .word = "replace_sm",
					 .needs_disk = true,
					 .build = sme_trigger_build,
					 .answered = replaced,
					 .late = replace_late,
					 .aged = replace_aged };

/* Nothing of the new one is left. The old one may have made room for it: then no report of it comes,
 * and this is its end. */
static void not_live(struct tsp_ask *a, const struct dlv_msg *m, const struct tsp_daa *daa)
{
	struct smssc *s = a->scs->s;
	bool made_room = m->text.sme.change.kind == DLV_CHANGE_REPLACE && sme_trigger_is(daa, TSP_STATUS_SUCCESS), absent;
	uint8_t outcome = sme_trigger_outcome(TSP_OUTCOME_UNDELIVERABLE, &absent);

	if (made_room && !dlv_afar_told(s->dlv, m->text.sme.system_id, m->text.sme.change.old, outcome, absent, smssc_now(s))) {
		log_info(&s->log, "tsp", "trigger %u of '%s' ended with its replacement", m->text.sme.change.old,
			 m->text.sme.system_id);
	}
	refuse(a, SMPP_RREPLACEFAIL, daa);
	erase(a);
}

static void found(struct tsp_ask *a, struct dlv_msg *m, const struct tsp_daa *daa)
{
	if (m && !sme_trigger_is_settled(daa)) {
		smssc_tsp_ask_turn(a, &find);
		goes_on(a, m, "the gateway does not say what became of it");
		return;
	}
	if (m && (sme_trigger_is(daa, TSP_STATUS_SUCCESS) || sme_trigger_is(daa, TSP_STATUS_PERMANENTERROR))) {
		not_live(a, m, daa);
	} else if (m) {
		is_live(a, m);
	} else {
		refuse(a, SMPP_RSYSERR, daa);
	}
	smssc_tsp_ask_end(a);
}

static const struct tsp_kind find = { .word = "replace_sm", .build = sme_trigger_recall, .answered = found, .late = goes_on };

/* -- requests of SMEs */

/* One change of a trigger at a time; none before the gateway has it. */
static enum smpp_status may_change(const struct sme_bind *b, const struct dlv_msg *old, enum smpp_status refused,
				   const char **why)
{
	const struct tsp_scs *scs = b->owner->scs;
	const struct tsp_ask *a;
	enum smpp_status status;

	if (old->state != DLV_AFAR || old->text.sme.change.kind == DLV_CHANGE_PART || old->refused || old->asked ||
	    !dlv_afar_is_known(old)) {
		*why = "it is over, or not under way yet";
		return refused;
	}
	status = smssc_tsp_may_ask(b->owner->scs, why);
	if (status != SMPP_ROK) {
		return status;
	}
	DL_FOREACH (scs->s->tsp->asks, a) {
		const struct dlv_msg *m = a->scs == scs ? dlv_afar(scs->s->dlv, a->id) : NULL;

		if (m && (m == old || (!dlv_afar_is_known(m) && m->text.sme.change.old == old->text.reference))) {
			*why = "an earlier request about it has no answer of the gateway yet";
			return SMPP_RSYSERR;
		}
	}
	return SMPP_ROK;
}

enum smpp_status smssc_tsp_cancel(struct sme_bind *b, const struct smpp_pdu *p, const struct dlv_msg *old, const char **why)
{
	struct smssc *s = b->s;
	enum smpp_status status = may_change(b, old, SMPP_RCANCELFAIL, why);
	struct tsp_ask *a = status == SMPP_ROK ? smssc_tsp_ask_new(b->owner->scs, &cancel, b, p) : NULL;

	if (status == SMPP_ROK && !a) {
		return SMPP_RSYSERR;
	}
	if (a) {
		smssc_tsp_ask_begin(a, old->id);
		smssc_tsp_ask_keep(a, dlv_afar(s->dlv, old->id), DLV_CHANGE_CANCEL);
	}
	return status;
}

enum smpp_status smssc_tsp_replace(struct sme_bind *b, struct sme_message *m, const struct smpp_pdu *p, const struct dlv_msg *old)
{
	enum smpp_status status = may_change(b, old, SMPP_RREPLACEFAIL, &m->why);
	struct tsp_ask *a = status == SMPP_ROK ? smssc_tsp_ask_new(b->owner->scs, &replace, b, p) : NULL;
	uint64_t id, number = old->text.sme.number;
	struct dlv_change change;

	if (status == SMPP_ROK && !a) {
		return SMPP_RSYSERR;
	}
	if (a) {
		change = smssc_tsp_ask_change(a, DLV_CHANGE_REPLACE);
		change.old = old->text.reference;
		status = smssc_sme_store_trigger(b, m, &p->destination, &change, &id, &number);
	}
	if (a && status == SMPP_ROK) {
		smssc_tsp_ask_begin(a, id);
	} else {
		smssc_tsp_ask_free(a);
	}
	return status;
}

/* -- after a restart */

static void resume(void *arg, struct dlv_msg *m)
{
	static const struct tsp_kind *const kinds[DLV_CHANGES] = {
		[DLV_CHANGE_RECALL] = &smssc_tsp_recall, [DLV_CHANGE_CANCEL] = &cancel,
		[DLV_CHANGE_REPLACE] = &replace,         [DLV_CHANGE_FIND] = &find,
		[DLV_CHANGE_ASK] = &smssc_tsp_trigger,   [DLV_CHANGE_WITHDRAW] = &smssc_tsp_withdraw,
	};
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);
	struct sme_owner *o = smssc_sme_owner(s, m->text.sme.system_id);
	const struct dlv_change *change = &m->text.sme.change;
	struct tsp_ask *a;

	if (change->kind == DLV_CHANGE_NONE || !o || !o->scs) {
		return;
	}
	if (change->kind == DLV_CHANGE_PART) {
		smssc_tsp_parts_resume(o->scs, m);
		return;
	}
	a = smssc_tsp_ask_new(o->scs, kinds[change->kind], NULL, NULL);
	if (!a) {
		log_warn(&s->log, "tsp",
			 "out of memory: what was asked about delivery %llu is not asked again before the next start",
			 (unsigned long long)m->id);
		return;
	}
	a->end_to_end = change->end_to_end;
	a->asked_real_ms = change->asked_real_ms;
	a->sent = true; /* or not: a copy of what never came is as good */
	a->owes_receipt = change->kind == DLV_CHANGE_ASK;
	a->state = TSP_AGAIN;
	smssc_tsp_ask_begin(a, m->id);
}

void smssc_tsp_resume(struct smssc *s)
{
	dlv_afar_each(s->dlv, resume, s);
	smssc_tsp_arm(s);
}
