/* dlv_status.c - a mobile that asked for it is told what became of its message: by an
 * SMS-STATUS-REPORT, which is a delivery of its own. Its record comes to the disk with the end of
 * the message. */
#include <string.h>

#include "apps/t4_drr.h"
#include "nodes/sms/sms_status.h"
#include "nodes/smssc/dlv_step.h"

/* The payload of such a delivery is not text: TP-Status, and when the message was submitted and
 * ended, in ms. */
enum { PAYLOAD_LEN = 1 + 8 + 8 };

static uint8_t status_of(const struct dlv_msg *m)
{
	switch (m->outcome) {
	case T4_OUTCOME_SUCCESSFUL_TRANSFER:
		return SMS_STATUS_RECEIVED;
	case T4_OUTCOME_VALIDITY_TIME_EXPIRED:
		return SMS_STATUS_EXPIRED;
	case T4_OUTCOME_UE_MEMORY_CAPACITY_EXCEEDED:
		return SMS_STATUS_BUSY;
	default:
		return m->has_diagnostic ? SMS_STATUS_NO_RESPONSE : SMS_STATUS_REJECTED;
	}
}

static void tell_sender(struct dlv *d, const struct dlv_msg *m, struct dlv_now now)
{
	uint8_t octets[PAYLOAD_LEN];
	struct buf payload = buf_over(octets, sizeof octets);
	struct dlv_text t = {
		.imsi = m->text.sme.sender,
		.smea = m->text.sme.recipient,
		.smea_len = m->text.sme.recipient_len,
		.payload = octets,
		.payload_len = sizeof octets,
		.iwf_host = "",
		.iwf_realm = "",
		.via = "",
		.validity_s = m->text.validity_s,
		.sme = { .system_id = "",
			 .kind = DLV_KIND_STATUS,
			 .dcs = SMS_DCS_8BIT,
			 .reference = m->text.sme.reference,
			 .told = (const uint8_t *)"" } /* nobody gets a report of it */
	};
	uint64_t id;

	buf_u8(&payload, status_of(m));
	buf_le64(&payload, m->submitted_real_ms);
	buf_le64(&payload, m->outcome_real_ms);
	if (dlv_submit(d, &t, NULL, &id, now)) {
		d->counts.statuses_dropped++;
	} else {
		d->counts.statuses++;
	}
}

void dlv_over(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	if (m->text.sme.sender && m->has_outcome) {
		tell_sender(d, m, now);
	}
	dlv_step(d, m, DLV_EV_REPORTED, now);
}

int dlv_status_build(struct buf *out, const struct dlv_msg *m, bool more, int64_t wall_ms)
{
	struct rd r = rd_over(m->text.payload, m->text.payload_len);
	struct sms_status s = { .more = more, .reference = m->text.sme.reference, .status = rd_u8(&r) };

	s.sent_s = ((int64_t)rd_le64(&r) + wall_ms) / 1000;
	s.done_s = ((int64_t)rd_le64(&r) + wall_ms) / 1000;
	if (r.bad || m->text.smea_len > sizeof s.recipient) {
		return ERR_INVAL;
	}
	memcpy(s.recipient, m->text.smea, m->text.smea_len);
	s.recipient_len = (uint8_t)m->text.smea_len;
	return sms_status_build(out, &s);
}
