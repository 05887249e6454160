/* smpp_encode.c - struct smpp_pdu to octets, by the rows. */
#include <string.h>

#include "smpp/smpp_list.h"
#include "smpp/smpp_rows.h"

static int put_text(struct buf *out, const char *text, uint16_t size)
{
	size_t len = strnlen(text, size);

	if (len >= size) {
		return ERR_INVAL;
	}
	buf_bytes(out, text, len + 1);
	return 0;
}

/* Octets that are no list of so many entries would make the rest of the PDU another one. */
static int put_list(struct buf *out, const struct smpp_octets *list, uint8_t n, enum smpp_kind kind)
{
	struct rd r = rd_over(list->p ? list->p : (const uint8_t *)"", list->len);
	enum smpp_status s = SMPP_ROK;

	for (unsigned i = 0; i < n && s == SMPP_ROK; i++) {
		struct smpp_destination d;
		struct smpp_failure f;

		s = kind == SMPP_KIND_DESTINATIONS ? smpp_destination_next(&d, &r) : smpp_failure_next(&f, &r);
	}
	if (s != SMPP_ROK || rd_left(&r) || (kind == SMPP_KIND_DESTINATIONS && (n == 0 || n > SMPP_DESTINATIONS_MAX))) {
		return ERR_INVAL;
	}
	buf_u8(out, n);
	buf_bytes(out, list->p, list->len);
	return 0;
}

static int put_field(struct buf *out, const struct smpp_pdu *p, const struct smpp_field *f)
{
	const void *member = (const char *)p + f->offset;

	switch (f->kind) {
	case SMPP_KIND_U8:
		buf_u8(out, *(const uint8_t *)member);
		return 0;
	case SMPP_KIND_TEXT:
		return put_text(out, member, f->size);
	case SMPP_KIND_SHORT:
		if (p->short_message.len > SMPP_SHORT_MESSAGE_MAX) {
			return ERR_INVAL;
		}
		buf_u8(out, (uint8_t)p->short_message.len);
		buf_bytes(out, p->short_message.p, p->short_message.len);
		return 0;
	case SMPP_KIND_DESTINATIONS:
		return put_list(out, &p->destinations, p->destinations_n, f->kind);
	default:
		return put_list(out, &p->failures, p->failures_n, f->kind);
	}
}

static int put_number(struct buf *out, const struct smpp_tlv_row *row, uint32_t number)
{
	if (number >> (8 * row->most - 1) >> 1) {
		return ERR_INVAL;
	}
	buf_be16(out, row->most);
	for (unsigned i = row->most; i-- > 0;) {
		buf_u8(out, (uint8_t)(number >> 8 * i));
	}
	return 0;
}

static int put_octets(struct buf *out, const struct smpp_tlv_row *row, const struct smpp_octets *octets)
{
	bool text = row->kind == SMPP_KIND_TEXT;
	uint32_t len = octets->len + text;

	if (len < row->least || len > row->most || (text && octets->len && memchr(octets->p, 0, octets->len))) {
		return ERR_INVAL;
	}
	buf_be16(out, (uint16_t)len);
	buf_bytes(out, octets->p, octets->len);
	if (text) {
		buf_u8(out, 0);
	}
	return 0;
}

static int put_parameters(struct buf *out, const struct smpp_pdu *p, uint8_t group)
{
	int err = 0;

	for (unsigned i = 0; i < SMPP_TLV_N && !err; i++) {
		const struct smpp_tlv_row *row = &smpp_tlv_rows[i];

		if (!smpp_has(p, (enum smpp_tlv)i)) {
			continue;
		}
		if (!(row->where & group)) {
			return ERR_INVAL;
		}
		buf_be16(out, row->tag);
		err = row->kind <= SMPP_KIND_U32 ? put_number(out, row, p->number[i]) : put_octets(out, row, &p->octets[i]);
	}
	return err;
}

static void put_header(struct buf *out, uint32_t command, uint32_t status, uint32_t sequence)
{
	buf_be32(out, SMPP_HEADER_LEN);
	buf_be32(out, command);
	buf_be32(out, status);
	buf_be32(out, sequence);
}

int smpp_encode_refusal(struct buf *out, uint32_t command, uint32_t status, uint32_t sequence)
{
	put_header(out, command, status, sequence);
	return out->full ? ERR_LIMIT : 0;
}

int smpp_encode(struct buf *out, const struct smpp_pdu *p)
{
	const struct smpp_command_row *row = smpp_command_find(p->header.command);
	size_t start = out->len;
	int err = 0;

	if (!row) {
		return ERR_INVAL;
	}
	put_header(out, row->command, p->header.status, p->header.sequence);
	if (smpp_is_response(row->command) && p->header.status != SMPP_ROK) {
		return out->full ? ERR_LIMIT : 0;
	}
	for (unsigned i = 0; i < row->fields_n && !err; i++) {
		err = put_field(out, p, &row->fields[i]);
	}
	if (!err) {
		err = put_parameters(out, p, row->group);
	}
	if (!err && out->full) {
		err = ERR_LIMIT;
	}
	if (!err) {
		be32_set(out->p + start, (uint32_t)(out->len - start));
	}
	return err;
}
