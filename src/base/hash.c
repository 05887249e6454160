/* hash.c - OpenSSL's types.h has a type ERR_STATE, our err.h an error code of that name. */
#define ERR_STATE openssl_err_state
#include <openssl/evp.h>
#undef ERR_STATE

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

struct hash {
	EVP_MD_CTX *ctx;
};

int hash_new(struct hash **out)
{
	struct hash *h = calloc(1, sizeof *h);

	if (!h) {
		return ERR_NOMEM;
	}
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1) {
		hash_free(h);
		return ERR_NOMEM;
	}
	*out = h;
	return 0;
}

int hash_add(struct hash *h, const void *p, size_t n)
{
	return EVP_DigestUpdate(h->ctx, p, n) == 1 ? 0 : ERR_NOMEM;
}

int hash_end(struct hash *h, char out[HASH_TEXT_MAX])
{
	uint8_t octets[HASH_LEN];

	if (EVP_DigestFinal_ex(h->ctx, octets, NULL) != 1) {
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < HASH_LEN; i++) {
		snprintf(out + 2 * i, 3, "%02x", octets[i]);
	}
	return 0;
}

int hash_piece(struct hash *h, const void *p, size_t n, uint8_t out[HASH_LEN])
{
	/* no algorithm named: the one that the context has */
	if (EVP_DigestInit_ex(h->ctx, NULL, NULL) != 1 || EVP_DigestUpdate(h->ctx, p, n) != 1 ||
	    EVP_DigestFinal_ex(h->ctx, out, NULL) != 1) {
		return ERR_NOMEM;
	}
	return 0;
}

void hash_free(struct hash *h)
{
	if (!h) {
		return;
	}
	EVP_MD_CTX_free(h->ctx);
	free(h);
}
