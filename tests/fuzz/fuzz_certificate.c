/* fuzz_certificate.c - the promises of the identity out of a certificate: what is taken as a name
 * is a canonical host name, everything has its bounds, and a refusal has words.
 *   certificate  the octets are the value of subjectAltName (DER) in a certificate that an anchor
 *       signed: everything else about it
 *                is right, so that the parsers of names and URIs are reached
 *   pem          the octets are what an SCS hands in as its chain, or an operator as a file; "doctor" reads the same
 *   crl          the octets are extensions of a CRL that the anchor signed: {u8 which, u8 length, value};
 *                which: bit 7 critical, bit 6 of its entry, else the kind
 *   crl-file     the octets are a file of CRLs; nobody but the anchor can make one that is taken */
#include <string.h>
#include <time.h>

#include "base/ident.h"
#include "doctor/doc_file.h"
#include "tests/fuzz/fuzz.h"
#include "tls/tls_crl.h"
#include "tls/tls_judge.h"
#include "tls/tls_openssl.h"
#include "tls/tls_pem.h"

#define DAY_S 86400L

struct authority {
	X509 *x;
	EVP_PKEY *key, *leaf_key;
	struct tls_judge *judge;
	char *pem; /* of x */
	size_t pem_len;
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
	char why[512] = "";

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
	a.pem = pem_of(a.x, &a.pem_len);
	anchor.pem = (struct tls_pem){ a.pem, a.pem_len };
	promise(!tls_judge_new(&a.judge, &anchor, 1, why, sizeof why), why);
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

static bool has_cause(const json_t *findings, enum doc_cause cause)
{
	const json_t *one;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)findings, i, one)
	{
		if (!strcmp(json_string_value(json_object_get(one, "cause")), doc_rows[cause].word)) {
			return true;
		}
	}
	return false;
}

/* mtcctl doctor on the same file says something, and "good" exactly of what a handshake takes. */
static void diagnose(const struct authority *a, const void *pem, size_t len, bool taken)
{
	struct tls_anchor_conf anchor = { .name = "anchor-a", .file = "a.pem", .pem = { a->pem, a->pem_len } };
	struct doc_file f = { .file = "x.pem", .pem = { pem, len }, .now_s = (uint64_t)time(NULL) };
	struct doc_report r;
	bool good;

	f.judge = a->judge;
	f.anchors = &anchor;
	f.anchors_n = 1;
	promise(doc_report_begin(&r), "memory");
	doc_look_at_file(&r, &f);
	good = has_cause(r.findings, DOC_FILE_GOOD);
	promise(json_array_size(r.findings) > 0, "something is said");
	promise(taken || !good, "good is what a handshake takes");
	promise(!taken || good, "what a handshake takes is good");
	doc_report_end(&r);
}

static void judge(const struct authority *a, const void *pem, size_t len)
{
	struct tls_pem chain = { pem, len };
	struct tls_identity id;
	char why[512] = "";

	if (!tls_judge_client(&id, a->judge, &chain, why, sizeof why)) {
		check_identity(&id);
		diagnose(a, pem, len, true);
		return;
	}
	diagnose(a, pem, len, false);
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
	struct tls_pem_times times;

	(void)target;
	if (!size) {
		return;
	}
	promise(tls_pem_times(&times, &pem) || times.first_end_s > 0, "an end is a time");
	promise(tls_pem_times(&times, &pem) || times.first_begin_s <= times.last_begin_s, "the first begins before the last");
	judge(authority(), data, size);
}

/* -- CRLs */

static int facts_of(struct tls_crl_fact facts[TLS_CRLS_MAX], size_t *n, const void *p, size_t len)
{
	const struct authority *a = authority();
	struct tls_crl_file file = { "a.crl", { p, len } };
	struct tls_anchor_conf anchor = {
		.name = "anchor-a", .file = "a.pem", .pem = { a->pem, a->pem_len }, .crls = &file, .crls_n = 1
	};
	char why[512] = "";
	int err = tls_crl_facts(facts, n, &anchor, (uint64_t)time(NULL), why, sizeof why);

	promise(!err == !*why, "a refusal has words");
	for (const char *c = why; *c; c++) {
		promise(*c >= 0x20 && *c <= 0x7e, "words are clean");
	}
	return err;
}

static void check_fact(const struct tls_crl_fact *f)
{
	size_t digits = strlen(f->number);

	promise(digits >= 1 && digits <= TLS_CRL_NUMBER_MAX && strspn(f->number, "0123456789abcdef") == digits &&
		    (digits == 1 || f->number[0] != '0'),
		"a number has one form");
	promise(f->next_update_s >= f->this_update_s && f->file == 0 && !strcmp(f->issuer, "CN=anchor"), "a fact is of this CRL");
}

static X509_CRL *new_crl(const struct authority *a)
{
	ASN1_TIME *from = X509_gmtime_adj(NULL, -60), *to = X509_gmtime_adj(NULL, DAY_S);
	X509_CRL *crl = X509_CRL_new();

	promise(crl && from && to && X509_CRL_set_version(crl, X509_CRL_VERSION_2) &&
		    X509_CRL_set_issuer_name(crl, X509_get_subject_name(a->x)) && X509_CRL_set1_lastUpdate(crl, from) &&
		    X509_CRL_set1_nextUpdate(crl, to),
		"a CRL");
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	return crl;
}

/* One extension of the CRL or of its entry. Returns the octets that were used; 0: no more. */
static size_t add_extension(X509_CRL *crl, X509_REVOKED *entry, const uint8_t *p, size_t left, bool *partial)
{
	static const int kinds[] = { NID_crl_number,
				     NID_delta_crl,
				     NID_issuing_distribution_point,
				     NID_authority_key_identifier,
				     NID_crl_reason,
				     NID_certificate_issuer,
				     NID_invalidity_date,
				     NID_basic_constraints };
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *e;
	int kind;

	if (left < 2 || left - 2 < p[1]) {
		ASN1_OCTET_STRING_free(value);
		return 0;
	}
	kind = kinds[p[0] & 7];
	promise(value && ASN1_OCTET_STRING_set(value, p + 2, p[1]) == 1, "octets");
	e = X509_EXTENSION_create_by_NID(NULL, kind, p[0] >> 7, value);
	promise(e && (p[0] & 0x40 ? X509_REVOKED_add_ext(entry, e, -1) : X509_CRL_add_ext(crl, e, -1)) == 1, "an extension");
	*partial = *partial || (!(p[0] & 0x40) && (kind == NID_delta_crl || kind == NID_issuing_distribution_point)) || p[0] >> 7;
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(value);
	return 2u + p[1];
}

static void fuzz_crl(const char *target, const uint8_t *data, size_t size)
{
	const struct authority *a = authority();
	X509_CRL *crl = new_crl(a);
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	ASN1_TIME *when = X509_gmtime_adj(NULL, -60);
	struct tls_crl_fact facts[TLS_CRLS_MAX];
	bool partial = false;
	uint8_t *der = NULL;
	size_t n = 0, used;
	int len;

	(void)target;
	promise(entry && serial && when && ASN1_INTEGER_set(serial, 7) && X509_REVOKED_set_serialNumber(entry, serial) &&
		    X509_REVOKED_set_revocationDate(entry, when),
		"an entry");
	while ((used = add_extension(crl, entry, data, size, &partial))) {
		data += used;
		size -= used;
	}
	promise(X509_CRL_add0_revoked(crl, entry) == 1 && X509_CRL_sign(crl, a->key, EVP_sha256()) > 0, "a signature");
	len = i2d_X509_CRL(crl, &der);
	promise(len > 0, "DER");
	if (!facts_of(facts, &n, der, (size_t)len)) {
		promise(n == 1 && !partial, "a CRL that is taken is whole");
		promise(facts[0].entries == 1, "and has its entry");
		check_fact(&facts[0]);
	}
	OPENSSL_free(der);
	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(when);
	X509_CRL_free(crl);
	ERR_clear_error();
}

static void fuzz_crl_file(const char *target, const uint8_t *data, size_t size)
{
	struct tls_crl_fact facts[TLS_CRLS_MAX];
	size_t n = 0;

	(void)target;
	if (size) {
		promise(facts_of(facts, &n, data, size) && n == 0, "only the CA of the anchor makes its CRLs");
	}
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "certificate") ? fuzz_certificate
	       : !strcmp(target, "pem")       ? fuzz_pem
	       : !strcmp(target, "crl")       ? fuzz_crl
	       : !strcmp(target, "crl-file")  ? fuzz_crl_file
					      : NULL;
}
