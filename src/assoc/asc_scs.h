/* asc_scs.h - what is provisioned about one SCS: who it is, how it proves that, what it may use. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assoc_rule.h"
#include "base/buf.h"
#include "base/ident.h"

#define ASC_E164_MAX 15

struct asc_scs {
	char name[IDENT_SCS_MAX + 1];
	char e164[ASC_E164_MAX + 1];          /* SCS-Identity: 5 to 15 digits */
	char origin_host[IDENT_HOST_MAX + 1]; /* must be proven by the certificate; lower-cased */
	char realm[IDENT_HOST_MAX + 1];
	char anchor[IDENT_SCS_MAX + 1]; /* name of the one trust anchor its certificate must chain to */

	/* limits; asc_scs_init() sets what an operator gets who says nothing. 0: the configuration's */
	uint32_t payload_max; /* octets */
	uint32_t validity_max_s;
	uint16_t port_min, port_max; /* application ports it may address */
	bool priority_allowed;
	uint8_t actions;                       /* ASSOC_RIGHT_*: Action-Types it may use at all */
	uint32_t rate_per_s, burst;            /* requests; rate 0: no limit */
	uint32_t quota_per_day;                /* triggers; 0: no limit */
	uint32_t connections_max, pending_max; /* 0: the configuration's */
	bool p_bit_optional; /* a DAR without the P bit, which TS 29.368 6.6.1 wants set, is taken all the same */
	bool strict_answers; /* forgive nothing in its DNAs (APP_LAPSE_TABLE) */
};

/* The members but for the name, as a mask: which of them somebody says. */
enum {
	ASC_KEEP_E164 = 1 << 0,
	ASC_KEEP_ORIGIN_HOST = 1 << 1,
	ASC_KEEP_REALM = 1 << 2,
	ASC_KEEP_ANCHOR = 1 << 3,
	ASC_KEEP_PAYLOAD_MAX = 1 << 4,
	ASC_KEEP_VALIDITY_MAX = 1 << 5,
	ASC_KEEP_PORT_MIN = 1 << 6,
	ASC_KEEP_PORT_MAX = 1 << 7,
	ASC_KEEP_PRIORITY = 1 << 8,
	ASC_KEEP_ACTIONS = 1 << 9,
	ASC_KEEP_RATE = 1 << 10,
	ASC_KEEP_BURST = 1 << 11,
	ASC_KEEP_QUOTA = 1 << 12,
	ASC_KEEP_CONNECTIONS_MAX = 1 << 13,
	ASC_KEEP_PENDING_MAX = 1 << 14,
	ASC_KEEP_P_BIT = 1 << 15,
	ASC_KEEP_STRICT_ANSWERS = 1 << 16,
	ASC_KEEP_ALL = (1 << 17) - 1,
};

/* Copies the members of this mask from `stored`. */
void asc_scs_keep(struct asc_scs *scs, const struct asc_scs *stored, uint32_t keep);

/* Names empty, limits as by default: payload, validity, connections and pending requests as the configuration has them, ports 0 to
 * 65535, priority allowed, all actions, no rate, no quota, the P bit demanded, lenient with its answers. */
void asc_scs_init(struct asc_scs *scs);

/* The limit in force: an SCS's own narrows the configuration's and never widens it. */
static inline uint32_t asc_scs_limit(uint32_t own, uint32_t configured)
{
	return own && own < configured ? own : configured;
}
/* Would a session that was admitted as one of them be admitted as the other: have they one host, realm and anchor? */
bool asc_scs_same_peer(const struct asc_scs *a, const struct asc_scs *b);
