/* tls_crl_int.h - the revocation lists of an anchor in memory; for src/tls only. */
#pragma once
#include "tls/tls_crl.h"
#include "tls/tls_openssl.h"

/* A serial number as a key: all octets count, those behind `len` are zero. */
#define TLS_CRL_SERIAL_MAX 24 /* octets; RFC 5280 4.1.2.2 allows 20 */
struct tls_crl_serial {
	uint8_t len, negative;
	uint8_t octets[TLS_CRL_SERIAL_MAX];
};

struct tls_crl_entry {
	struct tls_crl_serial serial;
	int8_t reason;    /* CRLReason; -1: none given */
	uint64_t since_s; /* revocationDate */
};

struct tls_crl {
	X509_CRL *crl; /* only while it is loaded; its signature is verified then */
	X509 *issuer;
	struct tls_crl_entry *entries; /* sorted by serial number */
	size_t entries_n;
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

/* tls_crl_table.c: fills the entries from `c->crl`. ERR_LIMIT: a serial number is too long.
 * ERR_NOMEM. */
ERR_MUST_USE int tls_crl_sort(struct tls_crl *c);
/* False: it is longer than any that a list may have. */
bool tls_crl_serial_of(struct tls_crl_serial *out, const ASN1_INTEGER *serial);
/* NULL: it is not revoked. */
const struct tls_crl_entry *tls_crl_find(const struct tls_crl *c, const struct tls_crl_serial *serial);
/* The lists of a table, which is read as if a stranger had made it: ERR_PROTO. ERR_NOMEM. */
ERR_MUST_USE int tls_crls_open(struct tls_crls *out, const struct tls_pem *table);
/* The opposite. ERR_NOMEM. */
ERR_MUST_USE int tls_crls_table(struct tls_crl_table *out, const struct tls_crls *c);

/* True if both certificates are of one CA: the same name and key. */
bool tls_crl_same_ca(const X509 *a, const X509 *b);

/* What the lists say about one certificate. */
struct tls_crl_view {
	enum revocation state;  /* REVOCATION_UNCHECKED: the anchor has no lists */
	bool listed;            /* also by a list that is out of date */
	uint64_t fresh_until_s; /* nextUpdate of its list; UINT64_MAX: none */
};

/* `issuer` is the CA that issued `cert`. NULL: it is not in the chain, whose last certificate
 * `cert` is and which is trusted because it is in the anchor's file: it needs no list, but a
 * list that is here and names it counts. `words` as of struct tls_revocation, "" when nothing is
 * wrong. */
void tls_crl_look(struct tls_crl_view *out, const struct tls_crls *crls, X509 *cert, X509 *issuer, uint64_t now_s,
		  char words[TLS_REVOCATION_WORDS_MAX]);
