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
void pki_free(struct pki_cert *c);
