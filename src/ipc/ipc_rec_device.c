/* ipc_rec_device.c - the ring records about device triggers. Writing and reading side by side. */
#include "base/request_status.h"
#include "base/sip.h"
#include "ipc/ipc_rec_io.h"

/* A device: its kind, then the names of that kind. */
static void device_put(struct buf *b, uint8_t device, const char *external_id, const char *msisdn)
{
	bool e = device == IPC_DEVICE_EXTERNAL || device == IPC_DEVICE_BOTH;
	bool m = device == IPC_DEVICE_MSISDN || device == IPC_DEVICE_BOTH;

	buf_u8(b, device);
	if (e) {
		ipc_io_put_text(b, external_id);
	}
	if (m) {
		ipc_io_put_text(b, msisdn);
	}
}

static uint8_t device_get(struct rd *r, uint8_t min, uint8_t max, char external_id[IDENT_EXTERNAL_MAX + 1],
			  char msisdn[IDENT_MSISDN_MAX + 1])
{
	uint8_t device = ipc_io_u8(r, min, max);

	if (device == IPC_DEVICE_EXTERNAL || device == IPC_DEVICE_BOTH) {
		ipc_io_text(r, external_id, IDENT_EXTERNAL_MAX + 1, ipc_io_is_external);
	}
	if (device == IPC_DEVICE_MSISDN || device == IPC_DEVICE_BOTH) {
		ipc_io_text(r, msisdn, IDENT_MSISDN_MAX + 1, ipc_io_is_msisdn);
	}
	return device;
}

#define HEAD_LEN (8 + 4 + 3 + 8)                         /* octets before the device */
#define NUMBERS_LEN (1 + 4 + 4 + 4 * IPC_IO_OPT + 1 + 4) /* octets between texts and payload */

size_t ipc_device_action_put(uint8_t *out, uint32_t generation, uint64_t transaction, const struct ipc_device_action *in)
{
	struct buf b = ipc_io_begin(out, IPC_REC_DEVICE_ACTION, generation, transaction);
	uint8_t *p;

	p = ipc_io_room(&b, HEAD_LEN);
	p = ipc_io_to_le64(p, in->session);
	p = ipc_io_to_le32(p, in->end_to_end);
	p = ipc_io_to_u8(p, in->retransmitted);
	p = ipc_io_to_u8(p, in->host_named);
	p = ipc_io_to_u8(p, in->again);
	(void)ipc_io_to_le64(p, in->answer_by_ms);
	device_put(&b, in->device, in->external_id, in->msisdn);
	ipc_io_put_text(&b, in->scs_identity);
	p = ipc_io_room(&b, NUMBERS_LEN);
	p = ipc_io_to_u8(p, in->scs_identity_malformed);
	p = ipc_io_to_le32(p, in->reference);
	p = ipc_io_to_le32(p, in->action_type);
	p = ipc_io_to_opt(p, &in->old_reference);
	p = ipc_io_to_opt(p, &in->priority);
	p = ipc_io_to_opt(p, &in->port);
	p = ipc_io_to_opt(p, &in->validity_s);
	p = ipc_io_to_u8(p, in->has_trigger_data);
	(void)ipc_io_to_le32(p, in->payload_len);
	if (in->payload_len <= TRIGGER_PAYLOAD_MAX) {
		buf_bytes(&b, in->payload, in->payload_len);
	}
	if (in->session_id) { /* last, and left out when 0: the digest of a request is made without it */
		buf_le64(&b, in->session_id);
	}
	return ipc_io_end(&b);
}

uint64_t ipc_session_id_hash(const void *p, size_t len)
{
	static const struct sip_key known = { { 0, 0 } }; /* all edges of all times agree */
	uint64_t h = sip_hash(&known, p, len);

	return h ? h : 1;
}

int ipc_device_action_get(struct ipc_device_action *out, const uint8_t *record, size_t len)
{
	struct rd r = ipc_io_body(record, len, IPC_REC_DEVICE_ACTION);
	struct ipc_device_action a = { 0 };

	a.session = rd_le64(&r);
	a.end_to_end = rd_le32(&r);
	a.retransmitted = ipc_io_bool(&r);
	a.host_named = ipc_io_bool(&r);
	a.again = ipc_io_bool(&r);
	a.answer_by_ms = rd_le64(&r);
	a.device = device_get(&r, IPC_DEVICE_NONE, IPC_DEVICE_MALFORMED, a.external_id, a.msisdn);
	ipc_io_text(&r, a.scs_identity, sizeof a.scs_identity, ipc_io_is_digits);
	a.scs_identity_malformed = ipc_io_bool(&r);
	a.reference = rd_le32(&r);
	a.action_type = ipc_io_u32(&r, 1, 5);
	a.old_reference = ipc_io_opt(&r, UINT32_MAX);
	a.priority = ipc_io_opt(&r, UINT32_MAX);
	a.port = ipc_io_opt(&r, UINT32_MAX);
	a.validity_s = ipc_io_opt(&r, UINT32_MAX);
	a.has_trigger_data = ipc_io_bool(&r);
	a.payload_len = ipc_io_u32(&r, 0, a.has_trigger_data ? 1u << 24 : 0);
	if (a.payload_len <= TRIGGER_PAYLOAD_MAX) {
		a.payload = rd_take(&r, a.payload_len);
	}
	if (rd_left(&r) && !r.bad) {
		a.session_id = rd_le64(&r);
		r.bad = r.bad || !a.session_id;
	}
	if (a.scs_identity_malformed && a.scs_identity[0]) {
		r.bad = true;
	}
	if (ipc_io_done(&r)) {
		return ERR_PROTO;
	}
	*out = a;
	return 0;
}

size_t ipc_device_action_answer_put(uint8_t *out, uint32_t generation, uint64_t transaction,
				    const struct ipc_device_action_answer *in)
{
	struct buf b = ipc_io_begin(out, IPC_REC_DEVICE_ACTION_ANSWER, generation, transaction);

	buf_le64(&b, in->session);
	buf_le32(&b, in->result_code);
	buf_le32(&b, in->request_status);
	ipc_io_put_opt(&b, &in->mtc_error_diagnostic);
	ipc_io_put_opt(&b, &in->feature_supported);
	return ipc_io_end(&b);
}

static bool request_status_ok(uint32_t v)
{
	switch (v) {
#define VALUE(name_, value_) case (value_):
		REQUEST_STATUS_TABLE(VALUE)
#undef VALUE
		return true;
	default:
		return false;
	}
}

int ipc_device_action_answer_get(struct ipc_device_action_answer *out, const uint8_t *record, size_t len)
{
	struct rd r = ipc_io_body(record, len, IPC_REC_DEVICE_ACTION_ANSWER);
	struct ipc_device_action_answer a = { 0 };

	a.session = rd_le64(&r);
	a.result_code = ipc_io_u32(&r, IPC_RESULT_SUCCESS, IPC_RESULT_ERROR_MAX);
	a.request_status = rd_le32(&r);
	a.mtc_error_diagnostic = ipc_io_opt(&r, UINT32_MAX);
	a.feature_supported = ipc_io_opt(&r, UINT32_MAX);
	if (ipc_io_done(&r) || !request_status_ok(a.request_status)) {
		return ERR_PROTO;
	}
	if (a.result_code != IPC_RESULT_SUCCESS && a.result_code < IPC_RESULT_ERROR_MIN) {
		return ERR_PROTO;
	}
	*out = a;
	return 0;
}

size_t ipc_device_action_given_up_put(uint8_t *out, uint32_t generation, uint64_t transaction,
				      const struct ipc_device_action_given_up *in)
{
	struct buf b = ipc_io_begin(out, IPC_REC_DEVICE_ACTION_GIVEN_UP, generation, transaction);

	buf_le64(&b, in->session);
	buf_le32(&b, in->end_to_end);
	buf_le32(&b, in->reference);
	return ipc_io_end(&b);
}

int ipc_device_action_given_up_get(struct ipc_device_action_given_up *out, const uint8_t *record, size_t len)
{
	struct rd r = ipc_io_body(record, len, IPC_REC_DEVICE_ACTION_GIVEN_UP);
	struct ipc_device_action_given_up g;

	g.session = rd_le64(&r);
	g.end_to_end = rd_le32(&r);
	g.reference = rd_le32(&r);
	if (ipc_io_done(&r)) {
		return ERR_PROTO;
	}
	*out = g;
	return 0;
}

size_t ipc_device_notification_put(uint8_t *out, uint32_t generation, uint64_t transaction,
				   const struct ipc_device_notification *in)
{
	struct buf b = ipc_io_begin(out, IPC_REC_DEVICE_NOTIFICATION, generation, transaction);

	buf_le64(&b, in->session);
	buf_le64(&b, in->report);
	buf_le32(&b, in->end_to_end);
	buf_u8(&b, in->retransmitted);
	device_put(&b, in->device, in->external_id, in->msisdn);
	ipc_io_put_text(&b, in->scs_identity);
	buf_le32(&b, in->reference);
	buf_le32(&b, in->delivery_outcome);
	buf_le32(&b, in->wait_ms);
	return ipc_io_end(&b);
}

int ipc_device_notification_get(struct ipc_device_notification *out, const uint8_t *record, size_t len)
{
	struct rd r = ipc_io_body(record, len, IPC_REC_DEVICE_NOTIFICATION);
	struct ipc_device_notification n = { 0 };

	n.session = rd_le64(&r);
	n.report = rd_le64(&r);
	n.end_to_end = rd_le32(&r);
	n.retransmitted = ipc_io_bool(&r);
	n.device = device_get(&r, IPC_DEVICE_EXTERNAL, IPC_DEVICE_BOTH, n.external_id, n.msisdn);
	ipc_io_text(&r, n.scs_identity, sizeof n.scs_identity, ipc_io_is_digits);
	n.reference = rd_le32(&r);
	n.delivery_outcome = ipc_io_u32(&r, 0, 4);
	n.wait_ms = ipc_io_u32(&r, 1, 3600u * 1000u);
	if (ipc_io_done(&r)) {
		return ERR_PROTO;
	}
	*out = n;
	return 0;
}

size_t ipc_device_notification_answer_put(uint8_t *out, uint32_t generation, uint64_t transaction,
					  const struct ipc_device_notification_answer *in)
{
	struct buf b = ipc_io_begin(out, IPC_REC_DEVICE_NOTIFICATION_ANSWER, generation, transaction);

	buf_le64(&b, in->session);
	buf_u8(&b, in->outcome);
	buf_le32(&b, in->result_code);
	buf_le32(&b, in->experimental_code);
	buf_u8(&b, in->lapses);
	return ipc_io_end(&b);
}

int ipc_device_notification_answer_get(struct ipc_device_notification_answer *out, const uint8_t *record, size_t len)
{
	struct rd r = ipc_io_body(record, len, IPC_REC_DEVICE_NOTIFICATION_ANSWER);
	struct ipc_device_notification_answer a = { 0 };

	a.session = rd_le64(&r);
	a.outcome = ipc_io_u8(&r, IPC_DNA_ANSWERED, IPC_DNA_BUSY);
	a.result_code = rd_le32(&r);
	a.experimental_code = rd_le32(&r);
	a.lapses = ipc_io_u8(&r, 0, IPC_LAPSES_ALL);
	if (ipc_io_done(&r)) {
		return ERR_PROTO;
	}
	if (a.outcome != IPC_DNA_ANSWERED && (a.result_code || a.experimental_code || a.lapses)) {
		return ERR_PROTO;
	}
	*out = a;
	return 0;
}
