/* pol_admit.h - may this authenticated peer be this Diameter peer? (CONTRACTS section 1, "names that must agree"). PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/pol_reason.h"

#define POL_NAMES_MAX 32
#define POL_ANCHORS_MAX 8

enum pol_identity_kind { POL_IDENTITY_NONE, POL_IDENTITY_TLS, POL_IDENTITY_IPSEC, POL_IDENTITY_INTERNAL };

struct pol_identity { /* borrowed strings, from the authenticated transport only */
	enum pol_identity_kind kind;
	const char *names[POL_NAMES_MAX]; /* what the certificate proves */
	uint8_t names_n;
	const char *anchors[POL_ANCHORS_MAX]; /* the configured anchors it chains to */
	uint8_t anchors_n;
	uint64_t not_after_s; /* 0: no end known */
};

struct pol_admit_scs { /* what is provisioned under that Origin-Host; borrowed */
	const char *origin_host, *realm, *anchor;
	const char *also;                      /* Origin-Host of another provisioned SCS that the certificate names; NULL: none */
	uint32_t connections, connections_max; /* held now; may hold */
};

/* An SCS provisioned with IDENT_ANCHOR_INTERNAL in place of an anchor is admitted on an identity of kind internal and no other, every
 * other SCS never on that one. `scs` is NULL when no SCS has this Origin-Host. Hosts and realms are compared without ASCII case. Returns NONE (admit) or the first
 * reason in this order: NOT_PROTECTED (no identity), CERTIFICATE_EXPIRED, UNKNOWN_PEER, NOT_PROTECTED (internal, and the SCS
 * is not), WRONG_ANCHOR, NAME_NOT_PROVEN, CERTIFICATE_OF_TWO, WRONG_REALM, TOO_MANY_CONNECTIONS. Every refusal is a CEA with 3010 and the E bit, except TOO_MANY_CONNECTIONS (the caller probes the oldest). */
enum pol_reason pol_admit(const struct pol_identity *id, const char *origin_host, const char *origin_realm,
			  const struct pol_admit_scs *scs, uint64_t now_s);

/* Every later request carries the same pair as the CER: true, else 3010 and close. */
bool pol_same_origin(const char *session_host, const char *session_realm, const char *origin_host, size_t host_len,
		     const char *origin_realm, size_t realm_len);
