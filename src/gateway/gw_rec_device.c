/* gw_rec_device.c - the ring records about device triggers. Writing and reading side by side. */
#include "gateway/gw_rec_io.h"

/* The device as one of the kinds; its names are there exactly when the kind says so. */
static void device_put(struct buf *b, uint8_t device, const char *external_id, const char *msisdn)
{
	bool e = device == GW_DEVICE_EXTERNAL || device == GW_DEVICE_BOTH;
	bool m = device == GW_DEVICE_MSISDN || device == GW_DEVICE_BOTH;

	buf_u8(b, device);
	if (e)
		gw_io_put_text(b, external_id);
	if (m)
		gw_io_put_text(b, msisdn);
}

static uint8_t device_get(struct rd *r, uint8_t min, uint8_t max, char external_id[IDENT_EXTERNAL_MAX + 1],
			  char msisdn[IDENT_MSISDN_MAX + 1])
{
	uint8_t device = gw_io_u8(r, min, max);

	if (device == GW_DEVICE_EXTERNAL || device == GW_DEVICE_BOTH)
		gw_io_text(r, external_id, IDENT_EXTERNAL_MAX + 1, gw_io_is_external);
	if (device == GW_DEVICE_MSISDN || device == GW_DEVICE_BOTH)
		gw_io_text(r, msisdn, IDENT_MSISDN_MAX + 1, gw_io_is_msisdn);
	return device;
}

size_t gw_device_action_put(uint8_t *out, uint32_t generation, uint64_t transaction, const struct gw_device_action *in)
{
	struct buf b = gw_io_begin(out, GW_REC_DEVICE_ACTION, generation, transaction);

	buf_le64(&b, in->session);
	buf_le32(&b, in->end_to_end);
	buf_u8(&b, in->retransmitted);
	buf_u8(&b, in->host_named);
	buf_u8(&b, in->again);
	device_put(&b, in->device, in->external_id, in->msisdn);
	gw_io_put_text(&b, in->scs_identity);
	buf_u8(&b, in->scs_identity_malformed);
	buf_le32(&b, in->reference);
	buf_le32(&b, in->action_type);
	gw_io_put_opt(&b, &in->old_reference);
	gw_io_put_opt(&b, &in->priority);
	gw_io_put_opt(&b, &in->port);
	gw_io_put_opt(&b, &in->validity_s);
	buf_u8(&b, in->has_trigger_data);
	buf_le32(&b, in->payload_len);
	if (in->payload_len <= GW_PAYLOAD_MAX)
		buf_bytes(&b, in->payload, in->payload_len);
	return gw_io_end(&b);
}

int gw_device_action_get(struct gw_device_action *out, const uint8_t *record, size_t len)
{
	struct rd r = gw_io_body(record, len, GW_REC_DEVICE_ACTION);
	struct gw_device_action a = { 0 };
	const uint8_t *payload = NULL;

	a.session = rd_le64(&r);
	a.end_to_end = rd_le32(&r);
	a.retransmitted = gw_io_bool(&r);
	a.host_named = gw_io_bool(&r);
	a.again = gw_io_bool(&r);
	a.device = device_get(&r, GW_DEVICE_NONE, GW_DEVICE_MALFORMED, a.external_id, a.msisdn);
	gw_io_text(&r, a.scs_identity, sizeof a.scs_identity, gw_io_is_digits);
	a.scs_identity_malformed = gw_io_bool(&r);
	a.reference = rd_le32(&r);
	a.action_type = gw_io_u32(&r, 1, 5);
	a.old_reference = gw_io_opt(&r, UINT32_MAX);
	a.priority = gw_io_opt(&r, UINT32_MAX);
	a.port = gw_io_opt(&r, UINT32_MAX);
	a.validity_s = gw_io_opt(&r, UINT32_MAX);
	a.has_trigger_data = gw_io_bool(&r);
	a.payload_len = gw_io_u32(&r, 0, a.has_trigger_data ? 1u << 24 : 0);
	if (a.payload_len <= GW_PAYLOAD_MAX)
		payload = rd_take(&r, a.payload_len);
	if (a.scs_identity_malformed && a.scs_identity[0])
		r.bad = true;
	if (gw_io_done(&r))
		return ERR_PROTO;
	if (payload && a.payload_len)
		memcpy(a.payload, payload, a.payload_len);
	*out = a;
	return 0;
}

size_t gw_device_action_answer_put(uint8_t *out, uint32_t generation, uint64_t transaction,
				   const struct gw_device_action_answer *in)
{
	struct buf b = gw_io_begin(out, GW_REC_DEVICE_ACTION_ANSWER, generation, transaction);

	buf_le64(&b, in->session);
	buf_le32(&b, in->result_code);
	buf_le32(&b, in->request_status);
	gw_io_put_opt(&b, &in->mtc_error_diagnostic);
	gw_io_put_opt(&b, &in->feature_supported);
	return gw_io_end(&b);
}

/* Request-Status values there are (TS 29.368 6.4.9). */
static bool request_status_ok(uint32_t v)
{
	return v == 0 || (v >= 101 && v <= 112) || v == 201;
}

int gw_device_action_answer_get(struct gw_device_action_answer *out, const uint8_t *record, size_t len)
{
	struct rd r = gw_io_body(record, len, GW_REC_DEVICE_ACTION_ANSWER);
	struct gw_device_action_answer a = { 0 };

	a.session = rd_le64(&r);
	a.result_code = gw_io_u32(&r, 2001, 5999);
	a.request_status = rd_le32(&r);
	a.mtc_error_diagnostic = gw_io_opt(&r, UINT32_MAX);
	a.feature_supported = gw_io_opt(&r, UINT32_MAX);
	if (gw_io_done(&r) || !request_status_ok(a.request_status))
		return ERR_PROTO;
	if (a.result_code != 2001 && a.result_code < 3000)
		return ERR_PROTO;
	*out = a;
	return 0;
}

size_t gw_device_notification_put(uint8_t *out, uint32_t generation, uint64_t transaction,
				  const struct gw_device_notification *in)
{
	struct buf b = gw_io_begin(out, GW_REC_DEVICE_NOTIFICATION, generation, transaction);

	buf_le64(&b, in->session);
	buf_le64(&b, in->number);
	buf_le32(&b, in->end_to_end);
	buf_u8(&b, in->retransmitted);
	device_put(&b, in->device, in->external_id, in->msisdn);
	gw_io_put_text(&b, in->scs_identity);
	buf_le32(&b, in->reference);
	buf_le32(&b, in->delivery_outcome);
	buf_le32(&b, in->wait_ms);
	return gw_io_end(&b);
}

int gw_device_notification_get(struct gw_device_notification *out, const uint8_t *record, size_t len)
{
	struct rd r = gw_io_body(record, len, GW_REC_DEVICE_NOTIFICATION);
	struct gw_device_notification n = { 0 };

	n.session = rd_le64(&r);
	n.number = rd_le64(&r);
	n.end_to_end = rd_le32(&r);
	n.retransmitted = gw_io_bool(&r);
	n.device = device_get(&r, GW_DEVICE_EXTERNAL, GW_DEVICE_BOTH, n.external_id, n.msisdn);
	gw_io_text(&r, n.scs_identity, sizeof n.scs_identity, gw_io_is_digits);
	n.reference = rd_le32(&r);
	n.delivery_outcome = gw_io_u32(&r, 0, 4);
	n.wait_ms = gw_io_u32(&r, 1, 3600u * 1000u);
	if (gw_io_done(&r))
		return ERR_PROTO;
	*out = n;
	return 0;
}

size_t gw_device_notification_answer_put(uint8_t *out, uint32_t generation, uint64_t transaction,
					 const struct gw_device_notification_answer *in)
{
	struct buf b = gw_io_begin(out, GW_REC_DEVICE_NOTIFICATION_ANSWER, generation, transaction);

	buf_le64(&b, in->session);
	buf_u8(&b, in->outcome);
	buf_le32(&b, in->result_code);
	buf_le32(&b, in->experimental_code);
	return gw_io_end(&b);
}

int gw_device_notification_answer_get(struct gw_device_notification_answer *out, const uint8_t *record, size_t len)
{
	struct rd r = gw_io_body(record, len, GW_REC_DEVICE_NOTIFICATION_ANSWER);
	struct gw_device_notification_answer a = { 0 };

	a.session = rd_le64(&r);
	a.outcome = gw_io_u8(&r, GW_DNA_ANSWERED, GW_DNA_BUSY);
	a.result_code = rd_le32(&r);
	a.experimental_code = rd_le32(&r);
	if (gw_io_done(&r))
		return ERR_PROTO;
	if (a.outcome != GW_DNA_ANSWERED && (a.result_code || a.experimental_code))
		return ERR_PROTO;
	*out = a;
	return 0;
}
