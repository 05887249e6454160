/* scs_limits.h - the limits of an SCS, one row each. From these rows are made: the members of
 * struct asc_scs and struct pol_scs, the record on disk, the arguments of scs.add and scs.set, the
 * options of mtcctl, the columns of a file of SCSs, scs.show and the limits in force. A new limit
 * is a row at the end (never between: the order is that of the record on disk) and the place that
 * enforces it. Tests name the manual pages that must mention it.
 *
 * X(ID, member, KIND, min, max, preset, "option", WHERE, "meaning")
 *   ID       of the bit ASC_KEEP_ID
 *   member   of the structs; also the name of the argument and of the column
 *   KIND     U32, U16: a number from min to max, which are literals; RIGHTS: ASSOC_RIGHT_*;
 *            ON, OFF: a boolean whose default is true, false; SET: some of the words in min, a
 *            list of agreement.h
 *   preset   the value of a new SCS when none is given; of ON true, of OFF false
 *   option   of mtcctl, without --; of a boolean the key of `scs set`, and `scs add` has --OPTION
 *            for OFF and --no-OPTION for ON
 *   WHERE    CONF: the configuration has the same limit, 0 means that one, and the smaller of both
 *            is in force; OWN: only the SCS has it
 * ctl/ takes a max of 0 for no bound. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/agreement.h"
#include "base/assoc_rule.h"

/* Octets of a trigger payload that the gateway can carry; every configured limit is below. */
#define TRIGGER_PAYLOAD_MAX 4096u

#define SCS_LIMITS(X)                                                                                                            \
	X(PAYLOAD_MAX, payload_max, U32, 0, 65536, 0, "payload-max", CONF,                                                       \
	  "largest trigger payload in bytes; 0: limits.payload of the configuration")                                            \
	X(VALIDITY_MAX, validity_max_s, U32, 0, 4294967295, 0, "validity-max", CONF,                                             \
	  "longest validity time in seconds; 0: limits.validity_max of the configuration")                                       \
	X(PORT_MIN, port_min, U16, 0, 65535, 0, "port-min", OWN, "lowest application port that its triggers may address")        \
	X(PORT_MAX, port_max, U16, 0, 65535, 65535, "port-max", OWN, "highest application port that its triggers may address")   \
	X(PRIORITY, priority_allowed, ON, 0, 0, true, "priority", OWN, "triggers with priority are allowed")                     \
	X(ACTIONS, actions, RIGHTS, 0, 0, ASSOC_RIGHT_ALL, "actions", OWN, "actions that are allowed, whatever the rules say")   \
	X(RATE, rate_per_s, U32, 0, 4294967295, 0, "rate", OWN, "requests per second; 0: no limit")                              \
	X(BURST, burst, U32, 0, 4294967295, 0, "burst", OWN, "further requests allowed at once, above the rate")                 \
	X(QUOTA, quota_per_day, U32, 0, 4294967295, 0, "quota", OWN, "triggers per day (UTC); 0: no limit")                      \
	X(CONNECTIONS_MAX, connections_max, U32, 0, 1024, 0, "connections-max", CONF,                                            \
	  "simultaneous connections; 0: limits.connections_per_scs of the configuration")                                        \
	X(PENDING_MAX, pending_max, U32, 0, 65536, 0, "pending-max", CONF,                                                       \
	  "simultaneous unanswered requests; 0: limits.pending_per_scs of the configuration")                                    \
	X(P_BIT, p_bit_optional, OFF, 0, 0, false, "p-bit-optional", OWN,                                                        \
	  "requests without the P bit of the Diameter header are accepted (some stacks omit it) "                                \
	  "instead of refused with 3008")                                                                                        \
	X(STRICT_ANSWERS, strict_answers, OFF, 0, 0, false, "strict-answers", OWN,                                               \
	  "answers to delivery reports count only if they have every AVP that RFC 6733 requires")                                \
	X(REVOCATION_SOFT, revocation_soft, OFF, 0, 0, false, "revocation-soft", OWN,                                            \
	  "a certificate is accepted although the CRL of its CA is missing or past its nextUpdate, or its OCSP responder does "  \
	  "not answer; a revoked one never is")                                                                                  \
	X(ABSENT_MAX, absent_max, U32, 0, 1000000, 0, "absent-max", CONF,                                                        \
	  "times in privacy.absent_window that it may learn of a device that it is absent; 0: privacy.absent_answers of the "    \
	  "configuration")                                                                                                       \
	X(TRANSPORTS, transports, SET, AGREED_TRANSPORTS, 0, AGREED_ANY, "transports", OWN, "transports that it may connect by") \
	X(PROTECTIONS, protections, SET, AGREED_PROTECTIONS, 0, AGREED_ANY, "protections", OWN,                                  \
	  "protections that its connections may have")                                                                           \
	X(TLS_VERSIONS, tls_versions, SET, AGREED_TLS_VERSIONS, 0, AGREED_ANY, "tls-versions", OWN,                              \
	  "versions of TLS that it may use")                                                                                     \
	X(TLS_SUITES, tls_suites, SET, AGREED_TLS_SUITES, 0, AGREED_ANY, "tls-suites", OWN, "TLS cipher suites that it may use")

#define SCS_LIMIT_TYPE_U32 uint32_t
#define SCS_LIMIT_TYPE_U16 uint16_t
#define SCS_LIMIT_TYPE_ON bool
#define SCS_LIMIT_TYPE_OFF bool
#define SCS_LIMIT_TYPE_RIGHTS uint8_t
#define SCS_LIMIT_TYPE_SET uint16_t

/* For use as SCS_LIMITS(SCS_LIMIT_MEMBER) in a struct, and SCS_LIMITS(SCS_LIMIT_INDEX) in an
 * enum. */
#define SCS_LIMIT_MEMBER(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) SCS_LIMIT_TYPE_##kind_ member_;
#define SCS_LIMIT_INDEX(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) SCS_LIMIT_##id_,

enum { SCS_LIMITS(SCS_LIMIT_INDEX) SCS_LIMITS_N };

struct scs_limits { /* all of them; those in force, where it says no other */
	SCS_LIMITS(SCS_LIMIT_MEMBER)
};
