/* pol_reason.h - the reasons of decisions, one row each: the word in decision lines, counters
 * and audit, and its meaning. PURE. */
#pragma once
#include "apps/tsp.h"

enum { POL_NO_STATUS = -1 }; /* reason of a session's end: no DAA carries it */

/* Name, word, Request-Status (one for each reason), meaning for an operator.
 * The numbers are stored in the journal, in the history of triggers: append new ones only, and
 * at most up to 255. */
#define POL_REASON_TABLE(X)                                                                                                      \
	X(NONE, "accepted", TSP_STATUS_SUCCESS, "nothing speaks against it")                                                     \
	/* admission of a session */                                                                                             \
	X(UNKNOWN_PEER, "unknown-peer", POL_NO_STATUS, "no SCS is provisioned with this Origin-Host")                            \
	X(WRONG_ANCHOR, "wrong-anchor", POL_NO_STATUS, "the certificate does not chain to a trust anchor of this SCS")           \
	X(NAME_NOT_PROVEN, "name-not-proven", POL_NO_STATUS, "the certificate does not prove the Origin-Host")                   \
	X(WRONG_REALM, "wrong-realm", POL_NO_STATUS, "Origin-Realm is not the provisioned one")                                  \
	X(NOT_PROTECTED, "not-protected", POL_NO_STATUS, "a transport that proves nothing, and the SCS has to prove who it is")  \
	X(CERTIFICATE_EXPIRED, "certificate-expired", POL_NO_STATUS, "the certificate is past its end")                          \
	X(TOO_MANY_CONNECTIONS, "too-many-connections", POL_NO_STATUS, "the SCS holds as many connections as it may")            \
	/* a request */                                                                                                          \
	X(FOREIGN_ORIGIN, "foreign-origin", POL_NO_STATUS, "Origin-Host or Origin-Realm is not the one of the session")          \
	X(FOREIGN_SCS_IDENTITY, "foreign-scs-identity", TSP_STATUS_INVSCSID, "SCS-Identity is not the one of this SCS")          \
	X(MALFORMED_SCS_IDENTITY, "malformed-scs-identity", TSP_STATUS_INVSCSID, "SCS-Identity is not E.164 in TBCD")            \
	X(NO_DEVICE, "no-device", TSP_STATUS_INVEXTID, "neither External-Identifier nor MSISDN")                                 \
	X(MALFORMED_DEVICE, "malformed-device", TSP_STATUS_INVEXTID, "a device identifier is not in its canonical form")         \
	X(CONTRADICTING_DEVICE, "contradicting-device", TSP_STATUS_INVEXTID,                                                     \
	  "the two device identifiers name different devices")                                                                   \
	X(NO_TRIGGER_DATA, "no-trigger-data", TSP_STATUS_INVPAYLOAD, "Trigger-Data is missing")                                  \
	X(ACTION_NOT_ALLOWED, "action-not-allowed", TSP_STATUS_NOTAUTHORIZED, "the SCS may not use this Action-Type")            \
	X(ACTION_NOT_SUPPORTED, "action-not-supported", TSP_STATUS_PERMANENTERROR,                                               \
	  "this gateway does not carry out this Action-Type")                                                                    \
	X(RATE, "rate-exceeded", TSP_STATUS_RATEEXCEEDED, "more requests than the SCS may send")                                 \
	X(QUOTA, "quota-exceeded", TSP_STATUS_QUOTAEXCEEDED, "more triggers today than the SCS may send")                        \
	X(PAYLOAD_TOO_LONG, "payload-too-long", TSP_STATUS_INVPAYLOAD, "the payload is longer than the SCS may send")            \
	X(VALIDITY_TOO_LONG, "validity-too-long", TSP_STATUS_INVPERIOD, "Validity-Time is above the SCS's maximum")              \
	X(PRIORITY_NOT_ALLOWED, "priority-not-allowed", TSP_STATUS_NOTAUTHORIZED, "the SCS may not ask for priority")            \
	X(PORT_NOT_ALLOWED, "port-not-allowed", TSP_STATUS_NOTAUTHORIZED, "the application port is outside the SCS's range")     \
	X(NO_ASSOCIATION, "no-association", TSP_STATUS_NOTAUTHORIZED, "no rule matches this SCS and device")                     \
	X(DENIED, "denied", TSP_STATUS_NOTAUTHORIZED, "a deny rule decided")                                                     \
	X(BLOCKED, "blocked", TSP_STATUS_NOTAUTHORIZED, "a block rule decided")                                                  \
	X(TOO_MANY_RULES, "too-many-rules", TSP_STATUS_NOTAUTHORIZED, "more rules match than the judge takes")                   \
	X(STORE_UNREADABLE, "store-unreadable", TSP_STATUS_TEMPORARYERROR, "the association store could not be read")            \
	X(OVERLOAD, "overload", TSP_STATUS_TEMPORARYERROR, "the system carries as much as it can")                               \
	X(PENDING, "too-many-pending", TSP_STATUS_TEMPORARYERROR, "the SCS has as many triggers pending as it may")              \
	X(REFERENCE_IN_USE, "reference-in-use", TSP_STATUS_PERMANENTERROR,                                                       \
	  "the SCS uses this Reference-Number for a pending trigger, or for one that was reported a short time ago")             \
	X(DUPLICATE_DIFFERS, "duplicate-differs", TSP_STATUS_PERMANENTERROR,                                                     \
	  "same Origin-Host and End-to-End-Id, other content")                                                                   \
	/* the core network's opinion */                                                                                         \
	X(HSS_UNKNOWN_USER, "hss-unknown-user", TSP_STATUS_INVEXTID, "the HSS does not know the device")                         \
	X(HSS_NOT_ALLOWED, "hss-not-allowed", TSP_STATUS_NOTAUTHORIZED, "the HSS does not let this SCS trigger the device")      \
	X(HSS_NO_SERVICE, "hss-no-service", TSP_STATUS_SERVICEUNAVAILABLE, "the device has no trigger service")                  \
	X(HSS_TELESERVICE, "hss-teleservice", TSP_STATUS_SERVICEUNAVAILABLE, "the device has no short message service")          \
	X(HSS_BARRED, "hss-barred", TSP_STATUS_SERVICEUNAVAILABLE, "short messages to the device are barred")                    \
	X(HSS_ABSENT, "hss-absent", TSP_STATUS_TEMPORARYERROR, "the device is absent and the trigger may not wait")              \
	X(HSS_TROUBLE, "hss-trouble", TSP_STATUS_TEMPORARYERROR, "the HSS answered with an error")                               \
	X(HSS_REFUSED, "hss-refused", TSP_STATUS_PERMANENTERROR, "the HSS refused with a code that has no row of its own")       \
	X(HSS_PROTOCOL, "hss-protocol", TSP_STATUS_TEMPORARYERROR, "the HSS's answer breaks the protocol")                       \
	X(HSS_SILENT, "hss-silent", TSP_STATUS_TEMPORARYERROR, "the HSS cannot be reached or did not answer in time")            \
	X(SMSSC_REFUSED, "smssc-refused", TSP_STATUS_PERMANENTERROR, "the SMS-SC refused the trigger")                           \
	X(SMSSC_REPLACE, "smssc-replace-failed", TSP_STATUS_REPLACEFAIL, "the SMS-SC could not replace the trigger")             \
	X(SMSSC_RECALL, "smssc-recall-failed", TSP_STATUS_RECALLFAIL, "the SMS-SC could not recall the trigger")                 \
	X(SMSSC_SENT, "smssc-original-sent", TSP_STATUS_ORIGINALMESSAGESENT,                                                     \
	  "the trigger to recall or replace was sent already")                                                                   \
	X(SMSSC_TROUBLE, "smssc-trouble", TSP_STATUS_TEMPORARYERROR, "the SMS-SC answered with a temporary error")               \
	X(SMSSC_SILENT, "smssc-silent", TSP_STATUS_TEMPORARYERROR, "the SMS-SC cannot be reached or did not answer in time")     \
	X(JOURNAL, "journal-failed", TSP_STATUS_TEMPORARYERROR, "the trigger could not be written to the journal")               \
	X(NOMEM, "out-of-memory", TSP_STATUS_TEMPORARYERROR, "no memory for the trigger")                                        \
	X(CORE_RESTARTING, "core-restarting", TSP_STATUS_TEMPORARYERROR,                                                         \
	  "the core did not take the request before its deadline")                                                               \
	/* recall, replace and revocation */                                                                                     \
	X(ORIGINAL_UNKNOWN, "original-unknown", TSP_STATUS_PERMANENTERROR,                                                       \
	  "no trigger with the number to recall or replace was accepted from this SCS, or it ended too long ago")                \
	X(ORIGINAL_REPORTED, "original-reported", TSP_STATUS_ORIGINALMESSAGESENT,                                                \
	  "the trigger to recall or replace was reported already")                                                               \
	X(ORIGINAL_BUSY, "original-busy", TSP_STATUS_TEMPORARYERROR,                                                             \
	  "the trigger to recall or replace is being submitted, recalled or replaced")                                           \
	X(ORIGINAL_DEVICE, "original-of-another-device", TSP_STATUS_NOTAUTHORIZED,                                               \
	  "the trigger to recall or replace is for another device")                                                              \
	X(NO_OLD_REFERENCE, "no-old-reference", TSP_STATUS_PERMANENTERROR, "a replace does not say what it replaces")            \
	X(SMSSC_NO_RECALL, "smssc-no-recall", TSP_STATUS_RECALLFAIL, "the SMS-SC does not know recall and replace")              \
	X(EXPIRED, "validity-over", TSP_STATUS_REPLACEFAIL, "the validity of the replacement ended before it was submitted")     \
	X(SCS_REMOVED, "scs-removed", TSP_STATUS_NOTAUTHORIZED,                                                                  \
	  "the SCS is no longer provisioned, or under another SCS-Identity")                                                     \
	X(CANCELLED, "cancelled", TSP_STATUS_PERMANENTERROR, "an operator took it back")                                         \
	X(ANSWER_OVERDUE, "answer-overdue", TSP_STATUS_TEMPORARYERROR,                                                           \
	  "the time for the answer to the SCS was over before the outcome was known")                                            \
	X(CERTIFICATE_OF_TWO, "certificate-of-two", POL_NO_STATUS, "the certificate names more than one provisioned SCS")        \
	X(EDGE_FALSE_CLAIM, "edge-false-claim", POL_NO_STATUS,                                                                   \
	  "an edge announced a session that it cannot have: it is in other hands, and was ended")                                \
	X(REPLAY, "replay", TSP_STATUS_PERMANENTERROR, "the Session-Id is that of a finished request of this SCS")               \
	X(OTHER_IKE_IDENTITY, "other-ike-identity", POL_NO_STATUS,                                                               \
	  "the IPsec tunnel around the TLS connection is of another identity than the Origin-Host")                              \
	X(PROTECTION_LOST, "protection-lost", POL_NO_STATUS, "the IPsec protection of the connection ended")                     \
	X(CERTIFICATE_REVOKED, "certificate-revoked", POL_NO_STATUS, "the certificate, or a CA above it, was revoked")           \
	X(REVOCATION_UNKNOWN, "revocation-unknown", POL_NO_STATUS,                                                               \
	  "no CRL in force says that the certificate is not revoked, and the SCS has no revocation_soft")                        \
	X(ABSENT_TOO_OFTEN, "absent-too-often", TSP_STATUS_RATEEXCEEDED,                                                         \
	  "the SCS learned as often as it may, for now, that this device is absent")                                             \
	X(AUDIT, "audit-failed", TSP_STATUS_TEMPORARYERROR, "the audit cannot be written, and audit.on_failure is refuse")       \
	X(TRANSPORT_NOT_AGREED, "transport-not-agreed", POL_NO_STATUS, "the SCS may not connect by this transport")              \
	X(PROTECTION_NOT_AGREED, "protection-not-agreed", POL_NO_STATUS, "connections of the SCS may not have this protection")  \
	X(TLS_VERSION_NOT_AGREED, "tls-version-not-agreed", POL_NO_STATUS, "the SCS may not use this version of TLS")            \
	X(TLS_SUITE_NOT_AGREED, "tls-suite-not-agreed", POL_NO_STATUS, "the SCS may not use this TLS cipher suite")              \
	X(CONNECTING_TOO_OFTEN, "connecting-too-often", POL_NO_STATUS, "the SCS begins more connections per second than it may")

enum pol_reason {
#define POL_ROW(name, word, status, words) POL_##name,
	POL_REASON_TABLE(POL_ROW)
#undef POL_ROW
	    POL_REASON_COUNT
};

/* The word and its meaning; "unknown" outside the table. Static. */
const char *pol_reason_str(enum pol_reason reason);
const char *pol_reason_words(enum pol_reason reason);
/* The enum tsp_request_status. TEMPORARYERROR for a reason without one or outside the table:
 * never an acceptance. */
uint32_t pol_reason_status(enum pol_reason reason);
