/* asc_scs.h - the record of one SCS: its identity, the proof of it, and its limits. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/anchor_list.h"
#include "base/assoc_rule.h"
#include "base/buf.h"
#include "base/ident.h"
#include "base/scs_limits.h"
#include "base/scs_ndsip.h"
#include "ipsec/sa_ts.h"

#define ASC_E164_MAX 15

struct asc_addresses {
	uint8_t n;
	struct sa_address at[SCS_NDSIP_ADDRESSES_MAX]; /* zero behind the last one */
};

/* Numeric addresses with blanks or commas between them; "" is none. ERR_INVAL: not so. ERR_LIMIT:
 * more than SCS_NDSIP_ADDRESSES_MAX. `out` is untouched on failure. */
ERR_MUST_USE int asc_addresses_read(struct asc_addresses *out, const char *text, size_t len);
/* With one blank between them. */
#define ASC_ADDRESSES_TEXT_MAX (SCS_NDSIP_ADDRESSES_MAX * SA_ADDRESS_TEXT_MAX)
void asc_addresses_text(char out[ASC_ADDRESSES_TEXT_MAX], const struct asc_addresses *a);

#define ASC_ADDRESSES_MEMBER(id_, member_, max_, option_, meaning_) struct asc_addresses member_;

struct asc_scs {
	char name[IDENT_SCS_MAX + 1];
	char e164[ASC_E164_MAX + 1];          /* SCS-Identity: 5 to 15 digits */
	char origin_host[IDENT_HOST_MAX + 1]; /* must be proven by the certificate; lower-cased */
	char realm[IDENT_HOST_MAX + 1];
	/* its trust anchors: its certificate must chain to one of them */
	char anchor[ANCHOR_LIST_LEN];

	/* limits; 0 in a limit that the configuration also has: the configuration's value */
	SCS_LIMITS(SCS_LIMIT_MEMBER)

	/* under NDS/IP. An SCS without ndsip_hosts has none */
	SCS_NDSIP(ASC_ADDRESSES_MEMBER)
};

/* Bits for the members other than the name. */
enum {
	ASC_KEEP_E164 = 1 << 0,
	ASC_KEEP_ORIGIN_HOST = 1 << 1,
	ASC_KEEP_REALM = 1 << 2,
	ASC_KEEP_ANCHOR = 1 << 3,
#define ASC_KEEP_BIT(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_)                                        \
	ASC_KEEP_##id_ = 1 << (4 + SCS_LIMIT_##id_),
	SCS_LIMITS(ASC_KEEP_BIT)
#undef ASC_KEEP_BIT
#define ASC_KEEP_BIT(id_, member_, max_, option_, meaning_) ASC_KEEP_##id_ = 1 << (4 + SCS_LIMITS_N + SCS_##id_),
	    SCS_NDSIP(ASC_KEEP_BIT)
#undef ASC_KEEP_BIT
		ASC_KEEP_ALL = (1 << (4 + SCS_LIMITS_N + SCS_NDSIP_N)) - 1,
};

/* Copies the members of this mask from `stored`. */
void asc_scs_keep(struct asc_scs *scs, const struct asc_scs *stored, uint32_t keep);

/* Names empty, limits as by default (`preset` of SCS_LIMITS). */
void asc_scs_init(struct asc_scs *scs);

/* The limit in force: an SCS's own narrows the configuration's and never widens it. */
static inline uint32_t asc_scs_limit(uint32_t own, uint32_t configured)
{
	return own && own < configured ? own : configured;
}
/* True if both have the same host and realm, and a trust anchor in common: a session admitted as
 * one would be admitted as the other, unless it is under an anchor that the other has not
 * (core_sessions_renew() ends those). */
bool asc_scs_same_peer(const struct asc_scs *a, const struct asc_scs *b);
