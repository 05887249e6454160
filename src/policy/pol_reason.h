/* pol_reason.h - why: one word a row, as decision lines, counters and audit show it. Facts stand in one row. PURE. */
#pragma once

/* name, word, what it means to an operator */
#define POL_REASON_TABLE(X)                                                                                                      \
	X(NONE, "accepted", "nothing speaks against it")                                                                         \
	/* admission of a session */                                                                                             \
	X(UNKNOWN_PEER, "unknown-peer", "no SCS is provisioned with this Origin-Host")                                           \
	X(WRONG_ANCHOR, "wrong-anchor", "the certificate does not chain to the trust anchor of this SCS")                        \
	X(NAME_NOT_PROVEN, "name-not-proven", "the certificate does not prove the Origin-Host")                                  \
	X(WRONG_REALM, "wrong-realm", "Origin-Realm is not the provisioned one")                                                 \
	X(NOT_PROTECTED, "not-protected", "a transport that proves nothing, and the SCS has to prove who it is")                 \
	X(CERTIFICATE_EXPIRED, "certificate-expired", "the certificate is past its end")                                         \
	X(TOO_MANY_CONNECTIONS, "too-many-connections", "the SCS holds as many connections as it may")                           \
	/* a request */                                                                                                          \
	X(FOREIGN_ORIGIN, "foreign-origin", "Origin-Host or Origin-Realm is not the one of the session")                         \
	X(FOREIGN_SCS_IDENTITY, "foreign-scs-identity", "SCS-Identity is not the one of this SCS")                               \
	X(MALFORMED_SCS_IDENTITY, "malformed-scs-identity", "SCS-Identity is not E.164 in TBCD")                                 \
	X(NO_DEVICE, "no-device", "neither External-Identifier nor MSISDN")                                                      \
	X(MALFORMED_DEVICE, "malformed-device", "a device identifier is not in its canonical form")                              \
	X(CONTRADICTING_DEVICE, "contradicting-device", "the two device identifiers name different devices")                     \
	X(NO_TRIGGER_DATA, "no-trigger-data", "Trigger-Data is missing")                                                         \
	X(ACTION_NOT_ALLOWED, "action-not-allowed", "the SCS may not use this Action-Type")                                      \
	X(ACTION_NOT_SUPPORTED, "action-not-supported", "this gateway does not carry out this Action-Type")                      \
	X(RATE, "rate-exceeded", "more requests than the SCS may send")                                                          \
	X(QUOTA, "quota-exceeded", "more triggers today than the SCS may send")                                                  \
	X(PAYLOAD_TOO_LONG, "payload-too-long", "the payload is longer than the SCS may send")                                   \
	X(VALIDITY_TOO_LONG, "validity-too-long", "Validity-Time is above the SCS's maximum")                                    \
	X(PRIORITY_NOT_ALLOWED, "priority-not-allowed", "the SCS may not ask for priority")                                      \
	X(PORT_NOT_ALLOWED, "port-not-allowed", "the application port is outside the SCS's range")                               \
	X(NO_ASSOCIATION, "no-association", "no rule speaks about this SCS and device")                                          \
	X(DENIED, "denied", "a deny rule decided")                                                                               \
	X(BLOCKED, "blocked", "a block rule decided")                                                                            \
	X(TOO_MANY_RULES, "too-many-rules", "more rules match than the judge takes")                                             \
	X(STORE_UNREADABLE, "store-unreadable", "the association store could not be read")                                       \
	X(OVERLOAD, "overload", "the system carries as much as it can")                                                          \
	X(PENDING, "too-many-pending", "the SCS has as many triggers pending as it may")                                         \
	X(REFERENCE_IN_USE, "reference-in-use", "the SCS uses this Reference-Number for a pending trigger")                      \
	X(DUPLICATE_DIFFERS, "duplicate-differs", "same Origin-Host and End-to-End-Id, other content")                           \
	/* the core network's opinion */                                                                                         \
	X(HSS_UNKNOWN_USER, "hss-unknown-user", "the HSS does not know the device")                                              \
	X(HSS_NOT_ALLOWED, "hss-not-allowed", "the HSS does not let this SCS trigger the device")                                \
	X(HSS_NO_SERVICE, "hss-no-service", "the device has no trigger service")                                                 \
	X(HSS_TELESERVICE, "hss-teleservice", "the device has no short message service")                                         \
	X(HSS_BARRED, "hss-barred", "short messages to the device are barred")                                                   \
	X(HSS_ABSENT, "hss-absent", "the device is absent and the trigger may not wait")                                         \
	X(HSS_TROUBLE, "hss-trouble", "the HSS answered with an error")                                                          \
	X(HSS_REFUSED, "hss-refused", "the HSS refused with a code that has no row of its own")                                  \
	X(HSS_PROTOCOL, "hss-protocol", "the HSS's answer breaks the protocol")                                                  \
	X(HSS_SILENT, "hss-silent", "the HSS cannot be reached or did not answer in time")                                       \
	X(SMSSC_REFUSED, "smssc-refused", "the SMS-SC refused the trigger")                                                      \
	X(SMSSC_REPLACE, "smssc-replace-failed", "the SMS-SC could not replace the trigger")                                     \
	X(SMSSC_RECALL, "smssc-recall-failed", "the SMS-SC could not recall the trigger")                                        \
	X(SMSSC_SENT, "smssc-original-sent", "the trigger to recall or replace was sent already")                                \
	X(SMSSC_TROUBLE, "smssc-trouble", "the SMS-SC answered with a temporary error")                                          \
	X(SMSSC_SILENT, "smssc-silent", "the SMS-SC cannot be reached or did not answer in time")                                \
	X(JOURNAL, "journal-failed", "the trigger could not be written to the journal")                                          \
	X(NOMEM, "out-of-memory", "no memory for the trigger")                                                                   \
	X(CORE_RESTARTING, "core-restarting", "the core did not take the request before its deadline")

enum pol_reason {
#define POL_ROW(name, word, words) POL_##name,
	POL_REASON_TABLE(POL_ROW)
#undef POL_ROW
	    POL_REASON_COUNT
};

/* The word and its meaning; "unknown" outside the table. Static. */
const char *pol_reason_str(enum pol_reason reason);
const char *pol_reason_words(enum pol_reason reason);
