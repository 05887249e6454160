/* app_common.h - shared by the commands of Tsp, S6m and T4: identities of the applications, the
 * members that every command has, groups that occur on more than one interface. Codes and grammars:
 * TS 29.368, TS 29.336, TS 29.337. PURE. */
#pragma once
#include "base/buf.h"
#include "diameter/dia_dict.h"
#include "diameter/dia_failed.h"
#include "diameter/dia_msg.h"

#define APP_TSP 16777309u
#define APP_S6M 16777310u
#define APP_T4 16777311u

enum app_command {
	APP_CMD_DEVICE_ACTION = DIA_COMMAND_DEVICE_ACTION,                   /* Tsp DAR/DAA */
	APP_CMD_DEVICE_NOTIFICATION = DIA_COMMAND_DEVICE_NOTIFICATION,       /* Tsp DNR/DNA */
	APP_CMD_SUBSCRIBER_INFORMATION = DIA_COMMAND_SUBSCRIBER_INFORMATION, /* S6m SIR/SIA */
	APP_CMD_DEVICE_TRIGGER = DIA_COMMAND_DEVICE_TRIGGER,                 /* T4 DTR/DTA */
	APP_CMD_DELIVERY_REPORT = DIA_COMMAND_DELIVERY_REPORT,               /* T4 DRR/DRA */
};

#define APP_PROXY_INFO_MAX 16
#define APP_ROUTE_RECORD_MAX 16
#define APP_FEATURES_MAX 8
#define APP_REDIRECT_HOST_MAX 8
#define APP_LOAD_MAX 8
#define APP_ADDITIONAL_NODES_MAX 8
#define APP_USER_IDENTIFIERS_MAX 8

#define APP_NO_STATE_MAINTAINED 1u
#define APP_ERROR_FEATURE_UNSUPPORTED 5011u /* Experimental-Result of 3GPP, TS 29.229 6.2 */

/* Supported-Features 628 (TS 29.229 6.3.29) */
struct app_features {
	uint32_t vendor_id, list_id, list;
	/* M bit of the AVP itself: set in a request when the features are required */
	bool mandatory;
};

/* Lapses of an answer that a lenient reading forgives (RFC 6733 4.1 demands all of it): bit, words.
 * Vendor-Specific-Application-Id is not among them because no answer here demands it. */
#define APP_LAPSE_TABLE(X)                                                                                                       \
	X(AUTH_APPLICATION_ID, 0x1, "no Auth-Application-Id")                                                                    \
	X(AUTH_SESSION_STATE, 0x2, "no Auth-Session-State")                                                                      \
	X(ORIGIN_REALM, 0x4, "no Origin-Realm")                                                                                  \
	X(SESSION_ID_ORDER, 0x8, "Session-Id not first")

enum app_lapse {
#define APP_LAPSE_ROW(name, bit, words) APP_LAPSE_##name = (bit),
	APP_LAPSE_TABLE(APP_LAPSE_ROW)
#undef APP_LAPSE_ROW
#define APP_LAPSE_ROW(name, bit, words) (bit) +
	    APP_LAPSE_ALL = APP_LAPSE_TABLE(APP_LAPSE_ROW) 0
#undef APP_LAPSE_ROW
};

#define APP_LAPSES_TEXT_MAX 128
/* "no Auth-Session-State, no Origin-Realm"; "" for 0. */
void app_lapses_text(char out[APP_LAPSES_TEXT_MAX], uint8_t lapses);

struct app_experimental_result {
	uint32_t vendor_id, code;
	bool present;
};

/* RFC 8583 */
struct app_load {
	struct dia_u32 type;
	struct dia_u64 value;
	struct dia_bytes source_id;
};

/* OC-OLR, RFC 7683 */
struct app_olr {
	bool present;
	uint64_t sequence_number;
	uint32_t report_type;
	struct dia_u32 reduction_percentage, validity_duration;
};

/* The members that all application commands share. A member that the command's grammar does not
 * list stays absent. The lists come last: a message that uses few of them touches little memory. */
struct app_head {
	bool request;
	bool retransmitted; /* T bit */
	bool oc_supported;
	uint8_t proxy_info_n, route_record_n, features_n, redirect_host_n, load_n;
	struct dia_bytes session_id, origin_host, origin_realm, destination_host, destination_realm;
	struct dia_u32 drmp, auth_application_id, auth_session_state, origin_state_id;
	struct dia_u32 result_code;
	struct app_experimental_result experimental_result;
	struct dia_bytes error_message, error_reporting_host;
	struct dia_bytes failed_avp; /* inside of the first Failed-AVP, raw */
	struct dia_u32 redirect_host_usage, redirect_max_cache_time;
	/* OC-Supported-Features present with or without its vector: see oc_supported */
	struct dia_u64 oc_feature_vector;
	struct app_olr olr;
#define APP_HEAD_LISTS proxy_info
	/* each the inside of one Proxy-Info, raw */
	struct dia_bytes proxy_info[APP_PROXY_INFO_MAX];
	struct dia_bytes route_record[APP_ROUTE_RECORD_MAX];
	struct app_features features[APP_FEATURES_MAX];
	struct dia_bytes redirect_host[APP_REDIRECT_HOST_MAX];
	struct app_load load[APP_LOAD_MAX];
};

/* User-Identifier 3102, TS 29.336 6.4.2 */
struct app_user_identifier {
	struct dia_bytes user_name; /* IMSI digits */
	struct dia_bytes msisdn;    /* TBCD */
	struct dia_bytes external_identifier, lmsi;
};

/* Serving-Node 2401 / Additional-Serving-Node 2406, TS 29.173 */
struct app_serving_node {
	bool present;
	struct dia_bytes sgsn_name, sgsn_realm, sgsn_number;
	struct dia_bytes mme_name, mme_realm, mme_number_for_mt_sms;
	struct dia_bytes msc_number;
	struct dia_bytes ip_sm_gw_number, ip_sm_gw_name, ip_sm_gw_realm;
	struct dia_bytes smsf_3gpp_number, smsf_3gpp_name, smsf_3gpp_realm;
	struct dia_bytes smsf_non_3gpp_number, smsf_non_3gpp_name, smsf_non_3gpp_realm;
};

/* No member is there, every list has the count 0. */
void app_head_clear(struct app_head *head);

/* Prepares the head of an answer: request's Session-Id, Auth-Application-Id and Proxy-Info, never
 * T; Auth-Session-State 1; our origin. Borrows from `request`, `host` and `realm` as long as
 * `answer` is used. */
void app_answer_head(struct app_head *answer, const struct app_head *request, const char *host, const char *realm);

/* Whom an answer has to come from and what it has to answer. */
struct app_request {
	const void *session_id; /* of the request */
	size_t session_id_len;
	const char *host;  /* Destination-Host of the request; NULL: it had none */
	const char *peer;  /* the other side of the connection; NULL with `host` */
	const char *realm; /* Destination-Realm of the request; NULL with `host` */
};
/* NULL: the answer belongs to this request. Else static words. A Session-Id must be the request's.
 * A success must come from the requested host; if the request named none, from the peer itself or
 * from its realm through a relay. A refusal may come from any node of the path (RFC 6733 7.2). */
const char *app_foreign(const struct app_head *answer, const struct app_request *request);

/* SCS-Identity (E.164 digits) -> SM-RP-SMEA: digit count, 0x91, TBCD (TS 23.040 9.1.2.5). out holds
 * 12 octets. */
#define APP_SMEA_MAX 12
ERR_MUST_USE int app_smea(uint8_t out[APP_SMEA_MAX], size_t *len, const char *digits);
/* Back to digits; ERR_INVAL unless international E.164 with the count it names. `digits` holds
 * STR_DIGITS_MAX + 1. */
ERR_MUST_USE int app_unsmea(char *digits, const void *p, size_t len);
