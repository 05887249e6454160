/* tls_anchor.c - one trust anchor: a file of CA certificates, a store of its own. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "tls/tls_ctx.h"
#include "tls/tls_verify.h"
#include "tls/tls_x509.h"

#define CERTIFICATES_MAX 64

static int check_ca(X509 *cert, const char *file, char *why, size_t why_size)
{
	char subject[160], words[160];
	int err = 0;

	tls_subject(subject, sizeof subject, cert);
	if (X509_check_ca(cert) != 1) {
		snprintf(why, why_size, "anchor '%s': certificate of '%s' is not of a CA (basicConstraints CA:TRUE)", file,
			 subject);
		return ERR_INVAL;
	}
	if (tls_verify_key(cert, words, sizeof words)) {
		snprintf(why, why_size, "anchor '%s': certificate of '%s': %s", file, subject, words);
		err = ERR_INVAL;
	}
	return err;
}

static int load_all(X509_STORE *store, BIO *b, const char *file, char *why, size_t why_size)
{
	int n = 0, err = 0;
	X509 *cert;

	while (!err && (cert = tls_x509_next(b))) {
		err = check_ca(cert, file, why, why_size);
		if (!err && ++n > CERTIFICATES_MAX) {
			snprintf(why, why_size, "anchor '%s': more than %d certificates", file, CERTIFICATES_MAX);
			err = ERR_LIMIT;
		}
		if (!err && X509_STORE_add_cert(store, cert) != 1) {
			snprintf(why, why_size, "anchor '%s': %s", file, err_str(ERR_NOMEM));
			err = ERR_NOMEM;
		}
		X509_free(cert);
	}
	if (!err && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		snprintf(why, why_size, "anchor '%s': certificate %d is damaged", file, n + 1);
		err = ERR_INVAL;
	} else if (!err && !n) {
		snprintf(why, why_size, "anchor '%s' holds no PEM certificate", file);
		err = ERR_INVAL;
	}
	ERR_clear_error();
	return err;
}

/* OpenSSL takes the first CA with a matching name as the issuer, unless key identifiers differ. Of
 * two with the same name tls_verify() takes the one whose key matches. */
static int find_twins(struct tls_anchor *a)
{
	STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(a->store);

	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		X509 *one = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
		bool twin = false;

		for (int j = 0; j < sk_X509_OBJECT_num(all) && !twin; j++) {
			const X509 *other = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, j));

			twin = i != j && X509_NAME_cmp(X509_get_subject_name(one), X509_get_subject_name(other)) == 0;
		}
		if (!twin) {
			continue;
		}
		if (!a->twins && !(a->twins = sk_X509_new_null())) {
			return ERR_NOMEM;
		}
		if (sk_X509_push(a->twins, one) <= 0) { /* the store holds it */
			return ERR_NOMEM;
		}
	}
	return 0;
}

static int load_octets(struct tls_anchor *out, const struct tls_anchor_conf *conf, const struct tls_pem *pem, char *why,
		       size_t why_size)
{
	struct tls_anchor a = { .store = X509_STORE_new() };
	BIO *b = BIO_new_mem_buf(pem->p, (int)pem->len);
	int err = ERR_NOMEM;

	memcpy(a.name, conf->name, sizeof a.name);
	a.ocsp = conf->responder == TLS_OCSP_NOBODY ? NULL : conf->ocsp;
	a.responder = conf->responder;
	a.ocsp_chain = conf->ocsp_chain;
	if (a.store) {
		X509_STORE_set_check_issued(a.store, tls_verify_issued);
	}
	ERR_clear_error();
	if (a.store && b) {
		err = load_all(a.store, b, conf->file, why, why_size);
	}
	BIO_free(b);
	if (!err && (err = find_twins(&a))) {
		snprintf(why, why_size, "anchor '%s': %s", conf->file, err_str(err));
	}
	if (!err && conf->crls_n) {
		err = tls_crls_load(&a.crls, a.store, conf, why, why_size);
	}
	if (err) {
		tls_anchor_fini(&a);
	} else {
		*out = a;
	}
	return err;
}

int tls_anchor_load(struct tls_anchor *out, const struct tls_anchor_conf *conf, char *why, size_t why_size)
{
	struct file_copy f = { .p = NULL };
	char words[FILE_WHY_MAX];
	int err;

	if (conf->pem.p) {
		return load_octets(out, conf, &conf->pem, why, why_size);
	}
	err = file_read(&f, conf->file, TLS_PEM_MAX, words);
	if (err) {
		snprintf(why, why_size, "cannot read anchor '%s': %s", conf->file, words);
		return err;
	}
	err = load_octets(out, conf, &(struct tls_pem){ f.p, f.len }, why, why_size);
	file_copy_fini(&f);
	return err;
}

int tls_anchor_check(const struct tls_anchor_conf *conf, char *why, size_t why_size)
{
	struct tls_anchor a;
	int err = tls_anchor_load(&a, conf, why, why_size);

	if (!err) {
		tls_anchor_fini(&a);
	}
	return err;
}

void tls_anchor_fini(struct tls_anchor *a)
{
	tls_crls_fini(&a->crls);
	sk_X509_free(a->twins);
	X509_STORE_free(a->store);
	a->twins = NULL;
	a->store = NULL;
}
