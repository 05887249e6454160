/* pol_admit.h - decides whether an authenticated peer is the Diameter peer it claims to be
 * (CONTRACTS section 1, "names that must agree"). PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/agreement.h"
#include "base/protection.h"
#include "policy/pol_reason.h"

struct pol_identity { /* borrowed strings, from the authenticated transport only */
	enum identity_kind kind;
	const char *names[IDENTITY_NAMES_MAX]; /* names proven by the certificate */
	uint8_t names_n;
	/* configured anchors that the certificate chains to */
	const char *anchors[IDENTITY_ANCHORS_MAX];
	uint8_t anchors_n;
	uint8_t revocation[IDENTITY_ANCHORS_MAX]; /* enum revocation, of each anchor */
	uint64_t not_after_s;                     /* 0: no end known */
	const char *ike;                          /* kind TLS inside IPsec: the IKE identity; NULL: not inside IPsec */
	/* All 0: a certificate alone is judged. */
	struct agreed_connection connection;
};

struct pol_admit_scs { /* the SCS provisioned with that Origin-Host */
	const char *origin_host, *realm;
	const char *anchor; /* its trust anchors, as in base/anchor_list.h */
	/* Origin-Host of another provisioned SCS that the certificate names; NULL: none */
	const char *also;
	uint32_t connections, connections_max; /* present number; limit */
	bool revocation_soft;                  /* REVOCATION_ABSENT and REVOCATION_STALE do not refuse */
	struct agreement agreed;               /* what its connections may have */
};

/* Judges the admission of a session. `scs` is NULL when no SCS has this Origin-Host. An SCS
 * provisioned with IDENT_ANCHOR_INTERNAL in place of an anchor needs an identity of kind internal;
 * no other SCS is admitted with one. Hosts and realms are compared without ASCII case. Returns
 * NONE (admit) or the first reason in this order: NOT_PROTECTED (no identity),
 * CERTIFICATE_EXPIRED, UNKNOWN_PEER, NOT_PROTECTED (internal, and the SCS is not), WRONG_ANCHOR
 * (none of the SCS's, or an IKE identity for which another one would do, too), REVOCATION_UNKNOWN
 * (by pol_admit_anchor()), NAME_NOT_PROVEN, OTHER_IKE_IDENTITY, CERTIFICATE_OF_TWO, WRONG_REALM,
 * TRANSPORT_NOT_AGREED, PROTECTION_NOT_AGREED, TLS_VERSION_NOT_AGREED, TLS_SUITE_NOT_AGREED,
 * TOO_MANY_CONNECTIONS. Only who has proven its name learns what was agreed. A revoked certificate
 * does not come this far: the handshake refuses it. Every refusal is a CEA with 3010 and the E
 * bit, except TOO_MANY_CONNECTIONS (the caller probes the oldest session) and what
 * pol_admit_security() names. */
enum pol_reason pol_admit(const struct pol_identity *id, const char *origin_host, const char *origin_realm,
			  const struct pol_admit_scs *scs, uint64_t now_s);

/* The reason for an item of the agreement; NONE for AGREED_ALL. */
enum pol_reason pol_not_agreed(enum agreed_item item);
/* Whether the reason is that gateway and SCS have no security in common: then the CEA has 5017
 * (RFC 6733 7.1.5). */
bool pol_admit_security(enum pol_reason reason);

/* The anchor that an SCS with these (base/anchor_list.h) is admitted by, as an index among those
 * that the certificate chains to: the first one under which nothing about its revocation is
 * missing, else the first one. IDENTITY_ANCHORS_MAX: it chains to none of them. */
uint8_t pol_admit_anchor(const struct pol_identity *id, const char *anchors);

/* True if a request carries the same pair as the CER; else it is answered 3010 and the
 * connection closes. */
bool pol_same_origin(const char *session_host, const char *session_realm, const char *origin_host, size_t host_len,
		     const char *origin_realm, size_t realm_len);
