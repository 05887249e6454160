/* smssc_sme_report.c - what became of a message, as a receipt to a bind of its SME that receives. */
#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "apps/t4_drr.h"
#include "base/str.h"
#include "nodes/smssc/sme_told.h"
#include "nodes/smssc/smssc_sme.h"

uint8_t smssc_sme_state(const struct dlv_msg *m)
{
	if (!m->has_outcome) {
		return SMPP_STATE_ENROUTE;
	}
	switch (m->outcome) {
	case T4_OUTCOME_SUCCESSFUL_TRANSFER:
		return SMPP_STATE_DELIVERED;
	case T4_OUTCOME_VALIDITY_TIME_EXPIRED:
		return SMPP_STATE_EXPIRED;
	case DLV_OUTCOME_UNKNOWN:
		return SMPP_STATE_UNKNOWN;
	default:
		return SMPP_STATE_UNDELIVERABLE;
	}
}

/* Ours, docs/user/tsms.md. An absent device and a number that is nobody's have the same. */
static const char *error_of(const struct dlv_msg *m)
{
	switch (m->outcome) {
	case T4_OUTCOME_SUCCESSFUL_TRANSFER:
		return "000";
	case T4_OUTCOME_VALIDITY_TIME_EXPIRED:
		return "001";
	case T4_OUTCOME_UE_MEMORY_CAPACITY_EXCEEDED:
		return "003";
	case DLV_OUTCOME_UNKNOWN:
		return "005";
	default:
		return m->has_diagnostic ? "002" : "004";
	}
}

static int build(struct smpp_pdu *out, struct buf *text, const struct smssc *s, const struct dlv_msg *m,
		 const struct sme_told *told)
{
	uint8_t state = smssc_sme_state(m);
	struct smpp_receipt r = { .submitted = 1,
				  .delivered = state == SMPP_STATE_DELIVERED,
				  .submit_s = timeline_to_wall(&s->time, m->submitted_real_ms) / 1000,
				  .done_s = timeline_to_wall(&s->time, m->outcome_real_ms) / 1000,
				  .state = state };
	int err;

	(void)snprintf(r.id, sizeof r.id, "%llu", (unsigned long long)m->text.sme.number);
	str_set(r.err, sizeof r.err, error_of(m));
	str_set(r.text, sizeof r.text, told->text);
	err = smpp_receipt_build(text, &r);
	*out = (struct smpp_pdu){ .header.command = SMPP_DELIVER_SM,
				  .source = told->destination,
				  .destination = told->source,
				  .esm_class = SMPP_ESM_TYPE_RECEIPT,
				  .short_message = { text->p, (uint32_t)text->len } };
	/* the text is in the buffer of the caller; the id is in it, too */
	smpp_set_octets(out, SMPP_TLV_RECEIPTED_MESSAGE_ID, text->p + strlen("id:"), (uint32_t)strlen(r.id));
	smpp_set_number(out, SMPP_TLV_MESSAGE_STATE, state);
	if (told->has_reference) {
		smpp_set_number(out, SMPP_TLV_USER_MESSAGE_REFERENCE, told->reference);
	}
	return err;
}

struct sme_bind *smssc_sme_receiving(struct sme_owner *o, bool *any)
{
	struct sme_bind *b;

	*any = false;
	DL_FOREACH (o->binds, b) {
		enum smpp_session_state bound = smpp_session_bound(bind_session(b->conn));

		*any = *any || bound == SMPP_BOUND_RX || bound == SMPP_BOUND_TRX;
		if (smpp_session_may(bind_session(b->conn), SMPP_DELIVER_SM)) {
			DL_DELETE(o->binds, b);
			DL_APPEND(o->binds, b);
			return b;
		}
	}
	return NULL;
}

int smssc_sme_report(struct smssc *s, const struct dlv_msg *m)
{
	struct sme_owner *o = smssc_sme_owner(s, m->text.sme.system_id);
	uint8_t octets[SMPP_RECEIPT_MAX];
	struct buf text = buf_over(octets, sizeof octets);
	struct sme_told told;
	struct smpp_pdu p;
	struct sme_bind *b;
	bool any;

	if (sme_told_decode(&told, m->text.sme.told, m->text.sme.told_len) || !sme_told_wants(&told, smssc_sme_state(m))) {
		return ERR_REFUSED;
	}
	b = o ? smssc_sme_receiving(o, &any) : NULL;
	if (!b) { /* a bind wakes it; one without room has it soon */
		return o && any ? ERR_BUSY : ERR_CLOSED;
	}
	if (build(&p, &text, s, m, &told)) {
		log_error(&s->log, "sme", "the receipt of delivery %llu cannot be written and is left out",
			  (unsigned long long)m->id);
		return ERR_REFUSED;
	}
	return bind_request(b->conn, &p, m->id);
}
