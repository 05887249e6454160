/* tls_bio.c - what OpenSSL calls: octets from and to the stream below, and the judgement of the
 * other side's certificate. */
#include <stdlib.h>
#include <string.h>

#include "tls/tls_stream_int.h"
#include "tls/tls_verify.h"

static int bio_read(BIO *b, char *out, int size)
{
	struct tls_stream *t = BIO_get_data(b);
	size_t n = size < 0 ? 0 : (size_t)size;

	BIO_clear_retry_flags(b);
	if (t->in_len == 0 || t->barren > TLS_BARREN_MAX) {
		BIO_set_retry_read(b);
		return -1;
	}
	if (n > t->in_len) {
		n = t->in_len;
	}
	memcpy(out, t->in, n);
	t->barren += (uint32_t)n;
	t->in += n;
	t->in_len -= n;
	return (int)n;
}

static int bio_write(BIO *b, const char *p, int size)
{
	struct tls_stream *t = BIO_get_data(b);

	BIO_clear_retry_flags(b);
	if (!t->below || net_stream_write(t->below, p, (size_t)size)) {
		return -1;
	}
	return size;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	(void)b, (void)num, (void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

BIO_METHOD *tls_stream_bio(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "mtc stream");

	if (m && BIO_meth_set_read(m, bio_read) && BIO_meth_set_write(m, bio_write) && BIO_meth_set_ctrl(m, bio_ctrl)) {
		return m;
	}
	BIO_meth_free(m);
	return NULL;
}

int tls_stream_verify(X509_STORE_CTX *x, void *arg)
{
	const struct tls_ctx *c = OBJ_OF(arg, struct tls_ctx, TLS_CTX_MAGIC);
	SSL *ssl = X509_STORE_CTX_get_ex_data(x, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_stream *t = SSL_get_app_data(ssl);
	struct tls_presented p = {
		.leaf = X509_STORE_CTX_get0_cert(x),
		.others = X509_STORE_CTX_get0_untrusted(x),
		.is_client = c->server,
		.expected_name = c->server ? NULL : t->expected,
	};
	int x509_error = X509_V_ERR_OUT_OF_MEM;
	char why[TLS_WHY_MAX] = "";

	if (!t->identity) {
		t->identity = malloc(sizeof *t->identity);
	}
	tls_chains_fini(&t->chains);
	if (t->identity && tls_verify(t->identity, &t->chains, &p, c->anchors, c->anchors_n, &x509_error, why, sizeof why) == 0) {
		X509_STORE_CTX_set_error(x, X509_V_OK);
		return 1;
	}
	ERR_clear_error();
	free(t->refusal);
	t->refusal = strdup(why);
	X509_STORE_CTX_set_error(x, x509_error);
	return 0;
}
