/* sme_mobile.c - alphabets and headers of mobiles in SMPP. */
#include "nodes/smssc/sme_mobile.h"

enum { CODING_DEFAULT = 0, CODING_BINARY = 4, CODING_UCS2 = 8, CLASS_GROUP = 0xf0 };

static void put_text(struct buf *out, struct smpp_pdu *p, const uint8_t *text, size_t len)
{
	uint16_t ucs2[SMS_SEPTETS_MAX];
	unsigned n = sms_to_ucs2(ucs2, text, (unsigned)len);
	bool latin1 = true;

	for (unsigned i = 0; i < n; i++) {
		latin1 = latin1 && ucs2[i] <= UINT8_MAX;
	}
	p->data_coding = latin1 ? CODING_DEFAULT : CODING_UCS2;
	for (unsigned i = 0; i < n; i++) {
		if (!latin1) {
			buf_u8(out, (uint8_t)(ucs2[i] >> 8));
		}
		buf_u8(out, (uint8_t)ucs2[i]);
	}
}

/* A message class stays where SMPP has a value for it. */
static uint8_t coding_of(uint8_t dcs)
{
	if (sms_alphabet(dcs) == SMS_ALPHABET_UCS2) {
		return CODING_UCS2;
	}
	return (dcs & CLASS_GROUP) == CLASS_GROUP ? dcs : CODING_BINARY;
}

int sme_mobile_text(struct smpp_pdu *p, uint8_t octets[SME_MOBILE_MAX], const struct dlv_text *t)
{
	struct buf b = buf_over(octets, SME_MOBILE_MAX);

	if (t->sme.header_len >= SMS_USER_DATA_MAX || t->payload_len > SMS_SEPTETS_MAX) {
		return ERR_INVAL;
	}
	if (t->sme.header) {
		p->esm_class |= SMPP_ESM_UDHI;
		buf_u8(&b, (uint8_t)t->sme.header_len);
		buf_bytes(&b, t->sme.header, t->sme.header_len);
	}
	if (dlv_is_septets(t)) {
		put_text(&b, p, t->payload, t->payload_len);
	} else {
		p->data_coding = coding_of(t->sme.dcs);
		buf_bytes(&b, t->payload, t->payload_len);
	}
	if (b.full) {
		return ERR_INVAL;
	}
	if (b.len > SMPP_SHORT_MESSAGE_MAX) {
		smpp_set_octets(p, SMPP_TLV_MESSAGE_PAYLOAD, b.p, (uint32_t)b.len);
	} else {
		p->short_message = (struct smpp_octets){ b.p, (uint32_t)b.len };
	}
	return 0;
}
