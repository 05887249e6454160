/* tls_judge.c - tls_verify() on certificates that come from a file. */
#include "tls/tls_judge.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "tls/tls_ctx.h"
#include "tls/tls_verify.h"

struct tls_judge {
	struct tls_anchor *anchors; /* owned */
	size_t n;
};

int tls_judge_new(struct tls_judge **out, const struct tls_anchor_conf *anchors, size_t anchors_n, char *why, size_t why_size)
{
	struct tls_judge *j = calloc(1, sizeof *j);
	int err = 0;

	if (j) {
		j->anchors = calloc(anchors_n + 1, sizeof *j->anchors);
	}
	if (!j || !j->anchors) {
		tls_judge_free(j);
		str_cut(why, why_size, err_str(ERR_NOMEM));
		return ERR_NOMEM;
	}
	while (!err && j->n < anchors_n) {
		err = tls_anchor_load(&j->anchors[j->n], &anchors[j->n], why, why_size);
		j->n += !err;
	}
	if (err) {
		tls_judge_free(j);
		return err;
	}
	*out = j;
	return 0;
}

void tls_judge_free(struct tls_judge *j)
{
	if (!j) {
		return;
	}
	for (size_t i = 0; i < j->n; i++) {
		tls_anchor_fini(&j->anchors[i]);
	}
	free(j->anchors);
	free(j);
}

/* The leaf, and all that follows. */
static int read_chain(struct tls_presented *p, const struct tls_pem *pem, char *why, size_t why_size)
{
	BIO *b = pem->len <= TLS_PEM_MAX ? BIO_new_mem_buf(pem->p, (int)pem->len) : NULL;
	int err = 0;
	X509 *cert;

	if (!b || !p->others) {
		BIO_free(b);
		str_cut(why, why_size, err_str(ERR_NOMEM));
		return ERR_NOMEM;
	}
	p->leaf = PEM_read_bio_X509(b, NULL, NULL, NULL);
	while (!err && p->leaf && (cert = PEM_read_bio_X509(b, NULL, NULL, NULL))) {
		if (sk_X509_num(p->others) < TLS_JUDGE_CHAIN_MAX - 1 && sk_X509_push(p->others, cert) > 0) {
			continue;
		}
		X509_free(cert);
		snprintf(why, why_size, "more than %d certificates", TLS_JUDGE_CHAIN_MAX);
		err = ERR_INVAL;
	}
	if (!p->leaf) {
		snprintf(why, why_size, "it holds no PEM certificate");
		err = ERR_INVAL;
	}
	BIO_free(b);
	ERR_clear_error();
	return err;
}

int tls_judge_client(struct tls_identity *out, const struct tls_judge *j, const struct tls_pem *chain, char *why, size_t why_size)
{
	struct tls_presented p = { .others = sk_X509_new_null(), .is_client = true };
	int x509_error, err = read_chain(&p, chain, why, why_size);

	if (!err) {
		err = tls_verify(out, NULL, &p, j->anchors, j->n, &x509_error, why, why_size);
	}
	if (!err) {
		why[0] = 0; /* words about another anchor */
	}
	ERR_clear_error();
	X509_free(p.leaf);
	sk_X509_pop_free(p.others, X509_free);
	return err;
}
