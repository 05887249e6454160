/* tls_crl_int.h - the revocation lists of an anchor in memory; for src/tls only. */
#pragma once
#include "tls/tls_crl.h"
#include "tls/tls_openssl.h"

struct tls_crl {
	X509_CRL *crl; /* its signature is verified; sorted by serial number */
	X509 *issuer;
	char number[TLS_CRL_NUMBER_MAX + 1];
	uint64_t this_s, next_s; /* thisUpdate, nextUpdate */
	size_t file;
};

struct tls_crls { /* at most one of each CA */
	struct tls_crl *of;
	size_t n;
	bool configured; /* the anchor has files of lists, and so its certificates are checked */
};

/* The lists of the files of `conf`, which has at least one, for the anchor whose CAs are in
 * `store`. `out` is empty before, and on failure. Errors as of tls_crl_facts(). */
ERR_MUST_USE int tls_crls_load(struct tls_crls *out, X509_STORE *store, const struct tls_anchor_conf *conf, char *why,
			       size_t why_size);
void tls_crls_fini(struct tls_crls *c);

/* True if both certificates are of one CA: the same name and key. */
bool tls_crl_same_ca(const X509 *a, const X509 *b);

void tls_crl_unchecked(struct tls_revocation *out); /* nothing is known */
/* Judges a verified chain, leaf first, at the time `now_s`. The last certificate is trusted because
 * it is in the anchor's file: it needs no list, but a list that is here and names it counts. */
void tls_crl_judge(struct tls_revocation *out, const struct tls_crls *crls, STACK_OF(X509) * chain, uint64_t now_s);
