/* tls_own.h - what a certificate of ours is valid for; inside the room. `why` says in words why it
 * cannot be used. */
#pragma once
#include <stddef.h>

#include "base/err.h"
#include "tls/tls_openssl.h"

/* ERR_INVAL: it has expired, or is not valid yet. `file` is for the words. */
ERR_MUST_USE int tls_own_dates(X509 *cert, const char *file, char *why, size_t why_size);
/* The first dNSName, for messages; "none". */
void tls_own_first_name(char *out, size_t size, X509 *leaf);
