/* tls_crl_load.c - reads the revocation lists of an anchor and refuses, in words, each that cannot
 * be used. Nothing is guessed about a list that the key of its CA did not sign. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "tls/tls_crl_int.h"
#include "tls/tls_ctx.h"
#include "tls/tls_verify.h"

struct loading {
	const struct tls_anchor_conf *conf;
	X509_STORE *store;
	STACK_OF(X509) * beside; /* certificates of CAs that are in the files of lists */
	struct tls_crl read[TLS_CRL_READ_MAX];
	size_t n;
	size_t file; /* being read */
	char *why;
	size_t why_size;
};

__attribute__((format(printf, 3, 4))) static int wrong(const struct loading *g, size_t file, const char *fmt, ...)
{
	va_list args;
	int n = snprintf(g->why, g->why_size, "crl '%s': ", g->conf->crls[file].file);

	va_start(args, fmt);
	if (n >= 0 && (size_t)n < g->why_size) {
		vsnprintf(g->why + n, g->why_size - (size_t)n, fmt, args);
	}
	va_end(args);
	return ERR_INVAL;
}

/* -- the file: PEM or DER */

static int add_crl(struct loading *g, const uint8_t *p, long len)
{
	const uint8_t *end = p;
	X509_CRL *crl = d2i_X509_CRL(NULL, &end, len);

	if (!crl || end != p + len) {
		X509_CRL_free(crl);
		return wrong(g, g->file, "list %zu of it is damaged", g->n + 1);
	}
	if (g->n == TLS_CRL_READ_MAX) {
		X509_CRL_free(crl);
		(void)wrong(g, g->file, "more than %d lists for one anchor", TLS_CRL_READ_MAX);
		return ERR_LIMIT;
	}
	g->read[g->n++] = (struct tls_crl){ .crl = crl, .file = g->file };
	return 0;
}

static int add_certificate(struct loading *g, const uint8_t *p, long len)
{
	const uint8_t *end = p;
	X509 *cert = d2i_X509(NULL, &end, len);

	if (!cert || end != p + len) {
		X509_free(cert);
		return wrong(g, g->file, "a certificate in it is damaged");
	}
	if (sk_X509_num(g->beside) < TLS_CRL_READ_MAX && sk_X509_push(g->beside, cert) > 0) {
		return 0;
	}
	X509_free(cert);
	(void)wrong(g, g->file, "more than %d certificates of CAs", TLS_CRL_READ_MAX);
	return ERR_LIMIT;
}

static int add_block(struct loading *g, const char *name, const uint8_t *p, long len)
{
	if (strcmp(name, PEM_STRING_X509_CRL) == 0) {
		return add_crl(g, p, len);
	}
	if (strcmp(name, PEM_STRING_X509) == 0) {
		return add_certificate(g, p, len);
	}
	return wrong(g, g->file, "a PEM block in it is neither a CRL nor a certificate");
}

static int read_pem(struct loading *g, const struct tls_pem *octets)
{
	BIO *b = BIO_new_mem_buf(octets->p, (int)octets->len);
	char *name = NULL, *header = NULL;
	unsigned char *p = NULL;
	size_t before = g->n;
	int err = b ? 0 : ERR_NOMEM;
	long len;

	ERR_clear_error();
	while (!err && PEM_read_bio(b, &name, &header, &p, &len) == 1) {
		err = add_block(g, name, p, len);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(p);
	}
	if (!err && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		err = wrong(g, g->file, "it is damaged behind list %zu", g->n - before);
	} else if (!err && g->n == before) {
		err = wrong(g, g->file, "it holds no CRL, neither PEM nor DER");
	}
	BIO_free(b);
	ERR_clear_error();
	return err;
}

static int read_file(struct loading *g)
{
	const struct tls_pem *octets = &g->conf->crls[g->file].octets;
	int err;

	if (!octets->p || octets->len > TLS_PEM_MAX) {
		return wrong(g, g->file, "it cannot be read");
	}
	if (octets->len && *(const uint8_t *)octets->p == 0x30) { /* a SEQUENCE: no PEM file begins so */
		err = add_crl(g, octets->p, (long)octets->len);
		ERR_clear_error();
		return err;
	}
	return read_pem(g, octets);
}

/* -- the CA of a list */

/* A certificate that lies beside a list counts only when it chains to the anchor. Its own end does
 * not matter: the CA may have revoked what is valid still. */
static bool chains(const struct loading *g, X509 *ca)
{
	X509_STORE_CTX *x = X509_STORE_CTX_new();
	struct tls_anchor anchor = { .store = g->store };
	bool ok = false;

	if (x && X509_STORE_CTX_init(x, g->store, ca, g->beside)) {
		X509_STORE_CTX_set_app_data(x, &anchor);
		X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(x),
					    X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_NO_CHECK_TIME);
		ok = X509_verify_cert(x) == 1;
	}
	X509_STORE_CTX_free(x);
	ERR_clear_error();
	return ok;
}

/* Why this CA did not sign the list; NULL: it did. */
static const char *objection(const struct loading *g, X509_CRL *crl, X509 *ca, bool in_file)
{
	AUTHORITY_KEYID *wants = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
	const ASN1_OCTET_STRING *has = X509_get0_subject_key_id(ca);
	bool other = wants && wants->keyid && has && ASN1_OCTET_STRING_cmp(wants->keyid, has) != 0;
	EVP_PKEY *key = X509_get0_pubkey(ca);
	char words[160];

	AUTHORITY_KEYID_free(wants);
	if (other) {
		return "it is of another CA with the same name (the key identifiers differ)";
	}
	if (!key || tls_verify_key(ca, words, sizeof words)) {
		return "the key of its CA is too weak or of a kind that is not accepted";
	}
	if (X509_CRL_verify(crl, key) != 1) {
		return "its signature is not of the key of the CA with its issuer's name: it is of another CA, or damaged";
	}
	if (!in_file && (X509_check_ca(ca) != 1 || !chains(g, ca))) {
		return "the certificate of its CA beside it is not of a CA that chains to the anchor";
	}
	return X509_get_key_usage(ca) & KU_CRL_SIGN ? NULL
						    : "the certificate of its CA does not allow CRLs (keyUsage lacks cRLSign)";
}

static void try_ca(const struct loading *g, struct tls_crl *c, X509 *ca, bool in_file, const char **why)
{
	const char *no;

	if (c->issuer || !ca || X509_NAME_cmp(X509_get_subject_name(ca), X509_CRL_get_issuer(c->crl)) != 0) {
		return;
	}
	no = objection(g, c->crl, ca, in_file);
	if (no) {
		*why = no;
	} else if (X509_up_ref(ca)) {
		c->issuer = ca;
	}
	ERR_clear_error();
}

static int find_issuer(struct loading *g, struct tls_crl *c)
{
	STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(g->store);
	char issuer[TLS_CRL_ISSUER_MAX];
	const char *why = NULL;

	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		try_ca(g, c, X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i)), true, &why);
	}
	for (int i = 0; i < sk_X509_num(g->beside); i++) {
		try_ca(g, c, sk_X509_value(g->beside, i), false, &why);
	}
	if (c->issuer) {
		return 0;
	}
	tls_name_text(issuer, sizeof issuer, X509_CRL_get_issuer(c->crl));
	if (why) {
		return wrong(g, c->file, "CRL of '%s': %s", issuer, why);
	}
	return wrong(
	    g, c->file,
	    "CRL of '%s': no certificate of this CA is in anchor '%s' or in the files of its CRLs; if it is a CA below the "
	    "anchor, add its certificate (PEM) to this file",
	    issuer, g->conf->file);
}

/* -- what a list has to be */

static int check_scope(const struct loading *g, const struct tls_crl *c, const char *issuer)
{
	int how = -1;
	ISSUING_DIST_POINT *scope = X509_CRL_get_ext_d2i(c->crl, NID_issuing_distribution_point, &how, NULL);
	bool indirect = scope && scope->indirectCRL > 0;

	ISSUING_DIST_POINT_free(scope);
	if (X509_CRL_get_ext_by_NID(c->crl, NID_delta_crl, -1) >= 0) {
		return wrong(g, c->file, "CRL of '%s' is a delta CRL, which has changes only; take the base CRL", issuer);
	}
	if (indirect) {
		return wrong(g, c->file, "CRL of '%s' is indirect: it lists certificates of other CAs; take the CRL of each CA",
			     issuer);
	}
	if (how != -1) {
		return wrong(g, c->file,
			     "CRL of '%s' covers a part of what this CA issued (issuingDistributionPoint); take its full CRL",
			     issuer);
	}
	return 0;
}

static bool is_critical(const STACK_OF(X509_EXTENSION) * all)
{
	for (int i = 0; i < sk_X509_EXTENSION_num(all); i++) {
		if (X509_EXTENSION_get_critical(sk_X509_EXTENSION_value(all, i))) {
			return true;
		}
	}
	return false;
}

/* A critical extension may change the meaning of the list, or of an entry. */
static int check_critical(const struct loading *g, const struct tls_crl *c, const char *issuer)
{
	STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(c->crl);
	bool critical = is_critical(X509_CRL_get0_extensions(c->crl));

	for (int i = 0; i < sk_X509_REVOKED_num(entries) && !critical; i++) {
		critical = is_critical(X509_REVOKED_get0_extensions(sk_X509_REVOKED_value(entries, i)));
	}
	return critical ? wrong(g, c->file, "CRL of '%s' has a critical extension that is not known here", issuer) : 0;
}

static int check_signed(const struct loading *g, const struct tls_crl *c, const char *issuer)
{
	const X509_ALGOR *algorithm;
	char words[160];

	X509_CRL_get0_signature(c->crl, NULL, &algorithm);
	if (tls_verify_signed(X509_CRL_get_signature_nid(c->crl), algorithm, words, sizeof words)) {
		return wrong(g, c->file, "CRL of '%s': %s", issuer, words);
	}
	return 0;
}

static int take_number(const struct loading *g, struct tls_crl *c, const char *issuer)
{
	ASN1_INTEGER *number = X509_CRL_get_ext_d2i(c->crl, NID_crl_number, NULL, NULL);
	bool fits = number && number->type == V_ASN1_INTEGER && number->length <= TLS_CRL_NUMBER_MAX / 2;
	const char *from;
	char hex[TLS_CRL_NUMBER_MAX + 1] = "";

	for (int i = 0; fits && i < number->length; i++) {
		snprintf(hex + 2 * i, 3, "%02x", number->data[i]);
	}
	ASN1_INTEGER_free(number);
	if (!fits) {
		return wrong(g, c->file,
			     "CRL of '%s' has no number of at most 20 octets (cRLNumber), so an older one could replace it",
			     issuer);
	}
	from = hex + strspn(hex, "0");
	str_cut(c->number, sizeof c->number, *from ? from : "0");
	return 0;
}

static int take_times(const struct loading *g, struct tls_crl *c, const char *issuer)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(c->crl);

	c->this_s = tls_verify_seconds(X509_CRL_get0_lastUpdate(c->crl));
	c->next_s = next ? tls_verify_seconds(next) : 0;
	if (!c->next_s || !c->this_s || c->next_s < c->this_s) {
		return wrong(g, c->file, "CRL of '%s' has no nextUpdate, or one before its thisUpdate", issuer);
	}
	return 0;
}

static int check_crl(struct loading *g, struct tls_crl *c)
{
	char issuer[TLS_CRL_ISSUER_MAX];
	int err = find_issuer(g, c);

	tls_name_text(issuer, sizeof issuer, X509_CRL_get_issuer(c->crl));
	if (!err) {
		err = check_signed(g, c, issuer);
	}
	if (!err) {
		err = check_scope(g, c, issuer);
	}
	if (!err) {
		err = check_critical(g, c, issuer);
	}
	if (!err) {
		err = take_number(g, c, issuer);
	}
	return err ? err : take_times(g, c, issuer);
}

/* -- the lists that are used */

static void crl_fini(struct tls_crl *c)
{
	X509_CRL_free(c->crl);
	X509_free(c->issuer);
	free(c->entries);
	*c = (struct tls_crl){ .crl = NULL };
}

static bool is_newer(const struct tls_crl *a, const struct tls_crl *b)
{
	int cmp = tls_crl_number_cmp(a->number, b->number);

	return cmp > 0 || (cmp == 0 && a->this_s > b->this_s);
}

/* Moves the list to `out`, where there is one of each CA. */
static int keep(struct loading *g, struct tls_crls *out, struct tls_crl *c)
{
	size_t i = 0;
	int err;

	while (i < out->n && !tls_crl_same_ca(out->of[i].issuer, c->issuer)) {
		i++;
	}
	if (i < out->n && !is_newer(c, &out->of[i])) {
		return 0;
	}
	if (i == TLS_CRLS_MAX) {
		(void)wrong(g, c->file, "CRLs of more than %d CAs for one anchor", TLS_CRLS_MAX);
		return ERR_LIMIT;
	}
	err = tls_crl_sort(c);
	if (err) {
		return err == ERR_LIMIT ? wrong(g, c->file, "a serial number in it has more than %d octets", TLS_CRL_SERIAL_MAX)
					: err;
	}
	if (i < out->n) {
		crl_fini(&out->of[i]);
	} else {
		out->n++;
	}
	out->of[i] = *c;
	*c = (struct tls_crl){ .crl = NULL };
	return 0;
}

static int load_all(struct loading *g, struct tls_crls *out)
{
	int err = 0;

	for (g->file = 0; g->file < g->conf->crls_n && !err; g->file++) {
		err = read_file(g);
	}
	for (size_t i = 0; i < g->n && !err; i++) {
		err = check_crl(g, &g->read[i]);
	}
	for (size_t i = 0; i < g->n && !err; i++) {
		err = keep(g, out, &g->read[i]);
	}
	return err;
}

static int open_table(struct tls_crls *out, const struct tls_anchor_conf *conf, char *why, size_t why_size)
{
	int err = tls_crls_open(out, &conf->crl_table);

	if (err) {
		snprintf(why, why_size, "crl '%s': the table of its lists: %s", conf->crls[0].file, err_str(err));
	}
	return err;
}

int tls_crls_load(struct tls_crls *out, X509_STORE *store, const struct tls_anchor_conf *conf, char *why, size_t why_size)
{
	struct tls_crls crls = { .configured = true };
	struct loading *g;
	int err = ERR_NOMEM;

	if (conf->crl_table.p) {
		return open_table(out, conf, why, why_size);
	}
	g = calloc(1, sizeof *g);
	crls.of = calloc(TLS_CRLS_MAX, sizeof *crls.of);
	if (g) {
		*g = (struct loading){
			.conf = conf, .store = store, .beside = sk_X509_new_null(), .why = why, .why_size = why_size
		};
	}
	if (g && g->beside && crls.of) {
		err = load_all(g, &crls);
	}
	for (size_t i = 0; g && i < g->n; i++) {
		crl_fini(&g->read[i]);
	}
	if (g) {
		sk_X509_pop_free(g->beside, X509_free);
	}
	free(g);
	if (err == ERR_NOMEM) {
		snprintf(why, why_size, "crl '%s': %s", conf->crls[0].file, err_str(err));
	}
	if (err) {
		tls_crls_fini(&crls);
	} else {
		*out = crls;
	}
	return err;
}

void tls_crls_fini(struct tls_crls *c)
{
	for (size_t i = 0; i < c->n; i++) {
		crl_fini(&c->of[i]);
	}
	free(c->of);
	*c = (struct tls_crls){ .of = NULL };
}

/* -- for the owner of the files */

static int fact_of(struct tls_crl_fact *out, const struct tls_crl *c)
{
	const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(c->issuer);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char *name = NULL;
	int n = i2d_X509_NAME(X509_get_subject_name(c->issuer), &name);
	bool ok = md && n > 0 && key && EVP_DigestInit_ex(md, EVP_sha256(), NULL) && EVP_DigestUpdate(md, name, (size_t)n) &&
		  EVP_DigestUpdate(md, key->data, (size_t)key->length) && EVP_DigestFinal_ex(md, out->issuer_id, NULL);

	EVP_MD_CTX_free(md);
	OPENSSL_free(name);
	tls_subject(out->issuer, sizeof out->issuer, c->issuer);
	str_cut(out->number, sizeof out->number, c->number);
	out->this_update_s = c->this_s;
	out->next_update_s = c->next_s;
	out->file = c->file;
	out->entries = (uint32_t)c->entries_n;
	return ok ? 0 : ERR_NOMEM;
}

int tls_crl_facts(struct tls_crl_fact out[TLS_CRLS_MAX], size_t *n, const struct tls_anchor_conf *conf, uint64_t now_s, char *why,
		  size_t why_size)
{
	return tls_crl_read(out, n, NULL, conf, now_s, why, why_size);
}

int tls_crl_read(struct tls_crl_fact out[TLS_CRLS_MAX], size_t *n, struct tls_crl_table *table,
		 const struct tls_anchor_conf *conf, uint64_t now_s, char *why, size_t why_size)
{
	struct tls_anchor a = { .store = NULL };
	int err = tls_anchor_load(&a, conf, why, why_size);

	memset(out, 0, TLS_CRLS_MAX * sizeof *out); /* whole, for they go to another process as they are */
	*n = 0;
	for (size_t i = 0; i < a.crls.n && !err; i++) {
		err = fact_of(&out[i], &a.crls.of[i]);
		if (!err && out[i].this_update_s > now_s + TLS_CRL_AHEAD_S) {
			char when[CLOCK_TEXT_MAX];

			clock_text_s(when, (int64_t)out[i].this_update_s);
			snprintf(why, why_size, "crl '%s': CRL of '%s' is not valid before %s; look at the clock of this machine",
				 conf->crls[out[i].file].file, out[i].issuer, when);
			err = ERR_INVAL;
		}
	}
	if (!err && table) {
		err = tls_crls_table(table, &a.crls);
	}
	if (!err) {
		*n = a.crls.n;
	}
	tls_anchor_fini(&a);
	return err;
}
