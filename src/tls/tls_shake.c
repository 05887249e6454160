/* tls_shake.c - the handshake of a TLS stream, with a key that may be in another process, and the
 * end of the stream. */
#include <stdio.h>

#include "base/str.h"
#include "tls/tls_stream_int.h"
#include "tls/tls_words.h"

void tls_end_call(struct tls_stream *t)
{
	if (t->ctx->remote) {
		tls_call_end(&t->call, t->ctx->remote);
	}
}

void tls_die(struct tls_stream *t, int err, const char *why)
{
	tls_end_call(t);
	tls_set_state(t, TLS_DEAD);
	net_task_cancel(&t->later);
	net_task_cancel(&t->flush);
	net_timer_free(t->timer);
	t->timer = NULL;
	if (t->below) {
		net_stream_pause(t->below); /* no further data is used */
	}
	net_stream_emit_close(&t->base, err, why);
}

int tls_failure(struct tls_stream *t, char *why, size_t why_size)
{
	t->may_write = false;
	if (t->call.err) { /* OpenSSL says no more than that it could not sign */
		ERR_clear_error();
		snprintf(why, why_size, "TLS handshake: no signature: %s", t->call.why ? t->call.why : err_str(t->call.err));
		return t->call.err;
	}
	return tls_words(why, why_size, t->state == TLS_HANDSHAKE, t->refusal ? t->refusal : "");
}

/* OpenSSL makes room for a message as soon as it knows the length that its head says: 128 KiB for a
 * ClientHello of which 9 octets are there. */
const char *tls_too_long(struct tls_stream *t, const uint8_t *p, size_t n)
{
	uint32_t said;

	for (size_t i = 0; i < n && t->handshake_len + i < TLS_HEAD_LEN; i++) {
		t->head[t->handshake_len + i] = p[i];
	}
	t->handshake_len += (uint32_t)n;
	t->barren = 0;
	if (!t->handshake_len_max) {
		return NULL;
	}
	if (t->handshake_len > t->handshake_len_max) {
		return "TLS handshake: it has too many bytes";
	}
	said = (uint32_t)t->head[6] << 16 | (uint32_t)t->head[7] << 8 | t->head[8];
	return t->handshake_len >= TLS_HEAD_LEN && t->head[0] == SSL3_RT_HANDSHAKE && said > t->handshake_len_max
		   ? "TLS handshake: its first message says that it has too many bytes"
		   : NULL;
}

void tls_on_handshake_limit(void *arg)
{
	struct tls_stream *t = tls_of(arg);
	char why[64];

	snprintf(why, sizeof why, "TLS handshake: not done in %u ms", t->handshake_wait_ms);
	net_stream_hold(&t->base);
	tls_die(t, ERR_TIMEOUT, why);
	net_stream_drop(&t->base);
}

/* Checks without a setting in OpenSSL (TS 33.210 6.2.3). NULL: passed. */
static const char *tls_objection(struct tls_stream *t)
{
	int theirs = NID_undef, ours = NID_undef;

	if (SSL_version(t->ssl) != TLS1_2_VERSION) {
		return NULL;
	}
	if (SSL_get_extms_support(t->ssl) != 1) {
		return "TLS 1.2 without extended master secret";
	}
	if (!SSL_get_secure_renegotiation_support(t->ssl)) {
		return "TLS 1.2 without secure renegotiation";
	}
	(void)SSL_get_peer_signature_type_nid(t->ssl, &theirs);
	(void)SSL_get_signature_type_nid(t->ssl, &ours);
	if (theirs == EVP_PKEY_RSA || ours == EVP_PKEY_RSA) {
		return "handshake signed with RSA PKCS#1 v1.5, expected ECDSA or RSA-PSS";
	}
	return NULL;
}

/* SSL_do_handshake(). False: its result does not count, because it waits for a signature. */
static bool do_handshake(struct tls_stream *t, int *result)
{
	int err;

	ERR_clear_error();
	if (!t->ctx->remote) {
		*result = SSL_do_handshake(t->ssl);
		return true;
	}
	err = tls_call_run(&t->call, t->ctx->remote, t->ssl);
	t->signature_awaited = err == ERR_AGAIN;
	if (!t->signature_awaited && t->paused_for_signature) {
		t->paused_for_signature = false;
		net_stream_resume(t->below);
	}
	*result = err ? -1 : t->call.result;
	return err != ERR_AGAIN;
}

bool tls_shake(struct tls_stream *t)
{
	const char *objection;
	char why[TLS_WHY_MAX];
	int r;

	if (!do_handshake(t, &r)) {
		return false;
	}
	if (r != 1 && !t->call.err && SSL_get_error(t->ssl, r) == SSL_ERROR_WANT_READ) {
		return false;
	}
	if (r != 1) {
		r = tls_failure(t, why, sizeof why);
		tls_die(t, r, why);
		return false;
	}
	objection = t->identity ? tls_objection(t) : TLS_NO_CERTIFICATE;
	if (objection) {
		t->may_write = true;
		tls_die(t, ERR_AUTH, objection);
		return false;
	}
	net_timer_free(t->timer);
	t->timer = NULL;
	tls_set_state(t, TLS_OPEN);
	t->authenticated = t->may_write = true;
	if (t->paused) {
		net_stream_pause(t->below);
	}
	if (t->out.len) {
		net_task_flush(t->loop, &t->flush);
	}
	if (t->below) {
		str_cut(t->base.local, sizeof t->base.local, net_stream_local(t->below));
	}
	net_stream_emit_open(&t->base);
	return true;
}
