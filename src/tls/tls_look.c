/* tls_look.c - reads one file block by block. */
#include "tls/tls_look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tls/tls_private.h"
#include "tls/tls_verify.h"
#include "tls/tls_x509.h"

/* -- one certificate */

static void add_text(char *out, size_t size, const char *text, size_t len)
{
	size_t n = strlen(out);

	snprintf(out + n, size - n, "%s%.*s", n ? ", " : "", (int)len, text);
}

static void look_at_names(struct tls_look_cert *out, X509 *x)
{
	GENERAL_NAMES *san = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(san, i);
		const char *text;
		size_t len;

		if (name->type != GEN_DNS) {
			continue;
		}
		text = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
		len = (size_t)ASN1_STRING_length(name->d.dNSName);
		add_text(out->names, sizeof out->names, text, len);
		if (!out->wildcard[0] && memchr(text, '*', len)) {
			add_text(out->wildcard, sizeof out->wildcard, text, len);
		}
	}
	GENERAL_NAMES_free(san);
}

static void look_at_usage(struct tls_look_cert *out, X509 *x)
{
	bool given = X509_get_extension_flags(x) & EXFLAG_XKUSAGE;
	uint32_t usage = given ? X509_get_extended_key_usage(x) : 0;

	out->for_client = usage & XKU_SSL_CLIENT;
	out->for_server = usage & XKU_SSL_SERVER;
	if (out->for_client) {
		add_text(out->usage, sizeof out->usage, "clientAuth", 10);
	}
	if (out->for_server) {
		add_text(out->usage, sizeof out->usage, "serverAuth", 10);
	}
	if (!out->usage[0]) {
		str_set(out->usage, sizeof out->usage, given ? "something else" : "none");
	}
}

static void look_at_cert(struct tls_look_cert *out, X509 *x)
{
	const X509_ALGOR *algorithm;

	*out = (struct tls_look_cert){ .issuer_at = -1 };
	tls_subject(out->subject, sizeof out->subject, x);
	tls_name_text(out->issuer, sizeof out->issuer, X509_get_issuer_name(x));
	out->not_before_s = tls_verify_seconds(X509_get0_notBefore(x));
	out->not_after_s = tls_verify_seconds(X509_get0_notAfter(x));
	out->ca = X509_check_ca(x) == 1;
	look_at_usage(out, x);
	look_at_names(out, x);
	if (!tls_verify_key(x, out->weak_key, sizeof out->weak_key)) {
		out->weak_key[0] = 0;
	}
	X509_get0_signature(NULL, &algorithm, x);
	if (!tls_verify_signed(X509_get_signature_nid(x), algorithm, out->weak_signed, sizeof out->weak_signed)) {
		out->weak_signed[0] = 0;
	}
}

static void find_issuers(struct tls_look *out, X509 *const *x)
{
	for (size_t i = 0; i < out->certs_n; i++) {
		for (size_t k = 0; k < out->certs_n && out->cert[i].issuer_at < 0; k++) {
			if (X509_check_issued(x[k], x[i]) == X509_V_OK) {
				out->cert[i].issuer_at = (int)k;
			}
		}
	}
}

/* -- the file */

static void look_at_block(struct tls_look *out, X509 **x, const char *name, const uint8_t *p, long len)
{
	const uint8_t *end = p;
	X509_CRL *crl;

	if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0 ||
	    strcmp(name, PEM_STRING_X509_TRUSTED) == 0) {
		if (out->certs_n == TLS_LOOK_CERTS_MAX) {
			snprintf(out->damaged, sizeof out->damaged, "more than %d certificates", TLS_LOOK_CERTS_MAX);
			return;
		}
		x[out->certs_n] = d2i_X509(NULL, &end, len);
		if (x[out->certs_n]) {
			look_at_cert(&out->cert[out->certs_n], x[out->certs_n]);
			out->certs_n++;
		} else {
			snprintf(out->damaged, sizeof out->damaged, "certificate %zu is damaged", out->certs_n + 1);
		}
	} else if (strcmp(name, PEM_STRING_X509_CRL) == 0) {
		crl = d2i_X509_CRL(NULL, &end, len);
		out->crls_n += crl != NULL;
		if (!crl) {
			snprintf(out->damaged, sizeof out->damaged, "a revocation list is damaged");
		}
		X509_CRL_free(crl);
	} else if (strstr(name, "PRIVATE KEY")) {
		out->keys_n++;
	}
}

static void look_at_blocks(struct tls_look *out, BIO *b, X509 **x)
{
	char *name, *header;
	uint8_t *data;
	long len;

	while (PEM_read_bio(b, &name, &header, &data, &len) == 1) {
		look_at_block(out, x, name, data, len);
		OPENSSL_cleanse(data, (size_t)len);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE && !out->damaged[0]) {
		str_set(out->damaged, sizeof out->damaged, "a block between BEGIN and END is damaged");
	}
}

static bool is_der_list(const struct tls_pem *file)
{
	const uint8_t *p = file->p;
	X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)file->len);
	bool is = crl && p == (const uint8_t *)file->p + file->len;

	X509_CRL_free(crl);
	return is;
}

int tls_look(struct tls_look *out, const struct tls_pem *file)
{
	X509 *x[TLS_LOOK_CERTS_MAX] = { NULL };
	BIO *b = file->len <= TLS_PEM_MAX ? BIO_new_mem_buf(file->p, (int)file->len) : NULL;

	memset(out, 0, sizeof *out);
	if (!b) {
		return ERR_NOMEM;
	}
	ERR_clear_error();
	look_at_blocks(out, b, x);
	BIO_free(b);
	find_issuers(out, x);
	if (!out->certs_n && !out->keys_n && !out->crls_n && !out->damaged[0]) {
		out->crls_n = is_der_list(file);
	}
	for (size_t i = 0; i < out->certs_n; i++) {
		X509_free(x[i]);
	}
	ERR_clear_error();
	return 0;
}

/* -- private keys */

int tls_look_key(char kind[TLS_LOOK_WORDS_MAX], const struct tls_key *key, char *why, size_t why_size)
{
	EVP_PKEY *k = tls_private_parse(key, why, why_size);
	char curve[64];

	if (!k) {
		return ERR_INVAL;
	}
	if (EVP_PKEY_get_group_name(k, curve, sizeof curve, NULL) == 1) {
		snprintf(kind, TLS_LOOK_WORDS_MAX, "EC, curve %s", curve);
	} else {
		snprintf(kind, TLS_LOOK_WORDS_MAX, "%s of %d bits", EVP_PKEY_get0_type_name(k), EVP_PKEY_get_bits(k));
	}
	EVP_PKEY_free(k);
	ERR_clear_error();
	return 0;
}

int tls_look_pair(const struct tls_pem *certificate, const struct tls_key *key)
{
	BIO *b = certificate->len <= TLS_PEM_MAX ? BIO_new_mem_buf(certificate->p, (int)certificate->len) : NULL;
	X509 *x = b ? tls_x509_next(b) : NULL;
	char why[TLS_LOOK_WORDS_MAX];
	EVP_PKEY *k = tls_private_parse(key, why, sizeof why);
	int err = ERR_INVAL;

	if (x && k) {
		err = X509_check_private_key(x, k) == 1 ? 0 : ERR_AUTH;
	}
	EVP_PKEY_free(k);
	X509_free(x);
	BIO_free(b);
	ERR_clear_error();
	return err;
}
