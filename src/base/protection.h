/* protection.h - how a connection is protected, and what that proves about the peer. The
 * configuration, the ring and policy share these enums. The numbers cross the ring (CONTRACTS
 * section 4). */
#pragma once
#include <stdbool.h>

enum zone {
	ZONE_EXTERNAL = 1, /* outside the operator's domain: a protection is required */
	ZONE_INTERNAL = 2,
};

enum protection {
	PROTECTION_NONE = 1,
	PROTECTION_TLS = 2,
	PROTECTION_NDSIP = 3,     /* IPsec by the profile of TS 33.210 */
	PROTECTION_TLS_NDSIP = 4, /* TLS inside IPsec: both prove the same name */
};

/* "external" or "internal". */
const char *zone_word(int zone);
/* The word of the configuration, the decision log and mtcctl: "none", "tls", "ndsip" or
 * "tls+ndsip"; "" for any other value, which means not known. */
const char *protection_word(int protection);
/* Whether a connection with this protection has a TLS handshake, and whether it has to be proven
 * to be inside IPsec. */
bool protection_has_tls(int protection);
bool protection_has_ndsip(int protection);

enum identity_kind {
	IDENTITY_NONE = 0, /* never crosses the ring */
	IDENTITY_TLS = 1,
	IDENTITY_IPSEC = 2,
	IDENTITY_INTERNAL = 3, /* proven by the zone only */
};

/* What is known about the revocation of a certificate and of the CAs between it and one trust
 * anchor. A revoked one is refused in the handshake and has no word here. */
enum revocation {
	REVOCATION_UNCHECKED = 0, /* no CRL is configured for the anchor */
	REVOCATION_GOOD = 1,      /* a CRL in force of each issuer says that it is not revoked */
	REVOCATION_ABSENT = 2,    /* an issuer has no CRL here */
	REVOCATION_STALE = 3,     /* the nextUpdate of a CRL is over */
};

/* What one certificate may prove; tls/ refuses a certificate with more. */
#define IDENTITY_NAMES_MAX 32       /* host names */
#define IDENTITY_NAMES_LEN_MAX 4080 /* octets of all of them, without ends */
#define IDENTITY_GROUPS_MAX 8       /* groups of SCSs, by URI */
#define IDENTITY_ANCHORS_MAX 8      /* trust anchors that it chains to */
