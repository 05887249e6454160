/* smpp_rows.h - the tables behind smpp_decode() and smpp_encode(): fields of each command in their
 * order, sizes of optional parameters. For this room only. PURE. */
#pragma once
#include "smpp/smpp_pdu.h"

enum smpp_kind {
	SMPP_KIND_U8,
	SMPP_KIND_U16,
	SMPP_KIND_U32,
	SMPP_KIND_TEXT,
	SMPP_KIND_OCTETS,
	SMPP_KIND_SHORT,        /* sm_length and short_message */
	SMPP_KIND_DESTINATIONS, /* number_of_dests and dest_address(es) */
	SMPP_KIND_FAILURES,     /* no_unsuccess and unsuccess_sme(s) */
};

struct smpp_field {
	enum smpp_kind kind;
	uint16_t offset; /* in struct smpp_pdu */
	uint16_t size;   /* of a text: the most octets with NUL */
	enum smpp_status refused;
};

/* Groups of commands, for the parameters they may have. */
enum {
	SMPP_IN_SUBMIT = 1,
	SMPP_IN_SUBMIT_MULTI = 2,
	SMPP_IN_SUBMITS = SMPP_IN_SUBMIT | SMPP_IN_SUBMIT_MULTI,
	SMPP_IN_DELIVER = 4,
	SMPP_IN_DATA = 8,
	SMPP_IN_MESSAGES = SMPP_IN_SUBMITS | SMPP_IN_DELIVER | SMPP_IN_DATA,
	SMPP_IN_RESPONSES = 16,
	SMPP_IN_ALERT = 32,
	SMPP_IN_REPLACE = 64,
	SMPP_IN_NONE = 128,
};

struct smpp_command_row {
	uint32_t command;
	const char *name;
	const struct smpp_field *fields;
	uint8_t fields_n;
	uint8_t group;
	bool bare; /* a good response may have no body: its only field is unused */
};

struct smpp_tlv_row {
	uint16_t tag;
	enum smpp_kind kind;
	uint16_t least, most;
	bool repeats;  /* the first one counts */
	uint8_t where; /* groups */
	const char *name;
};

extern const struct smpp_tlv_row smpp_tlv_rows[SMPP_TLV_N];

/* NULL: unknown. */
const struct smpp_command_row *smpp_command_find(uint32_t command);
