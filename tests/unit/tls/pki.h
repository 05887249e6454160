/* pki.h - certificates made while a test runs, good and bad ones, in a folder of the test's own. */
#pragma once
#include <stdbool.h>

#include "tls/tls_openssl.h"

enum pki_key { PKI_P256, PKI_P384, PKI_P521, PKI_P224, PKI_RSA_2048, PKI_RSA_1024, PKI_ED25519 };

struct pki_spec {
	const char *cn;
	enum pki_key key;
	const char *san;         /* as in openssl.cnf: "DNS:a.example,URI:urn:x"; NULL: none */
	const char *eku;         /* "clientAuth", "serverAuth,clientAuth"; NULL: none */
	const char *usage;       /* keyUsage; NULL: what the kind of certificate needs */
	const char *constraints; /* nameConstraints; NULL: none */
	bool ca;
	bool no_key_ids;     /* neither subjectKeyIdentifier nor authorityKeyIdentifier */
	long from_s, to_s;   /* from now; to_s 0: one day */
	const char *digest;  /* NULL: SHA256 */
	const char *raw_dns; /* one dNSName of exactly these octets ... */
	int raw_dns_len;     /* ... and this length, instead of san */
};

struct pki_cert {
	X509 *x;
	EVP_PKEY *key;
	char cert_file[160], key_file[160];
};

struct pki {
	char dir[64];
	unsigned n;
};

void pki_init(struct pki *p);
/* Removes the folder and what pki_make() put there. */
void pki_fini(struct pki *p);
/* issuer NULL: self-signed. Ends the test when anything fails. */
struct pki_cert pki_make(struct pki *p, const struct pki_spec *spec, const struct pki_cert *issuer);
/* The CA with its name and key as another issuer has signed it. */
struct pki_cert pki_again(struct pki *p, const struct pki_cert *ca, const struct pki_cert *issuer);
void pki_free(struct pki_cert *c);

struct pki_crl_spec {
	const char *number;              /* decimal; NULL: none */
	const struct pki_cert *lists[4]; /* revoked */
	long from_s, to_s;               /* thisUpdate and nextUpdate from now; to_s 0: one day; -1: no nextUpdate */
	const char *delta;               /* deltaCRLIndicator: base number; NULL: none */
	const char *scope;               /* issuingDistributionPoint as in openssl.cnf; NULL: none */
	const char *digest;              /* NULL: SHA256 */
	bool no_key_id;                  /* no authorityKeyIdentifier */
	bool critical_entry;             /* its entries have a critical extension that nobody knows */
	int extra;                       /* so many more serial numbers */
};

/* A list of `issuer` signed by `key`. Ends the test when anything fails. */
X509_CRL *pki_crl(const struct pki_cert *issuer, EVP_PKEY *key, const struct pki_crl_spec *spec);
/* Appends it to a file; PEM or DER. */
void pki_crl_write(const char *path, X509_CRL *crl, bool pem);
