/* scs_limits.h - the limits of an SCS, one row each. From these rows are made: the members of struct asc_scs and struct pol_scs, the
 * record on disk, the arguments of scs.add and scs.set, the options of mtcctl, the columns of a file of SCSs, scs.show and the limits in
 * force. A new limit is a row at the end (never between: the order is that of the record on disk) and the place that enforces it; tests
 * name the manual pages that have to mention it.
 *
 * X(ID, member, KIND, min, max, preset, "option", WHERE, "meaning")
 *   ID       of the bit ASC_KEEP_ID
 *   member   of the structs; also the name of the argument and of the column
 *   KIND     U32, U16: a number from min to max, which are literals; RIGHTS: ASSOC_RIGHT_*; ON, OFF: a boolean that is true, false when
 *            nobody says it
 *   preset   what an operator gets who says nothing; of ON and OFF true and false
 *   option   of mtcctl, without --; of a boolean the key of `scs set`, and `scs add` has --OPTION for OFF and --no-OPTION for ON
 *   WHERE    CONF: the configuration has the same limit, 0 is that one, and the smaller one is in force; OWN: the SCS alone has it
 * ctl/ takes a max of 0 for no bound. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/assoc_rule.h"

/* Octets of a trigger payload that the gateway can carry; every configured limit is below. */
#define TRIGGER_PAYLOAD_MAX 4096u

#define SCS_LIMITS(X)                                                                                                            \
	X(PAYLOAD_MAX, payload_max, U32, 0, 65536, 0, "payload-max", CONF,                                                       \
	  "octets of a trigger payload, 0: limits.payload of the configuration")                                                 \
	X(VALIDITY_MAX, validity_max_s, U32, 0, 4294967295, 0, "validity-max", CONF,                                             \
	  "seconds of validity it may ask for, 0: limits.validity_max of the configuration")                                     \
	X(PORT_MIN, port_min, U16, 0, 65535, 0, "port-min", OWN, "lowest application port it may address")                       \
	X(PORT_MAX, port_max, U16, 0, 65535, 65535, "port-max", OWN, "highest application port it may address")                  \
	X(PRIORITY, priority_allowed, ON, 0, 0, true, "priority", OWN, "it may ask for priority")                                \
	X(ACTIONS, actions, RIGHTS, 0, 0, ASSOC_RIGHT_ALL, "actions", OWN, "what it may ask for at all")                         \
	X(RATE, rate_per_s, U32, 0, 4294967295, 0, "rate", OWN, "requests a second, 0: no limit")                                \
	X(BURST, burst, U32, 0, 4294967295, 0, "burst", OWN, "requests at once above the rate")                                  \
	X(QUOTA, quota_per_day, U32, 0, 4294967295, 0, "quota", OWN, "triggers a day (UTC), 0: no limit")                        \
	X(CONNECTIONS_MAX, connections_max, U32, 0, 1024, 0, "connections-max", CONF,                                            \
	  "connections at a time, 0: limits.connections_per_scs of the configuration")                                           \
	X(PENDING_MAX, pending_max, U32, 0, 65536, 0, "pending-max", CONF,                                                       \
	  "requests without an answer at a time, 0: limits.pending_per_scs of the configuration")                                \
	X(P_BIT, p_bit_optional, OFF, 0, 0, false, "p-bit-optional", OWN,                                                        \
	  "its requests are taken without the P bit of the Diameter header, too (some stacks leave it out), "                    \
	  "instead of 3008")                                                                                                     \
	X(STRICT_ANSWERS, strict_answers, OFF, 0, 0, false, "strict-answers", OWN,                                               \
	  "its answers to reports count only if they lack nothing that RFC 6733 demands")

#define SCS_LIMIT_TYPE_U32 uint32_t
#define SCS_LIMIT_TYPE_U16 uint16_t
#define SCS_LIMIT_TYPE_ON bool
#define SCS_LIMIT_TYPE_OFF bool
#define SCS_LIMIT_TYPE_RIGHTS uint8_t

/* For use as SCS_LIMITS(SCS_LIMIT_MEMBER) in a struct, and SCS_LIMITS(SCS_LIMIT_INDEX) in an enum. */
#define SCS_LIMIT_MEMBER(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) SCS_LIMIT_TYPE_##kind_ member_;
#define SCS_LIMIT_INDEX(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) SCS_LIMIT_##id_,

enum { SCS_LIMITS(SCS_LIMIT_INDEX) SCS_LIMITS_N };

struct scs_limits { /* all of them; those in force, where it says no other */
	SCS_LIMITS(SCS_LIMIT_MEMBER)
};
