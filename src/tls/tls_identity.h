/* tls_identity.h - the identity of the other end, from the authenticated certificate only
 * (CONTRACTS section 1, identity record). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/protection.h"

#define TLS_NAME_MAX 253
#define TLS_ANCHOR_NAME_MAX 63

struct tls_identity {
	/* SAN dNSName, lower-cased LDH. A dNSName that is not a host name is left out, because it
	 * names no SCS */
	char names[IDENTITY_NAMES_MAX][TLS_NAME_MAX + 1];
	uint8_t names_n;
	char groups[IDENTITY_GROUPS_MAX][TLS_NAME_MAX + 1]; /* SAN URI, as they are */
	uint8_t groups_n;
	/* names of the configured anchors this certificate chains to */
	char anchors[IDENTITY_ANCHORS_MAX][TLS_ANCHOR_NAME_MAX + 1];
	uint8_t anchors_n;
	uint8_t revocation[IDENTITY_ANCHORS_MAX]; /* enum revocation, of each of these anchors */
	uint64_t not_after_s;                     /* seconds since 1970: earliest expiry in the chain */
	char subject[256];                        /* for logs only */
};
