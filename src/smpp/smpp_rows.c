/* smpp_rows.c - which fields each PDU has, in their order (SMPP 3.4 section 4), and which optional
 * parameters there are. */
#include "smpp/smpp_rows.h"

#define OF(member) offsetof(struct smpp_pdu, member)
#define U8(member)                                                                                                               \
	{                                                                                                                        \
		SMPP_KIND_U8, OF(member), 1, SMPP_RINVCMDLEN                                                                     \
	}
#define TEXT(member, size, refused)                                                                                              \
	{                                                                                                                        \
		SMPP_KIND_TEXT, OF(member), (size), SMPP_##refused                                                               \
	}
#define ADDRESS(member, size, refused) U8(member.ton), U8(member.npi), TEXT(member.digits, (size), refused)
#define MESSAGE_ID TEXT(message_id, SMPP_MESSAGE_ID_MAX + 1, RINVMSGID)
#define SERVICE_TYPE TEXT(service_type, SMPP_SERVICE_TYPE_MAX + 1, RINVSERTYP)
#define SOURCE(max) ADDRESS(source, (max) + 1, RINVSRCADR)
#define DESTINATION(max) ADDRESS(destination, (max) + 1, RINVDSTADR)
#define TIMES TEXT(schedule_delivery_time, SMPP_TIME_LEN + 1, RINVSCHED), TEXT(validity_period, SMPP_TIME_LEN + 1, RINVEXPIRY)
#define SHORT_MESSAGE                                                                                                            \
	{                                                                                                                        \
		SMPP_KIND_SHORT, OF(short_message), SMPP_SHORT_MESSAGE_MAX, SMPP_RINVMSGLEN                                      \
	}
#define HANDLING                                                                                                                 \
	U8(esm_class), U8(protocol_id), U8(priority_flag), TIMES, U8(registered_delivery), U8(replace_if_present),               \
	    U8(data_coding), U8(sm_default_msg_id), SHORT_MESSAGE

static const struct smpp_field bind[] = {
	TEXT(system_id, SMPP_SYSTEM_ID_MAX + 1, RINVSYSID),      TEXT(password, SMPP_PASSWORD_MAX + 1, RINVPASWD),
	TEXT(system_type, SMPP_SYSTEM_TYPE_MAX + 1, RINVSYSTYP), U8(interface_version),
	ADDRESS(range, SMPP_ADDRESS_RANGE_MAX + 1, RINVPARLEN),
};
static const struct smpp_field bind_resp[] = { TEXT(system_id, SMPP_SYSTEM_ID_MAX + 1, RINVSYSID) };
static const struct smpp_field outbind[] = {
	TEXT(system_id, SMPP_SYSTEM_ID_MAX + 1, RINVSYSID),
	TEXT(password, SMPP_PASSWORD_MAX + 1, RINVPASWD),
};
static const struct smpp_field message[] = { SERVICE_TYPE, SOURCE(SMPP_ADDRESS_MAX), DESTINATION(SMPP_ADDRESS_MAX), HANDLING };
static const struct smpp_field multi[] = {
	SERVICE_TYPE,
	SOURCE(SMPP_ADDRESS_MAX),
	{ SMPP_KIND_DESTINATIONS, OF(destinations), SMPP_DESTINATIONS_MAX, SMPP_RINVNUMDESTS },
	HANDLING,
};
static const struct smpp_field multi_resp[] = { MESSAGE_ID, { SMPP_KIND_FAILURES, OF(failures), 255, SMPP_RINVNUMDESTS } };
static const struct smpp_field message_resp[] = { MESSAGE_ID };
static const struct smpp_field data[] = {
	SERVICE_TYPE,  SOURCE(SMPP_ADDRESS_LONG_MAX), DESTINATION(SMPP_ADDRESS_LONG_MAX),
	U8(esm_class), U8(registered_delivery),       U8(data_coding),
};
static const struct smpp_field query[] = { MESSAGE_ID, SOURCE(SMPP_ADDRESS_MAX) };
static const struct smpp_field query_resp[] = {
	MESSAGE_ID,
	TEXT(final_date, SMPP_TIME_LEN + 1, RINVPARLEN),
	U8(message_state),
	U8(error_code),
};
static const struct smpp_field cancel[] = { SERVICE_TYPE, MESSAGE_ID, SOURCE(SMPP_ADDRESS_MAX), DESTINATION(SMPP_ADDRESS_MAX) };
static const struct smpp_field replace[] = {
	MESSAGE_ID, SOURCE(SMPP_ADDRESS_MAX), TIMES, U8(registered_delivery), U8(sm_default_msg_id), SHORT_MESSAGE,
};
static const struct smpp_field alert[] = {
	ADDRESS(source, SMPP_ADDRESS_LONG_MAX + 1, RINVSRCADR),
	ADDRESS(destination, SMPP_ADDRESS_LONG_MAX + 1, RINVDSTADR), /* esme_addr */
};

#define REQUEST(command, name, fields, group)                                                                                    \
	{                                                                                                                        \
		SMPP_##command, name, fields, sizeof(fields) / sizeof *(fields), SMPP_IN_##group, false                          \
	}
#define ANSWER(command, name, fields, bare)                                                                                      \
	{                                                                                                                        \
		SMPP_##command | SMPP_RESP, name "_resp", fields, sizeof(fields) / sizeof *(fields), SMPP_IN_RESPONSES, bare     \
	}
#define EMPTY(command, name, group)                                                                                              \
	{                                                                                                                        \
		command, name, NULL, 0, SMPP_IN_##group, false                                                                   \
	}

static const struct smpp_command_row rows[] = {
	REQUEST(SUBMIT_SM, "submit_sm", message, SUBMIT),
	ANSWER(SUBMIT_SM, "submit_sm", message_resp, false),
	REQUEST(DELIVER_SM, "deliver_sm", message, DELIVER),
	ANSWER(DELIVER_SM, "deliver_sm", message_resp, true),
	EMPTY(SMPP_ENQUIRE_LINK, "enquire_link", NONE),
	EMPTY(SMPP_ENQUIRE_LINK | SMPP_RESP, "enquire_link_resp", RESPONSES),
	REQUEST(DATA_SM, "data_sm", data, DATA),
	ANSWER(DATA_SM, "data_sm", message_resp, true),
	REQUEST(BIND_RECEIVER, "bind_receiver", bind, NONE),
	ANSWER(BIND_RECEIVER, "bind_receiver", bind_resp, true),
	REQUEST(BIND_TRANSMITTER, "bind_transmitter", bind, NONE),
	ANSWER(BIND_TRANSMITTER, "bind_transmitter", bind_resp, true),
	REQUEST(BIND_TRANSCEIVER, "bind_transceiver", bind, NONE),
	ANSWER(BIND_TRANSCEIVER, "bind_transceiver", bind_resp, true),
	REQUEST(OUTBIND, "outbind", outbind, NONE),
	EMPTY(SMPP_UNBIND, "unbind", NONE),
	EMPTY(SMPP_UNBIND | SMPP_RESP, "unbind_resp", RESPONSES),
	REQUEST(SUBMIT_MULTI, "submit_multi", multi, SUBMIT_MULTI),
	ANSWER(SUBMIT_MULTI, "submit_multi", multi_resp, false),
	REQUEST(QUERY_SM, "query_sm", query, NONE),
	ANSWER(QUERY_SM, "query_sm", query_resp, false),
	REQUEST(CANCEL_SM, "cancel_sm", cancel, NONE),
	EMPTY(SMPP_CANCEL_SM | SMPP_RESP, "cancel_sm_resp", RESPONSES),
	REQUEST(REPLACE_SM, "replace_sm", replace, REPLACE),
	EMPTY(SMPP_REPLACE_SM | SMPP_RESP, "replace_sm_resp", RESPONSES),
	REQUEST(ALERT_NOTIFICATION, "alert_notification", alert, ALERT),
	EMPTY(SMPP_GENERIC_NACK, "generic_nack", RESPONSES),
};

enum {
#define SMPP_ROW(name) name = SMPP_IN_##name,
	SMPP_ROW(SUBMITS) SMPP_ROW(MESSAGES) SMPP_ROW(DELIVER) SMPP_ROW(DATA) SMPP_ROW(RESPONSES) SMPP_ROW(ALERT)
	    SMPP_ROW(REPLACE)
#undef SMPP_ROW
};

const struct smpp_tlv_row smpp_tlv_rows[SMPP_TLV_N] = {
#define SMPP_ROW(name, tag, kind, least, most, repeat, where)                                                                    \
	[SMPP_TLV_##name] = { (tag), SMPP_KIND_##kind, (least), (most), (repeat), (where), #name },
	SMPP_TLV_TABLE(SMPP_ROW)
#undef SMPP_ROW
};

const struct smpp_command_row *smpp_command_find(uint32_t command)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].command == command) {
			return &rows[i];
		}
	}
	return NULL;
}

const char *smpp_command_name(uint32_t command)
{
	const struct smpp_command_row *row = smpp_command_find(command);

	return row ? row->name : "unknown command";
}

bool smpp_command_known(uint32_t command)
{
	return smpp_command_find(command) != NULL;
}

enum smpp_tlv smpp_tlv_find(uint16_t tag)
{
	unsigned low = 0, high = SMPP_TLV_N;

	while (low < high) { /* the rows are in the order of their tags; a unit test holds them to it */
		unsigned middle = (low + high) / 2;

		if (smpp_tlv_rows[middle].tag < tag) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < SMPP_TLV_N && smpp_tlv_rows[low].tag == tag ? (enum smpp_tlv)low : SMPP_TLV_N;
}

const char *smpp_tlv_name(enum smpp_tlv tlv)
{
	return (unsigned)tlv < SMPP_TLV_N ? smpp_tlv_rows[tlv].name : "unknown parameter";
}
