/* smpp_content.h - what a message carries, in whatever form: its octets from short_message or
 * message_payload, the user data header, ports and parts from that header or from parameters, and
 * what esm_class and data_coding say (SMPP 3.4 5.2.12, 5.2.19; TS 23.040 9.2.3.24). PURE. */
#pragma once
#include "smpp/smpp_pdu.h"

/* esm_class. */
enum smpp_esm {
	SMPP_ESM_MODE = 0x03,
	SMPP_ESM_MODE_DATAGRAM = 0x01,
	SMPP_ESM_MODE_TRANSACTION = 0x02,
	SMPP_ESM_MODE_STORE = 0x03, /* 0 is the default, which is this for submit_sm */
	SMPP_ESM_TYPE = 0x3c,
	SMPP_ESM_TYPE_NONE = 0x00,
	SMPP_ESM_TYPE_RECEIPT = 0x04,      /* to an SME: delivery receipt */
	SMPP_ESM_TYPE_DELIVERY_ACK = 0x08, /* SME delivery acknowledgement */
	SMPP_ESM_TYPE_USER_ACK = 0x10,     /* SME manual or user acknowledgement */
	SMPP_ESM_TYPE_CONVERSATION = 0x18, /* to an SME: conversation abort */
	SMPP_ESM_TYPE_INTERMEDIATE = 0x20, /* to an SME: intermediate notification */
	SMPP_ESM_UDHI = 0x40,
	SMPP_ESM_REPLY_PATH = 0x80,
};

/* registered_delivery, 5.2.17. */
enum smpp_registered {
	SMPP_REGISTERED_RECEIPT = 0x03,
	SMPP_REGISTERED_ALWAYS = 0x01,
	SMPP_REGISTERED_FAILURE = 0x02,
	SMPP_REGISTERED_SUCCESS = 0x03, /* SMPP 5.0; reserved in 3.4 */
	SMPP_REGISTERED_SME_ACK = 0x0c,
	SMPP_REGISTERED_INTERMEDIATE = 0x10,
};

/* Information elements of a user data header, TS 23.040 9.2.3.24. */
enum smpp_ie {
	SMPP_IE_PART_8BIT = 0x00,
	SMPP_IE_PORTS_8BIT = 0x04,
	SMPP_IE_PORTS_16BIT = 0x05,
	SMPP_IE_PART_16BIT = 0x08,
	SMPP_IE_COMMAND_PACKET = 0x70, /* secured packet of a (U)SIM toolkit command */
};

enum smpp_form { SMPP_FORM_NONE, SMPP_FORM_HEADER, SMPP_FORM_PARAMETERS };

struct smpp_content {
	struct smpp_octets whole;   /* as it was sent, with its header */
	struct smpp_octets header;  /* user data header without its length octet */
	struct smpp_octets payload; /* after the header */
	bool in_payload;            /* it was a message_payload */

	enum smpp_form ports; /* where the first ports stand */
	bool ports_8bit;
	uint16_t port, port_from; /* destination and source */

	enum smpp_form part; /* where the part stands */
	uint16_t part_reference;
	bool part_8bit;             /* the reference has 8 bits */
	uint8_t parts, part_number; /* part_number from 1 to parts */

	bool receipt;      /* esm_class: a receipt or an intermediate notification */
	bool eight_bit;    /* data_coding: octets that are no text */
	int message_class; /* 0 to 3; -1: none */
};

/* Reads what submit_sm, submit_multi, deliver_sm, data_sm or replace_sm carries; octets point into
 * the PDU. Returns SMPP_ROK, or the status to refuse it with:
 * ROPTPARNOTALLWD: both short_message and message_payload, or a user data header beside port or
 * SAR parameters; RMISSINGOPTPARAM: some SAR parameters without the others; RINVOPTPARAMVAL: a SAR
 * number outside its bounds; RINVESMCLASS: UDHI and octets that do not begin with a whole header.
 * Elements of a header that cannot be understood are skipped, as TS 23.040 has it: with an
 * impossible part number, of a wrong size. Of a repeated element the last counts, as for the
 * device; smpp_element_next() shows all of them. */
enum smpp_status smpp_content_of(struct smpp_content *out, const struct smpp_pdu *p);

struct smpp_element {
	uint8_t id, len;
	const uint8_t *value;
};

/* The next element of a header that smpp_content_of() read: `at` counts from 0. False: no more. */
bool smpp_element_next(struct smpp_element *out, const struct smpp_octets *header, uint32_t *at);

/* What a data_coding is by TS 23.038 4 and 3.4 5.2.19. -1: no class. */
int smpp_message_class(uint8_t data_coding);
bool smpp_is_eight_bit(uint8_t data_coding);
