/* smpp_decode.c - octets to struct smpp_pdu, by the rows. Lengths are judged before anything else
 * of a value is. */
#include <string.h>

#include "smpp/smpp_list.h"
#include "smpp/smpp_rows.h"

int smpp_header_parse(struct smpp_header *out, const uint8_t *p, size_t n)
{
	if (n < SMPP_HEADER_LEN) {
		return ERR_PROTO;
	}
	out->length = be32_get(p);
	out->command = be32_get(p + 4);
	out->status = be32_get(p + 8);
	out->sequence = be32_get(p + 12);
	return 0;
}

static enum smpp_status take_short(struct smpp_octets *out, struct rd *r)
{
	uint8_t len = rd_u8(r);

	if (r->bad) {
		return SMPP_RINVCMDLEN;
	}
	if (len > SMPP_SHORT_MESSAGE_MAX || len > rd_left(r)) {
		return SMPP_RINVMSGLEN;
	}
	*out = (struct smpp_octets){ rd_take(r, len), len };
	return SMPP_ROK;
}

/* A list is kept as it is once every entry was read. */
static enum smpp_status take_list(struct smpp_octets *out, uint8_t *n_out, enum smpp_kind kind, struct rd *r)
{
	uint8_t n = rd_u8(r);
	const uint8_t *start = r->p;
	enum smpp_status s = SMPP_ROK;

	if (r->bad) {
		return SMPP_RINVCMDLEN;
	}
	if (kind == SMPP_KIND_DESTINATIONS && (n == 0 || n > SMPP_DESTINATIONS_MAX)) {
		return SMPP_RINVNUMDESTS;
	}
	for (unsigned i = 0; i < n && s == SMPP_ROK; i++) {
		struct smpp_destination d;
		struct smpp_failure f;

		s = kind == SMPP_KIND_DESTINATIONS ? smpp_destination_next(&d, r) : smpp_failure_next(&f, r);
	}
	*out = (struct smpp_octets){ start, (uint32_t)(r->p - start) };
	*n_out = n;
	return s;
}

static enum smpp_status take_field(struct smpp_pdu *out, const struct smpp_field *f, struct rd *r)
{
	void *member = (char *)out + f->offset;

	switch (f->kind) {
	case SMPP_KIND_U8:
		*(uint8_t *)member = rd_u8(r);
		return r->bad ? SMPP_RINVCMDLEN : SMPP_ROK;
	case SMPP_KIND_TEXT:
		if (!rd_left(r)) {
			return SMPP_RINVCMDLEN;
		}
		return smpp_text_next(member, f->size, r) ? SMPP_ROK : f->refused;
	case SMPP_KIND_SHORT:
		return take_short(&out->short_message, r);
	case SMPP_KIND_DESTINATIONS:
		return take_list(&out->destinations, &out->destinations_n, f->kind, r);
	default:
		return take_list(&out->failures, &out->failures_n, SMPP_KIND_FAILURES, r);
	}
}

/* A text that ends without NUL is taken as it is: its length is known from the parameter. */
static enum smpp_status take_text(struct smpp_octets *out, const uint8_t *p, uint16_t len)
{
	if (len && !p[len - 1]) {
		len--;
	}
	if (len && memchr(p, 0, len)) {
		return SMPP_RINVOPTPARAMVAL;
	}
	*out = (struct smpp_octets){ p, len };
	return SMPP_ROK;
}

static enum smpp_status take_value(struct smpp_pdu *out, enum smpp_tlv tlv, const uint8_t *p, uint16_t len)
{
	const struct smpp_tlv_row *row = &smpp_tlv_rows[tlv];
	struct rd r = rd_over(p, len);

	if (len < row->least || len > row->most) {
		return SMPP_RINVPARLEN;
	}
	if (smpp_has(out, tlv)) {
		out->ignored++; /* 65535 of them are longer than a PDU may be */
		return row->repeats ? SMPP_ROK : SMPP_RINVOPTPARSTREAM;
	}
	switch (row->kind) {
	case SMPP_KIND_U8:
		smpp_set_number(out, tlv, rd_u8(&r));
		return SMPP_ROK;
	case SMPP_KIND_U16:
		smpp_set_number(out, tlv, rd_be16(&r));
		return SMPP_ROK;
	case SMPP_KIND_U32:
		smpp_set_number(out, tlv, rd_be32(&r));
		return SMPP_ROK;
	case SMPP_KIND_TEXT:
		smpp_set_octets(out, tlv, NULL, 0);
		return take_text(&out->octets[tlv], p, len);
	default:
		smpp_set_octets(out, tlv, p, len);
		return SMPP_ROK;
	}
}

static enum smpp_status take_parameters(struct smpp_pdu *out, uint8_t group, struct rd *r)
{
	while (rd_left(r)) {
		uint16_t tag = rd_be16(r), len = rd_be16(r);
		enum smpp_status s = SMPP_ROK;
		const uint8_t *p;
		enum smpp_tlv tlv;

		if (r->bad) {
			return SMPP_RINVCMDLEN;
		}
		p = rd_take(r, len);
		if (!p) {
			return SMPP_RINVOPTPARSTREAM;
		}
		tlv = smpp_tlv_find(tag);
		if (tlv == SMPP_TLV_N || !(smpp_tlv_rows[tlv].where & group)) {
			out->ignored++;
			continue;
		}
		s = take_value(out, tlv, p, len);
		if (s != SMPP_ROK) {
			return s;
		}
	}
	return SMPP_ROK;
}

static enum smpp_status take_body(struct smpp_pdu *out, const struct smpp_command_row *row, struct rd *r)
{
	for (unsigned i = 0; i < row->fields_n; i++) {
		enum smpp_status s = take_field(out, &row->fields[i], r);

		if (s != SMPP_ROK) {
			return s;
		}
	}
	return take_parameters(out, row->group, r);
}

enum smpp_status smpp_decode(struct smpp_pdu *out, const uint8_t *p, size_t len)
{
	const struct smpp_command_row *row;
	enum smpp_status s;
	bool failed;
	struct rd r;

	*out = (struct smpp_pdu){ 0 };
	if (smpp_header_parse(&out->header, p, len) || out->header.length != len) {
		return SMPP_RINVCMDLEN;
	}
	row = smpp_command_find(out->header.command);
	if (!row) {
		return SMPP_RINVCMDID;
	}
	failed = smpp_is_response(row->command) && out->header.status != SMPP_ROK;
	r = rd_over(p + SMPP_HEADER_LEN, len - SMPP_HEADER_LEN);
	if (!rd_left(&r) && (failed || row->bare)) {
		return SMPP_ROK;
	}
	s = take_body(out, row, &r);
	if (s != SMPP_ROK) {
		*out = (struct smpp_pdu){ .header = out->header };
	}
	return failed ? SMPP_ROK : s;
}
