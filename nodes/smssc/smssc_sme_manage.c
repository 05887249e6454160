/* smssc_sme_manage.c - requests of a bound SME about messages that it submitted: query_sm, cancel_sm,
 * replace_sm. Those of others do not exist for it. */
#include <string.h>

#include "nodes/smssc/dlv_afar.h"
#include "nodes/smssc/smssc_tsp.h"
#include "smpp/smpp_time.h"

/* The first message of this SME with that id and source. NULL: none, or of another SME, which looks
 * the same. */
static struct dlv_msg *find_own(struct sme_bind *b, const char *message_id, const struct smpp_address *source,
				struct dlv_msg *after, uint64_t *number)
{
	struct dlv_msg *m = after;
	struct sme_told told;

	if (str_parse_u64(number, message_id, 1, UINT64_MAX)) {
		return NULL;
	}
	while ((m = dlv_next_of_number(b->s->dlv, m, *number))) {
		const struct dlv_sme *sme = &m->text.sme;

		if (sme->number == *number && strcmp(sme->system_id, b->owner->conf->system_id) == 0 && dlv_afar_is_known(m) &&
		    !sme_told_decode(&told, sme->told, sme->told_len) &&
		    (!source->digits[0] || strcmp(told.source.digits, source->digits) == 0)) {
			return m;
		}
	}
	return NULL;
}

static void refuse_foreign(struct sme_bind *b, const struct smpp_pdu *p, enum smpp_status status)
{
	b->s->sme->counts.foreign++;
	smssc_sme_refuse(b, p, status, "no message of this SME with this id and source is kept");
}

/* Of several with one id: one that is still under way, before those that are over. */
static struct dlv_msg *rather(struct dlv_msg *one, struct dlv_msg *other)
{
	return !one || (one->has_outcome && !other->has_outcome) ? other : one;
}

/* The trigger of this SME with that id and source. NULL: none; then it may be a message. */
static struct dlv_msg *find_trigger(struct sme_bind *b, const struct smpp_pdu *p)
{
	struct dlv_msg *m = NULL, *found = NULL;
	uint64_t number;

	while ((m = find_own(b, p->message_id, &p->source, m, &number))) {
		found = m->text.sme.trigger ? rather(found, m) : found;
	}
	return found;
}

static bool goes_to(const struct dlv_msg *m, const struct smpp_address *destination)
{
	struct sme_told told;

	return !sme_told_decode(&told, m->text.sme.told, m->text.sme.told_len) &&
	       (!destination->digits[0] || strcmp(told.destination.digits, destination->digits) == 0);
}

void smssc_sme_query(struct sme_bind *b, const struct smpp_pdu *p)
{
	struct smpp_pdu answer = { .header = { .command = SMPP_QUERY_SM | SMPP_RESP, .sequence = p->header.sequence } };
	struct dlv_msg *m = NULL, *shown = NULL;
	uint64_t number;

	while ((m = find_own(b, p->message_id, &p->source, m, &number))) {
		shown = rather(shown, m);
	}
	if (!shown) {
		refuse_foreign(b, p, SMPP_RQUERYFAIL);
		return;
	}
	str_set(answer.message_id, sizeof answer.message_id, p->message_id);
	answer.message_state = smssc_sme_state(shown);
	if (shown->has_outcome &&
	    smpp_time_instant(answer.final_date, timeline_to_wall(&b->s->time, shown->outcome_real_ms) / 1000)) {
		answer.final_date[0] = 0; /* a clock outside this century */
	}
	bind_answer(b->conn, &answer);
}

static void cancel_trigger(struct sme_bind *b, const struct smpp_pdu *p, const struct dlv_msg *m)
{
	const char *why = NULL;
	enum smpp_status status;

	if (!goes_to(m, &p->destination)) {
		refuse_foreign(b, p, SMPP_RCANCELFAIL);
		return;
	}
	if (m->text.sme.change.kind == DLV_CHANGE_PART && !m->has_outcome && b->owner->scs && smssc_tsp_parts_cancel(b, m)) {
		if (!smssc_sme_new_ticket(b, p)) {
			smssc_sme_refuse(b, p, SMPP_RSYSERR, NULL);
		}
		return;
	}
	status = smssc_tsp_cancel(b, p, m, &why);
	if (status != SMPP_ROK) {
		smssc_sme_refuse(b, p, status, why);
	}
}

void smssc_sme_cancel(struct sme_bind *b, const struct smpp_pdu *p)
{
	struct dlv_msg *m = find_trigger(b, p), *next;
	uint64_t number;
	unsigned removed = 0;

	if (m) {
		cancel_trigger(b, p, m);
		return;
	}
	for (m = find_own(b, p->message_id, &p->source, NULL, &number); m; m = next) {
		next = find_own(b, p->message_id, &p->source, m, &number);
		if (dlv_may_remove(m) && goes_to(m, &p->destination)) {
			dlv_remove(b->s->dlv, m, smssc_now(b->s));
			removed++;
		}
	}
	if (!removed) {
		refuse_foreign(b, p, SMPP_RCANCELFAIL);
	} else if (!smssc_sme_new_ticket(b, p)) {
		smssc_sme_refuse(b, p, SMPP_RSYSERR, NULL);
	}
}

/* replace_sm has neither header nor protocol_id of its own: a message with a header cannot be
 * replaced, because the new text would become part of its header's message. */
static enum smpp_status read_replacement(struct sme_message *m, struct sme_bind *b, const struct smpp_pdu *p,
					 const struct dlv_msg *old, struct smpp_pdu *whole)
{
	bool trigger = old->text.sme.trigger;
	struct sme_told told;
	enum smpp_status status;

	if (old->text.sme.header || (old->text.has_port && !trigger)) {
		m->why = "a message with a user data header cannot be replaced";
		return SMPP_RREPLACEFAIL;
	}
	if (sme_told_decode(&told, old->text.sme.told, old->text.sme.told_len)) {
		return SMPP_RSYSERR;
	}
	*whole = *p;
	whole->source = told.source;
	whole->destination = told.destination;
	whole->protocol_id = old->text.sme.pid;
	whole->data_coding = told.coding;
	if (told.coding == SME_TOLD_NO_CODING) {
		whole->data_coding = old->text.sme.dcs == SMS_DCS_UCS2 ? 0 : old->text.sme.dcs;
	}
	whole->priority_flag = old->text.priority;
	if (trigger && old->text.has_port) { /* it stays the trigger that it is, with what it carries replaced */
		smpp_set_number(whole, SMPP_TLV_DESTINATION_PORT, old->text.port);
	}
	status = smssc_sme_read_message(m, b, whole);
	return status == SMPP_ROK && m->trigger != trigger ? SMPP_RREPLACEFAIL : status;
}

/* A validity that replace_sm does not name stays as it is (3.4 4.10.1), and so does the reference. */
static void keep_the_rest(struct sme_message *m, const struct smssc *s, const struct smpp_pdu *p, const struct dlv_msg *old)
{
	uint64_t now_ms = smssc_now(s).real_ms;
	struct sme_told told;

	if (!sme_told_decode(&told, old->text.sme.told, old->text.sme.told_len)) {
		m->told.has_reference = told.has_reference;
		m->told.reference = told.reference;
	}
	if (!p->validity_period[0] && old->text.validity_s) {
		m->validity_s = old->give_up_real_ms > now_ms ? (uint32_t)((old->give_up_real_ms - now_ms) / 1000) : 0;
		m->validity_s += m->validity_s == 0;
	} else if (!p->validity_period[0]) {
		m->validity_s = 0;
	}
}

static void replace_trigger(struct sme_bind *b, const struct smpp_pdu *p, const struct dlv_msg *old)
{
	struct sme_message m = { 0 };
	struct smpp_pdu whole;
	enum smpp_status status;

	if (!b->owner->scs) {
		smssc_sme_refuse(b, p, SMPP_RREPLACEFAIL, "this SME may not trigger any more");
		return;
	}
	status = read_replacement(&m, b, p, old, &whole);
	if (status == SMPP_ROK) {
		keep_the_rest(&m, b->s, p, old);
		status = smssc_tsp_replace(b, &m, &whole, old);
	}
	if (status != SMPP_ROK) {
		smssc_sme_refuse(b, p, status, m.why);
	}
}

void smssc_sme_replace(struct sme_bind *b, const struct smpp_pdu *p)
{
	struct smpp_pdu whole;
	struct sme_message m = { 0 };
	uint64_t number = 0;
	struct dlv_msg *old = find_trigger(b, p);
	enum smpp_status status;
	struct sme_ticket *t;

	if (old) {
		replace_trigger(b, p, old);
		return;
	}
	old = find_own(b, p->message_id, &p->source, NULL, &number);
	if (!old || !dlv_may_remove(old)) {
		refuse_foreign(b, p, SMPP_RREPLACEFAIL);
		return;
	}
	status = read_replacement(&m, b, p, old, &whole);
	t = status == SMPP_ROK ? smssc_sme_new_ticket(b, p) : NULL;
	if (status == SMPP_ROK) {
		status = t ? smssc_sme_submit_to(b, &m, &whole.destination, old, &number) : SMPP_RSYSERR;
	}
	if (status != SMPP_ROK) {
		if (t) {
			smssc_sme_end_ticket(b->s->sme, t);
		}
		smssc_sme_refuse(b, p, status, m.why);
	}
}
