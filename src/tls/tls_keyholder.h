/* tls_keyholder.h - the interface between a TLS context and the private key that signs for it. The
 * key is in this process (core peers, the nodes), or another process signs with it (listeners). */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tls/tls_pem.h"

struct tls_remote;
struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

struct tls_keyholder {
	/* Attaches the key of the certificate that `ctx` has already. Errors with a reason in
	 * `why`; on success `why` may have a warning. */
	int (*attach)(void *arg, struct ssl_ctx_st *ctx, char *why, size_t why_size);
	void *arg;
	struct tls_remote *remote; /* the context lives in its library context; NULL: the key is in this process */
	uint16_t remote_key;       /* as in struct tls_remote_key */
};

/* A keyholder that reads the key from a PEM file (no passphrase) at attach time. Borrows `path` as
 * long as it is used. Warns when others than the owner may read the file. */
struct tls_keyholder tls_keyholder_file(const char *path);

struct tls_key {
	const char *path; /* for messages */
	struct tls_pem pem;
};
/* The same with bytes that were read before. Borrows `key` and its content while the keyholder is
 * used. */
struct tls_keyholder tls_keyholder_pem(const struct tls_key *key);

/* A key that another process signs with, by the signer of `remote`. */
struct tls_remote_key {
	struct tls_remote *remote; /* borrowed until the last context with this key and its streams are gone */
	uint16_t key;              /* index of the listener */
	uint32_t set;              /* generation of the set of files that holds the key */
	const char *path;          /* for messages */
};
/* Nothing is asked of the signer until there is a handshake. Borrows `key` while the keyholder is
 * used. */
struct tls_keyholder tls_keyholder_remote(const struct tls_remote_key *key);
