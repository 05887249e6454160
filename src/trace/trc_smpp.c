/* trc_smpp.c - see trc_smpp.h. */
#include "trace/trc_smpp.h"

#include <string.h>

#include "base/str.h"
#include "smpp/smpp_content.h"
#include "trace/trc_digest.h"

struct room {
	uint8_t *p;
	size_t left;
};

/* Has `o` point to a copy that may be changed. NULL: no room. */
static uint8_t *own(struct room *r, struct smpp_octets *o)
{
	uint8_t *copy = r->p;

	if (o->len > r->left) {
		return NULL;
	}
	if (o->len) {
		memcpy(copy, o->p, o->len);
	}
	o->p = copy;
	r->p += o->len;
	r->left -= o->len;
	return copy;
}

/* Digits as an AVP MSISDN has them, or any text. */
static void number(char *digits, const struct sip_key *key)
{
	uint8_t octets[STR_TBCD_MAX];
	char text[STR_DIGITS_MAX + 1];
	size_t len;

	if (str_tbcd(octets, &len, digits)) {
		trc_digest_text(key, (uint8_t *)digits, strlen(digits));
		return;
	}
	trc_digest_digits(key, octets, len);
	if (!str_untbcd(text, octets, len)) {
		memcpy(digits, text, strlen(digits));
	}
}

/* How much of a message may be shown: its user data header; of a receipt all but what was sent. */
static uint32_t shown_of(const struct smpp_pdu *pdu, const struct smpp_octets *o)
{
	static const char mark[] = " text:";
	const uint8_t *found;

	if (pdu->esm_class & SMPP_ESM_UDHI) {
		return o->len && o->p[0] < o->len ? o->p[0] + 1u : 0;
	}
	if ((pdu->esm_class & SMPP_ESM_TYPE) != SMPP_ESM_TYPE_RECEIPT || !o->len) {
		return 0;
	}
	found = memmem(o->p, o->len, mark, sizeof mark - 1);
	return found ? (uint32_t)(found - o->p) + (uint32_t)sizeof mark - 1 : 0;
}

static int message(struct room *r, const struct smpp_pdu *pdu, struct smpp_octets *o, const struct sip_key *key)
{
	uint32_t shown = shown_of(pdu, o);
	uint8_t *copy = own(r, o);

	if (!copy) {
		return ERR_LIMIT;
	}
	trc_digest_octets(key, copy + shown, o->len - shown);
	return 0;
}

static bool is_kept(enum smpp_tlv tlv)
{
	return tlv == SMPP_TLV_RECEIPTED_MESSAGE_ID || tlv == SMPP_TLV_NETWORK_ERROR_CODE || tlv == SMPP_TLV_MS_VALIDITY;
}

void trc_hide_password(struct smpp_pdu *pdu)
{
	memset(pdu->password, '*', strlen(pdu->password));
}

int trc_redact_smpp(struct smpp_pdu *pdu, uint8_t *room, size_t size, const struct sip_key *key)
{
	bool to_us = pdu->header.command == SMPP_DELIVER_SM || pdu->header.command == SMPP_DATA_SM;
	char *device = to_us ? pdu->source.digits : pdu->destination.digits;
	struct room r = { room, size };
	int err = message(&r, pdu, &pdu->short_message, key);

	trc_hide_password(pdu);
	number(device[0] == '+' ? device + 1 : device, key);
	for (uint32_t i = 0; i < SMPP_TLV_N && !err; i++) {
		struct smpp_octets *o = &pdu->octets[i];

		if (!smpp_has(pdu, (enum smpp_tlv)i) || !o->len || is_kept((enum smpp_tlv)i)) {
			continue;
		}
		if (i == SMPP_TLV_MESSAGE_PAYLOAD) {
			err = message(&r, pdu, o, key);
		} else {
			uint8_t *copy = own(&r, o);

			err = copy ? 0 : ERR_LIMIT;
			trc_digest_text(key, copy, copy ? o->len : 0);
		}
	}
	return err;
}
