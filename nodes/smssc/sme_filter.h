/* sme_filter.h - finds a device trigger in what an SME submits, in whatever form it comes (TS 23.682
 * 5.4; TR 33.868 solutions 2 and 3): TP-PID 0x48, or an application port of the operator's list, in
 * the user data header or in parameters, in short_message or message_payload, in any segment. A
 * message to the (U)SIM or for the ME itself (TP-PID 0x7C to 0x7F, element 70) is one as well: it
 * makes the device act. PURE. */
#pragma once
#include "smpp/smpp_content.h"

struct sme_ports {
	uint8_t bits[65536 / 8];
};

/* Adds "N" or "N-M", 0 to 65535. ERR_INVAL. */
ERR_MUST_USE int sme_ports_add(struct sme_ports *p, const char *text);
bool sme_ports_has(const struct sme_ports *p, uint16_t port);

enum sme_forged {
	SME_NOT_FORGED,
	SME_FORGED_PID,     /* protocol_id 0x48 */
	SME_FORGED_SIM,     /* protocol_id 0x7C to 0x7F, or element 70 to 7F */
	SME_FORGED_ELEMENT, /* a reserved port in the header, or an element for ports of a wrong size */
	SME_FORGED_PORT,    /* a reserved port in parameters */
	SME_FORGED_RECEIPT, /* esm_class of what only an SMS-SC sends */
	SME_FORGED_N
};

/* What is wrong with it; the first reason counts. `c` is of smpp_content_of(). data_sm has no
 * protocol_id: its PDU has 0. sme_filter_parts(): what a message has that is no PDU. */
enum sme_forged sme_filter_parts(uint8_t protocol_id, const struct smpp_octets *header, const struct sme_ports *reserved);
enum sme_forged sme_filter(const struct smpp_pdu *p, const struct smpp_content *c, const struct sme_ports *reserved);
/* Copies the elements that can make no trigger: neither ports nor for the SIM. `out` has room for the
 * header. Returns the octets. */
uint8_t sme_strip_header(uint8_t *out, const struct smpp_octets *header);
const char *sme_forged_str(enum sme_forged forged); /* words for the log; static */
