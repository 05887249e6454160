/* tls_ctx.c - certificate, key, anchors and the profile in one context.
 * The profile's rows (TS 33.210 6.2, RFC 8446 9.1) stand together below, so that they can be read beside the specification. */
#include "tls/tls_ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tls/tls_verify.h"

static const char suites_13[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
static const char suites_12[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
				"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
static const char groups[] = "P-256:X25519:P-384";
/* rsa_pkcs1_sha256 is for signatures on certificates; tls_stream.c refuses it in a handshake. */
static const char sigalgs[] = "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:"
			      "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pkcs1_sha256";
#define SECURITY_LEVEL 2
#define CERT_LIST_MAX (32 * 1024) /* octets of a presented chain */

/* Diameter has no ALPN name: whoever asks for one takes us for something else. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned in_len,
		   void *arg)
{
	(void)ssl, (void)out, (void)out_len, (void)in, (void)in_len, (void)arg;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void on_keylog(const SSL *ssl, const char *line)
{
	const struct tls_ctx *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	char text[512];
	int n = snprintf(text, sizeof text, "%s\n", line);

	if (n > 0 && (size_t)n < sizeof text && write(c->keylog_fd, text, (size_t)n) < 0)
		return; /* a capture that cannot be read later; the connection matters more */
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
	if (c->server)
		SSL_CTX_set_alpn_select_cb(s, on_alpn, NULL);
	return SSL_CTX_set_min_proto_version(s, tls12_allowed ? TLS1_2_VERSION : TLS1_3_VERSION) &&
		       SSL_CTX_set_max_proto_version(s, TLS1_3_VERSION) && SSL_CTX_set_ciphersuites(s, suites_13) &&
		       SSL_CTX_set_cipher_list(s, suites_12) && SSL_CTX_set1_groups_list(s, groups) &&
		       SSL_CTX_set1_sigalgs_list(s, sigalgs) && SSL_CTX_set1_client_sigalgs_list(s, sigalgs) &&
		       SSL_CTX_set_num_tickets(s, 0) && SSL_CTX_set_max_early_data(s, 0) && SSL_CTX_set_recv_max_early_data(s, 0)
		   ? 0
		   : ERR_NOMEM;
}

/* --- certificate and key -------------------------------------------------------------------------------------------------- */

static void time_text(char *out, size_t size, const ASN1_TIME *t)
{
	BIO *b = BIO_new(BIO_s_mem());
	const char *text = NULL;
	long n = 0;

	if (b && ASN1_TIME_print(b, t) == 1)
		n = BIO_get_mem_data(b, &text);
	snprintf(out, size, "%.*s", (int)n, n ? text : "");
	BIO_free(b);
}

static int check_certificate(X509 *cert, const char *file, char *why, size_t why_size)
{
	char when[64], words[160];

	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0) {
		time_text(when, sizeof when, X509_get0_notAfter(cert));
		snprintf(why, why_size, "certificate '%s' expired on %s", file, when);
		return ERR_INVAL;
	}
	if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0) {
		time_text(when, sizeof when, X509_get0_notBefore(cert));
		snprintf(why, why_size, "certificate '%s' is not valid before %s", file, when);
		return ERR_INVAL;
	}
	if (tls_verify_key(cert, words, sizeof words)) {
		snprintf(why, why_size, "certificate '%s': %s", file, words);
		return ERR_INVAL;
	}
	return 0;
}

static int load_certificate(struct tls_ctx *c, const char *file, char *why, size_t why_size)
{
	unsigned long e;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		snprintf(why, why_size, "cannot read certificate '%s': %s", file, strerror(errno));
		return ERR_IO;
	}
	close(fd);
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(c->ssl, file) != 1) {
		e = ERR_peek_error();
		if (ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE)
			snprintf(why, why_size, "'%s' holds no PEM certificate", file);
		else
			snprintf(why, why_size, "certificate '%s': %s", file, ERR_reason_error_string(e));
		ERR_clear_error();
		return ERR_INVAL;
	}
	return check_certificate(SSL_CTX_get0_certificate(c->ssl), file, why, why_size);
}

static int load_anchors(struct tls_ctx *c, const struct tls_conf *conf, char *why, size_t why_size)
{
	int err = 0;

	if (!conf->anchors_n) {
		snprintf(why, why_size, "no trust anchor is configured: nobody could be authenticated");
		return ERR_INVAL;
	}
	c->anchors = calloc(conf->anchors_n, sizeof *c->anchors);
	if (!c->anchors)
		return ERR_NOMEM;
	while (!err && c->anchors_n < conf->anchors_n) {
		err = tls_anchor_load(&c->anchors[c->anchors_n], &conf->anchors[c->anchors_n], why, why_size);
		if (!err)
			c->anchors_n++;
	}
	return err;
}

static int open_keylog(struct tls_ctx *c, const char *file, char *why, size_t why_size)
{
	if (!file)
		return 0;
	if (c->server) {
		snprintf(why, why_size, "a server does not log keys");
		return ERR_INVAL;
	}
	c->keylog_fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->keylog_fd < 0) {
		snprintf(why, why_size, "cannot write key log '%s': %s", file, strerror(errno));
		return ERR_IO;
	}
	SSL_CTX_set_keylog_callback(c->ssl, on_keylog);
	return 0;
}

/* --- the context ---------------------------------------------------------------------------------------------------------- */

static int ctx_fill(struct tls_ctx *c, const struct tls_conf *conf, char *why, size_t why_size)
{
	int err = ERR_NOMEM;

	c->ssl = SSL_CTX_new(c->server ? TLS_server_method() : TLS_client_method());
	c->bio = tls_stream_bio();
	if (c->ssl && c->bio && SSL_CTX_set_app_data(c->ssl, c))
		err = apply_profile(c, conf->tls12_allowed);
	if (!err)
		err = load_certificate(c, conf->certificate, why, why_size);
	if (!err)
		err = load_anchors(c, conf, why, why_size);
	if (!err)
		err = open_keylog(c, conf->keylog, why, why_size);
	if (!err)
		err = conf->key.attach(conf->key.arg, c->ssl, why, why_size);
	return err;
}

int tls_ctx_new(struct tls_ctx **out, const struct tls_conf *conf, char *why, size_t why_size)
{
	struct tls_ctx *c = calloc(1, sizeof *c);
	int err;

	snprintf(why, why_size, "%s", "");
	if (!c)
		return ERR_NOMEM;
	*c = (struct tls_ctx){ .refs = 1, .keylog_fd = -1, .server = conf->server };
	err = ctx_fill(c, conf, why, why_size);
	if (err && !*why)
		snprintf(why, why_size, "TLS context: %s", err_str(err));
	ERR_clear_error();
	if (err)
		tls_ctx_free(c);
	else
		*out = c;
	return err;
}

struct tls_ctx *tls_ctx_hold(struct tls_ctx *c)
{
	c->refs++;
	return c;
}

void tls_ctx_free(struct tls_ctx *c)
{
	if (!c || --c->refs)
		return;
	SSL_CTX_free(c->ssl);
	for (size_t i = 0; i < c->anchors_n; i++)
		tls_anchor_fini(&c->anchors[i]);
	free(c->anchors);
	BIO_meth_free(c->bio);
	if (c->keylog_fd >= 0)
		close(c->keylog_fd);
	free(c);
}
