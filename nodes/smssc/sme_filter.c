/* sme_filter.c - the filter against forged triggers. It looks at every element, not only at those
 * that count: what a device makes of a repeated one is not ours to guess. */
#include "nodes/smssc/sme_filter.h"

#include <string.h>

#include "base/str.h"

/* TS 23.040 9.2.3.9: ANSI-136 R-DATA (for the SIM, too), ME data download, ME de-personalization,
 * (U)SIM data download */
enum { PID_DEVICE_TRIGGER = 0x48, PID_CARD_FIRST = 0x7c, PID_CARD_LAST = 0x7f, IE_SIM_FIRST = 0x70, IE_SIM_LAST = 0x7f };

int sme_ports_add(struct sme_ports *p, const char *text)
{
	const char *dash = strchr(text, '-');
	char first[8];
	uint32_t from, to;

	if (str_copy(first, sizeof first, text, dash ? (size_t)(dash - text) : strlen(text)) ||
	    str_parse_u32(&from, first, 0, 65535)) {
		return ERR_INVAL;
	}
	to = from;
	if (dash && str_parse_u32(&to, dash + 1, from, 65535)) {
		return ERR_INVAL;
	}
	for (uint32_t port = from; port <= to; port++) {
		p->bits[port / 8] |= (uint8_t)(1u << port % 8);
	}
	return 0;
}

bool sme_ports_has(const struct sme_ports *p, uint16_t port)
{
	return p->bits[port / 8] & 1u << port % 8;
}

static enum sme_forged of_element(const struct smpp_element *e, const struct sme_ports *reserved)
{
	uint16_t port;

	if (e->id >= IE_SIM_FIRST && e->id <= IE_SIM_LAST) {
		return SME_FORGED_SIM;
	}
	if (e->id != SMPP_IE_PORTS_8BIT && e->id != SMPP_IE_PORTS_16BIT) {
		return SME_NOT_FORGED;
	}
	if (e->len != (e->id == SMPP_IE_PORTS_8BIT ? 2 : 4)) {
		return SME_FORGED_ELEMENT;
	}
	port = e->id == SMPP_IE_PORTS_8BIT ? e->value[0] : (uint16_t)(e->value[0] << 8 | e->value[1]);
	return sme_ports_has(reserved, port) ? SME_FORGED_ELEMENT : SME_NOT_FORGED;
}

enum sme_forged sme_filter_parts(uint8_t protocol_id, const struct smpp_octets *header, const struct sme_ports *reserved)
{
	enum sme_forged forged = SME_NOT_FORGED;
	struct smpp_element e;
	uint32_t at = 0;

	if (protocol_id == PID_DEVICE_TRIGGER) {
		return SME_FORGED_PID;
	}
	if (protocol_id >= PID_CARD_FIRST && protocol_id <= PID_CARD_LAST) {
		return SME_FORGED_SIM;
	}
	while (forged == SME_NOT_FORGED && smpp_element_next(&e, header, &at)) {
		forged = of_element(&e, reserved);
	}
	return forged;
}

enum sme_forged sme_filter(const struct smpp_pdu *p, const struct smpp_content *c, const struct sme_ports *reserved)
{
	enum sme_forged forged;

	if ((p->esm_class & SMPP_ESM_TYPE) != SMPP_ESM_TYPE_NONE) {
		return SME_FORGED_RECEIPT;
	}
	forged = sme_filter_parts(p->protocol_id, &c->header, reserved);
	if (forged == SME_NOT_FORGED && smpp_has(p, SMPP_TLV_DESTINATION_PORT) &&
	    sme_ports_has(reserved, (uint16_t)p->number[SMPP_TLV_DESTINATION_PORT])) {
		return SME_FORGED_PORT;
	}
	return forged;
}

uint8_t sme_strip_header(uint8_t *out, const struct smpp_octets *header)
{
	struct smpp_element e;
	uint32_t at = 0;
	uint8_t len = 0;

	while (smpp_element_next(&e, header, &at)) {
		bool sim = e.id >= IE_SIM_FIRST && e.id <= IE_SIM_LAST;

		if (!sim && e.id != SMPP_IE_PORTS_8BIT && e.id != SMPP_IE_PORTS_16BIT) {
			memcpy(out + len, e.value - 2, 2u + e.len);
			len = (uint8_t)(len + 2 + e.len);
		}
	}
	return len;
}

const char *sme_forged_str(enum sme_forged forged)
{
	static const char *const words[] = {
		[SME_NOT_FORGED] = "no trigger",
		[SME_FORGED_PID] = "protocol_id 0x48 (device trigger)",
		[SME_FORGED_SIM] = "a message to the SIM, or for the modem itself",
		[SME_FORGED_ELEMENT] = "a reserved application port in the user data header",
		[SME_FORGED_PORT] = "a reserved application port in the parameters",
		[SME_FORGED_RECEIPT] = "esm_class of a receipt or acknowledgement",
	};

	return (unsigned)forged < SME_FORGED_N ? words[forged] : "unknown";
}
