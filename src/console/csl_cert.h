/* csl_cert.h - which person a client certificate is, by the list of the configuration
 * (certificates). PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "console/csl_conf.h"
#include "console/csl_gate.h"

#define CSL_CERT_NAMES_MAX 16 /* of one certificate; one with more is refused */

/* Of a certificate that was verified; with the fingerprint "" of none. */
struct csl_cert {
	char fingerprint[CSL_FINGERPRINT_MAX]; /* SHA-256 of its DER, 64 lower-case digits */
	char subject[CSL_MATCH_MAX];           /* "subject:CN=alice,O=operator", by RFC 4514 */
	/* "email:", "dns:" or "uri:" before each */
	char names[CSL_CERT_NAMES_MAX][CSL_MATCH_MAX];
	size_t names_n;
};

/* 0: `match` of the configuration has one of the forms sha256:, subject:, email:, dns: and uri:.
 * Otherwise ERR_INVAL. */
ERR_MUST_USE int csl_cert_match_check(const char *match);
/* Two entries that match the same certificates by the same words. */
bool csl_cert_match_same(const char *a, const char *b);

/* The person of a certificate. ERR_NOTFOUND: no entry matches it.
 * ERR_AUTH: entries of different persons or roles match it, so it is nobody's. */
ERR_MUST_USE int csl_cert_person(struct csl_person *out, const struct csl_certificate *list, size_t n,
				 const struct csl_cert *cert);
