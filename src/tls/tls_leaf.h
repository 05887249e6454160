/* tls_leaf.h - what a leaf certificate says, once its chain is good. For tls_verify.c. */
#pragma once
#include "tls/tls_verify.h"

/* It is no CA and has the extendedKeyUsage of its side (RFC 5280 4.2.1.12). Otherwise ERR_AUTH, and
 * `why` says what is wrong. */
ERR_MUST_USE int tls_leaf_rules(const struct tls_presented *p, char *why, size_t why_size);

/* Adds the host names (dNSName) and groups (URI) of its subjectAltName to `id`. ERR_AUTH, and `why`
 * says it: a name that can pass for another one, too many of them, or no host name at all. */
ERR_MUST_USE int tls_leaf_names(struct tls_identity *id, X509 *leaf, char *why, size_t why_size);
