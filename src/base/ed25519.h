/* ed25519.h - signatures of RFC 8032 (OpenSSL's), with keys as plain octets. In the library with
 * hash.h. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define ED25519_KEY 32u       /* octets of a private key (its seed), and of a public one */
#define ED25519_SIGNATURE 64u /* octets */

/* A new pair. ERR_NOMEM. */
ERR_MUST_USE int ed25519_make(uint8_t seed[ED25519_KEY], uint8_t public_key[ED25519_KEY]);
/* The public half. ERR_INVAL. */
ERR_MUST_USE int ed25519_public(uint8_t out[ED25519_KEY], const uint8_t seed[ED25519_KEY]);
ERR_MUST_USE int ed25519_sign(uint8_t out[ED25519_SIGNATURE], const uint8_t seed[ED25519_KEY], const void *p, size_t n);
bool ed25519_good(const uint8_t public_key[ED25519_KEY], const void *p, size_t n, const uint8_t signature[ED25519_SIGNATURE]);
/* A private key as PEM (PKCS #8), with NUL. ERR_LIMIT, ERR_NOMEM. */
#define ED25519_PEM_MAX 512u
ERR_MUST_USE int ed25519_pem_put(char out[ED25519_PEM_MAX], const uint8_t seed[ED25519_KEY]);
/* ERR_INVAL: no unencrypted private key of this kind. */
ERR_MUST_USE int ed25519_pem_get(uint8_t seed[ED25519_KEY], const char *pem, size_t len);

/* Overwrites a private key. */
void ed25519_wipe(uint8_t seed[ED25519_KEY]);
