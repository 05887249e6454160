/* pki.c - certificates by OpenSSL's own functions. */
#include "tests/unit/test.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/tls/pki.h"

void pki_init(struct pki *p)
{
	*p = (struct pki){ .dir = "/tmp/mtc-tls-XXXXXX" };
	assert_non_null(mkdtemp(p->dir));
}

void pki_fini(struct pki *p)
{
	DIR *d = opendir(p->dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (e->d_name[0] != '.') {
			unlinkat(dirfd(d), e->d_name, 0);
		}
	}
	if (d) {
		closedir(d);
	}
	rmdir(p->dir);
}

/* To find one takes up to a second, and no test cares which: one for each length and process. */
static EVP_PKEY *rsa_key(unsigned bits)
{
	static EVP_PKEY *kept[2];
	EVP_PKEY **k = &kept[bits == 2048];

	if (!*k) {
		*k = EVP_RSA_gen(bits);
	}
	assert_non_null(*k);
	assert_int_equal(EVP_PKEY_up_ref(*k), 1);
	return *k;
}

static EVP_PKEY *make_key(enum pki_key kind)
{
	switch (kind) {
	case PKI_P256:
		return EVP_EC_gen("P-256");
	case PKI_P384:
		return EVP_EC_gen("P-384");
	case PKI_P521:
		return EVP_EC_gen("P-521");
	case PKI_P224:
		return EVP_EC_gen("P-224");
	case PKI_RSA_2048:
		return rsa_key(2048);
	case PKI_RSA_1024:
		return rsa_key(1024);
	case PKI_ED25519:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	}
	return NULL;
}

static void add(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(ext);
	assert_int_equal(X509_add_ext(x, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

static void add_raw_dns(X509 *x, const char *p, int n)
{
	GENERAL_NAMES *san = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *s = ASN1_IA5STRING_new();

	assert_int_equal(ASN1_STRING_set(s, p, n), 1);
	GENERAL_NAME_set0_value(name, GEN_DNS, s);
	assert_true(sk_GENERAL_NAME_push(san, name) > 0);
	assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, san, 0, 0), 1);
	GENERAL_NAMES_free(san);
}

static void add_extensions(X509 *x, X509 *issuer, const struct pki_spec *s)
{
	add(x, issuer, NID_basic_constraints, s->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	add(x, issuer, NID_key_usage, s->usage ? s->usage : s->ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
	if (!s->no_key_ids) {
		add(x, issuer, NID_subject_key_identifier, "hash");
	}
	if (issuer != x && !s->no_key_ids) {
		add(x, issuer, NID_authority_key_identifier, "keyid:always");
	}
	if (s->san) {
		add(x, issuer, NID_subject_alt_name, s->san);
	}
	if (s->raw_dns) {
		add_raw_dns(x, s->raw_dns, s->raw_dns_len);
	}
	if (s->eku) {
		add(x, issuer, NID_ext_key_usage, s->eku);
	}
	if (s->constraints) {
		add(x, issuer, NID_name_constraints, s->constraints);
	}
}

static void write_files(struct pki *p, struct pki_cert *c)
{
	FILE *f;

	snprintf(c->cert_file, sizeof c->cert_file, "%s/%u.pem", p->dir, p->n);
	snprintf(c->key_file, sizeof c->key_file, "%s/%u.key", p->dir, p->n);
	f = fopen(c->cert_file, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, c->x), 1);
	fclose(f);
	f = fopen(c->key_file, "w");
	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	assert_int_equal(PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
}

struct pki_cert pki_make(struct pki *p, const struct pki_spec *s, const struct pki_cert *issuer)
{
	struct pki_cert c = { .x = X509_new(), .key = make_key(s->key) };
	X509 *by = issuer ? issuer->x : c.x;
	EVP_PKEY *by_key = issuer ? issuer->key : c.key;
	const EVP_MD *md =
	    EVP_PKEY_get_base_id(by_key) == EVP_PKEY_ED25519 ? NULL : EVP_get_digestbyname(s->digest ? s->digest : "SHA256");
	X509_NAME *name;

	assert_non_null(c.x);
	assert_non_null(c.key);
	p->n++;
	X509_set_version(c.x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(c.x), p->n);
	X509_gmtime_adj(X509_getm_notBefore(c.x), s->from_s);
	X509_gmtime_adj(X509_getm_notAfter(c.x), s->to_s ? s->to_s : 86400);
	name = X509_get_subject_name(c.x);
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Test", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)s->cn, -1, -1, 0);
	X509_set_issuer_name(c.x, X509_get_subject_name(by));
	X509_set_pubkey(c.x, c.key);
	add_extensions(c.x, by, s);
	assert_true(X509_sign(c.x, by_key, md) > 0);
	write_files(p, &c);
	return c;
}

struct pki_cert pki_again(struct pki *p, const struct pki_cert *ca, const struct pki_cert *issuer)
{
	struct pki_cert c = { .x = X509_new(), .key = ca->key };

	assert_non_null(c.x);
	assert_int_equal(EVP_PKEY_up_ref(c.key), 1);
	p->n++;
	X509_set_version(c.x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(c.x), p->n);
	X509_gmtime_adj(X509_getm_notBefore(c.x), 0);
	X509_gmtime_adj(X509_getm_notAfter(c.x), 86400);
	X509_set_subject_name(c.x, X509_get_subject_name(ca->x));
	X509_set_issuer_name(c.x, X509_get_subject_name(issuer->x));
	X509_set_pubkey(c.x, c.key);
	add_extensions(c.x, issuer->x, &(struct pki_spec){ .ca = true });
	assert_true(X509_sign(c.x, issuer->key, EVP_sha256()) > 0);
	write_files(p, &c);
	return c;
}

void pki_free(struct pki_cert *c)
{
	X509_free(c->x);
	EVP_PKEY_free(c->key);
	*c = (struct pki_cert){ 0 };
}

static void add_to_crl(X509_CRL *crl, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;
	CONF *conf = NCONF_new(NULL);

	X509V3_set_ctx(&ctx, issuer, NULL, NULL, crl, 0);
	X509V3_set_nconf(&ctx, conf);
	ext = X509V3_EXT_nconf_nid(conf, &ctx, nid, value);
	assert_non_null(ext);
	assert_int_equal(X509_CRL_add_ext(crl, ext, -1), 1);
	X509_EXTENSION_free(ext);
	NCONF_free(conf);
}

static void add_integer(X509_CRL *crl, int nid, const char *decimal, int critical)
{
	ASN1_INTEGER *n = s2i_ASN1_INTEGER(NULL, decimal);

	assert_non_null(n);
	assert_int_equal(X509_CRL_add1_ext_i2d(crl, nid, n, critical, 0), 1);
	ASN1_INTEGER_free(n);
}

static void add_entry(X509_CRL *crl, const ASN1_INTEGER *serial, bool critical)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *when = X509_gmtime_adj(NULL, -60);
	ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();

	assert_non_null(entry);
	assert_int_equal(X509_REVOKED_set_serialNumber(entry, (ASN1_INTEGER *)serial), 1);
	assert_int_equal(X509_REVOKED_set_revocationDate(entry, when), 1);
	ASN1_ENUMERATED_set(reason, 1); /* keyCompromise */
	assert_int_equal(X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0), 1);
	if (critical) {
		assert_int_equal(X509_REVOKED_add1_ext_i2d(entry, NID_certificate_issuer, names, 1, 0), 1);
	}
	assert_int_equal(X509_CRL_add0_revoked(crl, entry), 1);
	GENERAL_NAMES_free(names);
	ASN1_ENUMERATED_free(reason);
	ASN1_TIME_free(when);
}

X509_CRL *pki_crl(const struct pki_cert *issuer, EVP_PKEY *key, const struct pki_crl_spec *s)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *from = X509_gmtime_adj(NULL, s->from_s), *to = X509_gmtime_adj(NULL, s->to_s ? s->to_s : 86400);
	ASN1_INTEGER *serial = ASN1_INTEGER_new();

	assert_non_null(crl);
	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x));
	X509_CRL_set1_lastUpdate(crl, from);
	if (s->to_s != -1) {
		X509_CRL_set1_nextUpdate(crl, to);
	}
	for (size_t i = 0; i < 4 && s->lists[i]; i++) {
		add_entry(crl, X509_get0_serialNumber(s->lists[i]->x), s->critical_entry);
	}
	for (int i = 0; i < s->extra; i++) {
		ASN1_INTEGER_set(serial, 1000000 + i);
		add_entry(crl, serial, false);
	}
	if (!s->no_key_id) {
		add_to_crl(crl, issuer->x, NID_authority_key_identifier, "keyid:always");
	}
	if (s->number) {
		add_integer(crl, NID_crl_number, s->number, 0);
	}
	if (s->delta) {
		add_integer(crl, NID_delta_crl, s->delta, 1);
	}
	if (s->scope) {
		add_to_crl(crl, issuer->x, NID_issuing_distribution_point, s->scope);
	}
	assert_int_equal(X509_CRL_sort(crl), 1);
	assert_true(X509_CRL_sign(crl, key, EVP_get_digestbyname(s->digest ? s->digest : "SHA256")) > 0);
	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	return crl;
}

void pki_crl_write(const char *path, X509_CRL *crl, bool pem)
{
	FILE *f = fopen(path, "a");

	assert_non_null(f);
	assert_int_equal(pem ? PEM_write_X509_CRL(f, crl) : i2d_X509_CRL_fp(f, crl), 1);
	fclose(f);
}
