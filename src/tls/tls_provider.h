/* tls_provider.h - the inside of tls_remote.h, for src/tls only. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/fiber.h"
#include "base/obj.h"
#include "tls/tls_openssl.h"
#include "tls/tls_remote.h"

#define TLS_PROVIDER_NAME "mtckeyholder"

/* A handshake that may have to wait for a signature. All zero at first. */
#define TLS_CALL_MAGIC 0x5fa81e37u
struct tls_call {
	struct obj obj;
	struct fiber *fiber;         /* it waits in there; NULL: it does not wait */
	struct tls_signing *signing; /* on the stack of the fiber; NULL: it is done or failed */
	SSL *ssl;
	bool ending;
	bool signed_once;         /* a server signs once in a handshake: the rest of it needs no fiber */
	int result;               /* of SSL_do_handshake() */
	int err;                  /* why there was no signature; 0: there was one, or none was asked for */
	const char *why;          /* words for it; static */
	void (*ready)(void *arg); /* the handshake may go on; called once after each wait */
	void *arg;
};

struct tls_remote {
	struct tls_signer signer;
	OSSL_LIB_CTX *lib;
	OSSL_PROVIDER *base, *own;
	struct fiber_pool *fibers;
	struct tls_call *now; /* the handshake that runs; NULL: none */
};

/* The functions of the provider, for OSSL_PROVIDER_add_builtin(). */
int tls_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **ctx);

/* A key object with the public part of `certificate`. `key`, `set`: as in struct tls_signing.
 * NULL: OpenSSL's error queue says why. */
EVP_PKEY *tls_provider_key(struct tls_remote *r, X509 *certificate, uint16_t key, uint32_t set);

/* tls_remote.c. SSL_do_handshake() on a stack of its own. 0: it returned, with c->result; OpenSSL's
 * error queue is that of the call. ERR_AGAIN: it waits for a signature. ERR_LIMIT, ERR_NOMEM: it
 * did not run. */
ERR_MUST_USE int tls_call_run(struct tls_call *c, struct tls_remote *r, SSL *ssl);
/* Ends a wait: SSL_do_handshake() fails, and returns. */
void tls_call_end(struct tls_call *c, struct tls_remote *r);
/* For the provider, inside of tls_call_run(): signs and waits. False: c->err and c->why say why
 * not. */
bool tls_call_sign(struct tls_remote *r, struct tls_signing *s);
