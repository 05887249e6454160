/* sms_frame.c - cuts and builds the frames of the lab link. */
#include "nodes/sms/sms_frame.h"

#include <string.h>

int sms_frame_feed(struct sms_framer *f, const uint8_t *p, size_t n, sms_frame_fn *fn, void *arg)
{
	while (n) {
		size_t want = f->len < 2 ? 2 - f->len : 2 + (size_t)(f->held[0] << 8 | f->held[1]) - f->len;
		size_t take = n < want ? n : want;
		size_t length;
		int err;

		memcpy(f->held + f->len, p, take);
		f->len += take;
		p += take;
		n -= take;
		if (f->len < 2) {
			return 0;
		}
		length = (size_t)(f->held[0] << 8 | f->held[1]);
		if (length < 1 || length + 2 > SMS_FRAME_MAX) {
			return ERR_PROTO;
		}
		if (f->len < length + 2) {
			continue;
		}
		f->len = 0; /* the callback borrows the buffer; the next byte overwrites it */
		err = fn(arg, f->held[2], f->held + 3, length - 1);
		if (err) {
			return err;
		}
	}
	return 0;
}

void sms_frame_imsi_build(struct buf *out, enum sms_frame_type type, const char *imsi)
{
	size_t len = strlen(imsi);

	buf_be16(out, (uint16_t)(1 + len));
	buf_u8(out, (uint8_t)type);
	buf_bytes(out, imsi, len);
}

void sms_frame_rpdu_build(struct buf *out, enum sms_frame_type type, uint64_t delivery_id, const uint8_t *rpdu, size_t len)
{
	buf_be16(out, (uint16_t)(1 + 8 + len));
	buf_u8(out, (uint8_t)type);
	buf_be64(out, delivery_id);
	buf_bytes(out, rpdu, len);
}

int sms_frame_imsi_parse(char imsi[SMS_IMSI_MAX + 1], const uint8_t *body, size_t len)
{
	if (len < 6 || len > SMS_IMSI_MAX) {
		return ERR_PROTO;
	}
	for (size_t i = 0; i < len; i++) {
		if (body[i] < '0' || body[i] > '9') {
			return ERR_PROTO;
		}
	}
	memcpy(imsi, body, len);
	imsi[len] = 0;
	return 0;
}

int sms_frame_rpdu_parse(uint64_t *delivery_id, const uint8_t **rpdu, size_t *rpdu_len, const uint8_t *body, size_t len)
{
	struct rd r = rd_over(body, len);
	uint64_t id = rd_be64(&r);

	if (r.bad || rd_left(&r) == 0 || rd_left(&r) > SMS_RPDU_MAX) {
		return ERR_PROTO;
	}
	*delivery_id = id;
	*rpdu = r.p;
	*rpdu_len = rd_left(&r);
	return 0;
}

void sms_frame_submit_build(struct buf *out, enum sms_frame_type type, const char *imsi, const uint8_t *rpdu, size_t len)
{
	size_t digits = strlen(imsi);

	buf_be16(out, (uint16_t)(2 + digits + len));
	buf_u8(out, (uint8_t)type);
	buf_u8(out, (uint8_t)digits);
	buf_bytes(out, imsi, digits);
	buf_bytes(out, rpdu, len);
}

int sms_frame_submit_parse(char imsi[SMS_IMSI_MAX + 1], const uint8_t **rpdu, size_t *rpdu_len, const uint8_t *body, size_t len)
{
	struct rd r = rd_over(body, len);
	uint8_t digits = rd_u8(&r);
	const uint8_t *text = rd_take(&r, digits);

	if (!text || rd_left(&r) == 0 || rd_left(&r) > SMS_RPDU_MAX || sms_frame_imsi_parse(imsi, text, digits)) {
		return ERR_PROTO;
	}
	*rpdu = r.p;
	*rpdu_len = rd_left(&r);
	return 0;
}
