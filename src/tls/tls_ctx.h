/* tls_ctx.h - the inside of a TLS context; for src/tls only. tls_ctx.c applies the profile (TS
 * 33.210 6.2), tls_verify.c judges the other side's certificate, tls_stream.c moves the bytes. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/obj.h"
#include "tls/tls_crl_int.h"
#include "tls/tls_ocsp.h"
#include "tls/tls_openssl.h"
#include "tls/tls_stream.h"

struct tls_anchor {
	char name[TLS_ANCHOR_NAME_MAX + 1];
	X509_STORE *store;      /* of this anchor alone */
	STACK_OF(X509) * twins; /* CAs in it with the same name as another one in it; NULL: none */
	struct tls_crls crls;
	struct tls_ocsp *ocsp; /* borrowed; NULL: its responder is not asked */
	uint32_t responder;
	bool ocsp_chain;
};

#define TLS_CTX_MAGIC 0xa6c30e57u
struct tls_ctx {
	struct obj obj;
	unsigned refs; /* the maker's and one for each stream */
	SSL_CTX *ssl;
	BIO_METHOD *bio; /* tls_stream_bio() */
	struct tls_anchor *anchors;
	size_t anchors_n;
	struct tls_staple {
		struct tls_ocsp *ocsp; /* borrowed; NULL: nothing is stapled */
		uint32_t responder;
		X509 *leaf, *issuer; /* ours; the context holds both */
	} staple;
	struct tls_remote *remote; /* signs for it; NULL: the key is here */
	uint16_t remote_key;
	int keylog_fd;    /* -1: none */
	bool keylog_torn; /* its last line is incomplete: */
	bool server;
};

struct tls_ctx *tls_ctx_hold(struct tls_ctx *c);

/* Loads one anchor: every certificate in the file is a CA and trusted. Errors with a reason;
 * nothing is kept then. */
ERR_MUST_USE int tls_anchor_load(struct tls_anchor *out, const struct tls_anchor_conf *conf, char *why, size_t why_size);
void tls_anchor_fini(struct tls_anchor *a);

/* tls_staple.c: from here on the context staples what the responder of our own certificate says.
 * Errors as of tls_ctx_new(). */
ERR_MUST_USE int tls_staple_attach(struct tls_ctx *c, const struct tls_conf *conf, char *why, size_t why_size);

/* The methods by which OpenSSL reads from and writes to our streams. NULL: no memory. Freed by
 * BIO_meth_free(). */
BIO_METHOD *tls_stream_bio(void);
/* Callback for SSL_CTX_set_cert_verify_callback(); */
int tls_stream_verify(X509_STORE_CTX *x, void *arg);
