/* sms_submit.c - type, reference, TP-DA, TP-PID, TP-DCS, [TP-VP], TP-UDL, TP-UD. */
#include "nodes/sms/sms_submit.h"

#include <string.h>

enum {
	MTI_MASK = 0x03,
	MTI_SUBMIT = 0x01,
	VPF_MASK = 0x18,
	VPF_ENHANCED = 0x08,
	VPF_RELATIVE = 0x10,
	VPF_ABSOLUTE = 0x18,
	SRR = 0x20,
	UDHI = 0x40,
	TON_MASK = 0x70,
	TON_INTERNATIONAL = 0x10,
	TON_ALPHANUMERIC = 0x50,
	TYPE_INTERNATIONAL_E164 = 0x91,
	TYPE_UNKNOWN_E164 = 0x81,
	INTERNATIONAL_LEAST = 5, /* digits; a shorter number is one of this network */
	VP_OTHER_LEN = 7,
};

static void take_destination(struct sms_submit *s, struct rd *r)
{
	unsigned digits, octets;

	s->address_len = sms_address_take(s->address, r);
	if (r->bad) {
		return;
	}
	digits = s->address[0];
	octets = s->address_len - 2u;
	s->international = (s->address[1] & TON_MASK) == TON_INTERNATIONAL;
	if ((s->address[1] & TON_MASK) == TON_ALPHANUMERIC || digits > STR_DIGITS_MAX ||
	    str_untbcd(s->destination, s->address + 2, octets) || strlen(s->destination) != digits) {
		s->destination[0] = 0;
	}
}

/* TS 23.040 9.2.3.12.1 */
static uint32_t relative_s(uint8_t v)
{
	if (v <= 143) {
		return (v + 1u) * 300;
	}
	if (v <= 167) {
		return 43200 + (v - 143u) * 1800;
	}
	if (v <= 196) {
		return (v - 166u) * 86400;
	}
	return (v - 192u) * 604800;
}

static void take_validity(struct sms_submit *s, struct rd *r, uint8_t format)
{
	if (format == VPF_RELATIVE) {
		s->validity_s = relative_s(rd_u8(r));
	} else if (format) {
		(void)rd_take(r, VP_OTHER_LEN);
	}
}

static void take_user_data(struct sms_submit *s, struct rd *r)
{
	uint8_t len = rd_u8(r);
	enum sms_alphabet alphabet = sms_alphabet(s->dcs);
	const uint8_t *start = r->p;
	bool septets = alphabet == SMS_ALPHABET_DEFAULT; /* the length counts them, those of the header, too */

	if (rd_left(r) > SMS_USER_DATA_MAX) {
		r->bad = true;
		return;
	}
	if (alphabet == SMS_ALPHABET_COMPRESSED) {
		return;
	}
	if ((septets ? (len * 7u + 7) / 8 : len) != rd_left(r)) {
		r->bad = true;
		return;
	}
	if (s->has_header) {
		s->header_len = rd_u8(r);
		s->header = rd_take(r, s->header_len);
	}
	if (septets) {
		sms_packed_text(&s->packed, r, start, s->has_header ? 1u + s->header_len : 0, len);
		return;
	}
	s->payload = r->p;
	s->payload_len = (uint8_t)rd_left(r);
}

int sms_submit_parse(struct sms_submit *out, const uint8_t *p, size_t len)
{
	struct rd r = rd_over(p, len);
	struct sms_submit s = { 0 };
	uint8_t first = rd_u8(&r);

	if (r.bad || (first & MTI_MASK) != MTI_SUBMIT) {
		return ERR_PROTO;
	}
	s.wants_report = first & SRR;
	s.has_header = first & UDHI;
	s.reference = rd_u8(&r);
	take_destination(&s, &r);
	s.pid = rd_u8(&r);
	s.dcs = rd_u8(&r);
	s.eight_bit = sms_alphabet(s.dcs) == SMS_ALPHABET_8BIT;
	s.ucs2 = sms_alphabet(s.dcs) == SMS_ALPHABET_UCS2;
	take_validity(&s, &r, first & VPF_MASK);
	if (!r.bad) {
		take_user_data(&s, &r);
	}
	if (r.bad) {
		return ERR_PROTO;
	}
	*out = s;
	return 0;
}

int sms_submit_build(struct buf *out, const struct sms_submit *in)
{
	unsigned header = in->header ? in->header_len + 1u : 0;
	uint8_t digits[STR_TBCD_MAX], elements[1 + UINT8_MAX];
	size_t digits_len;

	if (str_tbcd(digits, &digits_len, in->destination)) {
		return ERR_INVAL;
	}
	buf_u8(out, (uint8_t)(MTI_SUBMIT | (header ? UDHI : 0) | (in->wants_report ? SRR : 0)));
	buf_u8(out, in->reference);
	buf_u8(out, (uint8_t)strlen(in->destination));
	buf_u8(out, strlen(in->destination) < INTERNATIONAL_LEAST ? TYPE_UNKNOWN_E164 : TYPE_INTERNATIONAL_E164);
	buf_bytes(out, digits, digits_len);
	buf_u8(out, in->pid);
	buf_u8(out, in->dcs);
	if (header) {
		elements[0] = in->header_len;
		memcpy(elements + 1, in->header, in->header_len);
	}
	return sms_user_data(out, in->dcs, elements, header, in->payload, in->payload_len);
}
