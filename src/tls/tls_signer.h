/* tls_signer.h - who signs a server's handshake in the place of a private key that is not in this
 * process. The signer sees all that is signed, never a digest alone, so that it can judge it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"

/* SignatureScheme of RFC 8446 4.2.3, of the profile only (TS 33.210 6.2). With TLS 1.2 the two of
 * ECDSA name the digest alone, and either is for either curve. */
#define TLS_SCHEME_TABLE(X)                                                                                                      \
	X(TLS_ECDSA_SHA256, 0x0403)                                                                                              \
	X(TLS_ECDSA_SHA384, 0x0503)                                                                                              \
	X(TLS_RSA_PSS_RSAE_SHA256, 0x0804)                                                                                       \
	X(TLS_RSA_PSS_RSAE_SHA384, 0x0805)                                                                                       \
	X(TLS_RSA_PSS_PSS_SHA256, 0x0809)                                                                                        \
	X(TLS_RSA_PSS_PSS_SHA384, 0x080a)

enum tls_scheme {
#define TLS_SCHEME_ROW(name, value) name = (value),
	TLS_SCHEME_TABLE(TLS_SCHEME_ROW)
#undef TLS_SCHEME_ROW
};

#define TLS_SIGNATURE_MAX 1024u /* octets; RSA of 8192 bits */

/* A signature that is asked for. The asker owns it, and keeps it until done() or
 * tls_signer.cancel(). */
struct tls_signing {
	/* from the asker */
	uint32_t set;    /* generation of the set of files that holds the key */
	uint16_t key;    /* index of the listener */
	uint16_t scheme; /* enum tls_scheme */
	const uint8_t *content;
	size_t content_len;
	/* Called once, by the loop, never from inside begin(). err 0: the signature is there; else
	 * `why` is the reason, static. */
	void (*done)(struct tls_signing *s, int err, const char *why);
	void *owner; /* for done() */
	/* from the signer */
	size_t signature_len;
	uint8_t signature[TLS_SIGNATURE_MAX];
	/* the signer's own */
	uint32_t id;
	uint64_t until_ms;
	TAILQ_ENTRY(tls_signing) entry;
};

struct tls_signer {
	/* 0: done() follows. Else there is no signature, and `why` (static) says why not:
	 * ERR_CLOSED: nobody signs at present; ERR_BUSY: too many wait; ERR_LIMIT: the content is
	 * too long. */
	int (*begin)(void *arg, struct tls_signing *s, const char **why);
	void (*cancel)(void *arg, struct tls_signing *s); /* done() is not called */
	/* Whether there is anybody to sign with this key: else a new connection is refused at
	 * once. */
	bool (*ready)(void *arg, uint16_t key);
	void *arg;
};
