/* fuzz_certificate.c - the promises of the identity out of a certificate: what is taken as a name
 * is a canonical host name, everything has its bounds, and a refusal has words.
 *   certificate  the octets are the value of subjectAltName (DER) in a certificate that an anchor
 *       signed: everything else about it
 *                is right, so that the parsers of names and URIs are reached
 *   pem          the octets are what an SCS hands in as its chain, or an operator as a file */
#include <string.h>

#include "base/ident.h"
#include "tests/fuzz/fuzz.h"
#include "tls/tls_judge.h"
#include "tls/tls_openssl.h"
#include "tls/tls_pem.h"

#define DAY_S 86400L

struct authority {
	X509 *x;
	EVP_PKEY *key, *leaf_key;
	struct tls_judge *judge;
};

static void name(X509 *x, const char *cn)
{
	X509_NAME *n = X509_get_subject_name(x);

	promise(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0) == 1, "a subject");
}

static X509 *certificate(const char *cn, EVP_PKEY *key, X509 *issuer, long serial)
{
	X509 *x = X509_new();

	promise(x && X509_set_version(x, 2) && ASN1_INTEGER_set(X509_get_serialNumber(x), serial), "a certificate");
	promise(X509_gmtime_adj(X509_getm_notBefore(x), -DAY_S) && X509_gmtime_adj(X509_getm_notAfter(x), DAY_S), "a time");
	name(x, cn);
	promise(X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x)) && X509_set_pubkey(x, key), "an issuer");
	return x;
}

static void extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *e;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	promise(e && X509_add_ext(x, e, -1) == 1, "an extension");
	X509_EXTENSION_free(e);
}

/* PEM of `x` in memory that the caller frees. */
static char *pem_of(X509 *x, size_t *len)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *p, *copy;
	long n;

	promise(b && PEM_write_bio_X509(b, x) == 1, "PEM");
	n = BIO_get_mem_data(b, &p);
	copy = malloc((size_t)n);
	promise(copy != NULL, "memory");
	memcpy(copy, p, (size_t)n);
	BIO_free(b);
	*len = (size_t)n;
	return copy;
}

/* Made once; what it signs differs in nothing that the promises speak of. */
static const struct authority *authority(void)
{
	static struct authority a;
	struct tls_anchor_conf anchor = { .name = "anchor-a", .file = "a.pem" };
	char why[512] = "", *pem;
	size_t len;

	if (a.x) {
		return &a;
	}
	a.key = EVP_EC_gen("P-256");
	a.leaf_key = EVP_EC_gen("P-256");
	promise(a.key && a.leaf_key, "keys");
	a.x = certificate("anchor", a.key, NULL, 1);
	extension(a.x, a.x, NID_basic_constraints, "critical,CA:TRUE");
	extension(a.x, a.x, NID_key_usage, "critical,keyCertSign,cRLSign");
	extension(a.x, a.x, NID_subject_key_identifier, "hash");
	promise(X509_sign(a.x, a.key, EVP_sha256()) > 0, "a signature");
	pem = pem_of(a.x, &len);
	anchor.pem = (struct tls_pem){ pem, len };
	promise(!tls_judge_new(&a.judge, &anchor, 1, why, sizeof why), why);
	free(pem);
	return &a;
}

static void check_identity(const struct tls_identity *id)
{
	char again[IDENT_HOST_MAX + 1];

	promise(id->names_n <= IDENTITY_NAMES_MAX && id->groups_n <= IDENTITY_GROUPS_MAX, "names and groups have bounds");
	promise(id->anchors_n == 1 && !strcmp(id->anchors[0], "anchor-a") && id->not_after_s,
		"the anchor is the one that signed");
	for (unsigned i = 0; i < id->names_n; i++) {
		promise(!ident_host(again, id->names[i], strlen(id->names[i])) && !strcmp(again, id->names[i]),
			"a name of a certificate is a canonical host name");
	}
	for (unsigned i = 0; i < id->groups_n; i++) {
		promise(memchr(id->groups[i], 0, sizeof id->groups[i]) && id->groups[i][0], "a group is a text");
	}
	for (const char *c = id->subject; *c; c++) {
		promise(*c >= 0x20 && *c <= 0x7e, "a subject is clean");
	}
}

static void judge(const struct authority *a, const void *pem, size_t len)
{
	struct tls_pem chain = { pem, len };
	struct tls_identity id;
	char why[512] = "";

	if (!tls_judge_client(&id, a->judge, &chain, why, sizeof why)) {
		check_identity(&id);
		return;
	}
	promise(*why != 0, "a refusal has words");
	for (const char *c = why; *c; c++) {
		promise(*c >= 0x20 && *c <= 0x7e, "words are clean");
	}
}

static void fuzz_certificate(const char *target, const uint8_t *data, size_t size)
{
	const struct authority *a = authority();
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *san = NULL;
	size_t len;
	char *pem;
	X509 *x;

	(void)target;
	if (size > 8192) {
		ASN1_OCTET_STRING_free(octets);
		return;
	}
	x = certificate("scs", a->leaf_key, a->x, 2);
	extension(x, a->x, NID_basic_constraints, "critical,CA:FALSE");
	extension(x, a->x, NID_key_usage, "critical,digitalSignature");
	extension(x, a->x, NID_ext_key_usage, "clientAuth");
	promise(octets && ASN1_OCTET_STRING_set(octets, data, (int)size) == 1, "octets");
	san = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, octets);
	promise(san && X509_add_ext(x, san, -1) == 1 && X509_sign(x, a->key, EVP_sha256()) > 0, "a certificate");
	pem = pem_of(x, &len);
	judge(a, pem, len);
	free(pem);
	X509_EXTENSION_free(san);
	ASN1_OCTET_STRING_free(octets);
	X509_free(x);
}

static void fuzz_pem(const char *target, const uint8_t *data, size_t size)
{
	struct tls_pem pem = { data, size };
	uint64_t ends;

	(void)target;
	if (!size) {
		return;
	}
	promise(tls_pem_ends(&ends, &pem) || ends > 0, "an end is a time");
	judge(authority(), data, size);
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "certificate") ? fuzz_certificate : !strcmp(target, "pem") ? fuzz_pem : NULL;
}
