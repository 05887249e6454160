/* smssc_tsp_trigger.c - an SME submits a trigger: the message is on disk, then the gateway is asked,
 * then the SME is answered.
 * The disk says that the gateway is being asked until it has answered, so that a restart asks again
 * (smssc_tsp_change.c). The SME does not wait for the second commit: what the gateway has answered,
 * it answers again.
 *
 * What was sent and is refused without an answer of the gateway may be there all the same: the SME is
 * told to try again, so that the first one is recalled (smssc_tsp_change.c). */
#include "nodes/smssc/smssc_tsp_ask.h"

static void log_refusal(const struct tsp_ask *a, enum smpp_status status, const char *words)
{
	struct smssc *s = a->scs->s;

	s->sme->counts.triggers_refused++;
	log_info(&s->log, "tsp", "trigger of '%s', delivery %llu, refused with %s: %s", a->scs->owner->conf->system_id,
		 (unsigned long long)a->id, smpp_status_name(status), words);
}

/* The refusal leaves with the commit that erases it. */
static void refuse(struct tsp_ask *a, struct dlv_msg *m, enum smpp_status status, const char *words)
{
	struct smssc *s = a->scs->s;

	log_refusal(a, status, words);
	smssc_tsp_ask_tell(a, status);
	if (m && a->owes_receipt) {
		smssc_tsp_undeliverable(a, m);
	} else {
		dlv_afar_over(s->dlv, a->id, smssc_now(s));
	}
	smssc_tsp_ask_end(a);
}

static void answered(struct tsp_ask *a, struct dlv_msg *m, const struct tsp_daa *daa)
{
	enum smpp_status status = sme_trigger_status(daa, SMPP_RSUBMITFAIL);
	const struct dlv_change none = { 0 };
	char room[SME_TRIGGER_WORDS_MAX];

	if (status != SMPP_ROK) {
		refuse(a, m, status, sme_trigger_words(daa, room));
		return;
	}
	if (m) {
		dlv_afar_change(a->scs->s->dlv, m, &none);
	}
	if (a->ticket && a->ticket->bind) {
		smssc_sme_answer(a->ticket);
	}
	smssc_tsp_ask_end(a);
}

/* The recall is on disk with the refusal, so that no restart forgets it. */
static void late(struct tsp_ask *a, struct dlv_msg *m, const char *words)
{
	struct smssc *s = a->scs->s;

	if (!a->sent || !m) {
		refuse(a, m, SMPP_RSYSERR, words);
		return;
	}
	s->sme->counts.triggers_unknown++;
	log_refusal(a, SMPP_RSYSERR, words);
	smssc_tsp_ask_tell(a, SMPP_RSYSERR);
	smssc_tsp_ask_turn(a, a->owes_receipt ? &smssc_tsp_withdraw : &smssc_tsp_recall);
	smssc_tsp_ask_keep(a, m, a->owes_receipt ? DLV_CHANGE_WITHDRAW : DLV_CHANGE_RECALL);
}

/* Asked for before a restart, and too long ago. */
static void aged(struct tsp_ask *a, struct dlv_msg *m)
{
	smssc_tsp_ask_turn(a, &smssc_tsp_withdraw);
	smssc_tsp_ask_keep(a, m, DLV_CHANGE_WITHDRAW);
}

const struct tsp_kind smssc_tsp_trigger = {
	.word = "trigger", .needs_disk = true, .build = sme_trigger_build, .answered = answered, .late = late, .aged = aged
};

enum smpp_status smssc_tsp_submit(struct sme_bind *b, struct sme_message *m, const struct smpp_pdu *p)
{
	struct tsp_scs *scs = b->owner->scs;
	enum smpp_status status = smssc_tsp_may_ask(scs, &m->why);
	struct dlv_change change;
	struct tsp_ask *a;
	uint64_t id;

	if (status != SMPP_ROK) {
		return status;
	}
	a = smssc_tsp_ask_new(scs, &smssc_tsp_trigger, b, p);
	if (!a) {
		return SMPP_RSYSERR;
	}
	change = smssc_tsp_ask_change(a, DLV_CHANGE_ASK);
	status = smssc_sme_store_trigger(b, m, &p->destination, &change, &id, &a->ticket->number);
	if (status != SMPP_ROK) {
		smssc_tsp_ask_free(a);
		return status;
	}
	smssc_tsp_ask_begin(a, id);
	scs->s->sme->counts.triggers++;
	return SMPP_ROK;
}
