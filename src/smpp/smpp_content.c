/* smpp_content.c - what a message carries. Everything that can name a port or a part is read in
 * this one place, so that no form is overlooked. */
#include "smpp/smpp_content.h"

#include "base/buf.h"

int smpp_message_class(uint8_t data_coding)
{
	bool has = (data_coding & 0xf0) == 0xf0 || (data_coding & 0xd0) == 0x10; /* data coding group; general group, bit 4 */

	return has ? data_coding & 3 : -1;
}

bool smpp_is_eight_bit(uint8_t data_coding)
{
	/* 2 and 4 are binary in SMPP; TS 23.038: general group, data coding group */
	return data_coding == 2 || (data_coding & 0xcc) == 0x04 || (data_coding & 0xfc) == 0xf4;
}

bool smpp_element_next(struct smpp_element *out, const struct smpp_octets *header, uint32_t *at)
{
	if (*at >= header->len || header->len - *at < 2) {
		return false;
	}
	out->id = header->p[*at];
	out->len = header->p[*at + 1];
	if (out->len > header->len - *at - 2) {
		return false;
	}
	out->value = header->p + *at + 2;
	*at += 2u + out->len;
	return true;
}

static void take_part(struct smpp_content *c, bool eight_bit, uint16_t reference, uint8_t parts, uint8_t number)
{
	if (parts == 0 || number == 0 || number > parts) {
		return; /* TS 23.040 9.2.3.24.1: such an element is ignored */
	}
	c->part = SMPP_FORM_HEADER;
	c->part_8bit = eight_bit;
	c->part_reference = reference;
	c->parts = parts;
	c->part_number = number;
}

static uint16_t be16_at(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void take_element(struct smpp_content *c, const struct smpp_element *e)
{
	const uint8_t *v = e->value;

	if (e->id == SMPP_IE_PART_8BIT && e->len == 3) {
		take_part(c, true, v[0], v[1], v[2]);
	} else if (e->id == SMPP_IE_PART_16BIT && e->len == 4) {
		take_part(c, false, be16_at(v), v[2], v[3]);
	} else if (e->id == SMPP_IE_PORTS_8BIT && e->len == 2) {
		c->ports = SMPP_FORM_HEADER;
		c->ports_8bit = true;
		c->port = v[0];
		c->port_from = v[1];
	} else if (e->id == SMPP_IE_PORTS_16BIT && e->len == 4) {
		c->ports = SMPP_FORM_HEADER;
		c->ports_8bit = false;
		c->port = be16_at(v);
		c->port_from = be16_at(v + 2);
	}
}

static enum smpp_status take_header(struct smpp_content *c)
{
	struct smpp_element e;
	uint32_t at = 0;

	if (c->whole.len < 1 || c->whole.p[0] > c->whole.len - 1) {
		return SMPP_RINVESMCLASS;
	}
	c->header = (struct smpp_octets){ c->whole.p + 1, c->whole.p[0] };
	c->payload = (struct smpp_octets){ c->header.p + c->header.len, c->whole.len - 1 - c->header.len };
	while (smpp_element_next(&e, &c->header, &at)) {
		take_element(c, &e);
	}
	return at == c->header.len ? SMPP_ROK : SMPP_RINVESMCLASS;
}

static enum smpp_status take_parameters(struct smpp_content *c, const struct smpp_pdu *p)
{
	unsigned sar = smpp_has(p, SMPP_TLV_SAR_MSG_REF_NUM) + smpp_has(p, SMPP_TLV_SAR_TOTAL_SEGMENTS) +
		       smpp_has(p, SMPP_TLV_SAR_SEGMENT_SEQNUM);

	if (smpp_has(p, SMPP_TLV_DESTINATION_PORT)) {
		c->ports = SMPP_FORM_PARAMETERS;
		c->port = (uint16_t)p->number[SMPP_TLV_DESTINATION_PORT];
		c->port_from = (uint16_t)p->number[SMPP_TLV_SOURCE_PORT]; /* 0: none */
	}                                                                 /* a source_port alone names no application */
	if (!sar) {
		return SMPP_ROK;
	}
	if (sar != 3) {
		return SMPP_RMISSINGOPTPARAM;
	}
	c->part = SMPP_FORM_PARAMETERS;
	c->part_reference = (uint16_t)p->number[SMPP_TLV_SAR_MSG_REF_NUM];
	c->parts = (uint8_t)p->number[SMPP_TLV_SAR_TOTAL_SEGMENTS];
	c->part_number = (uint8_t)p->number[SMPP_TLV_SAR_SEGMENT_SEQNUM];
	return c->part_number >= 1 && c->part_number <= c->parts ? SMPP_ROK : SMPP_RINVOPTPARAMVAL;
}

enum smpp_status smpp_content_of(struct smpp_content *out, const struct smpp_pdu *p)
{
	struct smpp_content c = { .eight_bit = smpp_is_eight_bit(p->data_coding),
				  .message_class = smpp_message_class(p->data_coding) };
	uint8_t type = p->esm_class & SMPP_ESM_TYPE;
	enum smpp_status s;

	c.in_payload = smpp_has(p, SMPP_TLV_MESSAGE_PAYLOAD);
	if (c.in_payload && p->short_message.len) {
		return SMPP_ROPTPARNOTALLWD;
	}
	c.whole = c.payload = c.in_payload ? p->octets[SMPP_TLV_MESSAGE_PAYLOAD] : p->short_message;
	c.receipt = type == SMPP_ESM_TYPE_RECEIPT || type == SMPP_ESM_TYPE_INTERMEDIATE;
	s = take_parameters(&c, p);
	if (s == SMPP_ROK && (p->esm_class & SMPP_ESM_UDHI)) {
		s = c.ports || c.part ? SMPP_ROPTPARNOTALLWD : take_header(&c);
	}
	if (s == SMPP_ROK) {
		*out = c;
	}
	return s;
}
