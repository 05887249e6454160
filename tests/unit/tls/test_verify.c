/* Which certificates are accepted, which are refused, and in which words (nds-profile sections 4 and 5; CONTRACTS section 1). */
#include "tests/unit/test.h"

#include <time.h>

#include "tests/unit/tls/pki.h"
#include "tls/tls_verify.h"

#define GOOD .san = "DNS:scs.a.example", .eku = "clientAuth"

struct world {
	struct pki pki;
	struct pki_cert ca_a, ca_b, ca_rsa, sub;
	struct tls_anchor anchors[3];
	struct tls_identity id;
	int e;
	char why[640];
};

static struct tls_anchor anchor(const char *name, const struct pki_cert *ca)
{
	struct tls_anchor_conf conf = { .file = ca->cert_file };
	struct tls_anchor a;
	char why[300];

	snprintf(conf.name, sizeof conf.name, "%s", name);
	assert_int_equal(tls_anchor_load(&a, &conf, why, sizeof why), 0);
	return a;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	assert_non_null(w);
	pki_init(&w->pki);
	w->ca_a = pki_make(&w->pki, &(struct pki_spec){ .cn = "CA A", .ca = true, .key = PKI_P384 }, NULL);
	w->ca_b = pki_make(&w->pki, &(struct pki_spec){ .cn = "CA B", .ca = true }, NULL);
	w->ca_rsa = pki_make(&w->pki, &(struct pki_spec){ .cn = "CA RSA", .ca = true, .key = PKI_RSA_2048 }, NULL);
	w->sub = pki_make(&w->pki, &(struct pki_spec){ .cn = "Sub A", .ca = true, .to_s = 3600 }, &w->ca_a);
	w->anchors[0] = anchor("anchor-a", &w->ca_a);
	w->anchors[1] = anchor("anchor-b", &w->ca_b);
	w->anchors[2] = anchor("anchor-rsa", &w->ca_rsa);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		tls_anchor_fini(&w->anchors[i]);
	}
	pki_free(&w->ca_a);
	pki_free(&w->ca_b);
	pki_free(&w->ca_rsa);
	pki_free(&w->sub);
	pki_fini(&w->pki);
	free(w);
	return 0;
}

static int verify_sent(struct world *w, X509 *leaf, X509 *const sent[], size_t n, bool is_client, const char *expected)
{
	STACK_OF(X509) *others = sk_X509_new_null();
	struct tls_presented p = { .leaf = leaf, .others = others, .is_client = is_client, .expected_name = expected };
	int err;

	for (size_t i = 0; i < n; i++) {
		assert_true(sk_X509_push(others, sent[i]) > 0);
	}
	memset(&w->id, 0, sizeof w->id);
	*w->why = 0;
	err = tls_verify(&w->id, NULL, &p, w->anchors, 3, &w->e, w->why, sizeof w->why);
	assert_int_equal(w->e == X509_V_OK, err == 0);
	if (err) {
		assert_int_equal(w->id.names_n + w->id.anchors_n, 0); /* nothing is said about who is refused */
	}
	sk_X509_free(others);
	return err;
}

static int verify(struct world *w, X509 *leaf, X509 *other, bool is_client, const char *expected)
{
	return verify_sent(w, leaf, &other, other ? 1 : 0, is_client, expected);
}

/* Makes a client's certificate and has it judged. */
static int judge(struct world *w, const struct pki_spec *spec, const struct pki_cert *issuer)
{
	struct pki_cert c = pki_make(&w->pki, spec, issuer);
	int err = verify(w, c.x, issuer == &w->sub ? w->sub.x : NULL, true, NULL);

	pki_free(&c);
	return err;
}

static void refused(struct world *w, const struct pki_spec *spec, const struct pki_cert *issuer, const char *words)
{
	int err = judge(w, spec, issuer);

	if (err != ERR_AUTH || !strstr(w->why, words)) {
		fail_msg("expected '%s', got %d '%s'", words, err, w->why);
	}
}

static void test_a_good_certificate_says_who_it_is(void **state)
{
	struct world *w = *state;
	uint64_t now = (uint64_t)time(NULL);

	assert_int_equal(judge(w,
			       &(struct pki_spec){ .cn = "scs a",
						   .san = "DNS:SCS.A.Example,DNS:b.example,URI:urn:mtc:group:x,IP:192.0.2.1",
						   .eku = "clientAuth" },
			       &w->ca_a),
			 0);
	assert_int_equal(w->id.names_n, 2);
	assert_string_equal(w->id.names[0], "scs.a.example");
	assert_string_equal(w->id.names[1], "b.example");
	assert_int_equal(w->id.groups_n, 1);
	assert_string_equal(w->id.groups[0], "urn:mtc:group:x");
	assert_int_equal(w->id.anchors_n, 1);
	assert_string_equal(w->id.anchors[0], "anchor-a");
	assert_string_equal(w->id.subject, "O=Test,CN=scs a");
	assert_in_range(w->id.not_after_s, now + 86000, now + 87000);
}

static void test_the_anchor_is_the_one_it_chains_to_and_no_other(void **state)
{
	struct world *w = *state;

	assert_int_equal(judge(w, &(struct pki_spec){ .cn = "x", GOOD }, &w->ca_b), 0);
	assert_int_equal(w->id.anchors_n, 1);
	assert_string_equal(w->id.anchors[0], "anchor-b");
	assert_int_equal(judge(w, &(struct pki_spec){ .cn = "x", GOOD }, &w->ca_rsa), 0);
	assert_int_equal(w->id.anchors_n, 1);
	assert_string_equal(w->id.anchors[0], "anchor-rsa");
}

static void test_all_anchors_it_chains_to_are_listed(void **state)
{
	struct world *w = *state;

	tls_anchor_fini(&w->anchors[1]);
	w->anchors[1] = anchor("sub-itself", &w->sub); /* an intermediate CA may be an anchor of its own */
	assert_int_equal(judge(w, &(struct pki_spec){ .cn = "x", GOOD }, &w->sub), 0);
	assert_int_equal(w->id.anchors_n, 2);
	assert_string_equal(w->id.anchors[0], "anchor-a");
	assert_string_equal(w->id.anchors[1], "sub-itself");
}

static void test_the_earliest_end_in_the_chain_counts(void **state)
{
	struct world *w = *state;
	uint64_t now = (uint64_t)time(NULL);

	assert_int_equal(judge(w, &(struct pki_spec){ .cn = "x", GOOD }, &w->sub), 0);
	assert_in_range(w->id.not_after_s, now + 3500, now + 3700);
}

static void test_an_intermediate_that_was_not_sent_is_missing(void **state)
{
	struct world *w = *state;
	struct pki_cert c = pki_make(&w->pki, &(struct pki_spec){ .cn = "x", GOOD }, &w->sub);

	assert_int_equal(verify(w, c.x, NULL, true, NULL), ERR_AUTH);
	assert_int_equal(verify(w, c.x, w->sub.x, true, NULL), 0);
	pki_free(&c);
}

static void test_a_foreign_ca_is_refused_also_when_it_sends_its_root_or_bears_our_name(void **state)
{
	struct world *w = *state;
	struct pki_cert wrong = pki_make(&w->pki, &(struct pki_spec){ .cn = "Wrong CA", .ca = true }, NULL);
	struct pki_cert same = pki_make(&w->pki, &(struct pki_spec){ .cn = "CA A", .ca = true, .key = PKI_P384 }, NULL);
	struct pki_cert c = pki_make(&w->pki, &(struct pki_spec){ .cn = "x", GOOD }, &wrong);

	assert_int_equal(verify(w, c.x, NULL, true, NULL), ERR_AUTH);
	assert_string_equal(w->why,
			    "certificate of 'O=Test,CN=x' (issuer 'O=Test,CN=Wrong CA') does not chain to any configured anchor");
	assert_int_equal(verify(w, c.x, wrong.x, true, NULL), ERR_AUTH);
	pki_free(&c);
	c = pki_make(&w->pki, &(struct pki_spec){ .cn = "x", GOOD }, &same);
	assert_int_equal(verify(w, c.x, same.x, true, NULL), ERR_AUTH);
	pki_free(&c);
	refused(w, &(struct pki_spec){ .cn = "self", GOOD }, NULL, "does not chain to any configured anchor");
	pki_free(&wrong);
	pki_free(&same);
}

/* RFC 8446 4.4.2: the order may vary. A CA whose key two have signed leads to our anchor by one of its certificates; what leads nowhere is
 * passed over wherever it stands, and lets nobody in by itself. */
static void test_the_order_in_which_a_crossed_chain_was_sent_does_not_matter(void **state)
{
	struct world *w = *state;
	struct pki_cert root = pki_make(&w->pki, &(struct pki_spec){ .cn = "Foreign root", .ca = true }, NULL);
	struct pki_cert below = pki_make(&w->pki, &(struct pki_spec){ .cn = "Foreign sub", .ca = true }, &root);
	struct pki_cert crossed = pki_again(&w->pki, &w->sub, &below),
			c = pki_make(&w->pki, &(struct pki_spec){ .cn = "x", GOOD }, &w->sub);
	X509 *sent[4] = { w->sub.x, crossed.x, below.x, root.x };

	for (int order = 0; order < 24; order++) { /* every one of them */
		X509 *now[4], *left[4] = { sent[0], sent[1], sent[2], sent[3] };

		for (int i = 0, rest = order; i < 4; rest /= 4 - i, i++) {
			int at = rest % (4 - i);

			now[i] = left[at];
			memmove(&left[at], &left[at + 1], sizeof left[0] * (size_t)(3 - at));
		}
		for (size_t n = 1; n <= 4; n++) {
			bool ours = false;

			for (size_t i = 0; i < n; i++) {
				ours = ours || now[i] == w->sub.x;
			}
			if (verify_sent(w, c.x, now, n, true, NULL) != (ours ? 0 : ERR_AUTH)) {
				fail_msg("order %d, %zu of them: '%s'", order, n, w->why);
			}
			if (!ours) {
				assert_non_null(strstr(w->why, "does not chain to any configured anchor"));
			}
		}
	}
	pki_free(&c);
	pki_free(&crossed);
	pki_free(&below);
	pki_free(&root);
}

/* Many ways that lead nowhere cost no more than a few of them. */
static void test_dead_ends_are_bounded(void **state)
{
	struct world *w = *state;
	struct pki_cert root = pki_make(&w->pki, &(struct pki_spec){ .cn = "Foreign root", .ca = true }, NULL), crossed[8];
	struct pki_cert c = pki_make(&w->pki, &(struct pki_spec){ .cn = "x", GOOD }, &w->sub);
	X509 *sent[9];

	for (size_t i = 0; i < 8; i++) {
		crossed[i] = pki_again(&w->pki, &w->sub, &root);
		sent[i] = crossed[i].x;
	}
	sent[8] = w->sub.x;
	assert_int_equal(verify_sent(w, c.x, sent + 4, 5, true, NULL), 0);
	assert_int_equal(verify_sent(w, c.x, sent, 9, true, NULL), ERR_AUTH);
	for (size_t i = 0; i < 8; i++) {
		pki_free(&crossed[i]);
	}
	pki_free(&c);
	pki_free(&root);
}

static void test_time(void **state)
{
	struct world *w = *state;

	refused(w, &(struct pki_spec){ .cn = "x", GOOD, .from_s = -7200, .to_s = -3600 }, &w->ca_a,
		"certificate of 'O=Test,CN=x' expired");
	assert_int_equal(w->e, X509_V_ERR_CERT_HAS_EXPIRED);
	refused(w, &(struct pki_spec){ .cn = "x", GOOD, .from_s = 3600 }, &w->ca_b,
		"certificate of 'O=Test,CN=x' is not yet valid");
}

static void test_purpose(void **state)
{
	struct world *w = *state;
	struct pki_cert c;

	refused(w, &(struct pki_spec){ .cn = "x", .san = "DNS:a.example", .eku = "serverAuth" }, &w->ca_a,
		"is not for a TLS client");
	refused(w, &(struct pki_spec){ .cn = "x", .san = "DNS:a.example" }, &w->ca_a, "extendedKeyUsage lacks clientAuth");
	refused(w, &(struct pki_spec){ .cn = "x", .san = "DNS:a.example", .eku = "anyExtendedKeyUsage" }, &w->ca_a, "client");
	refused(w, &(struct pki_spec){ .cn = "x", .san = "DNS:a.example", .eku = "codeSigning" }, &w->ca_a,
		"is not for a TLS client");
	assert_int_equal(
	    judge(w, &(struct pki_spec){ .cn = "x", .san = "DNS:a.example", .eku = "serverAuth,clientAuth" }, &w->ca_a), 0);
	c = pki_make(&w->pki, &(struct pki_spec){ .cn = "x", GOOD }, &w->ca_a);
	assert_int_equal(verify(w, c.x, NULL, false, NULL), ERR_AUTH);
	assert_non_null(strstr(w->why, "is not for a TLS server"));
	pki_free(&c);
}

static void test_names(void **state)
{
	struct world *w = *state;
	char label[64], longer[300];
	struct pki_spec raw = { .cn = "x", .eku = "clientAuth" };

	refused(w, &(struct pki_spec){ .cn = "a.example", .eku = "clientAuth" }, &w->ca_a, "no dNSName in subjectAltName");
	refused(w, &(struct pki_spec){ .cn = "x", .san = "IP:192.0.2.1,URI:urn:x", .eku = "clientAuth" }, &w->ca_a, "no dNSName");
	refused(w, &(struct pki_spec){ .cn = "x", .san = "DNS:*.a.example", .eku = "clientAuth" }, &w->ca_a, "wildcard");
	refused(w, &(struct pki_spec){ .cn = "x", .san = "DNS:ok.example,DNS:s*.a.example", .eku = "clientAuth" }, &w->ca_a,
		"certificate of 'O=Test,CN=x': wildcard in subjectAltName: dNSName 's*.a.example'");
	refused(w, &(struct pki_spec){ .cn = "x", .san = "DNS:a_b.example", .eku = "clientAuth" }, &w->ca_a,
		"certificate of 'O=Test,CN=x': no dNSName in subjectAltName is a host name: 'a_b.example' is none");
	refused(w, &(struct pki_spec){ .cn = "x", .san = "DNS:a..example", .eku = "clientAuth" }, &w->ca_a,
		"'a..example' is none");
	refused(w, &(struct pki_spec){ .cn = "x", .san = "DNS:a.example.", .eku = "clientAuth" }, &w->ca_a,
		"'a.example.' is none");
	raw.raw_dns = "scs.a.example\0.evil.example";
	raw.raw_dns_len = 27;
	refused(w, &raw, &w->ca_a, "NUL in subjectAltName: dNSName 'scs.a.example?.evil.example'");
	raw.raw_dns = "";
	raw.raw_dns_len = 0;
	refused(w, &raw, &w->ca_a, "'' is none");
	memset(label, 'a', 63);
	label[63] = 0;
	snprintf(longer, sizeof longer, "%s.%s.%s.%s.x", label, label, label, label);
	raw.raw_dns = longer;
	raw.raw_dns_len = (int)strlen(longer);
	refused(w, &raw, &w->ca_a, "...' is none");
}

static void test_an_odd_name_beside_the_right_one_does_no_harm(void **state)
{
	static const char *const odd[] = { "DNS:a_b.example",      "DNS:_diameter._tcp.a.example", "DNS:a..example",
					   "DNS:other.a.example.", "URI:urn:with blank",           "DNS:scs.a.example" };
	struct world *w = *state;
	char san[200];

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		snprintf(san, sizeof san, "%s,DNS:scs.a.example", odd[i]);
		assert_int_equal(judge(w, &(struct pki_spec){ .cn = "x", .san = san, .eku = "clientAuth" }, &w->ca_a), 0);
		assert_int_equal(w->id.names_n, 1);
		assert_string_equal(w->id.names[0], "scs.a.example");
		assert_int_equal(w->id.groups_n, 0);
	}
}

/* "DNS:nINDEX.LABEL" times n */
static const char *many_names(unsigned n, const char *label)
{
	static char san[16000];
	size_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		at += (size_t)snprintf(san + at, sizeof san - at, "%sDNS:n%02u.%s", i ? "," : "", i, label);
	}
	return san;
}

static void test_as_many_names_and_groups_as_there_is_room_for(void **state)
{
	struct world *w = *state;

	struct pki_spec s = { .cn = "x", .eku = "clientAuth" };
	char label[220];

	s.san = many_names(32, "a.example");
	assert_int_equal(judge(w, &s, &w->ca_a), 0);
	assert_int_equal(w->id.names_n, 32);
	s.san = many_names(33, "a.example");
	refused(w, &s, &w->ca_a,
		"more than 32 dNSNames in subjectAltName, or more than 4080 bytes of them: 'n32.a.example' is too many");
	for (size_t i = 0; i < sizeof label - 1; i++) {
		label[i] = i % 2 ? 'a' : i % 60 ? 'b' : 'c';
	}
	for (size_t i = 50; i < sizeof label - 1; i += 50) {
		label[i] = '.';
	}
	label[199] = 0; /* 203 octets a name */
	s.san = many_names(20, label);
	assert_int_equal(judge(w, &s, &w->ca_a), 0);
	s.san = many_names(21, label);
	refused(w, &s, &w->ca_a, "more than 4080 bytes of them");
	refused(w,
		&(struct pki_spec){ .cn = "x",
				    .san = "DNS:a,URI:u:1,URI:u:2,URI:u:3,URI:u:4,URI:u:5,URI:u:6,URI:u:7,URI:u:8,URI:u:9",
				    .eku = "clientAuth" },
		&w->ca_a, "more than 8 URIs in subjectAltName: 'u:9' is too many");
}

static void test_a_ca_is_no_leaf(void **state)
{
	struct world *w = *state;

	refused(w, &(struct pki_spec){ .cn = "x", GOOD, .ca = true }, &w->ca_a, "");
	refused(w, &(struct pki_spec){ .cn = "x", GOOD, .ca = true, .usage = "keyCertSign,digitalSignature" }, &w->ca_a,
		"it is the certificate of a CA"); /* which OpenSSL would take for a client */
	assert_int_equal(verify(w, w->sub.x, NULL, true, NULL), ERR_AUTH);
	assert_int_equal(verify(w, w->ca_a.x, NULL, true, NULL), ERR_AUTH); /* the anchor itself */
}

static void test_keys(void **state)
{
	struct world *w = *state;

	assert_int_equal(judge(w, &(struct pki_spec){ .cn = "x", GOOD, .key = PKI_P384, .digest = "SHA384" }, &w->ca_a), 0);
	assert_int_equal(judge(w, &(struct pki_spec){ .cn = "x", GOOD, .key = PKI_RSA_2048 }, &w->ca_a), 0);
	refused(w, &(struct pki_spec){ .cn = "x", GOOD, .key = PKI_P521 }, &w->ca_a,
		"key secp521r1, expected P-256, P-384 or RSA of at least 2048 bits");
	refused(w, &(struct pki_spec){ .cn = "x", GOOD, .key = PKI_P224 }, &w->ca_a, "key secp224r1");
	refused(w, &(struct pki_spec){ .cn = "x", GOOD, .key = PKI_RSA_1024 }, &w->ca_a,
		"key RSA of 1024 bits, expected P-256, P-384 or RSA of at least 2048 bits");
	refused(w, &(struct pki_spec){ .cn = "x", GOOD, .key = PKI_ED25519 }, &w->ca_a, "key ED25519");
}

static void test_weak_intermediates(void **state)
{
	struct world *w = *state;
	struct pki_cert sub = pki_make(&w->pki, &(struct pki_spec){ .cn = "Sub P-521", .ca = true, .key = PKI_P521 }, &w->ca_a);
	struct pki_cert c = pki_make(&w->pki, &(struct pki_spec){ .cn = "x", GOOD }, &sub);

	assert_int_equal(verify(w, c.x, sub.x, true, NULL), ERR_AUTH);
	assert_non_null(strstr(w->why, "certificate of 'O=Test,CN=Sub P-521': key secp521r1"));
	pki_free(&c);
	pki_free(&sub);
}

static void test_hashes(void **state)
{
	struct world *w = *state;

	refused(w, &(struct pki_spec){ .cn = "x", GOOD, .digest = "SHA1" }, &w->ca_a, "signature ecdsa-with-SHA1, expected");
	refused(w, &(struct pki_spec){ .cn = "x", GOOD, .digest = "SHA1" }, &w->ca_rsa,
		"signature sha1WithRSAEncryption, expected");
	refused(w, &(struct pki_spec){ .cn = "x", GOOD, .digest = "SHA224" }, &w->ca_a,
		"expected ECDSA or RSA with SHA-256 or SHA-384");
	assert_int_equal(judge(w, &(struct pki_spec){ .cn = "x", GOOD, .digest = "SHA384" }, &w->ca_rsa), 0);
	refused(w, &(struct pki_spec){ .cn = "x", GOOD, .digest = "SHA512" }, &w->ca_rsa,
		"certificate of 'O=Test,CN=x': signature sha512WithRSAEncryption, expected ECDSA or RSA with SHA-256 or SHA-384");
}

static void join(const char *to, const char *const files[], int n)
{
	char octets[4096];

	for (int i = 0; i < n; i++) {
		FILE *from = fopen(files[i], "r"), *f = fopen(to, i ? "a" : "w");
		size_t len = from ? fread(octets, 1, sizeof octets, from) : 0;

		assert_true(f && len > 0 && fwrite(octets, 1, len, f) == len);
		fclose(from);
		fclose(f);
	}
}

static void test_two_cas_of_one_name_in_one_file(void **state)
{
	struct pki_spec ca = { .cn = "Twin", .ca = true, .no_key_ids = true };
	struct pki_spec leaf = { .cn = "x", GOOD, .no_key_ids = true };
	struct world *w = *state;
	struct pki_cert one = pki_make(&w->pki, &ca, NULL), two = pki_make(&w->pki, &ca, NULL),
			three = pki_make(&w->pki, &ca, NULL);
	struct pki_cert both = one;

	snprintf(both.cert_file, sizeof both.cert_file, "%s/both.pem", w->pki.dir);
	join(both.cert_file, (const char *const[]){ one.cert_file, two.cert_file }, 2);
	tls_anchor_fini(&w->anchors[1]);
	w->anchors[1] = anchor("twins", &both);
	assert_int_equal(judge(w, &leaf, &one), 0);
	assert_int_equal(judge(w, &leaf, &two), 0);
	assert_string_equal(w->id.anchors[0], "twins");
	refused(w, &leaf, &three, "does not chain to any configured anchor"); /* the name alone is nothing */
	pki_free(&one);
	pki_free(&two);
	pki_free(&three);
}

static void test_name_constraints_are_honoured(void **state)
{
	struct world *w = *state;
	struct pki_cert sub = pki_make(
	    &w->pki, &(struct pki_spec){ .cn = "Sub", .ca = true, .constraints = "critical,permitted;DNS:a.example" }, &w->ca_a);
	struct pki_cert in = pki_make(&w->pki, &(struct pki_spec){ .cn = "x", GOOD }, &sub);
	struct pki_cert out =
	    pki_make(&w->pki, &(struct pki_spec){ .cn = "x", .san = "DNS:b.example", .eku = "clientAuth" }, &sub);

	assert_int_equal(verify(w, in.x, sub.x, true, NULL), 0);
	assert_int_equal(verify(w, out.x, sub.x, true, NULL), ERR_AUTH);
	assert_string_equal(w->why, "certificate of 'O=Test,CN=x': a name of it is outside the nameConstraints of its CA");
	pki_free(&in);
	pki_free(&out);
	pki_free(&sub);
}

static void test_a_server_must_bear_the_expected_name(void **state)
{
	struct world *w = *state;
	struct pki_cert c = pki_make(
	    &w->pki, &(struct pki_spec){ .cn = "other.example", .san = "DNS:x.example,DNS:iwf.example", .eku = "serverAuth" },
	    &w->ca_a);

	assert_int_equal(verify(w, c.x, NULL, false, "IWF.example"), 0);
	assert_int_equal(verify(w, c.x, NULL, false, "other.example"), ERR_AUTH); /* the CN is no name */
	assert_non_null(strstr(w->why, "it is for 'x.example', expected 'other.example'"));
	assert_int_equal(verify(w, c.x, NULL, false, "example"), ERR_AUTH);
	pki_free(&c);
}

static void test_a_subject_cannot_garble_a_log_line(void **state)
{
	struct world *w = *state;

	assert_int_equal(judge(w, &(struct pki_spec){ .cn = "evil\n2026 forged \xc3\xa9", GOOD }, &w->ca_a), 0);
	for (const char *p = w->id.subject; *p; p++) {
		assert_in_range(*p, 0x20, 0x7e);
	}
}

TEST_GROUP()
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_good_certificate_says_who_it_is),
		T(test_the_anchor_is_the_one_it_chains_to_and_no_other),
		T(test_all_anchors_it_chains_to_are_listed),
		T(test_the_earliest_end_in_the_chain_counts),
		T(test_an_intermediate_that_was_not_sent_is_missing),
		T(test_a_foreign_ca_is_refused_also_when_it_sends_its_root_or_bears_our_name),
		T(test_the_order_in_which_a_crossed_chain_was_sent_does_not_matter),
		T(test_dead_ends_are_bounded),
		T(test_time),
		T(test_purpose),
		T(test_names),
		T(test_an_odd_name_beside_the_right_one_does_no_harm),
		T(test_as_many_names_and_groups_as_there_is_room_for),
		T(test_a_ca_is_no_leaf),
		T(test_keys),
		T(test_weak_intermediates),
		T(test_hashes),
		T(test_two_cas_of_one_name_in_one_file),
		T(test_name_constraints_are_honoured),
		T(test_a_server_must_bear_the_expected_name),
		T(test_a_subject_cannot_garble_a_log_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
