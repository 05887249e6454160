/* hash.c - OpenSSL's types.h has a type ERR_STATE, our err.h an error code of that name. A stream
 * is digested by EVP. A short piece is digested by SHA256_*, which OpenSSL 3 calls deprecated:
 * EVP's way into its provider and back is a third of the instructions of such a digest, and
 * triggers pay for several (docs/dev/performance.md, "What the audit's thread took"). Both are the
 * same code below. */
#define OPENSSL_SUPPRESS_DEPRECATED
#define ERR_STATE openssl_err_state
#include <openssl/evp.h>
#include <openssl/sha.h>
#undef ERR_STATE

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

struct hash {
	EVP_MD_CTX *ctx;
	SHA256_CTX piece;
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
	return SHA256_Init(&h->piece) == 1 && SHA256_Update(&h->piece, p, n) == 1 && SHA256_Final(out, &h->piece) == 1
		   ? 0
		   : ERR_NOMEM;
}

void hash_free(struct hash *h)
{
	if (!h) {
		return;
	}
	EVP_MD_CTX_free(h->ctx);
	free(h);
}
