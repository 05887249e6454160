/* sme_text.h - what a device gets of what an SME submits: TP-DCS, header and octets of a
 * SMS-DELIVER (TS 23.038, TS 23.040 9.2.3.24). PURE.
 * Binary data and UCS2 pass as they are. Text of data_coding 0 (the default alphabet of this SMS-SC,
 * which is Latin-1), 1 (ASCII) and 3 (Latin-1) is delivered as UCS2, which every device displays. */
#pragma once
#include "smpp/smpp_content.h"

#define SME_TEXT_MAX 33915u /* octets: 255 parts of 133 */

struct sme_text {
	uint8_t dcs;
	bool has_header, has_port;
	uint8_t header[140]; /* elements */
	uint8_t header_len;
	uint16_t port;
	const uint8_t *payload; /* of the content, or `room` */
	size_t payload_len;
};

/* Makes it. `room` has SME_TEXT_MAX octets for converted text, and borrows both until the result was
 * used. SMPP_ROK; RINVDCS: a data_coding that has no meaning here; RINVMSGLEN: it does not fit, or
 * UCS2 with an odd number of octets; a message with a header or in SAR parts has to fit into one
 * SMS-DELIVER. */
enum smpp_status sme_text_of(struct sme_text *out, const struct smpp_content *c, uint8_t data_coding, uint8_t *room);
