/* smpp_list.c - entries of the lists of submit_multi. */
#include "smpp/smpp_list.h"

#include <string.h>

enum { FLAG_ADDRESS = 1, FLAG_LIST = 2, LIST_NAME_SIZE = 21 };

bool smpp_text_next(char *out, size_t size, struct rd *r)
{
	size_t n = rd_left(r) < size ? rd_left(r) : size;
	const uint8_t *end = n ? memchr(r->p, 0, n) : NULL;

	if (!end || r->bad) {
		return false;
	}
	n = (size_t)(end - r->p) + 1;
	memcpy(out, r->p, n);
	r->p += n;
	return true;
}

enum smpp_status smpp_destination_next(struct smpp_destination *out, struct rd *r)
{
	struct smpp_destination d = { 0 };
	uint8_t flag = rd_u8(r);

	if (r->bad) {
		return SMPP_RINVCMDLEN;
	}
	if (flag != FLAG_ADDRESS && flag != FLAG_LIST) {
		return SMPP_RINVDESTFLAG;
	}
	d.list = flag == FLAG_LIST;
	if (!d.list) {
		d.address.ton = rd_u8(r);
		d.address.npi = rd_u8(r);
	}
	if (r->bad) {
		return SMPP_RINVCMDLEN;
	}
	if (!smpp_text_next(d.address.digits, d.list ? LIST_NAME_SIZE : SMPP_ADDRESS_MAX + 1, r)) {
		return d.list ? SMPP_RINVDLNAME : SMPP_RINVDSTADR;
	}
	*out = d;
	return SMPP_ROK;
}

enum smpp_status smpp_failure_next(struct smpp_failure *out, struct rd *r)
{
	struct smpp_failure f = { 0 };

	f.address.ton = rd_u8(r);
	f.address.npi = rd_u8(r);
	if (r->bad) {
		return SMPP_RINVCMDLEN;
	}
	if (!smpp_text_next(f.address.digits, SMPP_ADDRESS_MAX + 1, r)) {
		return SMPP_RINVDSTADR;
	}
	f.status = rd_be32(r);
	if (r->bad) {
		return SMPP_RINVCMDLEN;
	}
	*out = f;
	return SMPP_ROK;
}

int smpp_destination_put(struct buf *out, const struct smpp_destination *in)
{
	size_t len = strnlen(in->address.digits, sizeof in->address.digits);

	if (len >= (in->list ? LIST_NAME_SIZE : SMPP_ADDRESS_MAX + 1)) {
		return ERR_INVAL;
	}
	buf_u8(out, in->list ? FLAG_LIST : FLAG_ADDRESS);
	if (!in->list) {
		buf_u8(out, in->address.ton);
		buf_u8(out, in->address.npi);
	}
	buf_bytes(out, in->address.digits, len + 1);
	return out->full ? ERR_LIMIT : 0;
}

int smpp_failure_put(struct buf *out, const struct smpp_failure *in)
{
	size_t len = strnlen(in->address.digits, sizeof in->address.digits);

	if (len > SMPP_ADDRESS_MAX) {
		return ERR_INVAL;
	}
	buf_u8(out, in->address.ton);
	buf_u8(out, in->address.npi);
	buf_bytes(out, in->address.digits, len + 1);
	buf_be32(out, in->status);
	return out->full ? ERR_LIMIT : 0;
}
