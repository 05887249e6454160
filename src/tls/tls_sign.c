/* tls_sign.c - see tls_sign.h. */
#include "tls/tls_sign.h"

#include <stdbool.h>
#include <stdio.h>

#include "tls/tls_openssl.h"
#include "tls/tls_private.h"
#include "tls/tls_x509.h"

/* The two are OpenSSL's key under a name that says which half may be used. */
static EVP_PKEY *evp(const void *k)
{
	return (EVP_PKEY *)(uintptr_t)k;
}

/* -- keys */

int tls_private_new(struct tls_private **out, const struct tls_key *key, char *why, size_t why_size)
{
	EVP_PKEY *k = tls_private_parse(key, why, why_size);

	ERR_clear_error();
	if (!k) {
		return ERR_INVAL;
	}
	if (EVP_PKEY_get_size(k) <= 0 || (size_t)EVP_PKEY_get_size(k) > TLS_SIGNATURE_MAX) {
		snprintf(why, why_size, "key '%s' makes signatures of %d bytes, at most %u are expected (RSA of 8192 bits)",
			 key->path, EVP_PKEY_get_size(k), TLS_SIGNATURE_MAX);
		EVP_PKEY_free(k);
		return ERR_INVAL;
	}
	*out = (struct tls_private *)k;
	return 0;
}

void tls_private_free(struct tls_private *k)
{
	EVP_PKEY_free(evp(k)); /* OpenSSL wipes the private numbers */
}

int tls_public_new(struct tls_public **out, const struct tls_pem *certificate)
{
	BIO *b = certificate->len <= TLS_PEM_MAX ? BIO_new_mem_buf(certificate->p, (int)certificate->len) : NULL;
	X509 *x = b ? tls_x509_next(b) : NULL;
	EVP_PKEY *k = x ? X509_get_pubkey(x) : NULL;

	BIO_free(b);
	X509_free(x);
	ERR_clear_error();
	*out = (struct tls_public *)k;
	return k ? 0 : ERR_INVAL;
}

void tls_public_free(struct tls_public *k)
{
	EVP_PKEY_free(evp(k));
}

/* -- schemes */

struct form {
	const char *type;
	const EVP_MD *digest;
	bool pss;
};

static bool form_of(struct form *out, uint16_t scheme)
{
	switch (scheme) {
	case TLS_ECDSA_SHA256:
		*out = (struct form){ "EC", EVP_sha256(), false };
		return true;
	case TLS_ECDSA_SHA384:
		*out = (struct form){ "EC", EVP_sha384(), false };
		return true;
	case TLS_RSA_PSS_RSAE_SHA256:
		*out = (struct form){ "RSA", EVP_sha256(), true };
		return true;
	case TLS_RSA_PSS_RSAE_SHA384:
		*out = (struct form){ "RSA", EVP_sha384(), true };
		return true;
	case TLS_RSA_PSS_PSS_SHA256:
		*out = (struct form){ "RSA-PSS", EVP_sha256(), true };
		return true;
	case TLS_RSA_PSS_PSS_SHA384:
		*out = (struct form){ "RSA-PSS", EVP_sha384(), true };
		return true;
	default:
		return false;
	}
}

static bool set_padding(EVP_PKEY_CTX *ctx, const struct form *f)
{
	return !f->pss || (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
			   EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1);
}

uint16_t tls_public_scheme(const struct tls_public *k)
{
	EVP_PKEY *key = evp(k);

	if (EVP_PKEY_is_a(key, "EC")) {
		return EVP_PKEY_get_bits(key) > 256 ? TLS_ECDSA_SHA384 : TLS_ECDSA_SHA256;
	}
	return EVP_PKEY_is_a(key, "RSA") ? TLS_RSA_PSS_RSAE_SHA256 : EVP_PKEY_is_a(key, "RSA-PSS") ? TLS_RSA_PSS_PSS_SHA256 : 0;
}

int tls_scheme_digest(uint8_t out[TLS_DIGEST_MAX], size_t *len, uint16_t scheme, const void *content, size_t n)
{
	unsigned made = 0;
	struct form f;

	if (!form_of(&f, scheme)) {
		return ERR_INVAL;
	}
	if (EVP_Digest(content, n, out, &made, f.digest, NULL) != 1) {
		return ERR_IO;
	}
	*len = made;
	return 0;
}

/* -- signatures */

int tls_private_sign(const struct tls_private *k, uint16_t scheme, const void *content, size_t n,
		     uint8_t signature[TLS_SIGNATURE_MAX], size_t *signature_len)
{
	EVP_PKEY_CTX *params;
	EVP_MD_CTX *ctx;
	struct form f;
	int ok;

	if (!form_of(&f, scheme) || !EVP_PKEY_is_a(evp(k), f.type)) {
		return ERR_INVAL;
	}
	ctx = EVP_MD_CTX_new();
	*signature_len = TLS_SIGNATURE_MAX;
	ok = ctx && EVP_DigestSignInit(ctx, &params, f.digest, NULL, evp(k)) == 1 && set_padding(params, &f) &&
	     EVP_DigestSign(ctx, signature, signature_len, content, n) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok ? 0 : ERR_IO;
}

int tls_public_verify(const struct tls_public *k, uint16_t scheme, const void *content, size_t n, const void *signature,
		      size_t signature_len)
{
	EVP_PKEY_CTX *params;
	EVP_MD_CTX *ctx;
	struct form f;
	int ok;

	if (!form_of(&f, scheme) || !EVP_PKEY_is_a(evp(k), f.type)) {
		return ERR_INVAL;
	}
	ctx = EVP_MD_CTX_new();
	ok = ctx && EVP_DigestVerifyInit(ctx, &params, f.digest, NULL, evp(k)) == 1 && set_padding(params, &f) &&
	     EVP_DigestVerify(ctx, signature, signature_len, content, n) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok ? 0 : ERR_AUTH;
}

int tls_ecdsa_der(uint8_t out[TLS_SIGNATURE_MAX], size_t *out_len, const void *rs, size_t octets)
{
	const uint8_t *at = rs;
	int half = (int)(octets / 2), n = -1;
	ECDSA_SIG *sig;
	BIGNUM *r, *s;

	if (octets == 0 || octets % 2 || octets > 132) {
		return ERR_INVAL;
	}
	sig = ECDSA_SIG_new();
	r = BN_bin2bn(at, half, NULL);
	s = BN_bin2bn(at + half, half, NULL);
	if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
		ECDSA_SIG_free(sig);
		BN_free(r);
		BN_free(s);
		return ERR_NOMEM;
	}
	n = i2d_ECDSA_SIG(sig, &out); /* 144 octets at most */
	ECDSA_SIG_free(sig);
	*out_len = n > 0 ? (size_t)n : 0;
	return n > 0 ? 0 : ERR_NOMEM;
}
