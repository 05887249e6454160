/* tls_private.h - reads a private key from PEM; for src/tls only. */
#pragma once
#include <stddef.h>

#include "tls/tls_keyholder.h"
#include "tls/tls_openssl.h"

/* NULL: `why` is the reason. Owned by the caller. */
EVP_PKEY *tls_private_parse(const struct tls_key *k, char *why, size_t why_size);
