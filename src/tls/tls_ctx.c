/* tls_ctx.c - certificate, key, anchors and the profile in one context.
 * The profile's rows (TS 33.210 6.2, RFC 8446 9.1) stand together below, so that they can be read
 * beside the specification. */
#include "tls/tls_ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "base/tail.h"
#include "tls/tls_own.h"
#include "tls/tls_provider.h"
#include "tls/tls_verify.h"
#include "tls/tls_x509.h"

static const char suites_13[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
static const char suites_12[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
				"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
static const char groups[] = "P-256:X25519:P-384";
/* rsa_pkcs1_sha256 is for signatures on certificates; tls_shake.c refuses it in a handshake. */
static const char sigalgs[] = "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:"
			      "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pkcs1_sha256";
/* Requested from clients in addition: a client whose only certificate has such a key would
 * otherwise send none, without an explanation. Now it sends the certificate, and tls_verify()
 * refuses it with a reason before anything is signed. With an accepted key none of them can be
 * used: in TLS 1.3 ecdsa_secp521r1_sha512 is for P-521 only, and in TLS 1.2, where it is for any
 * curve, it is left out. */
static const char shown_12[] = ":ed25519:ed448";
static const char shown_13[] = ":ed25519:ed448:ecdsa_secp521r1_sha512";
#define SECURITY_LEVEL 2
#define CERT_LIST_MAX (32 * 1024) /* bytes of a presented chain */

/* Diameter has no ALPN name: a client that asks for one expects another protocol. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned in_len,
		   void *arg)
{
	(void)ssl, (void)out, (void)out_len, (void)in, (void)in_len, (void)arg;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* The version is known now and the request for the client's certificate is not yet made. */
static int on_cert(SSL *ssl, void *arg)
{
	char list[sizeof sigalgs + sizeof shown_13];

	(void)arg;
	snprintf(list, sizeof list, "%s%s", sigalgs, SSL_version(ssl) == TLS1_3_VERSION ? shown_13 : shown_12);
	return SSL_set1_client_sigalgs_list(ssl, list) == 1;
}

static void on_keylog(const SSL *ssl, const char *line)
{
	struct tls_ctx *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	char text[512];
	int n = snprintf(text, sizeof text, "%s%s\n", c->keylog_torn ? "\n" : "", line);

	if (n <= 0 || (size_t)n >= sizeof text) {
		return;
	}
	/* A failed write only makes a capture undecodable later: the connection continues. An
	 * incomplete line is ended before the next one. */
	c->keylog_torn = write(c->keylog_fd, text, (size_t)n) != n;
}

static int apply_profile(struct tls_ctx *c, bool tls12_allowed)
{
	SSL_CTX *s = c->ssl;

	SSL_CTX_set_security_level(s, SECURITY_LEVEL);
	SSL_CTX_set_options(s,
			    SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_clear_options(s, SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION | SSL_OP_LEGACY_SERVER_CONNECT |
				     SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_session_cache_mode(s, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(s, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_max_cert_list(s, CERT_LIST_MAX);
	SSL_CTX_set_verify(s, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(s, tls_stream_verify, c);
	if (c->server) {
		SSL_CTX_set_alpn_select_cb(s, on_alpn, NULL);
		SSL_CTX_set_cert_cb(s, on_cert, NULL);
	}
	return SSL_CTX_set_min_proto_version(s, tls12_allowed ? TLS1_2_VERSION : TLS1_3_VERSION) &&
		       SSL_CTX_set_max_proto_version(s, TLS1_3_VERSION) && SSL_CTX_set_ciphersuites(s, suites_13) &&
		       SSL_CTX_set_cipher_list(s, suites_12) && SSL_CTX_set1_groups_list(s, groups) &&
		       SSL_CTX_set1_sigalgs_list(s, sigalgs) && SSL_CTX_set1_client_sigalgs_list(s, sigalgs) &&
		       SSL_CTX_set_num_tickets(s, 0) && SSL_CTX_set_max_early_data(s, 0) && SSL_CTX_set_recv_max_early_data(s, 0)
		   ? 0
		   : ERR_NOMEM;
}

/* -- certificate and key */

/* Clients compare it with the name that they connect to; servers may compare it with our
 * Origin-Host. */
static int check_name(const struct tls_ctx *c, X509 *leaf, const struct tls_conf *conf, char *why, size_t why_size)
{
	unsigned flags = X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
	char first[256];

	if (!conf->own_name || X509_check_host(leaf, conf->own_name, 0, flags, NULL) == 1) {
		return 0;
	}
	tls_own_first_name(first, sizeof first, leaf);
	snprintf(why, why_size, "certificate '%s' is not for our host name '%s' (first dNSName in subjectAltName: %s): %s",
		 conf->certificate, conf->own_name, first,
		 c->server ? "nobody who checks it connects; have it issued for this name" : "a peer that checks it refuses us");
	return c->server ? ERR_INVAL : 0;
}

/* Checks our own certificate: the leaf is not a CA, has the extended key usage of its role and our
 * name; the rest of the chain is valid. */
static int check_usable(const struct tls_ctx *c, X509 *leaf, const struct tls_conf *conf, char *why, size_t why_size)
{
	uint32_t usage = c->server ? XKU_SSL_SERVER : XKU_SSL_CLIENT;
	const char *file = conf->certificate;
	STACK_OF(X509) *chain = NULL;
	int err = 0;

	if (X509_check_ca(leaf)) {
		snprintf(why, why_size, "certificate '%s' is the certificate of a CA: name the one that was issued to this node",
			 file);
		return ERR_INVAL;
	}
	if (!(X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE) || !(X509_get_extended_key_usage(leaf) & usage)) {
		snprintf(why, why_size, "certificate '%s' is not for a TLS %s: have it issued with the extendedKeyUsage %s", file,
			 c->server ? "server" : "client", c->server ? "serverAuth" : "clientAuth");
		return ERR_INVAL;
	}
	if (SSL_CTX_get0_chain_certs(c->ssl, &chain) != 1) {
		return ERR_NOMEM;
	}
	for (int i = 0; !err && i < sk_X509_num(chain); i++) {
		err = tls_own_dates(sk_X509_value(chain, i), file, why, why_size);
	}
	return err ? err : check_name(c, leaf, conf, why, why_size);
}

static int check_certificate(const struct tls_ctx *c, const struct tls_conf *conf, char *why, size_t why_size)
{
	X509 *leaf = SSL_CTX_get0_certificate(c->ssl);
	char words[160];
	int err = conf->own == TLS_OWN_ANY ? 0 : tls_own_dates(leaf, conf->certificate, why, why_size);

	if (!err && tls_verify_key(leaf, words, sizeof words)) {
		snprintf(why, why_size, "certificate '%s': %s", conf->certificate, words);
		err = ERR_INVAL;
	}
	return !err && conf->own == TLS_OWN_USABLE ? check_usable(c, leaf, conf, why, why_size) : err;
}

/* The leaf and whatever follows; on failure OpenSSL has queued the reason. */
static bool use_chain(SSL_CTX *ssl, BIO *b)
{
	X509 *cert = tls_x509_own(b);
	bool ok = cert && SSL_CTX_use_certificate(ssl, cert) == 1 && SSL_CTX_clear_chain_certs(ssl) == 1;

	X509_free(cert);
	while (ok && (cert = tls_x509_next(b))) {
		ok = SSL_CTX_add0_chain_cert(ssl, cert) == 1;
		if (!ok) {
			X509_free(cert);
		}
	}
	return ok && ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_PEM &&
	       ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

static int use_certificate(struct tls_ctx *c, const struct tls_conf *conf, const struct tls_pem *pem, char *why, size_t why_size)
{
	BIO *b = BIO_new_mem_buf(pem->p, (int)pem->len);
	const char *reason;
	unsigned long e;
	bool ok;

	if (!b) {
		return ERR_NOMEM;
	}
	ERR_clear_error();
	ok = use_chain(c->ssl, b);
	BIO_free(b);
	e = ERR_peek_error();
	if (!ok && ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE) {
		snprintf(why, why_size, "'%s' holds no PEM certificate", conf->certificate);
	} else if (!ok) {
		reason = ERR_reason_error_string(e);
		snprintf(why, why_size, "certificate '%s': %s", conf->certificate, reason ? reason : "it cannot be read");
	}
	ERR_clear_error();
	return ok ? check_certificate(c, conf, why, why_size) : ERR_INVAL;
}

static int load_certificate(struct tls_ctx *c, const struct tls_conf *conf, char *why, size_t why_size)
{
	struct file_copy f;
	char words[FILE_WHY_MAX];
	int err;

	if (conf->certificate_pem.p) {
		return use_certificate(c, conf, &conf->certificate_pem, why, why_size);
	}
	err = file_read(&f, conf->certificate, TLS_PEM_MAX, words);
	if (err) {
		snprintf(why, why_size, "cannot read certificate '%s': %s", conf->certificate, words);
		return err;
	}
	err = use_certificate(c, conf, &(struct tls_pem){ f.p, f.len }, why, why_size);
	file_copy_fini(&f);
	return err;
}

int tls_pem_times(struct tls_pem_times *out, const struct tls_pem *pem)
{
	BIO *b = BIO_new_mem_buf(pem->p, (int)pem->len);
	struct tls_pem_times t = { UINT64_MAX, 0, UINT64_MAX };
	X509 *cert;

	while (b && (cert = tls_x509_next(b))) {
		uint64_t begin = tls_verify_seconds(X509_get0_notBefore(cert));
		uint64_t end = tls_verify_seconds(X509_get0_notAfter(cert));

		X509_free(cert);
		t.first_begin_s = begin < t.first_begin_s ? begin : t.first_begin_s;
		t.last_begin_s = begin > t.last_begin_s ? begin : t.last_begin_s;
		t.first_end_s = end < t.first_end_s ? end : t.first_end_s;
	}
	BIO_free(b);
	ERR_clear_error();
	*out = t;
	return t.first_end_s == UINT64_MAX ? ERR_INVAL : 0;
}

static int load_anchors(struct tls_ctx *c, const struct tls_conf *conf, char *why, size_t why_size)
{
	int err = 0;

	if (!conf->anchors_n) {
		snprintf(why, why_size, "no trust anchor is configured: nobody could be authenticated");
		return ERR_INVAL;
	}
	c->anchors = calloc(conf->anchors_n, sizeof *c->anchors);
	if (!c->anchors) {
		return ERR_NOMEM;
	}
	while (!err && c->anchors_n < conf->anchors_n) {
		err = tls_anchor_load(&c->anchors[c->anchors_n], &conf->anchors[c->anchors_n], why, why_size);
		if (!err) {
			c->anchors_n++;
		}
	}
	return err;
}

static int open_keylog(struct tls_ctx *c, const char *file, char *why, size_t why_size)
{
	uint64_t octets;

	if (!file) {
		return 0;
	}
	if (c->server) {
		snprintf(why, why_size, "a server does not log keys");
		return ERR_INVAL;
	}
	c->keylog_fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->keylog_fd < 0) {
		snprintf(why, why_size, "cannot write key log '%s': %s", file, strerror(errno));
		return ERR_IO;
	}
	c->keylog_torn = tail_look(c->keylog_fd, &octets) != TAIL_WHOLE;
	SSL_CTX_set_keylog_callback(c->ssl, on_keylog);
	return 0;
}

/* -- the context */

static int ctx_fill(struct tls_ctx *c, const struct tls_conf *conf, char *why, size_t why_size)
{
	int err = ERR_NOMEM;

	c->remote = conf->key.remote;
	c->remote_key = conf->key.remote_key;
	c->ssl = SSL_CTX_new_ex(c->remote ? c->remote->lib : NULL, NULL, c->server ? TLS_server_method() : TLS_client_method());
	c->bio = tls_stream_bio();
	if (c->ssl && c->bio && SSL_CTX_set_app_data(c->ssl, c)) {
		err = apply_profile(c, conf->tls12_allowed);
	}
	if (!err) {
		err = load_certificate(c, conf, why, why_size);
	}
	if (!err) {
		err = conf->key.attach(conf->key.arg, c->ssl, why, why_size);
	}
	if (!err) {
		err = load_anchors(c, conf, why, why_size);
	}
	if (!err && conf->staple) {
		err = tls_staple_attach(c, conf, why, why_size);
	}
	if (!err) {
		err = open_keylog(c, conf->keylog, why, why_size);
	}
	return err;
}

int tls_ctx_new(struct tls_ctx **out, const struct tls_conf *conf, char *why, size_t why_size)
{
	struct tls_ctx *c = calloc(1, sizeof *c);
	int err;

	str_cut(why, why_size, "");
	if (!c) {
		return ERR_NOMEM;
	}
	*c = (struct tls_ctx){ .obj = OBJ(TLS_CTX_MAGIC), .refs = 1, .keylog_fd = -1, .server = conf->server };
	err = ctx_fill(c, conf, why, why_size);
	if (err && !*why) {
		snprintf(why, why_size, "TLS context: %s", err_str(err));
	}
	ERR_clear_error();
	if (err) {
		tls_ctx_free(c);
	} else {
		*out = c;
	}
	return err;
}

bool tls_ctx_ready(const struct tls_ctx *c)
{
	return !c->remote || c->remote->signer.ready(c->remote->signer.arg, c->remote_key);
}

struct tls_ctx *tls_ctx_hold(struct tls_ctx *c)
{
	OBJ_CHECK(c, TLS_CTX_MAGIC);
	c->refs++;
	return c;
}

void tls_ctx_free(struct tls_ctx *c)
{
	if (!c) {
		return;
	}
	OBJ_CHECK(c, TLS_CTX_MAGIC);
	if (--c->refs) {
		return;
	}
	OBJ_END(c, TLS_CTX_MAGIC);
	SSL_CTX_free(c->ssl);
	for (size_t i = 0; i < c->anchors_n; i++) {
		tls_anchor_fini(&c->anchors[i]);
	}
	free(c->anchors);
	BIO_meth_free(c->bio);
	if (c->keylog_fd >= 0) {
		close(c->keylog_fd);
	}
	free(c);
}
