/* sme_text.c - data_coding to TP-DCS, parameters to elements. */
#include "nodes/smssc/sme_text.h"

#include <string.h>

#include "base/buf.h"
#include "nodes/sms/sms_deliver.h"

enum { CODING_DEFAULT = 0, CODING_ASCII = 1, CODING_BINARY_2 = 2, CODING_LATIN1 = 3, CODING_BINARY = 4, CODING_UCS2 = 8 };

/* -1: text that is converted to UCS2; -2: none that is known. */
static int dcs_of(uint8_t data_coding)
{
	switch (data_coding) {
	case CODING_DEFAULT:
	case CODING_ASCII:
	case CODING_LATIN1:
		return -1;
	case CODING_BINARY_2:
	case CODING_BINARY:
		return SMS_DCS_8BIT;
	case CODING_UCS2:
		return SMS_DCS_UCS2;
	default:
		/* with a message class: 8-bit data and UCS2 of the general group, 8-bit data of the other */
		return (data_coding & 0xfc) == 0x14 || (data_coding & 0xfc) == 0x18 || (data_coding & 0xfc) == 0xf4 ? data_coding
														    : -2;
	}
}

/* Parameters become the elements that say the same. Ports alone are left to who cuts the message. */
static void take_parameters(struct sme_text *t, const struct smpp_content *c)
{
	struct buf b = buf_over(t->header, sizeof t->header);

	if (c->part != SMPP_FORM_PARAMETERS) {
		t->has_port = c->ports == SMPP_FORM_PARAMETERS;
		t->port = c->port;
		return;
	}
	if (c->ports == SMPP_FORM_PARAMETERS) {
		buf_u8(&b, SMPP_IE_PORTS_16BIT);
		buf_u8(&b, 4);
		buf_be16(&b, c->port);
		buf_be16(&b, c->port_from);
	}
	buf_u8(&b, SMPP_IE_PART_16BIT);
	buf_u8(&b, 4);
	buf_be16(&b, c->part_reference);
	buf_u8(&b, c->parts);
	buf_u8(&b, c->part_number);
	t->has_header = true;
	t->header_len = (uint8_t)b.len;
}

static bool to_ucs2(uint8_t *room, const struct smpp_octets *text)
{
	if (2 * text->len > SME_TEXT_MAX) {
		return false;
	}
	for (uint32_t i = 0; i < text->len; i++) {
		room[2 * i] = 0;
		room[2 * i + 1] = text->p[i];
	}
	return true;
}

enum smpp_status sme_text_of(struct sme_text *out, const struct smpp_content *c, uint8_t data_coding, uint8_t *room)
{
	struct sme_text t = { .payload = c->payload.p, .payload_len = c->payload.len };
	int dcs = dcs_of(data_coding);

	if (dcs == -2) {
		return SMPP_RINVDCS;
	}
	if (c->header.len) {
		if (c->header.len > sizeof t.header) {
			return SMPP_RINVMSGLEN;
		}
		memcpy(t.header, c->header.p, c->header.len);
		t.header_len = (uint8_t)c->header.len;
		t.has_header = true;
	} else {
		take_parameters(&t, c);
	}
	if (dcs == -1) {
		if (!to_ucs2(room, &c->payload)) {
			return SMPP_RINVMSGLEN;
		}
		t.payload = room;
		t.payload_len *= 2;
	}
	t.dcs = dcs == -1 ? SMS_DCS_UCS2 : (uint8_t)dcs;
	if ((t.dcs & 0xcc) == SMS_DCS_UCS2 && t.payload_len % 2) {
		return SMPP_RINVMSGLEN;
	}
	if (t.payload_len > SME_TEXT_MAX || (t.has_header && 1u + t.header_len + t.payload_len > SMS_USER_DATA_MAX)) {
		return SMPP_RINVMSGLEN;
	}
	*out = t;
	return SMPP_ROK;
}
