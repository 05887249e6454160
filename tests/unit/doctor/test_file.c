/* Files of certificates, keys and revocation lists, good and wrong ones: which cause each has, and the facts in its sentence. */
#include "tests/unit/test.h"

#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "doctor/doc_file.h"
#include "tests/unit/tls/pki.h"
#include "tls/tls_crl.h"

#define GOOD .san = "DNS:scs.a.example", .eku = "clientAuth"

struct world {
	struct pki pki;
	struct pki_cert ca, sub, other, namesake, stranger;
	struct tls_anchor_conf anchors[1];
	struct tls_judge *judge;
	char crl[200];
	struct tls_crl_file list;
	struct doc_report report;
};

static void make_judge(struct world *w)
{
	char why[700];

	tls_judge_free(w->judge);
	assert_int_equal(tls_judge_new(&w->judge, w->anchors, 1, why, sizeof why), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	assert_non_null(w);
	pki_init(&w->pki);
	w->ca = pki_make(&w->pki, &(struct pki_spec){ .cn = "CA A", .ca = true }, NULL);
	w->sub = pki_make(&w->pki, &(struct pki_spec){ .cn = "Sub A", .ca = true }, &w->ca);
	w->other = pki_make(&w->pki, &(struct pki_spec){ .cn = "CA X", .ca = true }, NULL);
	w->namesake = pki_make(&w->pki, &(struct pki_spec){ .cn = "CA A", .ca = true }, NULL);
	w->stranger = pki_make(&w->pki, &(struct pki_spec){ .cn = "Sub X", .ca = true }, &w->other);
	w->anchors[0] = (struct tls_anchor_conf){ .name = "anchor-a", .file = w->ca.cert_file };
	snprintf(w->crl, sizeof w->crl, "%s/list.crl", w->pki.dir);
	make_judge(w);
	assert_true(doc_report_begin(&w->report));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	doc_report_end(&w->report);
	tls_judge_free(w->judge);
	unlink(w->crl);
	pki_free(&w->ca);
	pki_free(&w->sub);
	pki_free(&w->other);
	pki_free(&w->namesake);
	pki_free(&w->stranger);
	pki_fini(&w->pki);
	free(w);
	return 0;
}

static void forget(struct world *w)
{
	doc_report_end(&w->report);
	assert_true(doc_report_begin(&w->report));
}

/* The findings, "cause cause", and each sentence has all its facts. */
static void found(struct world *w, const char *causes, const char *fact)
{
	char all[400] = "", *text = json_dumps(w->report.findings, JSON_COMPACT);
	json_t *finding;
	size_t i;

	assert_non_null(text);
	json_array_foreach(w->report.findings, i, finding)
	{
		snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? " " : "",
			 json_string_value(json_object_get(finding, "cause")));
		assert_null(strchr(json_string_value(json_object_get(finding, "text")), '{'));
	}
	forget(w); /* a test that fails leaves nothing to the next one */
	if (strcmp(all, causes) != 0 || !strstr(text, fact)) {
		fail_msg("expected '%s' with '%s', got '%s': %s", causes, fact, all, text);
	}
	free(text);
}

static void look(struct world *w, struct doc_file f, const char *file)
{
	struct file_copy copy;
	char why[FILE_WHY_MAX];

	assert_int_equal(file_read(&copy, file, TLS_PEM_MAX, why), 0);
	f.file = "x.pem";
	f.pem = (struct tls_pem){ copy.p, copy.len };
	f.mode = f.mode ? f.mode : copy.mode;
	f.now_s = f.now_s ? f.now_s : (uint64_t)time(NULL);
	f.anchors = w->anchors;
	f.anchors_n = 1;
	if (!f.no_judge) {
		f.judge = w->judge;
	}
	doc_look_at_file(&w->report, &f);
	file_copy_fini(&copy);
}

/* Appends b to a. */
static void join(const char *a, const char *b)
{
	struct file_copy copy;
	char why[FILE_WHY_MAX];
	FILE *out = fopen(a, "ab");

	assert_non_null(out);
	assert_int_equal(file_read(&copy, b, TLS_PEM_MAX, why), 0);
	assert_int_equal(fwrite(copy.p, 1, copy.len, out), copy.len);
	assert_int_equal(fclose(out), 0);
	file_copy_fini(&copy);
}

/* A certificate by `spec`, issued by `issuer`, and with `beside` in its file. */
static void judge(struct world *w, const struct pki_spec *spec, const struct pki_cert *issuer, const struct pki_cert *beside,
		  const char *causes, const char *fact)
{
	struct pki_cert c = pki_make(&w->pki, spec, issuer);

	if (beside) {
		join(c.cert_file, beside->cert_file);
	}
	look(w, (struct doc_file){ .file = NULL }, c.cert_file);
	pki_free(&c);
	found(w, causes, fact);
}

static void test_a_good_one_says_what_it_is(void **state)
{
	struct world *w = *state;

	judge(w, &(struct pki_spec){ .cn = "a", GOOD }, &w->ca, NULL, "file-good", "names scs.a.example, trust anchor anchor-a");
	judge(w, &(struct pki_spec){ .cn = "a", GOOD }, &w->sub, &w->sub, "file-good", "anchor-a");
	judge(w, &(struct pki_spec){ .cn = "a", GOOD, .from_s = -86400 * 9, .to_s = 3600 }, &w->ca, NULL, "file-good file-ends",
	      "ends in 0 days");
}

static void test_time(void **state)
{
	struct world *w = *state;

	judge(w, &(struct pki_spec){ .cn = "a", GOOD, .from_s = -7200, .to_s = -3600 }, &w->ca, NULL, "file-expired",
	      "ended at 20");
	judge(w, &(struct pki_spec){ .cn = "a", GOOD, .from_s = 3600, .to_s = 7200 }, &w->ca, NULL, "file-early", "begins at 20");
}

static void test_purpose_and_names(void **state)
{
	struct world *w = *state;

	judge(w, &(struct pki_spec){ .cn = "a", .san = "DNS:scs.a.example", .eku = "serverAuth" }, &w->ca, NULL, "file-purpose",
	      "is serverAuth, expected clientAuth");
	judge(w, &(struct pki_spec){ .cn = "a", .san = "DNS:scs.a.example" }, &w->ca, NULL, "file-purpose", "is none, expected");
	judge(w, &(struct pki_spec){ .cn = "a", .san = "DNS:*.a.example", .eku = "clientAuth" }, &w->ca, NULL, "file-wildcard",
	      "'*.a.example'");
	judge(w, &(struct pki_spec){ .cn = "a", .eku = "clientAuth" }, &w->ca, NULL, "file-nameless", "no DNS name");
	judge(w, &(struct pki_spec){ .cn = "a", .san = "DNS:a_b.example", .eku = "clientAuth" }, &w->ca, NULL, "file-refused",
	      "is a host name: 'a_b.example' is none");
}

static void test_the_chain(void **state)
{
	struct world *w = *state;

	judge(w, &(struct pki_spec){ .cn = "a", GOOD }, &w->sub, NULL, "file-issuer",
	      "'O=Test,CN=Sub A', which issued 'O=Test,CN=a'");
	judge(w, &(struct pki_spec){ .cn = "a", GOOD }, &w->stranger, &w->stranger, "file-issuer",
	      "'O=Test,CN=CA X', which issued");
	judge(w, &(struct pki_spec){ .cn = "a", GOOD }, &w->other, &w->other, "file-root", "leads to the CA 'O=Test,CN=CA X'");
	judge(w, &(struct pki_spec){ .cn = "a", GOOD }, NULL, NULL, "file-self", "signed by itself");
	judge(w, &(struct pki_spec){ .cn = "a", GOOD }, &w->namesake, NULL, "file-namesake",
	      "same name as trust anchor anchor-a");
	judge(w, &(struct pki_spec){ .cn = "a", GOOD, .no_key_ids = true }, &w->namesake, NULL, "file-namesake",
	      "same name as trust anchor anchor-a");
}

/* "Right" are only those whose certificates let somebody in. */
static void test_a_ca_is_right_when_an_anchor_has_it_or_is_above_it(void **state)
{
	struct world *w = *state;
	struct doc_file unread = { .no_judge = "no configuration" };

	look(w, (struct doc_file){ .file = NULL }, w->ca.cert_file);
	found(w, "file-ca", "of a CA of trust anchor anchor-a: 'O=Test,CN=CA A'");
	look(w, (struct doc_file){ .file = NULL }, w->sub.cert_file);
	found(w, "file-ca-below", "below trust anchor anchor-a");
	judge(w, &(struct pki_spec){ .cn = "Sub Sub", .ca = true }, &w->sub, &w->sub, "file-ca-below", "anchor-a");
	judge(w, &(struct pki_spec){ .cn = "Sub Sub", .ca = true }, &w->sub, NULL, "file-ca-stranger", "below none");
	judge(w, &(struct pki_spec){ .cn = "ca", .ca = true }, NULL, NULL, "file-ca-stranger", "no trust anchor of this gateway");
	look(w, (struct doc_file){ .file = NULL }, w->other.cert_file);
	found(w, "file-ca-stranger", "'O=Test,CN=CA X'");
	look(w, (struct doc_file){ .file = NULL }, w->namesake.cert_file);
	found(w, "file-ca-namesake", "trust anchor anchor-a has another one");
	look(w, unread, w->ca.cert_file);
	found(w, "file-unverified", "no configuration");
}

/* CA X has a certificate of its own, and one that CA A issued to it: over that one its certificates lead to anchor-a. */
static void test_a_cross_signed_chain(void **state)
{
	struct world *w = *state;
	struct pki_cert c = pki_make(&w->pki, &(struct pki_spec){ .cn = "a", GOOD }, &w->other);
	X509 *cross = X509_dup(w->other.x);
	int at;
	FILE *f;

	assert_non_null(cross);
	assert_int_equal(X509_set_issuer_name(cross, X509_get_subject_name(w->ca.x)), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cross), 77), 1);
	while ((at = X509_get_ext_by_NID(cross, NID_authority_key_identifier, -1)) >= 0) {
		X509_EXTENSION_free(X509_delete_ext(cross, at));
	}
	assert_true(X509_sign(cross, w->ca.key, EVP_sha256()) > 0);
	look(w, (struct doc_file){ .file = NULL }, c.cert_file);
	found(w, "file-issuer", "'O=Test,CN=CA X', which issued");
	join(c.cert_file, w->other.cert_file); /* the root of CA X leads nowhere */
	look(w, (struct doc_file){ .file = NULL }, c.cert_file);
	found(w, "file-root", "CA X");
	f = fopen(c.cert_file, "ab");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, cross), 1);
	assert_int_equal(fclose(f), 0);
	look(w, (struct doc_file){ .file = NULL }, c.cert_file); /* with both: the way that leads to an anchor counts */
	found(w, "file-good", "trust anchor anchor-a");
	X509_free(cross);
	pki_free(&c);
}

static void test_an_anchor_with_a_responder(void **state)
{
	static const char *const asked[] = { "anchor-b", "anchor-a", NULL }, *const others[] = { "anchor-b", NULL };
	struct world *w = *state;
	struct pki_cert c = pki_make(&w->pki, &(struct pki_spec){ .cn = "a", GOOD }, &w->ca);

	look(w, (struct doc_file){ .asked = others }, c.cert_file);
	found(w, "file-good", "anchor-a");
	look(w, (struct doc_file){ .asked = asked }, c.cert_file);
	found(w, "file-good file-ocsp", "was not asked: trust anchor anchor-a has an OCSP responder");
	pki_free(&c);
}

static void test_strength(void **state)
{
	struct world *w = *state;

	judge(w, &(struct pki_spec){ .cn = "a", GOOD, .key = PKI_RSA_1024 }, &w->ca, NULL, "file-key-weak", "RSA of 1024 bits");
	judge(w, &(struct pki_spec){ .cn = "a", GOOD, .key = PKI_ED25519 }, &w->ca, NULL, "file-key-weak", "expected P-256");
	judge(w, &(struct pki_spec){ .cn = "a", GOOD, .key = PKI_P384 }, &w->ca, NULL, "file-good", "anchor-a");
	judge(w, &(struct pki_spec){ .cn = "a", GOOD, .key = PKI_RSA_2048 }, &w->ca, NULL, "file-good", "anchor-a");
	judge(w, &(struct pki_spec){ .cn = "a", GOOD, .digest = "SHA1" }, &w->ca, NULL, "file-hash-weak", "SHA1");
}

static void with_list(struct world *w, const struct pki_crl_spec *spec, const struct pki_cert *issuer)
{
	X509_CRL *crl = pki_crl(issuer, issuer->key, spec);

	unlink(w->crl);
	pki_crl_write(w->crl, crl, true);
	X509_CRL_free(crl);
}

static void judge_by_list(struct world *w, const struct pki_cert *c, const struct pki_cert *beside, const char *causes,
			  const char *fact)
{
	struct file_copy list;
	char why[FILE_WHY_MAX];

	assert_int_equal(file_read(&list, w->crl, TLS_PEM_MAX, why), 0);
	w->list = (struct tls_crl_file){ .file = w->crl, .octets = { list.p, list.len } };
	w->anchors[0].crls = &w->list;
	w->anchors[0].crls_n = 1;
	make_judge(w);
	if (beside) {
		join(c->cert_file, beside->cert_file);
	}
	look(w, (struct doc_file){ .file = NULL }, c->cert_file);
	found(w, causes, fact);
	w->anchors[0].crls_n = 0;
	make_judge(w);
	file_copy_fini(&list);
}

static void test_revocation(void **state)
{
	struct world *w = *state;
	struct pki_cert c = pki_make(&w->pki, &(struct pki_spec){ .cn = "a", GOOD }, &w->ca);
	struct pki_cert below = pki_make(&w->pki, &(struct pki_spec){ .cn = "b", GOOD }, &w->sub);

	with_list(w, &(struct pki_crl_spec){ .number = "1" }, &w->ca);
	judge_by_list(w, &c, NULL, "file-good", "anchor-a");
	judge_by_list(w, &below, &w->sub, "file-crl-none", "a CA under trust anchor anchor-a has no revocation list");
	with_list(w, &(struct pki_crl_spec){ .number = "2", .lists = { &c } }, &w->ca);
	judge_by_list(w, &c, NULL, "file-revoked", "is revoked since");
	with_list(w, &(struct pki_crl_spec){ .number = "3", .lists = { &w->sub } }, &w->ca);
	judge_by_list(w, &below, NULL, "file-revoked", "Sub A");
	with_list(w, &(struct pki_crl_spec){ .number = "4", .from_s = -7200, .to_s = -3600 }, &w->ca);
	judge_by_list(w, &c, NULL, "file-crl-stale", "list of trust anchor anchor-a is out of date");
	pki_free(&c);
	pki_free(&below);
}

static void test_a_revocation_list(void **state)
{
	struct world *w = *state;

	with_list(w, &(struct pki_crl_spec){ .number = "10", .extra = 2 }, &w->ca);
	look(w, (struct doc_file){ .file = NULL }, w->crl);
	found(w, "file-crl", "number 0xa, 2 revoked certificates, in force until");
	with_list(w, &(struct pki_crl_spec){ .number = "4", .from_s = -7200, .to_s = -3600 }, &w->ca);
	look(w, (struct doc_file){ .file = NULL }, w->crl);
	found(w, "file-crl-old", "is out of date since");
	with_list(w, &(struct pki_crl_spec){ .number = "4" }, &w->namesake);
	look(w, (struct doc_file){ .file = NULL }, w->crl);
	found(w, "file-crl-refused", "another CA with the same name");
	with_list(w, &(struct pki_crl_spec){ .number = "4", .delta = "3" }, &w->ca);
	look(w, (struct doc_file){ .file = NULL }, w->crl);
	found(w, "file-crl-refused", "is a delta CRL");
	look(w, (struct doc_file){ .no_judge = "no configuration" }, w->crl);
	found(w, "file-unverified", "there are no trust anchors: no configuration");
}

static void test_a_file_of_ours(void **state)
{
	struct world *w = *state;
	struct pki_cert c =
	    pki_make(&w->pki, &(struct pki_spec){ .cn = "gw", .san = "DNS:iwf.example", .eku = "serverAuth" }, &w->other);
	struct doc_ours ours = { .of = "listener tsp", .host = "iwf.example" };

	look(w, (struct doc_file){ .ours = &ours }, c.cert_file);
	found(w, "file-ours", "of this gateway (listener tsp)");
	ours.host = "wf.example"; /* the end of a name is another name */
	look(w, (struct doc_file){ .ours = &ours }, c.cert_file);
	found(w, "file-name", "names iwf.example, expected wf.example");
	ours.is_client = true;
	look(w, (struct doc_file){ .ours = &ours }, c.cert_file);
	found(w, "file-purpose", "not for a TLS client");
	pki_free(&c);
}

static void test_a_peers_certificate_is_a_servers(void **state)
{
	struct world *w = *state;
	const char *const peers[] = { "hss.example", NULL };
	struct pki_cert c =
	    pki_make(&w->pki, &(struct pki_spec){ .cn = "hss", .san = "DNS:hss.example", .eku = "serverAuth" }, &w->ca);

	look(w, (struct doc_file){ .peers = peers }, c.cert_file);
	found(w, "file-good", "names hss.example");
	pki_free(&c);
}

static void test_keys(void **state)
{
	struct world *w = *state;
	struct pki_cert c = pki_make(&w->pki, &(struct pki_spec){ .cn = "a", GOOD }, &w->ca);
	struct pki_cert d = pki_make(&w->pki, &(struct pki_spec){ .cn = "b", GOOD }, &w->ca);
	struct doc_ours ours = { .of = "listener tsp", .is_key = true, .certificate = "gw.pem" };
	struct file_copy copy;
	char why[FILE_WHY_MAX];

	look(w, (struct doc_file){ .mode = 0600 }, c.key_file);
	found(w, "file-key", "private key: EC, curve prime256v1");
	look(w, (struct doc_file){ .mode = 0644 }, c.key_file);
	found(w, "file-key-open file-key", "mode 0644");
	assert_int_equal(file_read(&copy, d.cert_file, TLS_PEM_MAX, why), 0);
	ours.certificate_pem = (struct tls_pem){ copy.p, copy.len };
	look(w, (struct doc_file){ .mode = 0600, .ours = &ours }, c.key_file);
	found(w, "file-key-other", "does not belong to the certificate 'gw.pem' of listener tsp");
	look(w, (struct doc_file){ .mode = 0600, .ours = &ours }, d.key_file);
	found(w, "file-key", "EC");
	file_copy_fini(&copy);
	join(c.cert_file, d.key_file);
	look(w, (struct doc_file){ .mode = 0600 }, c.cert_file);
	found(w, "file-good file-key-other", "of the same file");
	pki_free(&c);
	pki_free(&d);
}

static void text_file(struct world *w, const char *text, const char *causes, const char *fact)
{
	struct doc_file f = { .file = "x.pem", .pem = { text, strlen(text) }, .mode = 0600, .judge = w->judge };

	doc_look_at_file(&w->report, &f);
	found(w, causes, fact);
}

static void test_what_is_no_such_file(void **state)
{
	struct world *w = *state;

	text_file(w, "", "file-nothing", "no certificate, key or revocation list");
	text_file(w, "hello\n", "file-nothing", "x.pem");
	text_file(w, "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "file-request",
		  "request for a certificate");
	text_file(w, "-----BEGIN NEW CERTIFICATE REQUEST-----\nAAAA\n-----END NEW CERTIFICATE REQUEST-----\n", "file-request",
		  "request for a certificate");
	text_file(w, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "file-damaged",
		  "certificate 1 is damaged");
	text_file(w, "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "file-damaged", "list is damaged");
	text_file(w, "-----BEGIN CERTIFICATE-----\nA\n", "file-damaged", "between BEGIN and END");
	text_file(w, "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", "file-key-bad",
		  "no PEM private key");
}

static void test_without_trust_anchors(void **state)
{
	struct world *w = *state;
	struct pki_cert c = pki_make(&w->pki, &(struct pki_spec){ .cn = "a", GOOD }, &w->ca);

	look(w, (struct doc_file){ .no_judge = "'c.yaml': No such file" }, c.cert_file);
	found(w, "file-unverified", "'c.yaml': No such file");
	pki_free(&c);
}

static void which_scs(struct world *w, const struct pki_cert *c, const char *rows, const char *cause, const char *fact)
{
	json_t *scs = json_loads(rows, 0, NULL);
	char causes[100];

	assert_non_null(scs);
	look(w, (struct doc_file){ .scs = scs }, c->cert_file);
	snprintf(causes, sizeof causes, "file-good %s", cause);
	found(w, causes, fact);
	json_decref(scs);
}

static void test_which_scs_it_lets_in(void **state)
{
	struct world *w = *state;
	struct pki_cert c =
	    pki_make(&w->pki, &(struct pki_spec){ .cn = "a", .san = "DNS:a.example,DNS:b.example", .eku = "clientAuth" }, &w->ca);

	which_scs(w, &c, "[{\"name\":\"acme\",\"origin_host\":\"b.example\",\"anchor\":\"anchor-a\"}]", "file-scs", "SCS acme");
	which_scs(w, &c, "[{\"name\":\"acme\",\"origin_host\":\"b.example\",\"anchor\":\"anchor-b\"}]", "file-other-anchor",
		  "provisioned with trust anchor anchor-b; this certificate is of anchor-a");
	which_scs(w, &c, "[]", "file-no-scs", "a.example, b.example");
	which_scs(w, &c,
		  "[{\"name\":\"acme\",\"origin_host\":\"b.example\",\"anchor\":\"anchor-a\"},"
		  "{\"name\":\"beta\",\"origin_host\":\"a.example\",\"anchor\":\"anchor-a\"}]",
		  "file-two-scs", "beta and acme");
	pki_free(&c);
}

#define T(test) cmocka_unit_test(test)
TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_a_good_one_says_what_it_is),
		T(test_time),
		T(test_purpose_and_names),
		T(test_the_chain),
		T(test_a_ca_is_right_when_an_anchor_has_it_or_is_above_it),
		T(test_a_cross_signed_chain),
		T(test_an_anchor_with_a_responder),
		T(test_strength),
		T(test_revocation),
		T(test_a_revocation_list),
		T(test_a_file_of_ours),
		T(test_a_peers_certificate_is_a_servers),
		T(test_keys),
		T(test_what_is_no_such_file),
		T(test_without_trust_anchors),
		T(test_which_scs_it_lets_in),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
