/* dia_dict.h - the dictionary: one row for each AVP, each command and each application.
 * Sources: RFC 6733, 7683, 7944, 8583, 8506; TS 29.229, 29.329, 29.173, 29.272, 29.336, 29.337,
 * 29.338, 29.368. PURE. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum dia_type {
	DIA_TYPE_OCTETS,   /* OctetString */
	DIA_TYPE_OCTETS_4, /* OctetString of exactly 4 octets (LMSI) */
	DIA_TYPE_U32,
	DIA_TYPE_U64,
	DIA_TYPE_ENUM,
	DIA_TYPE_TIME,
	DIA_TYPE_UTF8,
	DIA_TYPE_IDENTITY, /* DiameterIdentity */
	DIA_TYPE_URI,
	DIA_TYPE_ADDRESS,
	DIA_TYPE_GROUPED,
};

/* what we send; on receipt a known AVP's M bit is ignored */
enum dia_m_rule { DIA_M_MUST, DIA_M_CLEAR, DIA_M_EITHER };

/* Symbol, code, vendor, name, type, M rule. Sorted by (vendor, code), because dia_avp_def_find()
 * bisects; a test checks the order. */
#define DIA_AVP_TABLE(X)                                                                                                         \
	X(USER_NAME, 1, 0, "User-Name", UTF8, MUST)                                                                              \
	X(CLASS, 25, 0, "Class", OCTETS, MUST)                                                                                   \
	X(SESSION_TIMEOUT, 27, 0, "Session-Timeout", U32, MUST)                                                                  \
	X(PROXY_STATE, 33, 0, "Proxy-State", OCTETS, MUST)                                                                       \
	X(ACCT_SESSION_ID, 44, 0, "Acct-Session-Id", OCTETS, MUST)                                                               \
	X(ACCT_MULTI_SESSION_ID, 50, 0, "Acct-Multi-Session-Id", UTF8, MUST)                                                     \
	X(EVENT_TIMESTAMP, 55, 0, "Event-Timestamp", TIME, MUST)                                                                 \
	X(ACCT_INTERIM_INTERVAL, 85, 0, "Acct-Interim-Interval", U32, MUST)                                                      \
	X(HOST_IP_ADDRESS, 257, 0, "Host-IP-Address", ADDRESS, MUST)                                                             \
	X(AUTH_APPLICATION_ID, 258, 0, "Auth-Application-Id", U32, MUST)                                                         \
	X(ACCT_APPLICATION_ID, 259, 0, "Acct-Application-Id", U32, MUST)                                                         \
	X(VENDOR_SPECIFIC_APPLICATION_ID, 260, 0, "Vendor-Specific-Application-Id", GROUPED, MUST)                               \
	X(REDIRECT_HOST_USAGE, 261, 0, "Redirect-Host-Usage", ENUM, MUST)                                                        \
	X(REDIRECT_MAX_CACHE_TIME, 262, 0, "Redirect-Max-Cache-Time", U32, MUST)                                                 \
	X(SESSION_ID, 263, 0, "Session-Id", UTF8, MUST)                                                                          \
	X(ORIGIN_HOST, 264, 0, "Origin-Host", IDENTITY, MUST)                                                                    \
	X(SUPPORTED_VENDOR_ID, 265, 0, "Supported-Vendor-Id", U32, MUST)                                                         \
	X(VENDOR_ID, 266, 0, "Vendor-Id", U32, MUST)                                                                             \
	X(FIRMWARE_REVISION, 267, 0, "Firmware-Revision", U32, CLEAR)                                                            \
	X(RESULT_CODE, 268, 0, "Result-Code", U32, MUST)                                                                         \
	X(PRODUCT_NAME, 269, 0, "Product-Name", UTF8, CLEAR)                                                                     \
	X(SESSION_BINDING, 270, 0, "Session-Binding", U32, MUST)                                                                 \
	X(SESSION_SERVER_FAILOVER, 271, 0, "Session-Server-Failover", ENUM, MUST)                                                \
	X(MULTI_ROUND_TIME_OUT, 272, 0, "Multi-Round-Time-Out", U32, MUST)                                                       \
	X(DISCONNECT_CAUSE, 273, 0, "Disconnect-Cause", ENUM, MUST)                                                              \
	X(AUTH_REQUEST_TYPE, 274, 0, "Auth-Request-Type", ENUM, MUST)                                                            \
	X(AUTH_GRACE_PERIOD, 276, 0, "Auth-Grace-Period", U32, MUST)                                                             \
	X(AUTH_SESSION_STATE, 277, 0, "Auth-Session-State", ENUM, MUST)                                                          \
	X(ORIGIN_STATE_ID, 278, 0, "Origin-State-Id", U32, MUST)                                                                 \
	X(FAILED_AVP, 279, 0, "Failed-AVP", GROUPED, MUST)                                                                       \
	X(PROXY_HOST, 280, 0, "Proxy-Host", IDENTITY, MUST)                                                                      \
	X(ERROR_MESSAGE, 281, 0, "Error-Message", UTF8, CLEAR)                                                                   \
	X(ROUTE_RECORD, 282, 0, "Route-Record", IDENTITY, MUST)                                                                  \
	X(DESTINATION_REALM, 283, 0, "Destination-Realm", IDENTITY, MUST)                                                        \
	X(PROXY_INFO, 284, 0, "Proxy-Info", GROUPED, MUST)                                                                       \
	X(RE_AUTH_REQUEST_TYPE, 285, 0, "Re-Auth-Request-Type", ENUM, MUST)                                                      \
	X(ACCOUNTING_SUB_SESSION_ID, 287, 0, "Accounting-Sub-Session-Id", U64, MUST)                                             \
	X(AUTHORIZATION_LIFETIME, 291, 0, "Authorization-Lifetime", U32, MUST)                                                   \
	X(REDIRECT_HOST, 292, 0, "Redirect-Host", URI, MUST)                                                                     \
	X(DESTINATION_HOST, 293, 0, "Destination-Host", IDENTITY, MUST)                                                          \
	X(ERROR_REPORTING_HOST, 294, 0, "Error-Reporting-Host", IDENTITY, CLEAR)                                                 \
	X(TERMINATION_CAUSE, 295, 0, "Termination-Cause", ENUM, MUST)                                                            \
	X(ORIGIN_REALM, 296, 0, "Origin-Realm", IDENTITY, MUST)                                                                  \
	X(EXPERIMENTAL_RESULT, 297, 0, "Experimental-Result", GROUPED, MUST)                                                     \
	X(EXPERIMENTAL_RESULT_CODE, 298, 0, "Experimental-Result-Code", U32, MUST)                                               \
	X(INBAND_SECURITY_ID, 299, 0, "Inband-Security-Id", U32, MUST)                                                           \
	X(DRMP, 301, 0, "DRMP", ENUM, CLEAR)                                                                                     \
	X(VALIDITY_TIME, 448, 0, "Validity-Time", U32, MUST)                                                                     \
	X(ACCOUNTING_RECORD_TYPE, 480, 0, "Accounting-Record-Type", ENUM, MUST)                                                  \
	X(ACCOUNTING_REALTIME_REQUIRED, 483, 0, "Accounting-Realtime-Required", ENUM, MUST)                                      \
	X(ACCOUNTING_RECORD_NUMBER, 485, 0, "Accounting-Record-Number", U32, MUST)                                               \
	X(OC_SUPPORTED_FEATURES, 621, 0, "OC-Supported-Features", GROUPED, CLEAR)                                                \
	X(OC_FEATURE_VECTOR, 622, 0, "OC-Feature-Vector", U64, CLEAR)                                                            \
	X(OC_OLR, 623, 0, "OC-OLR", GROUPED, CLEAR)                                                                              \
	X(OC_SEQUENCE_NUMBER, 624, 0, "OC-Sequence-Number", U64, CLEAR)                                                          \
	X(OC_VALIDITY_DURATION, 625, 0, "OC-Validity-Duration", U32, CLEAR)                                                      \
	X(OC_REPORT_TYPE, 626, 0, "OC-Report-Type", ENUM, CLEAR)                                                                 \
	X(OC_REDUCTION_PERCENTAGE, 627, 0, "OC-Reduction-Percentage", U32, CLEAR)                                                \
	X(SOURCE_ID, 649, 0, "SourceID", IDENTITY, CLEAR)                                                                        \
	X(LOAD, 650, 0, "Load", GROUPED, CLEAR)                                                                                  \
	X(LOAD_TYPE, 651, 0, "Load-Type", ENUM, CLEAR)                                                                           \
	X(LOAD_VALUE, 652, 0, "Load-Value", U64, CLEAR)                                                                          \
	X(SUPPORTED_FEATURES, 628, 10415, "Supported-Features", GROUPED, EITHER)                                                 \
	X(FEATURE_LIST_ID, 629, 10415, "Feature-List-ID", U32, CLEAR)                                                            \
	X(FEATURE_LIST, 630, 10415, "Feature-List", U32, CLEAR)                                                                  \
	X(MSISDN, 701, 10415, "MSISDN", OCTETS, MUST)                                                                            \
	X(SGSN_NUMBER, 1489, 10415, "SGSN-Number", OCTETS, MUST)                                                                 \
	X(MME_NUMBER_FOR_MT_SMS, 1645, 10415, "MME-Number-for-MT-SMS", OCTETS, CLEAR)                                            \
	X(LMSI, 2400, 10415, "LMSI", OCTETS_4, MUST)                                                                             \
	X(SERVING_NODE, 2401, 10415, "Serving-Node", GROUPED, MUST)                                                              \
	X(MME_NAME, 2402, 10415, "MME-Name", IDENTITY, MUST)                                                                     \
	X(MSC_NUMBER, 2403, 10415, "MSC-Number", OCTETS, MUST)                                                                   \
	X(ADDITIONAL_SERVING_NODE, 2406, 10415, "Additional-Serving-Node", GROUPED, MUST)                                        \
	X(MME_REALM, 2408, 10415, "MME-Realm", IDENTITY, CLEAR)                                                                  \
	X(SGSN_NAME, 2409, 10415, "SGSN-Name", IDENTITY, CLEAR)                                                                  \
	X(SGSN_REALM, 2410, 10415, "SGSN-Realm", IDENTITY, CLEAR)                                                                \
	X(DEVICE_ACTION, 3001, 10415, "Device-Action", GROUPED, MUST)                                                            \
	X(DEVICE_NOTIFICATION, 3002, 10415, "Device-Notification", GROUPED, MUST)                                                \
	X(TRIGGER_DATA, 3003, 10415, "Trigger-Data", GROUPED, MUST)                                                              \
	X(PAYLOAD, 3004, 10415, "Payload", OCTETS, MUST)                                                                         \
	X(ACTION_TYPE, 3005, 10415, "Action-Type", ENUM, MUST)                                                                   \
	X(PRIORITY_INDICATION, 3006, 10415, "Priority-Indication", ENUM, MUST)                                                   \
	X(REFERENCE_NUMBER, 3007, 10415, "Reference-Number", U32, MUST)                                                          \
	X(REQUEST_STATUS, 3008, 10415, "Request-Status", ENUM, MUST)                                                             \
	X(DELIVERY_OUTCOME, 3009, 10415, "Delivery-Outcome", ENUM, MUST)                                                         \
	X(APPLICATION_PORT_IDENTIFIER, 3010, 10415, "Application-Port-Identifier", U32, MUST)                                    \
	X(OLD_REFERENCE_NUMBER, 3011, 10415, "Old-Reference-Number", U32, CLEAR)                                                 \
	X(FEATURE_SUPPORTED_IN_FINAL_TARGET, 3012, 10415, "Feature-Supported-In-Final-Target", U32, CLEAR)                       \
	X(IP_SM_GW_NUMBER, 3100, 10415, "IP-SM-GW-Number", OCTETS, MUST)                                                         \
	X(IP_SM_GW_NAME, 3101, 10415, "IP-SM-GW-Name", IDENTITY, MUST)                                                           \
	X(USER_IDENTIFIER, 3102, 10415, "User-Identifier", GROUPED, MUST)                                                        \
	X(SERVICE_ID, 3103, 10415, "Service-ID", ENUM, MUST)                                                                     \
	X(SCS_IDENTITY, 3104, 10415, "SCS-Identity", OCTETS, MUST)                                                               \
	X(SERVICE_PARAMETERS, 3105, 10415, "Service-Parameters", GROUPED, MUST)                                                  \
	X(T4_PARAMETERS, 3106, 10415, "T4-Parameters", GROUPED, MUST)                                                            \
	X(SERVICE_DATA, 3107, 10415, "Service-Data", GROUPED, MUST)                                                              \
	X(T4_DATA, 3108, 10415, "T4-Data", GROUPED, MUST)                                                                        \
	X(HSS_CAUSE, 3109, 10415, "HSS-Cause", U32, MUST)                                                                        \
	X(SIR_FLAGS, 3110, 10415, "SIR-Flags", U32, MUST)                                                                        \
	X(EXTERNAL_IDENTIFIER, 3111, 10415, "External-Identifier", UTF8, MUST)                                                   \
	X(IP_SM_GW_REALM, 3112, 10415, "IP-SM-GW-Realm", IDENTITY, MUST)                                                         \
	X(SM_DELIVERY_OUTCOME_T4, 3200, 10415, "SM-Delivery-Outcome-T4", ENUM, MUST)                                             \
	X(ABSENT_SUBSCRIBER_DIAGNOSTIC_T4, 3201, 10415, "Absent-Subscriber-Diagnostic-T4", ENUM, MUST)                           \
	X(TRIGGER_ACTION, 3202, 10415, "Trigger-Action", U32, CLEAR)                                                             \
	X(MTC_ERROR_DIAGNOSTIC, 3203, 10415, "MTC-Error-Diagnostic", U32, CLEAR)                                                 \
	X(SM_RP_UI, 3301, 10415, "SM-RP-UI", OCTETS, MUST)                                                                       \
	X(SM_RP_SMEA, 3309, 10415, "SM-RP-SMEA", OCTETS, MUST)                                                                   \
	X(SMSF_3GPP_NUMBER, 3338, 10415, "SMSF-3GPP-Number", OCTETS, CLEAR)                                                      \
	X(SMSF_NON_3GPP_NUMBER, 3339, 10415, "SMSF-Non-3GPP-Number", OCTETS, CLEAR)                                              \
	X(SMSF_3GPP_NAME, 3340, 10415, "SMSF-3GPP-Name", IDENTITY, CLEAR)                                                        \
	X(SMSF_NON_3GPP_NAME, 3341, 10415, "SMSF-Non-3GPP-Name", IDENTITY, CLEAR)                                                \
	X(SMSF_3GPP_REALM, 3342, 10415, "SMSF-3GPP-Realm", IDENTITY, CLEAR)                                                      \
	X(SMSF_NON_3GPP_REALM, 3343, 10415, "SMSF-Non-3GPP-Realm", IDENTITY, CLEAR)

enum dia_code {
#define DIA_ROW_(symbol, code, vendor, name, type, m) DIA_CODE_##symbol = (code),
	DIA_AVP_TABLE(DIA_ROW_)
#undef DIA_ROW_
};

enum dia_code_vendor {
#define DIA_ROW_(symbol, code, vendor, name, type, m) DIA_CODE_VENDOR_##symbol = (vendor),
	DIA_AVP_TABLE(DIA_ROW_)
#undef DIA_ROW_
};

enum dia_index {
#define DIA_ROW_(symbol, code, vendor, name, type, m) DIA_INDEX_##symbol,
	DIA_AVP_TABLE(DIA_ROW_)
#undef DIA_ROW_
	    DIA_INDEX_COUNT
};

struct dia_avp_def {
	uint32_t code, vendor;
	const char *name;
	enum dia_type type;
	enum dia_m_rule m;
};

extern const struct dia_avp_def dia_avp_defs[DIA_INDEX_COUNT];
#define DIA_DEF(symbol) (&dia_avp_defs[DIA_INDEX_##symbol])

/* NULL when the dictionary does not have it: then the receiver "does not understand" it. */
const struct dia_avp_def *dia_avp_def_find(uint32_t code, uint32_t vendor);
/* Octets of data at least and at most (UINT32_MAX: no bound) for a type. */
struct dia_type_len {
	uint32_t min, max;
};
extern const struct dia_type_len dia_type_lens[];

/* Stem of the abbreviation, code, application, P bit. */
#define DIA_COMMAND_TABLE(X)                                                                                                     \
	X(CAPABILITIES_EXCHANGE, "CE", 257, 0u, false)                                                                           \
	X(DEVICE_WATCHDOG, "DW", 280, 0u, false)                                                                                 \
	X(DISCONNECT_PEER, "DP", 282, 0u, false)                                                                                 \
	X(DEVICE_ACTION, "DA", 8388639, 16777309u, true)                                                                         \
	X(DEVICE_NOTIFICATION, "DN", 8388640, 16777309u, true)                                                                   \
	X(SUBSCRIBER_INFORMATION, "SI", 8388641, 16777310u, true)                                                                \
	X(DEVICE_TRIGGER, "DT", 8388643, 16777311u, true)                                                                        \
	X(DELIVERY_REPORT, "DR", 8388644, 16777311u, true)

enum dia_command_code {
#define DIA_ROW_(symbol, stem, code, app, p) DIA_COMMAND_##symbol = (code),
	DIA_COMMAND_TABLE(DIA_ROW_)
#undef DIA_ROW_
};

/* "DAR", "CEA", ...; "unknown" for a command that is not in the table. Static. */
const char *dia_command_str(uint32_t code, bool request);

#define DIA_APPLICATION_TABLE(X)                                                                                                 \
	X(0u, "common")                                                                                                          \
	X(3u, "accounting")                                                                                                      \
	X(16777309u, "Tsp")                                                                                                      \
	X(16777310u, "S6m")                                                                                                      \
	X(16777311u, "T4")                                                                                                       \
	X(0xffffffffu, "relay")

/* "Tsp", ...; "unknown" otherwise. Static. */
const char *dia_application_str(uint32_t app_id);
