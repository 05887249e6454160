/* tls_keyholder.h - the seam between a TLS context and the private key it signs with.
 * Now: the key is loaded into the process that handshakes (an edge). Later: a keyholder process signs over a socketpair; it
 * replaces tls_keyholder_file() and nothing else. */
#pragma once
#include <stddef.h>

#include "base/err.h"
#include "tls/tls_pem.h"

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

struct tls_keyholder {
	/* Makes `ctx` able to sign as the owner of its certificate, which is there already. Errors in words in `why`; on success a
	 * warning may be left there. */
	int (*attach)(void *arg, struct ssl_ctx_st *ctx, char *why, size_t why_size);
	void *arg;
};

/* A keyholder that reads the key from a PEM file (no passphrase) at attach time. Borrows `path` as long as it is used. Warns when others
 * than the owner may read the file. */
struct tls_keyholder tls_keyholder_file(const char *path);

struct tls_key {
	const char *path; /* for words */
	struct tls_pem pem;
};
/* The same of octets that were read before. Borrows `key` and what is in it as long as it is used. */
struct tls_keyholder tls_keyholder_pem(const struct tls_key *key);
