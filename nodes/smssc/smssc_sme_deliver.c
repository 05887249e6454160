/* smssc_sme_deliver.c - messages of mobiles, as deliver_sm to a bind of their SME that receives. It
 * is repeated until the SME takes it, refuses it for good, or its validity is over: an SME can get
 * one twice when its answer was lost. */
#include "nodes/smssc/sme_mobile.h"
#include "nodes/smssc/sme_told.h"
#include "nodes/smssc/smssc_sme.h"

int smssc_sme_deliver(struct smssc *s, const struct dlv_msg *m)
{
	struct sme_owner *o = smssc_sme_owner(s, m->text.sme.system_id);
	uint8_t octets[SME_MOBILE_MAX];
	struct smpp_pdu p = { .header.command = SMPP_DELIVER_SM, .protocol_id = m->text.sme.pid };
	struct sme_told told;
	struct sme_bind *b;
	bool any;

	if (sme_told_decode(&told, m->text.sme.told, m->text.sme.told_len)) {
		return ERR_REFUSED;
	}
	b = o ? smssc_sme_receiving(o, &any) : NULL;
	if (!b) { /* a bind wakes it; one without room has it soon */
		return o && any ? ERR_BUSY : ERR_CLOSED;
	}
	p.source = told.source;
	p.destination = told.destination;
	if (sme_mobile_text(&p, octets, &m->text)) {
		log_error(&s->log, "sme", "delivery %llu cannot be written for '%s' and is left out", (unsigned long long)m->id,
			  o->conf->system_id);
		return ERR_REFUSED;
	}
	return bind_request(b->conn, &p, m->id);
}

/* SMPP 3.4 5.1.3: what it says of the message, not of now. */
static bool for_good(uint32_t status)
{
	return status == SMPP_RX_P_APPN || status == SMPP_RX_R_APPN;
}

void smssc_sme_delivered(struct smssc *s, struct sme_bind *b, uint64_t id, uint32_t status)
{
	if (status == SMPP_ROK) {
		s->sme->counts.to_smes++;
		dlv_reported(s->dlv, id, true, smssc_now(s));
		return;
	}
	log_info(&s->log, "sme", "%s: message %llu of a mobile answered with %s (0x%x); %s", bind_peer(b->conn),
		 (unsigned long long)id, smpp_status_name(status), status, for_good(status) ? "it ends" : "it is sent again");
	if (for_good(status)) {
		s->sme->counts.to_smes_refused++;
		dlv_refused(s->dlv, id, smssc_now(s));
	} else {
		s->sme->counts.to_smes_again++;
		dlv_reported(s->dlv, id, false, smssc_now(s));
	}
}
