/* sms_rp.c - RPDUs. The layouts (TS 24.011 7.3), LV = length and value, TLV = identifier first:
 *   RP-DATA  type, reference, RP-OA (LV), RP-DA (LV), RP-User-Data (LV)
 *   RP-ACK   type, reference, [RP-User-Data (TLV, 0x41)]
 *   RP-ERROR type, reference, RP-Cause (LV), [RP-User-Data (TLV, 0x41)]
 *   RP-SMMA  type, reference */
#include "nodes/sms/sms_rp.h"

#include "base/str.h"

enum { IEI_USER_DATA = 0x41, TYPE_INTERNATIONAL_E164 = 0x91, RP_ADDRESS_LEN_MAX = 11, RP_USER_DATA_MAX = 232 };

/* One of the two addresses is the SMS-SC, the other is empty. */
static int build_data(struct buf *out, enum sms_rp_type type, uint8_t reference, const char *sc_address, const uint8_t *tpdu,
		      size_t len)
{
	uint8_t digits[STR_TBCD_MAX];
	size_t digits_len;
	int err = str_tbcd(digits, &digits_len, sc_address);

	if (err) {
		return err;
	}
	if (len == 0 || len > RP_USER_DATA_MAX) {
		return ERR_INVAL;
	}
	buf_u8(out, (uint8_t)type);
	buf_u8(out, reference);
	if (type == SMS_RP_DATA_FROM_MS) {
		buf_u8(out, 0); /* RP-OA: empty from the mobile */
	}
	buf_u8(out, (uint8_t)(digits_len + 1));
	buf_u8(out, TYPE_INTERNATIONAL_E164);
	buf_bytes(out, digits, digits_len);
	if (type == SMS_RP_DATA) {
		buf_u8(out, 0); /* RP-DA: empty towards the mobile */
	}
	buf_u8(out, (uint8_t)len);
	buf_bytes(out, tpdu, len);
	return out->full ? ERR_LIMIT : 0;
}

int sms_rp_data_build(struct buf *out, uint8_t reference, const char *sc_address, const uint8_t *tpdu, size_t len)
{
	return build_data(out, SMS_RP_DATA, reference, sc_address, tpdu, len);
}

int sms_rp_submit_build(struct buf *out, uint8_t reference, const char *sc_address, const uint8_t *tpdu, size_t len)
{
	return build_data(out, SMS_RP_DATA_FROM_MS, reference, sc_address, tpdu, len);
}

void sms_rp_result_build(struct buf *out, uint8_t reference, uint8_t cause)
{
	buf_u8(out, cause ? SMS_RP_ERROR_TO_MS : SMS_RP_ACK_TO_MS);
	buf_u8(out, reference);
	if (cause) {
		buf_u8(out, 1);
		buf_u8(out, cause & 0x7f);
	}
}

void sms_rp_ack_build(struct buf *out, uint8_t reference)
{
	buf_u8(out, SMS_RP_ACK);
	buf_u8(out, reference);
}

void sms_rp_error_build(struct buf *out, uint8_t reference, uint8_t cause)
{
	buf_u8(out, SMS_RP_ERROR);
	buf_u8(out, reference);
	buf_u8(out, 1);
	buf_u8(out, cause & 0x7f);
}

static const uint8_t *take_lv(struct rd *r, uint8_t *len, uint8_t min, uint8_t max)
{
	*len = rd_u8(r);
	if (*len < min || *len > max) {
		r->bad = true;
	}
	return rd_take(r, *len);
}

static void parse_data(struct sms_rp *rp, struct rd *r)
{
	bool to_ms = rp->type == SMS_RP_DATA;
	const uint8_t *from, *to;
	uint8_t from_len, to_len;

	from = take_lv(r, &from_len, to_ms ? 2 : 0, to_ms ? RP_ADDRESS_LEN_MAX : 0);
	to = take_lv(r, &to_len, to_ms ? 0 : 2, to_ms ? 0 : RP_ADDRESS_LEN_MAX);
	rp->originator = to_ms ? from : to;
	rp->originator_len = to_ms ? from_len : to_len;
	rp->user_data = take_lv(r, &rp->user_data_len, 1, RP_USER_DATA_MAX);
}

static void parse_cause(struct sms_rp *rp, struct rd *r)
{
	uint8_t len;
	const uint8_t *cause = take_lv(r, &len, 1, 2);

	if (cause) {
		rp->cause = cause[0] & 0x7f; /* bit 8 is the extension bit */
	}
}

static void parse_optional_user_data(struct sms_rp *rp, struct rd *r)
{
	if (rd_left(r) == 0) {
		return;
	}
	if (rd_u8(r) != IEI_USER_DATA) {
		r->bad = true;
	}
	rp->user_data = take_lv(r, &rp->user_data_len, 1, RP_USER_DATA_MAX);
}

int sms_rp_parse(struct sms_rp *out, const uint8_t *p, size_t len)
{
	struct rd r = rd_over(p, len);
	struct sms_rp rp = { 0 };
	uint8_t type;

	if (len > SMS_RPDU_MAX) {
		return ERR_PROTO;
	}
	type = rd_u8(&r); /* bits 4 to 8 are spare and sent as 0 */
	rp.reference = rd_u8(&r);
	if (type > SMS_RP_SMMA) {
		return ERR_PROTO;
	}
	rp.type = (enum sms_rp_type)type;
	switch (rp.type) {
	case SMS_RP_DATA_FROM_MS:
	case SMS_RP_DATA:
		parse_data(&rp, &r);
		break;
	case SMS_RP_ERROR:
	case SMS_RP_ERROR_TO_MS:
		parse_cause(&rp, &r);
		parse_optional_user_data(&rp, &r);
		break;
	case SMS_RP_ACK:
	case SMS_RP_ACK_TO_MS:
		parse_optional_user_data(&rp, &r);
		break;
	case SMS_RP_SMMA:
		break;
	}
	if (r.bad || rd_left(&r)) {
		return ERR_PROTO;
	}
	*out = rp;
	return 0;
}
