/* tls_judge.c - tls_verify() on certificates that come from a file. */
#include "tls/tls_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tls/tls_ctx.h"
#include "tls/tls_verify.h"
#include "tls/tls_x509.h"

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
	p->leaf = tls_x509_next(b);
	while (!err && p->leaf && (cert = tls_x509_next(b))) {
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

static enum tls_refusal kind_of(int x509_error)
{
	switch (x509_error) {
	case X509_V_OK:
		return TLS_TAKEN;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return TLS_REFUSED_ENDED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return TLS_REFUSED_EARLY;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
		return TLS_REFUSED_ISSUER;
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return TLS_REFUSED_SIGNER;
	case X509_V_ERR_INVALID_PURPOSE:
		return TLS_REFUSED_PURPOSE;
	case X509_V_ERR_CERT_REVOKED:
		return TLS_REFUSED_REVOKED;
	case X509_V_ERR_HOSTNAME_MISMATCH:
		return TLS_REFUSED_NAME;
	default:
		return TLS_REFUSED_OTHER;
	}
}

int tls_judge_side(struct tls_identity *out, enum tls_refusal *kind, const struct tls_judge *j, const struct tls_pem *chain,
		   const struct tls_side *side, char *why, size_t why_size)
{
	struct tls_presented p = { .others = sk_X509_new_null(),
				   .is_client = side->is_client,
				   .expected_name = side->expected_name };
	int x509_error = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY; /* when there is no anchor at all */
	int err = read_chain(&p, chain, why, why_size);

	if (!err) {
		why[0] = 0;
		err = tls_verify(out, NULL, &p, j->anchors, j->n, &x509_error, why, why_size);
		*kind = kind_of(x509_error);
	}
	if (!err) {
		why[0] = 0; /* words about another anchor */
	}
	ERR_clear_error();
	X509_free(p.leaf);
	sk_X509_pop_free(p.others, X509_free);
	return err;
}

int tls_judge_client(struct tls_identity *out, const struct tls_judge *j, const struct tls_pem *chain, char *why, size_t why_size)
{
	enum tls_refusal kind;

	return tls_judge_side(out, &kind, j, chain, &(struct tls_side){ .is_client = true }, why, why_size);
}

static bool has_ca(const struct tls_anchor *a, const char *subject)
{
	STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(a->store);
	char text[sizeof((struct tls_identity *)0)->subject];

	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		const X509 *ca = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));

		if (!ca) {
			continue;
		}
		tls_subject(text, sizeof text, ca);
		if (strcmp(text, subject) == 0) {
			return true;
		}
	}
	return false;
}

const char *tls_judge_named(const struct tls_judge *j, const char *subject)
{
	for (size_t i = 0; i < j->n; i++) {
		if (has_ca(&j->anchors[i], subject)) {
			return j->anchors[i].name;
		}
	}
	return NULL;
}

/* -- a certificate of a CA */

static bool issued(const X509 *ca, X509 *cert)
{
	return X509_check_issued((X509 *)(uintptr_t)ca, cert) == X509_V_OK && X509_verify(cert, X509_get0_pubkey(ca)) == 1;
}

static enum tls_ca ca_to(const struct tls_anchor *a, X509 *cert)
{
	STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(a->store);
	enum tls_ca best = TLS_CA_STRANGER;

	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		const X509 *ca = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
		enum tls_ca is = TLS_CA_STRANGER;

		if (ca && X509_cmp(ca, cert) == 0) {
			is = TLS_CA_ANCHOR;
		} else if (ca && issued(ca, cert)) {
			is = TLS_CA_BELOW;
		} else if (ca && X509_NAME_cmp(X509_get_subject_name(ca), X509_get_subject_name(cert)) == 0) {
			is = TLS_CA_NAMESAKE;
		}
		best = is > best ? is : best;
	}
	return best;
}

static enum tls_ca ca_to_all(const char **name, const struct tls_judge *j, X509 *cert)
{
	enum tls_ca best = TLS_CA_STRANGER;

	for (size_t i = 0; i < j->n; i++) {
		enum tls_ca is = ca_to(&j->anchors[i], cert);

		if (is > best) {
			best = is;
			*name = j->anchors[i].name;
		}
	}
	return best;
}

/* The certificate of this file that is above it; NULL: none is. */
static X509 *above(const struct tls_presented *p, X509 *cert)
{
	for (int i = 0; i < sk_X509_num(p->others); i++) {
		if (sk_X509_value(p->others, i) != cert && issued(sk_X509_value(p->others, i), cert)) {
			return sk_X509_value(p->others, i);
		}
	}
	return NULL;
}

int tls_judge_ca(enum tls_ca *out, const char **name, const struct tls_judge *j, const struct tls_pem *file)
{
	struct tls_presented p = { .others = sk_X509_new_null() };
	char why[128];
	int err = read_chain(&p, file, why, sizeof why);
	X509 *cert = err ? NULL : p.leaf;

	*out = TLS_CA_STRANGER;
	*name = NULL;
	for (int step = 0; cert && step < TLS_JUDGE_CHAIN_MAX && *out < TLS_CA_BELOW; step++) {
		const char *of = NULL;
		enum tls_ca is = ca_to_all(&of, j, cert);

		if (step && is >= TLS_CA_BELOW) {
			*out = TLS_CA_BELOW;
			*name = of;
		} else if (!step) {
			*out = is;
			*name = of;
		}
		cert = above(&p, cert);
	}
	ERR_clear_error();
	X509_free(p.leaf);
	sk_X509_pop_free(p.others, X509_free);
	return err;
}
