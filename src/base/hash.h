/* hash.h - SHA-256 of a stream of octets (OpenSSL's), as hex digits. A library of its own: only programs that hash link OpenSSL. */
#pragma once
#include <stddef.h>

#include "base/err.h"

#define HASH_TEXT_MAX 65 /* 64 digits and the end */

struct hash;

ERR_MUST_USE int hash_new(struct hash **out); /* ERR_NOMEM */
ERR_MUST_USE int hash_add(struct hash *h, const void *p, size_t n);
ERR_MUST_USE int hash_end(struct hash *h, char out[HASH_TEXT_MAX]); /* once; all that is left is hash_free() */
void hash_free(struct hash *h);                                     /* NULL allowed */
