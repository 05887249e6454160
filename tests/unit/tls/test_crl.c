/* Revocation lists: which are used, and what they say of a chain. OpenSSL's own check with both
 * flags (X509_V_FLAG_CRL_CHECK and X509_V_FLAG_CRL_CHECK_ALL) is asked about the same chains. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/tls/pki.h"
#include "tests/unit/valgrind.h"
#include "tls/tls_crl_int.h"
#include "tls/tls_ctx.h"
#include "tls/tls_revocation.h"
#include "tls/tls_verify.h"

#define FILES 3

struct world {
	struct pki pki;
	struct pki_cert root, sub, twin, other; /* twin: another CA with the root's name */
	struct pki_cert leaf, leaf_of_sub;
	X509_CRL *lists[FILES][4]; /* of each file */
	bool pem[FILES], with_sub[FILES];
	char *octets[FILES];
	struct tls_crl_file files[FILES];
	struct tls_crl_fact facts[TLS_CRLS_MAX];
	size_t n;
	struct tls_identity id;
	struct tls_chains chains;
	int e;
	char why[1024];
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct pki_spec leaf = { .cn = "scs", .san = "DNS:scs.example", .eku = "clientAuth" };

	assert_non_null(w);
	pki_init(&w->pki);
	w->root = pki_make(&w->pki, &(struct pki_spec){ .cn = "Root", .ca = true }, NULL);
	w->twin = pki_make(&w->pki, &(struct pki_spec){ .cn = "Root", .ca = true }, NULL);
	w->other = pki_make(&w->pki, &(struct pki_spec){ .cn = "Other", .ca = true }, NULL);
	w->sub = pki_make(&w->pki, &(struct pki_spec){ .cn = "Sub", .ca = true }, &w->root);
	w->leaf = pki_make(&w->pki, &leaf, &w->root);
	w->leaf_of_sub = pki_make(&w->pki, &leaf, &w->sub);
	for (int i = 0; i < FILES; i++) {
		w->pem[i] = true;
	}
	*state = w;
	return 0;
}

static void clear(struct world *w)
{
	for (int i = 0; i < FILES; i++) {
		for (int j = 0; j < 4; j++) {
			X509_CRL_free(w->lists[i][j]);
			w->lists[i][j] = NULL;
		}
		free(w->octets[i]);
		w->octets[i] = NULL;
		w->pem[i] = true;
		w->with_sub[i] = false;
	}
	tls_chains_fini(&w->chains);
}

static int teardown(void **state)
{
	struct world *w = *state;

	clear(w);
	pki_free(&w->root);
	pki_free(&w->twin);
	pki_free(&w->other);
	pki_free(&w->sub);
	pki_free(&w->leaf);
	pki_free(&w->leaf_of_sub);
	pki_fini(&w->pki);
	free(w);
	return 0;
}

/* A list goes into a file. */
static void add(struct world *w, int file, const struct pki_cert *issuer, const struct pki_crl_spec *spec)
{
	int j = 0;

	while (w->lists[file][j]) {
		j++;
	}
	w->lists[file][j] = pki_crl(issuer, issuer->key, spec);
}

static struct tls_pem octets_of(struct world *w, int file)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *p;
	long n;

	if (w->with_sub[file]) {
		assert_int_equal(PEM_write_bio_X509(b, w->sub.x), 1);
	}
	for (int j = 0; j < 4 && w->lists[file][j]; j++) {
		assert_int_equal(
		    w->pem[file] ? PEM_write_bio_X509_CRL(b, w->lists[file][j]) : i2d_X509_CRL_bio(b, w->lists[file][j]), 1);
	}
	n = BIO_get_mem_data(b, &p);
	w->octets[file] = malloc((size_t)n + 1);
	assert_non_null(w->octets[file]);
	if (n > 0) {
		memcpy(w->octets[file], p, (size_t)n);
	}
	BIO_free(b);
	return (struct tls_pem){ w->octets[file], (size_t)n };
}

static struct tls_anchor_conf conf_of(struct world *w, int files)
{
	for (int i = 0; i < files; i++) {
		char *before = w->octets[i];

		w->files[i] = (struct tls_crl_file){ i == 0 ? "a.crl" : i == 1 ? "b.crl" : "c.crl", octets_of(w, i) };
		free(before);
	}
	return (
	    struct tls_anchor_conf){ .name = "anchor-a", .file = w->root.cert_file, .crls = w->files, .crls_n = (size_t)files };
}

static uint64_t now(void)
{
	return (uint64_t)time(NULL);
}

static void load(struct world *w, int files)
{
	struct tls_anchor_conf conf = conf_of(w, files);

	*w->why = 0;
	if (tls_crl_facts(w->facts, &w->n, &conf, now(), w->why, sizeof w->why)) {
		fail_msg("%s", w->why);
	}
}

static void refused(struct world *w, int files, const char *words)
{
	struct tls_anchor_conf conf = conf_of(w, files);
	int err = tls_crl_facts(w->facts, &w->n, &conf, now(), w->why, sizeof w->why);

	if (!err || !strstr(w->why, words)) {
		fail_msg("expected '%s', got %d '%s'", words, err, w->why);
	}
	assert_int_equal(w->n, 0);
	clear(w);
}

/* A handshake with this leaf, and the root as the only anchor. */
static int verify_by(struct world *w, const struct tls_anchor_conf *conf, const struct pki_cert *leaf)
{
	STACK_OF(X509) *others = sk_X509_new_null();
	struct tls_presented p = { .leaf = leaf->x, .others = others, .is_client = true };
	struct tls_anchor a;
	int err;

	*w->why = 0;
	memset(&w->id, 0, sizeof w->id);
	tls_chains_fini(&w->chains);
	if (leaf == &w->leaf_of_sub) {
		assert_true(sk_X509_push(others, w->sub.x) > 0);
	}
	if (tls_anchor_load(&a, conf, w->why, sizeof w->why)) {
		fail_msg("%s", w->why);
	}
	err = tls_verify(&w->id, &w->chains, &p, &a, 1, &w->e, w->why, sizeof w->why);
	assert_int_equal(w->chains.to[0] != NULL, err == 0);
	tls_anchor_fini(&a);
	sk_X509_free(others);
	return err;
}

/* By the files, and by the table that another process makes of them: they say the same. */
static int verify(struct world *w, int files, const struct pki_cert *leaf)
{
	struct tls_anchor_conf conf = conf_of(w, files);
	struct tls_crl_table table = { .p = NULL };
	struct tls_identity by_files;
	char why[sizeof w->why];
	int err = verify_by(w, &conf, leaf);

	if (!files) {
		return err;
	}
	by_files = w->id;
	memcpy(why, w->why, sizeof why);
	if (tls_crl_read(w->facts, &w->n, &table, &conf, now(), w->why, sizeof w->why)) {
		fail_msg("%s", w->why);
	}
	conf.crl_table = (struct tls_pem){ table.p, table.len };
	for (int i = 0; i < files; i++) {
		w->files[i].octets = (struct tls_pem){ .p = NULL }; /* nothing is read again */
	}
	assert_int_equal(verify_by(w, &conf, leaf), err);
	assert_string_equal(w->why, why);
	assert_memory_equal(w->id.revocation, by_files.revocation, sizeof by_files.revocation);
	tls_crl_table_fini(&table);
	return err;
}

/* What OpenSSL says with both flags: an X509_V_ERR_. */
static int openssl_says(struct world *w, int files, const struct pki_cert *leaf)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *x = X509_STORE_CTX_new();
	STACK_OF(X509) *others = sk_X509_new_null();
	int e;

	assert_int_equal(X509_STORE_add_cert(store, w->root.x), 1);
	assert_true(sk_X509_push(others, w->sub.x) > 0);
	for (int i = 0; i < files; i++) {
		for (int j = 0; j < 4 && w->lists[i][j]; j++) {
			assert_int_equal(X509_STORE_add_crl(store, w->lists[i][j]), 1);
		}
	}
	assert_int_equal(X509_STORE_CTX_init(x, store, leaf->x, others), 1);
	X509_STORE_CTX_set_flags(x, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	e = X509_verify_cert(x) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(x);
	X509_STORE_CTX_free(x);
	X509_STORE_free(store);
	sk_X509_free(others);
	return e;
}

static void good(struct world *w, int files, const struct pki_cert *leaf)
{
	if (verify(w, files, leaf)) {
		fail_msg("%s", w->why);
	}
	assert_int_equal(w->id.revocation[0], REVOCATION_GOOD);
	assert_int_equal(openssl_says(w, files, leaf), X509_V_OK);
	clear(w);
}

static void revoked(struct world *w, int files, const struct pki_cert *leaf, const char *words)
{
	int err = verify(w, files, leaf);

	if (err != ERR_AUTH || !strstr(w->why, words)) {
		fail_msg("expected '%s', got %d '%s'", words, err, w->why);
	}
	assert_int_equal(w->e, X509_V_ERR_CERT_REVOKED); /* the alert names it */
	assert_int_equal(openssl_says(w, files, leaf), X509_V_ERR_CERT_REVOKED);
	clear(w);
}

static void unknown(struct world *w, int files, const struct pki_cert *leaf, enum revocation state, int e)
{
	if (verify(w, files, leaf)) {
		fail_msg("%s", w->why);
	}
	assert_int_equal(w->id.revocation[0], state);
	assert_int_equal(openssl_says(w, files, leaf), e);
	clear(w);
}

static void test_an_unlisted_certificate_is_good(void **state)
{
	struct world *w = *state;

	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "1", .lists = { &w->other } });
	good(w, 1, &w->leaf);
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "1" });
	w->pem[0] = false;
	good(w, 1, &w->leaf);
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "1" });
	add(w, 1, &w->sub, &(struct pki_crl_spec){ .number = "1" });
	w->with_sub[1] = true;
	good(w, 2, &w->leaf_of_sub);
	verify(w, 0, &w->leaf);
	assert_int_equal(w->id.revocation[0], REVOCATION_UNCHECKED);
}

static void test_a_listed_certificate_is_refused(void **state)
{
	struct world *w = *state;

	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "17", .lists = { &w->other, &w->leaf } });
	revoked(w, 1, &w->leaf, "certificate of 'O=Test,CN=scs' is revoked since ");
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "17", .lists = { &w->leaf } });
	revoked(w, 1, &w->leaf, "(keyCompromise), says CRL 0x11 of 'O=Test,CN=Root'");
	/* also by a list that is out of date */
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "1", .lists = { &w->leaf }, .from_s = -90, .to_s = -30 });
	assert_int_equal(verify(w, 1, &w->leaf), ERR_AUTH);
	assert_non_null(strstr(w->why, "is revoked since"));
}

static void test_a_listed_ca_above_it_is_refused(void **state)
{
	struct world *w = *state;

	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "2", .lists = { &w->sub } });
	add(w, 0, &w->sub, &(struct pki_crl_spec){ .number = "1" });
	w->with_sub[0] = true;
	revoked(w, 1, &w->leaf_of_sub, "certificate of 'O=Test,CN=Sub' is revoked since ");
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "2", .lists = { &w->sub } });
	good(w, 1, &w->leaf);
}

static void test_what_is_not_known_is_a_fact(void **state)
{
	struct world *w = *state;

	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "1", .from_s = -90, .to_s = -30 });
	unknown(w, 1, &w->leaf, REVOCATION_STALE, X509_V_ERR_CRL_HAS_EXPIRED);
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "1" });
	unknown(w, 1, &w->leaf_of_sub, REVOCATION_ABSENT, X509_V_ERR_UNABLE_TO_GET_CRL);
	add(w, 0, &w->sub, &(struct pki_crl_spec){ .number = "1" });
	w->with_sub[0] = true;
	unknown(w, 1, &w->leaf_of_sub, REVOCATION_ABSENT, X509_V_ERR_UNABLE_TO_GET_CRL); /* nobody speaks about the CA */
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "1", .from_s = -90, .to_s = -30 });
	add(w, 0, &w->sub, &(struct pki_crl_spec){ .number = "1" });
	w->with_sub[0] = true;
	unknown(w, 1, &w->leaf_of_sub, REVOCATION_STALE, X509_V_ERR_CRL_HAS_EXPIRED);
}

/* The words of a later judgement name the issuer. */
static void test_the_issuer_is_named(void **state)
{
	struct world *w = *state;
	struct tls_revocation r;
	struct tls_anchor_conf conf;
	struct tls_anchor a;

	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "1" });
	assert_int_equal(verify(w, 1, &w->leaf_of_sub), 0);
	conf = conf_of(w, 1);
	assert_int_equal(tls_anchor_load(&a, &conf, w->why, sizeof w->why), 0);
	tls_revocation_judge(&r, &a, w->chains.to[0], now());
	assert_int_equal(r.state, REVOCATION_ABSENT);
	assert_string_equal(r.words, "there is no CRL of 'O=Test,CN=Sub', which issued the certificate of 'O=Test,CN=scs'");
	assert_in_range(r.fresh_until_s, now() + 86300, now() + 86400);
	tls_revocation_judge(&r, &a, NULL, now()); /* without a chain nothing is known */
	assert_false(r.listed);
	assert_int_equal(r.state, REVOCATION_ABSENT);
	tls_anchor_fini(&a);
	clear(w);
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "26" });
	assert_int_equal(verify(w, 1, &w->leaf), 0);
	conf = conf_of(w, 1);
	assert_int_equal(tls_anchor_load(&a, &conf, w->why, sizeof w->why), 0);
	tls_revocation_judge(&r, &a, w->chains.to[0], now() + 86400 * 2);
	assert_int_equal(r.state, REVOCATION_STALE);
	assert_non_null(strstr(r.words, "CRL 0x1a of 'O=Test,CN=Root' is out of date: its nextUpdate was 2"));
	tls_anchor_fini(&a);
}

/* OpenSSL would take the later thisUpdate. */
static void test_the_higher_number_counts(void **state)
{
	struct world *w = *state;

	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "255", .lists = { &w->leaf }, .from_s = -60 });
	add(w, 1, &w->root, &(struct pki_crl_spec){ .number = "256", .from_s = -120 });
	load(w, 2);
	assert_int_equal(w->n, 1);
	assert_string_equal(w->facts[0].number, "100");
	assert_int_equal(w->facts[0].file, 1);
	assert_string_equal(w->facts[0].issuer, "O=Test,CN=Root");
	assert_int_equal(verify(w, 2, &w->leaf), 0);
	clear(w);
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "9", .from_s = -60 });
	add(w, 1, &w->root, &(struct pki_crl_spec){ .number = "10", .lists = { &w->leaf }, .from_s = -120 });
	assert_int_equal(verify(w, 2, &w->leaf), ERR_AUTH);
	assert_true(tls_crl_number_cmp("ff", "100") < 0 && tls_crl_number_cmp("100", "ff") > 0 && !tls_crl_number_cmp("0", "0"));
}

static void test_a_list_that_cannot_be_used_is_refused_in_words(void **state)
{
	struct world *w = *state;

	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "2", .delta = "1" });
	refused(w, 1, "crl 'a.crl': CRL of 'O=Test,CN=Root' is a delta CRL");
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "2", .scope = "critical,indirectCRL:TRUE" });
	refused(w, 1, "crl 'a.crl': CRL of 'O=Test,CN=Root' is indirect");
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "2", .scope = "critical,onlyuser:TRUE" });
	refused(w, 1, "covers a part of what this CA issued");
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "2", .lists = { &w->leaf }, .critical_entry = true });
	refused(w, 1, "has a critical extension that is not known here");
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = NULL });
	refused(w, 1, "has no number of at most 20 octets");
	add(w, 0, &w->root,
	    &(struct pki_crl_spec){ .number = "9999999999999999999999999999999999999999999999999999999999999999" });
	refused(w, 1, "has no number of at most 20 octets");
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "2", .to_s = -1 });
	refused(w, 1, "has no nextUpdate");
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "2", .from_s = 3600 });
	refused(w, 1, "is not valid before");
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "2", .digest = "SHA1" });
	refused(w, 1, "CRL of 'O=Test,CN=Root': signature ecdsa-with-SHA1, expected ECDSA");
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "2", .digest = "SHA512" });
	refused(w, 1, "signature ecdsa-with-SHA512, expected ECDSA");
}

static void test_a_list_of_another_ca_is_refused_in_words(void **state)
{
	struct world *w = *state;
	X509_CRL *crl;

	add(w, 0, &w->twin, &(struct pki_crl_spec){ .number = "2" });
	refused(w, 1, "it is of another CA with the same name (the key identifiers differ)");
	add(w, 0, &w->twin, &(struct pki_crl_spec){ .number = "2", .no_key_id = true });
	refused(w, 1, "its signature is not of the key of the CA with its issuer's name");
	crl = pki_crl(&w->root, w->twin.key, &(struct pki_crl_spec){ .number = "2" });
	w->lists[0][0] = crl;
	refused(w, 1, "its signature is not of the key of the CA with its issuer's name");
	add(w, 0, &w->other, &(struct pki_crl_spec){ .number = "2" });
	refused(w, 1, "CRL of 'O=Test,CN=Other': no certificate of this CA is in anchor");
	add(w, 0, &w->sub, &(struct pki_crl_spec){ .number = "2" });
	refused(w, 1, "add its certificate (PEM) to this file");
	add(w, 0, &w->leaf, &(struct pki_crl_spec){ .number = "2" }); /* signed by who is no CA */
	refused(w, 1, "CRL of 'O=Test,CN=scs': no certificate of this CA");
}

static void test_a_certificate_beside_a_list_has_to_chain_to_the_anchor(void **state)
{
	struct world *w = *state;
	struct pki_cert sub = w->sub;

	w->sub = w->other; /* beside the list, and of another anchor */
	add(w, 0, &w->other, &(struct pki_crl_spec){ .number = "1" });
	w->with_sub[0] = true;
	refused(w, 1, "is not of a CA that chains to the anchor");
	w->sub = pki_make(&w->pki, &(struct pki_spec){ .cn = "Mute", .ca = true, .usage = "critical,keyCertSign" }, &w->root);
	add(w, 0, &w->sub, &(struct pki_crl_spec){ .number = "1" });
	w->with_sub[0] = true;
	refused(w, 1, "does not allow CRLs (keyUsage lacks cRLSign)");
	pki_free(&w->sub);
	w->sub = sub;
}

static void test_a_damaged_file_is_refused_in_words(void **state)
{
	static const char *const texts[] = { "",
					     "nothing",
					     "-----BEGIN X509 CRL-----\nnothing\n-----END X509 CRL-----\n",
					     "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
					     "\x30\x03\x02\x01",
					     "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" };
	static const char *const words[] = { "holds no CRL",
					     "holds no CRL",
					     "it is damaged",
					     "list 1 of it is damaged",
					     "list 1 of it is damaged",
					     "neither a CRL nor a certificate" };
	struct world *w = *state;
	struct tls_anchor_conf conf;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		conf = conf_of(w, 1);
		w->files[0].octets = (struct tls_pem){ texts[i], strlen(texts[i]) };
		assert_int_equal(tls_crl_facts(w->facts, &w->n, &conf, now(), w->why, sizeof w->why), ERR_INVAL);
		if (!strstr(w->why, words[i])) {
			fail_msg("expected '%s', got '%s'", words[i], w->why);
		}
	}
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "1" });
	w->pem[0] = false;
	conf = conf_of(w, 1);
	w->files[0].octets.len++; /* one octet behind its end: the NUL of the copy */
	w->octets[0][w->files[0].octets.len - 1] = 0;
	assert_int_equal(tls_crl_facts(w->facts, &w->n, &conf, now(), w->why, sizeof w->why), ERR_INVAL);
	conf.crls_n = 1;
	w->files[0].octets.p = NULL;
	assert_int_equal(tls_crl_facts(w->facts, &w->n, &conf, now(), w->why, sizeof w->why), ERR_INVAL);
}

/* The form is of our own, and comes from the parent; all the same no length in it is believed. */
static void test_a_damaged_table_is_refused(void **state)
{
	struct world *w = *state;
	struct tls_crl_table table = { .p = NULL };
	struct tls_anchor_conf conf;
	struct tls_crls crls;
	uint8_t *copy;
	size_t len;

	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "1", .lists = { &w->leaf } });
	conf = conf_of(w, 1);
	assert_int_equal(tls_crl_read(w->facts, &w->n, &table, &conf, now(), w->why, sizeof w->why), 0);
	for (len = 0; len < table.len; len++) {
		copy = malloc(len + 1); /* of its length, so that AddressSanitizer sees a step too far */
		assert_non_null(copy);
		memcpy(copy, table.p, len);
		assert_int_equal(tls_crls_open(&crls, &(struct tls_pem){ copy, len }), ERR_PROTO);
		free(copy);
	}
	for (size_t i = 0; i < 64; i++) { /* the numbers before the certificate: any other one is too large or too small */
		uint8_t was = table.p[i];

		table.p[i] = 0xff;
		if (tls_crls_open(&crls, &(struct tls_pem){ table.p, table.len }) == 0) {
			tls_crls_fini(&crls);
		}
		table.p[i] = was;
	}
	conf.crl_table = (struct tls_pem){ table.p, table.len - 1 };
	assert_int_equal(tls_anchor_check(&conf, w->why, sizeof w->why), ERR_PROTO);
	assert_non_null(strstr(w->why, "crl 'a.crl': the table of its lists"));
	tls_crl_table_fini(&table);
	clear(w);
}

/* RFC 5280 4.1.2.2 allows 20 octets. A list with a longer one is refused; a certificate with one is in no list. */
static void test_a_serial_number_without_end_is_in_no_list(void **state)
{
	struct world *w = *state;
	ASN1_INTEGER *serial = ASN1_INTEGER_new(), *was = ASN1_INTEGER_dup(X509_get0_serialNumber(w->leaf.x));
	uint8_t octets[TLS_CRL_SERIAL_MAX + 1];
	struct tls_anchor_conf conf;
	struct tls_revocation r;
	struct tls_anchor a;

	memset(octets, 0x41, sizeof octets);
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "1", .lists = { &w->other } });
	assert_int_equal(verify(w, 1, &w->leaf), 0);
	conf = conf_of(w, 1);
	assert_int_equal(tls_anchor_load(&a, &conf, w->why, sizeof w->why), 0);
	assert_int_equal(ASN1_STRING_set(serial, octets, sizeof octets), 1);
	assert_int_equal(X509_set_serialNumber(w->leaf.x, serial), 1);
	tls_revocation_judge(&r, &a, w->chains.to[0], now());
	assert_int_equal(r.state, REVOCATION_ABSENT);
	assert_non_null(strstr(r.words, "has more than 24 octets"));
	tls_anchor_fini(&a);
	clear(w);
	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "1", .lists = { &w->leaf } });
	refused(w, 1, "a serial number in it has more than 24 octets");
	assert_int_equal(X509_set_serialNumber(w->leaf.x, was), 1);
	ASN1_INTEGER_free(serial);
	ASN1_INTEGER_free(was);
}

/* of processor time */
static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A slice of the edge is EDGE_REVOCATION_SLICE (64) judgements. 10 ms for a slice are 150 us for
 * one; it takes about 2. The bound is loose: machines, and their sanitizers, differ. */
static void test_one_judgement_is_short(void **state)
{
	struct world *w = *state;
	struct tls_revocation r;
	struct tls_anchor_conf conf;
	struct tls_anchor a;
	struct tls_crl_table table = { .p = NULL };
	double began, load_s, judge_s, table_s;

	add(w, 0, &w->root, &(struct pki_crl_spec){ .number = "1", .extra = 10000 });
	add(w, 0, &w->sub, &(struct pki_crl_spec){ .number = "1", .extra = 100 });
	w->with_sub[0] = true;
	assert_int_equal(verify(w, 1, &w->leaf_of_sub), 0);
	conf = conf_of(w, 1);
	began = seconds();
	assert_int_equal(tls_anchor_load(&a, &conf, w->why, sizeof w->why), 0);
	load_s = seconds() - began;
	began = seconds();
	for (int i = 0; i < 10000; i++) {
		tls_revocation_judge(&r, &a, w->chains.to[0], now());
		assert_int_equal(r.state, REVOCATION_GOOD);
	}
	judge_s = seconds() - began;
	tls_anchor_fini(&a);
	assert_int_equal(tls_crl_read(w->facts, &w->n, &table, &conf, now(), w->why, sizeof w->why), 0);
	conf.crl_table = (struct tls_pem){ table.p, table.len };
	began = seconds();
	assert_int_equal(tls_anchor_load(&a, &conf, w->why, sizeof w->why), 0);
	tls_anchor_fini(&a);
	table_s = seconds() - began;
	tls_crl_table_fini(&table);
	print_message("10,000 judgements: %.1f ms; a file of 10,100 entries is read in %.1f ms, and its table in %.2f ms\n",
		      judge_s * 1e3, load_s * 1e3, table_s * 1e3);
	assert_true(RUNNING_ON_VALGRIND || judge_s / 10000 < 150e-6);
	assert_true(RUNNING_ON_VALGRIND || table_s < load_s / 3); /* it is a fiftieth; the machine may be busy */
}

TEST_GROUP()
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_an_unlisted_certificate_is_good),
		T(test_a_listed_certificate_is_refused),
		T(test_a_listed_ca_above_it_is_refused),
		T(test_what_is_not_known_is_a_fact),
		T(test_the_issuer_is_named),
		T(test_the_higher_number_counts),
		T(test_a_list_that_cannot_be_used_is_refused_in_words),
		T(test_a_list_of_another_ca_is_refused_in_words),
		T(test_a_certificate_beside_a_list_has_to_chain_to_the_anchor),
		T(test_a_damaged_file_is_refused_in_words),
		T(test_a_damaged_table_is_refused),
		T(test_a_serial_number_without_end_is_in_no_list),
		T(test_one_judgement_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
