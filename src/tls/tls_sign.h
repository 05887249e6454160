/* tls_sign.h - signs with a private key in this process: for the keyholder, and for the check that
 * a key fits its certificate. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tls/tls_keyholder.h"
#include "tls/tls_signer.h"

struct tls_private; /* a private key */

/* Reads a PEM key. Borrows nothing. ERR_INVAL (with a reason in `why`), ERR_NOMEM. */
ERR_MUST_USE int tls_private_new(struct tls_private **out, const struct tls_key *key, char *why, size_t why_size);
void tls_private_free(struct tls_private *k); /* NULL allowed; the key is wiped */

/* Signs `content` under a TLS_SCHEME_TABLE scheme. ERR_INVAL: the scheme does not fit the key;
 * ERR_IO: OpenSSL cannot. */
ERR_MUST_USE int tls_private_sign(const struct tls_private *k, uint16_t scheme, const void *content, size_t n,
				  uint8_t signature[TLS_SIGNATURE_MAX], size_t *signature_len);

#define TLS_DIGEST_MAX 48u
/* The digest of a scheme, for keys that sign digests only. ERR_INVAL: no such scheme; ERR_IO. */
ERR_MUST_USE int tls_scheme_digest(uint8_t out[TLS_DIGEST_MAX], size_t *len, uint16_t scheme, const void *content, size_t n);

/* The public key of the first certificate in a PEM file. */
struct tls_public;
ERR_MUST_USE int tls_public_new(struct tls_public **out, const struct tls_pem *certificate); /* ERR_INVAL, ERR_NOMEM */
void tls_public_free(struct tls_public *k);                                                  /* NULL allowed */
/* ERR_INVAL: the scheme does not fit the key; ERR_AUTH: another key has signed, or other
 * content. */
ERR_MUST_USE int tls_public_verify(const struct tls_public *k, uint16_t scheme, const void *content, size_t n,
				   const void *signature, size_t signature_len);
/* A scheme that fits the key; 0: none of the profile does. */
uint16_t tls_public_scheme(const struct tls_public *k);
/* ECDSA as PKCS#11 gives it (r and s side by side, both `octets / 2` long) to what TLS sends (DER).
 * ERR_INVAL, ERR_NOMEM. */
ERR_MUST_USE int tls_ecdsa_der(uint8_t out[TLS_SIGNATURE_MAX], size_t *out_len, const void *rs, size_t octets);
