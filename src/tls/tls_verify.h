/* tls_verify.h - judges a presented certificate: is it valid here, and whose is it? (CONTRACTS
 * section 1; rules 1 and 2 of peer authentication: chain to a configured anchor and never the
 * system's store, purpose, key and hash strength, names.) For src/tls only. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

#include "base/err.h"
#include "tls/tls_ctx.h"
#include "tls/tls_identity.h"
#include "tls/tls_openssl.h"

/* For each anchor of an identity the chain to it, leaf first. A handshake sends at most 32 KiB of
 * certificates and a chain has at most six: this is the bound. */
struct tls_chains {
	STACK_OF(X509) * to[IDENTITY_ANCHORS_MAX]; /* owned; NULL: none */
};
void tls_chains_fini(struct tls_chains *c); /* leaves it empty */

struct tls_presented {
	X509 *leaf;
	STACK_OF(X509) * others;   /* whatever else was sent; not trusted; may be NULL */
	bool is_client;            /* the role the certificate must be for */
	const char *expected_name; /* one of its names must be this one; NULL: any */
};

/* Verifies against each anchor separately. 0: `out` is the identity. ERR_AUTH: `why` is the reason,
 * and *x509_error the closest X509_V_ERR_ (it chooses the alert). ERR_NOMEM. `out` is unchanged on
 * failure. `chains` gets the chains that were built, for later judgements of their revocation, and
 * has to be empty; NULL: nobody needs them. A certificate that a CRL of any of the anchors lists is
 * refused; that a CRL is absent or stale is a fact in `out`. */
ERR_MUST_USE int tls_verify(struct tls_identity *out, struct tls_chains *chains, const struct tls_presented *p,
			    const struct tls_anchor *anchors, size_t anchors_n, int *x509_error, char *why, size_t why_size);

/* For the store of an anchor: did `issuer` issue `cert`? */
int tls_verify_issued(X509_STORE_CTX *x, X509 *cert, X509 *issuer);

/* RSA of at least 2048 bits, P-256 or P-384. ERR_AUTH with a reason for anything else. */
ERR_MUST_USE int tls_verify_key(X509 *cert, char *why, size_t why_size);

/* The signature under a certificate: ECDSA or RSA with SHA-256 or SHA-384. ERR_AUTH as above. */
ERR_MUST_USE int tls_verify_signature(const X509 *cert, char *why, size_t why_size);
/* The same rule for the kind of a signature. `nid` and `algorithm` are those of the signature. */
ERR_MUST_USE int tls_verify_signed(int nid, const X509_ALGOR *algorithm, char *why, size_t why_size);

/* Seconds since 1970; 0 when it is before that or cannot be read. */
uint64_t tls_verify_seconds(const ASN1_TIME *t);

/* The certificate's subject, or another name, for people: printable ASCII, cut to fit. */
void tls_subject(char *out, size_t size, const X509 *cert);
void tls_name_text(char *out, size_t size, const X509_NAME *name);
