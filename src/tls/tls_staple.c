/* tls_staple.c - what the responder of our own certificate says, for clients that ask for it
 * (status_request, RFC 6066 8; in TLS 1.3 RFC 8446 4.4.2.1). One that is out of date is not
 * sent, nor one that says anything but good. */
#include <stdio.h>

#include "base/clock.h"
#include "tls/tls_ocsp_int.h"
#include "tls/tls_ctx.h"

static int on_status(SSL *ssl, void *arg)
{
	struct tls_ctx *c = OBJ_OF(arg, struct tls_ctx, TLS_CTX_MAGIC);
	struct tls_staple *s = &c->staple;
	struct tls_ocsp_view v;
	const uint8_t *response;
	unsigned char *copy;
	size_t len;

	tls_ocsp_own(&v, s->ocsp, s->responder, s->leaf, s->issuer, clock_real_ms() / 1000, &response, &len);
	copy = response ? OPENSSL_memdup(response, len) : NULL;
	if (!copy) {
		return SSL_TLSEXT_ERR_NOACK;
	}
	if (SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)len) != 1) { /* takes it */
		OPENSSL_free(copy);
		return SSL_TLSEXT_ERR_NOACK;
	}
	return SSL_TLSEXT_ERR_OK;
}

uint64_t tls_ctx_staple(struct tls_ctx *c, uint64_t now_s, struct tls_stapled *out)
{
	struct tls_staple *s = &c->staple;
	struct tls_ocsp_view v;
	const uint8_t *response;
	size_t len;

	OBJ_CHECK(c, TLS_CTX_MAGIC);
	*out = (struct tls_stapled){ 0 };
	if (!s->ocsp) {
		return UINT64_MAX;
	}
	tls_ocsp_own(&v, s->ocsp, s->responder, s->leaf, s->issuer, now_s, &response, &len);
	if (response) {
		*out = (struct tls_stapled){ v.fact.this_s, v.fact.until_s };
	}
	return v.ask_at_s;
}

int tls_staple_attach(struct tls_ctx *c, const struct tls_conf *conf, char *why, size_t why_size)
{
	struct tls_staple *s = &c->staple;
	STACK_OF(X509) *chain = NULL;

	s->leaf = SSL_CTX_get0_certificate(c->ssl);
	if (SSL_CTX_get0_chain_certs(c->ssl, &chain) != 1) {
		return ERR_NOMEM;
	}
	for (int i = 0; i < sk_X509_num(chain) && !s->issuer; i++) {
		X509 *ca = sk_X509_value(chain, i);

		s->issuer =
		    X509_check_issued(ca, s->leaf) == X509_V_OK && X509_verify(s->leaf, X509_get0_pubkey(ca)) == 1 ? ca : NULL;
	}
	ERR_clear_error();
	if (!s->issuer) {
		snprintf(
		    why, why_size,
		    "certificate '%s': the CA that issued it is not behind it in the file; a responder for it (ocsp) needs both",
		    conf->certificate);
		return ERR_INVAL;
	}
	s->ocsp = conf->ocsp;
	s->responder = conf->responder;
	if (s->ocsp && (SSL_CTX_set_tlsext_status_cb(c->ssl, on_status) != 1 || SSL_CTX_set_tlsext_status_arg(c->ssl, c) != 1)) {
		return ERR_NOMEM;
	}
	return 0;
}
