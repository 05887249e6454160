/* tls_keyholder.h - the interface between a TLS context and the private key that signs for it. Now
 * the process of the handshake (an edge) loads the key. A later keyholder process that signs over a
 * socketpair replaces only tls_keyholder_file(). */
#pragma once
#include <stddef.h>

#include "base/err.h"
#include "tls/tls_pem.h"

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

struct tls_keyholder {
	/* Attaches the key of the certificate that `ctx` has already. Errors with a reason in
	 * `why`; on success `why` may have a warning. */
	int (*attach)(void *arg, struct ssl_ctx_st *ctx, char *why, size_t why_size);
	void *arg;
};

/* A keyholder that reads the key from a PEM file (no passphrase) at attach time. Borrows `path` as long as it is used. Warns when others
 * than the owner may read the file. */
struct tls_keyholder tls_keyholder_file(const char *path);

struct tls_key {
	const char *path; /* for messages */
	struct tls_pem pem;
};
/* The same with bytes that were read before. Borrows `key` and its content while the keyholder is
 * used. */
struct tls_keyholder tls_keyholder_pem(const struct tls_key *key);
