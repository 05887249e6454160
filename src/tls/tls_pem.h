/* tls_pem.h - PEM files of certificates and keys, or their bytes if the caller has read the
 * file. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TLS_PEM_MAX (1u << 20) /* bytes of a file */
/* permissions that a file with a private key must not have: others read it, its group writes it */
#define TLS_KEY_MODE_LOOSE 0027

struct tls_pem {       /* borrowed */
	const void *p; /* NULL: the file is read */
	size_t len;
};

struct tls_pem_times {          /* of the certificates in a PEM file, in seconds since 1970 */
	uint64_t first_begin_s; /* the earliest and the latest notBefore */
	uint64_t last_begin_s;
	uint64_t first_end_s; /* the earliest notAfter */
};
/* ERR_INVAL: the file has no certificate, or its time cannot be read. */
ERR_MUST_USE int tls_pem_times(struct tls_pem_times *out, const struct tls_pem *pem);

/* The first certificate of a file, which charon presents for us in IKE: ERR_INVAL when it cannot be
 * read, is not valid now, or has not the identity `id` as a dNSName. charon looks for an identity
 * of this form in the subjectAltName only, and never in the common name. */
ERR_MUST_USE int tls_pem_ike(const struct tls_pem *pem, const char *file, const char *id, char *why, size_t why_size);
