/* sms_status.c - type, reference, TP-RA, TP-SCTS, TP-DT, TP-ST. */
#include "nodes/sms/sms_status.h"

#include <string.h>

enum { MTI_MASK = 0x03, MTI_STATUS = 0x02, MMS_NO_MORE = 0x04, SRQ_COMMAND = 0x20 };

int sms_status_build(struct buf *out, const struct sms_status *in)
{
	int err;

	if (in->recipient_len < 2 || in->recipient_len > SMS_ADDRESS_MAX) {
		return ERR_INVAL;
	}
	buf_u8(out, MTI_STATUS | (in->more ? 0 : MMS_NO_MORE));
	buf_u8(out, in->reference);
	buf_bytes(out, in->recipient, in->recipient_len);
	err = sms_time_build(out, in->sent_s);
	if (!err) {
		err = sms_time_build(out, in->done_s);
	}
	if (err) {
		return err;
	}
	buf_u8(out, in->status);
	return out->full ? ERR_LIMIT : 0;
}

int sms_status_parse(struct sms_status *out, const uint8_t *p, size_t len)
{
	struct rd r = rd_over(p, len);
	struct sms_status s = { 0 };
	uint8_t first = rd_u8(&r);

	if (r.bad || (first & (MTI_MASK | SRQ_COMMAND)) != MTI_STATUS) {
		return ERR_PROTO;
	}
	s.more = !(first & MMS_NO_MORE);
	s.reference = rd_u8(&r);
	s.recipient_len = sms_address_take(s.recipient, &r);
	s.sent_s = sms_time_take(&r);
	s.done_s = sms_time_take(&r);
	s.status = rd_u8(&r);
	if (r.bad) {
		return ERR_PROTO;
	}
	*out = s;
	return 0;
}
