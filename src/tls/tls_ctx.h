/* tls_ctx.h - what a TLS context is made of; for src/tls only. The profile (nds-profile: TS 33.210 6.2) is applied in tls_ctx.c,
 * the other side's certificate is judged in tls_verify.c, octets flow in tls_stream.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/machine.h"
#include "tls/tls_openssl.h"
#include "tls/tls_stream.h"

struct tls_anchor {
	char name[TLS_ANCHOR_NAME_MAX + 1];
	X509_STORE *store;      /* of this anchor alone */
	STACK_OF(X509) * twins; /* CAs in it that share their name with another one in it; NULL: none */
};

struct tls_ctx {
	unsigned refs; /* the maker's and one for each stream */
	SSL_CTX *ssl;
	BIO_METHOD *bio; /* tls_stream_bio() */
	struct tls_anchor *anchors;
	size_t anchors_n;
	int keylog_fd;    /* -1: none */
	bool keylog_torn; /* its last line was cut: a newline goes before the next one */
	bool server;
};

/* States of a TLS stream; drawn in tls_stream.c. */
enum tls_stream_state { TLS_BEGINNING, TLS_HANDSHAKE, TLS_OPEN, TLS_DEAD, TLS_STATES };
extern const struct machine tls_stream_machine;

struct tls_ctx *tls_ctx_hold(struct tls_ctx *c);

/* Loads one anchor: every certificate in the file is a CA and trusted. Errors in words; nothing is kept. */
ERR_MUST_USE int tls_anchor_load(struct tls_anchor *out, const struct tls_anchor_conf *conf, char *why, size_t why_size);
void tls_anchor_fini(struct tls_anchor *a);

/* The methods by which OpenSSL reads from and writes to our streams. NULL: no memory. Freed by BIO_meth_free(). */
BIO_METHOD *tls_stream_bio(void);
/* What SSL_CTX_set_cert_verify_callback() wants; arg is the tls_ctx. */
int tls_stream_verify(X509_STORE_CTX *x, void *arg);
