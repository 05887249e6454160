/* ed25519.c - see ed25519.h. */
#include "base/ed25519.h"

#include <string.h>

#define ERR_STATE openssl_err_state /* see hash.c */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#undef ERR_STATE

void ed25519_wipe(uint8_t seed[ED25519_KEY])
{
	OPENSSL_cleanse(seed, ED25519_KEY);
}

int ed25519_public(uint8_t out[ED25519_KEY], const uint8_t seed[ED25519_KEY])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_KEY);
	size_t n = ED25519_KEY;
	int ok = key && EVP_PKEY_get_raw_public_key(key, out, &n) == 1 && n == ED25519_KEY;

	EVP_PKEY_free(key);
	return ok ? 0 : ERR_INVAL;
}

int ed25519_make(uint8_t seed[ED25519_KEY], uint8_t public_key[ED25519_KEY])
{
	if (RAND_priv_bytes(seed, ED25519_KEY) != 1) {
		return ERR_NOMEM;
	}
	return ed25519_public(public_key, seed) ? ERR_NOMEM : 0;
}

int ed25519_sign(uint8_t out[ED25519_SIGNATURE], const uint8_t seed[ED25519_KEY], const void *p, size_t n)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = ED25519_SIGNATURE;
	int ok = key && ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 && EVP_DigestSign(ctx, out, &len, p, n) == 1 &&
		 len == ED25519_SIGNATURE;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok ? 0 : ERR_NOMEM;
}

bool ed25519_good(const uint8_t public_key[ED25519_KEY], const void *p, size_t n, const uint8_t signature[ED25519_SIGNATURE])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, ED25519_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = key && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
		    EVP_DigestVerify(ctx, signature, ED25519_SIGNATURE, p, n) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}

int ed25519_pem_put(char out[ED25519_PEM_MAX], const uint8_t seed[ED25519_KEY])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_KEY);
	BIO *bio = BIO_new(BIO_s_secmem());
	char *text;
	long n;
	int err = key && bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1 ? 0 : ERR_NOMEM;

	if (!err) {
		n = BIO_get_mem_data(bio, &text);
		err = n > 0 && (size_t)n < ED25519_PEM_MAX ? 0 : ERR_LIMIT;
		if (!err) {
			memcpy(out, text, (size_t)n);
			out[n] = 0;
		}
	}
	BIO_free(bio);
	EVP_PKEY_free(key);
	return err;
}

/* No question for a password at a terminal. */
static int no_password(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}

int ed25519_pem_get(uint8_t seed[ED25519_KEY], const char *pem, size_t len)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)len);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
	size_t n = ED25519_KEY;
	int ok = key && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 && EVP_PKEY_get_raw_private_key(key, seed, &n) == 1 &&
		 n == ED25519_KEY;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return ok ? 0 : ERR_INVAL;
}
