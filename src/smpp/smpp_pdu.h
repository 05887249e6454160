/* smpp_pdu.h - the PDUs of SMPP 3.4 (section 4) as one typed struct, read and written by one table
 * of fields and one of optional parameters (smpp_rows.c). A bind with version 5.0 is read too: its
 * PDUs are the same. PURE.
 * Every command uses only its own members of struct smpp_pdu; the others stay zero. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "smpp/smpp_status.h"

#define SMPP_HEADER_LEN 16u
#define SMPP_PDU_MAX 70000u /* octets: a message_payload of 64 KiB with all that may be beside it */
#define SMPP_RESP UINT32_C(0x80000000)
#define SMPP_SEQUENCE_MAX UINT32_C(0x7fffffff) /* 3.4 section 3.2: from 1 to this */
#define SMPP_VERSION_34 0x34
#define SMPP_VERSION_50 0x50

/* name, command_id of the request */
#define SMPP_REQUEST_TABLE(X)                                                                                                    \
	X(BIND_RECEIVER, 0x001)                                                                                                  \
	X(BIND_TRANSMITTER, 0x002)                                                                                               \
	X(QUERY_SM, 0x003)                                                                                                       \
	X(SUBMIT_SM, 0x004)                                                                                                      \
	X(DELIVER_SM, 0x005)                                                                                                     \
	X(UNBIND, 0x006)                                                                                                         \
	X(REPLACE_SM, 0x007)                                                                                                     \
	X(CANCEL_SM, 0x008)                                                                                                      \
	X(BIND_TRANSCEIVER, 0x009)                                                                                               \
	X(OUTBIND, 0x00b)                                                                                                        \
	X(ENQUIRE_LINK, 0x015)                                                                                                   \
	X(SUBMIT_MULTI, 0x021)                                                                                                   \
	X(ALERT_NOTIFICATION, 0x102)                                                                                             \
	X(DATA_SM, 0x103)

enum smpp_command {
#define SMPP_ROW(name, id) SMPP_##name = (id),
	SMPP_REQUEST_TABLE(SMPP_ROW)
#undef SMPP_ROW
};
#define SMPP_GENERIC_NACK SMPP_RESP /* 3.4 4.3.1: the response to what cannot be known */

struct smpp_header {
	uint32_t length; /* with the header */
	uint32_t command;
	uint32_t status; /* enum smpp_status or another value; 0 in requests */
	uint32_t sequence;
};

/* Sizes of members without NUL. */
enum {
	SMPP_SYSTEM_ID_MAX = 15,
	SMPP_PASSWORD_MAX = 8,
	SMPP_SYSTEM_TYPE_MAX = 12,
	SMPP_ADDRESS_RANGE_MAX = 40,
	SMPP_SERVICE_TYPE_MAX = 5,
	SMPP_MESSAGE_ID_MAX = 64,
	SMPP_ADDRESS_MAX = 20,
	SMPP_ADDRESS_LONG_MAX = 64, /* of data_sm and alert_notification */
	SMPP_TIME_LEN = 16,
	SMPP_SHORT_MESSAGE_MAX = 254,
	SMPP_DESTINATIONS_MAX = 254,
};

struct smpp_address {
	uint8_t ton, npi;
	char digits[SMPP_ADDRESS_LONG_MAX + 1]; /* what a type of number 5 has instead is letters */
};

struct smpp_octets {
	const uint8_t *p; /* borrowed from the PDU that was read, or from who builds one */
	uint32_t len;
};

/* name, tag, kind, least and most octets of the value (of a TEXT with NUL), may stand repeatedly,
 * commands that it may stand in (smpp_rows.c). A kind: U8, U16 and U32 are numbers of exactly that
 * size; TEXT ends with NUL; OCTETS are any. SMPP 3.4 section 5.3.2, 5.0 section 4.8.4. */
#define SMPP_TLV_TABLE(X)                                                                                                        \
	X(DEST_ADDR_SUBUNIT, 0x0005, U8, 1, 1, 0, SUBMITS | DATA)                                                                \
	X(DEST_NETWORK_TYPE, 0x0006, U8, 1, 1, 0, DATA)                                                                          \
	X(DEST_BEARER_TYPE, 0x0007, U8, 1, 1, 0, DATA)                                                                           \
	X(DEST_TELEMATICS_ID, 0x0008, U16, 2, 2, 0, DATA)                                                                        \
	X(SOURCE_ADDR_SUBUNIT, 0x000d, U8, 1, 1, 0, SUBMITS | DATA)                                                              \
	X(SOURCE_NETWORK_TYPE, 0x000e, U8, 1, 1, 0, DATA)                                                                        \
	X(SOURCE_BEARER_TYPE, 0x000f, U8, 1, 1, 0, DATA)                                                                         \
	X(SOURCE_TELEMATICS_ID, 0x0010, U8, 1, 1, 0, DATA)                                                                       \
	X(QOS_TIME_TO_LIVE, 0x0017, U32, 4, 4, 0, SUBMITS | DATA)                                                                \
	X(PAYLOAD_TYPE, 0x0019, U8, 1, 1, 0, MESSAGES)                                                                           \
	X(ADDITIONAL_STATUS_INFO_TEXT, 0x001d, TEXT, 1, 256, 0, RESPONSES)                                                       \
	X(RECEIPTED_MESSAGE_ID, 0x001e, TEXT, 1, 65, 0, DELIVER | DATA)                                                          \
	X(MS_MSG_WAIT_FACILITIES, 0x0030, U8, 1, 1, 0, SUBMITS | DATA)                                                           \
	X(PRIVACY_INDICATOR, 0x0201, U8, 1, 1, 0, MESSAGES)                                                                      \
	X(SOURCE_SUBADDRESS, 0x0202, OCTETS, 2, 23, 0, MESSAGES)                                                                 \
	X(DEST_SUBADDRESS, 0x0203, OCTETS, 2, 23, 0, MESSAGES)                                                                   \
	X(USER_MESSAGE_REFERENCE, 0x0204, U16, 2, 2, 0, MESSAGES)                                                                \
	X(USER_RESPONSE_CODE, 0x0205, U8, 1, 1, 0, MESSAGES)                                                                     \
	X(SOURCE_PORT, 0x020a, U16, 2, 2, 0, MESSAGES)                                                                           \
	X(DESTINATION_PORT, 0x020b, U16, 2, 2, 0, MESSAGES)                                                                      \
	X(SAR_MSG_REF_NUM, 0x020c, U16, 2, 2, 0, MESSAGES)                                                                       \
	X(LANGUAGE_INDICATOR, 0x020d, U8, 1, 1, 0, MESSAGES)                                                                     \
	X(SAR_TOTAL_SEGMENTS, 0x020e, U8, 1, 1, 0, MESSAGES)                                                                     \
	X(SAR_SEGMENT_SEQNUM, 0x020f, U8, 1, 1, 0, MESSAGES)                                                                     \
	X(SC_INTERFACE_VERSION, 0x0210, U8, 1, 1, 0, RESPONSES)                                                                  \
	X(CALLBACK_NUM_PRES_IND, 0x0302, U8, 1, 1, 1, MESSAGES)                                                                  \
	X(CALLBACK_NUM_ATAG, 0x0303, OCTETS, 0, 65, 1, MESSAGES)                                                                 \
	X(NUMBER_OF_MESSAGES, 0x0304, U8, 1, 1, 0, SUBMITS | DATA)                                                               \
	X(CALLBACK_NUM, 0x0381, OCTETS, 4, 19, 1, MESSAGES)                                                                      \
	X(DPF_RESULT, 0x0420, U8, 1, 1, 0, RESPONSES)                                                                            \
	X(SET_DPF, 0x0421, U8, 1, 1, 0, SUBMITS | DATA)                                                                          \
	X(MS_AVAILABILITY_STATUS, 0x0422, U8, 1, 1, 0, ALERT)                                                                    \
	X(NETWORK_ERROR_CODE, 0x0423, OCTETS, 3, 3, 0, DELIVER | DATA | RESPONSES)                                               \
	X(MESSAGE_PAYLOAD, 0x0424, OCTETS, 0, 65535, 0, MESSAGES | REPLACE)                                                      \
	X(DELIVERY_FAILURE_REASON, 0x0425, U8, 1, 1, 0, RESPONSES)                                                               \
	X(MORE_MESSAGES_TO_SEND, 0x0426, U8, 1, 1, 0, SUBMITS | DATA)                                                            \
	X(MESSAGE_STATE, 0x0427, U8, 1, 1, 0, DELIVER | DATA)                                                                    \
	X(CONGESTION_STATE, 0x0428, U8, 1, 1, 0, RESPONSES)                                                                      \
	X(USSD_SERVICE_OP, 0x0501, U8, 1, 1, 0, MESSAGES)                                                                        \
	X(BILLING_IDENTIFICATION, 0x060b, OCTETS, 1, 1024, 0, SUBMITS | DATA)                                                    \
	X(DISPLAY_TIME, 0x1201, U8, 1, 1, 0, SUBMITS | DATA)                                                                     \
	X(SMS_SIGNAL, 0x1203, U16, 2, 2, 0, SUBMITS | DATA)                                                                      \
	X(MS_VALIDITY, 0x1204, OCTETS, 1, 4, 0, SUBMITS | DATA) /* 3.4: 1 octet; 5.0: 4 */                                       \
	X(ALERT_ON_MESSAGE_DELIVERY, 0x130c, OCTETS, 0, 1, 0, SUBMITS | DATA)                                                    \
	X(ITS_REPLY_TYPE, 0x1380, U8, 1, 1, 0, MESSAGES)                                                                         \
	X(ITS_SESSION_INFO, 0x1383, OCTETS, 2, 2, 0, MESSAGES)

enum smpp_tlv {
#define SMPP_ROW(name, tag, kind, least, most, repeat, where) SMPP_TLV_##name,
	SMPP_TLV_TABLE(SMPP_ROW)
#undef SMPP_ROW
	    SMPP_TLV_N
};
_Static_assert(SMPP_TLV_N <= 64, "smpp_pdu.has has one bit for each");

/* One address or list of submit_multi. */
struct smpp_destination {
	bool list; /* digits are the name of a distribution list; ton and npi are 0 */
	struct smpp_address address;
};

/* One entry of the answer to submit_multi: an address that the message does not go to. */
struct smpp_failure {
	struct smpp_address address;
	uint32_t status;
};

struct smpp_pdu {
	struct smpp_header header; /* of smpp_encode(): length is ignored */

	/* binds and their answers, outbind */
	char system_id[SMPP_SYSTEM_ID_MAX + 1];
	char password[SMPP_PASSWORD_MAX + 1];
	char system_type[SMPP_SYSTEM_TYPE_MAX + 1];
	uint8_t interface_version;
	struct smpp_address range; /* digits: address_range, a regular expression */

	/* messages */
	char service_type[SMPP_SERVICE_TYPE_MAX + 1];
	struct smpp_address source, destination;
	uint8_t esm_class, protocol_id, priority_flag, registered_delivery, replace_if_present, data_coding;
	uint8_t sm_default_msg_id;
	char schedule_delivery_time[SMPP_TIME_LEN + 1];
	char validity_period[SMPP_TIME_LEN + 1]; /* smpp_time.h reads both */
	struct smpp_octets short_message;        /* up to SMPP_SHORT_MESSAGE_MAX */
	char message_id[SMPP_MESSAGE_ID_MAX + 1];

	/* submit_multi and its answer: smpp_list.h walks and builds them */
	uint8_t destinations_n, failures_n;
	struct smpp_octets destinations, failures;

	/* query_sm_resp */
	char final_date[SMPP_TIME_LEN + 1];
	uint8_t message_state, error_code;

	/* optional parameters: bit of each that is present; a number or octets by its kind */
	uint64_t has;
	uint32_t number[SMPP_TLV_N];
	struct smpp_octets octets[SMPP_TLV_N]; /* TEXT: without NUL */
	/* parameters that decoding passed over: unknown tags, and those that do not belong to this
	 * command (3.4 section 3.3: both are ignored) */
	uint16_t ignored;
};

static inline bool smpp_has(const struct smpp_pdu *p, enum smpp_tlv tlv)
{
	return p->has >> tlv & 1;
}

static inline void smpp_set_number(struct smpp_pdu *p, enum smpp_tlv tlv, uint32_t number)
{
	p->has |= UINT64_C(1) << tlv;
	p->number[tlv] = number;
}

/* Borrows the octets until the PDU is encoded. */
static inline void smpp_set_octets(struct smpp_pdu *p, enum smpp_tlv tlv, const void *octets, uint32_t len)
{
	p->has |= UINT64_C(1) << tlv;
	p->octets[tlv] = (struct smpp_octets){ octets, len };
}

static inline bool smpp_is_response(uint32_t command)
{
	return command & SMPP_RESP;
}

/* "submit_sm", "submit_sm_resp", "generic_nack"; "unknown command". Static. */
const char *smpp_command_name(uint32_t command);
/* Whether the tables have the command. */
bool smpp_command_known(uint32_t command);
/* The row of a tag; SMPP_TLV_N: unknown. */
enum smpp_tlv smpp_tlv_find(uint16_t tag);
/* "DESTINATION_PORT"; static. */
const char *smpp_tlv_name(enum smpp_tlv tlv);

/* Reads the first 16 octets. ERR_PROTO: there are fewer. Judges no value. */
ERR_MUST_USE int smpp_header_parse(struct smpp_header *out, const uint8_t *p, size_t n);

/* Reads one whole PDU of `len` octets (the framer's). Texts are copied; octets and lists point into
 * `p`. Returns SMPP_ROK, or the status to refuse it with; then only out->header is set:
 * RINVCMDLEN (a mandatory part that is cut, or 1 to 3 octets after it), RINVCMDID, the status of
 * the field whose text does not end in its size, RINVMSGLEN, RINVNUMDESTS, RINVDESTFLAG,
 * RINVOPTPARSTREAM (an optional parameter that is cut or stands twice), RINVPARLEN (one of a size
 * that is not its own). A response that reports an error may have no body; one that it has and
 * that cannot be read is passed over. */
enum smpp_status smpp_decode(struct smpp_pdu *out, const uint8_t *p, size_t len);

/* Writes one PDU: the mandatory part in the order of the command, then the parameters in `has` in
 * the order of the table. A response with an error status is the header alone (3.4 section 4). The
 * reverse of smpp_decode(): what it wrote is read as the same.
 * ERR_INVAL: an unknown command, a size outside its row, a parameter that does not belong to the
 * command, lists whose number is wrong. ERR_LIMIT: no room in `out`. `out` is useless then. */
ERR_MUST_USE int smpp_encode(struct buf *out, const struct smpp_pdu *p);

/* Writes a response without a body, or generic_nack: refuses what cannot be read. */
ERR_MUST_USE int smpp_encode_refusal(struct buf *out, uint32_t command, uint32_t status, uint32_t sequence);
