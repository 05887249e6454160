/* hash.h - SHA-256 (OpenSSL's) of a stream of octets as hex digits, or of one piece. This is a
 * library of its own, so that only programs that hash link OpenSSL. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HASH_LEN 32u /* octets of a digest */
#define HASH_TEXT_MAX (2u * HASH_LEN + 1u)

struct hash;

ERR_MUST_USE int hash_new(struct hash **out); /* ERR_NOMEM */
ERR_MUST_USE int hash_add(struct hash *h, const void *p, size_t n);
/* may be called once; only hash_free() may follow */
ERR_MUST_USE int hash_end(struct hash *h, char out[HASH_TEXT_MAX]);
void hash_free(struct hash *h); /* NULL allowed */

/* Digests one piece, beside what is added. The function may be called repeatedly. ERR_NOMEM. */
ERR_MUST_USE int hash_piece(struct hash *h, const void *p, size_t n, uint8_t out[HASH_LEN]);
