/* Loading certificate, key and anchors: what is wrong is said in words that name the file. */
#include "tests/unit/test.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/tls/pki.h"
#include "tls/tls_stream.h"

struct world {
	struct pki pki;
	struct pki_cert ca, leaf;
	struct tls_anchor_conf anchor;
	struct tls_conf conf;
	char junk[160], why[400];
};

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	assert_non_null(w);
	pki_init(&w->pki);
	w->ca = pki_make(&w->pki, &(struct pki_spec){ .cn = "CA", .ca = true }, NULL);
	w->leaf = pki_make(&w->pki, &(struct pki_spec){ .cn = "leaf", .san = "DNS:a", .eku = "serverAuth,clientAuth" }, &w->ca);
	w->anchor = (struct tls_anchor_conf){ .name = "anchor", .file = w->ca.cert_file };
	w->conf = (struct tls_conf){ .certificate = w->leaf.cert_file,
				     .key = tls_keyholder_file(w->leaf.key_file),
				     .anchors = &w->anchor,
				     .anchors_n = 1 };
	snprintf(w->junk, sizeof w->junk, "%s/junk", w->pki.dir);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	pki_free(&w->ca);
	pki_free(&w->leaf);
	pki_fini(&w->pki);
	free(w);
	return 0;
}

static void refused(struct world *w, int expected, const char *words)
{
	struct tls_ctx *c = NULL;
	int err = tls_ctx_new(&c, &w->conf, w->why, sizeof w->why);

	if (err != expected || !strstr(w->why, words)) {
		fail_msg("expected %d '%s', got %d '%s'", expected, words, err, w->why);
	}
	assert_null(c);
}

static void accepted(struct world *w, const char *warning)
{
	struct tls_ctx *c = NULL;
	int err = tls_ctx_new(&c, &w->conf, w->why, sizeof w->why);

	if (err || strcmp(w->why, warning) != 0) {
		fail_msg("got %d '%s'", err, w->why);
	}
	tls_ctx_free(c);
}

static void test_a_good_configuration_loads_without_words(void **state)
{
	struct world *w = *state;

	accepted(w, "");
	w->conf.server = true;
	accepted(w, "");
	tls_ctx_free(NULL);
}

static void test_certificates_that_cannot_be_used(void **state)
{
	struct world *w = *state;
	struct pki_cert c;
	char words[300];

	w->conf.certificate = "/nonexistent/iwf.pem";
	refused(w, ERR_IO, "cannot read certificate '/nonexistent/iwf.pem': No such file or directory");
	write_text(w->junk, "no certificate\n");
	w->conf.certificate = w->junk;
	snprintf(words, sizeof words, "'%s' holds no PEM certificate", w->junk);
	refused(w, ERR_INVAL, words);
	write_text(w->junk, "");
	refused(w, ERR_INVAL, words);

	c = pki_make(&w->pki, &(struct pki_spec){ .cn = "x", .from_s = -7200, .to_s = -60 }, &w->ca);
	w->conf.certificate = c.cert_file;
	w->conf.key = tls_keyholder_file(c.key_file);
	snprintf(words, sizeof words, "certificate '%s' expired on ", c.cert_file);
	refused(w, ERR_INVAL, words);
	pki_free(&c);
	c = pki_make(&w->pki, &(struct pki_spec){ .cn = "x", .from_s = 7200 }, &w->ca);
	w->conf.certificate = c.cert_file;
	refused(w, ERR_INVAL, "is not valid before ");
	pki_free(&c);
	c = pki_make(&w->pki, &(struct pki_spec){ .cn = "x", .key = PKI_P521 }, &w->ca);
	w->conf.certificate = c.cert_file;
	refused(w, ERR_INVAL, "key secp521r1, expected P-256, P-384 or RSA of at least 2048 bits");
	pki_free(&c);
}

static void test_keys_that_cannot_be_used(void **state)
{
	struct world *w = *state;
	struct pki_cert rsa = pki_make(&w->pki, &(struct pki_spec){ .cn = "x", .key = PKI_RSA_2048 }, &w->ca);
	char words[300];
	FILE *f;

	w->conf.key = tls_keyholder_file("/nonexistent/iwf.key");
	refused(w, ERR_IO, "cannot read key '/nonexistent/iwf.key': No such file or directory");
	w->conf.key = tls_keyholder_file(w->ca.key_file); /* of the same kind */
	snprintf(words, sizeof words, "key '%s' does not match the certificate", w->ca.key_file);
	refused(w, ERR_INVAL, words);
	w->conf.key = tls_keyholder_file(rsa.key_file); /* of another kind */
	refused(w, ERR_INVAL, "does not match the certificate");
	w->conf.key = tls_keyholder_file(w->leaf.cert_file);
	refused(w, ERR_INVAL, "holds no PEM private key");
	f = fopen(w->junk, "w");
	assert_int_equal(PEM_write_PrivateKey(f, w->leaf.key, EVP_aes_128_cbc(), (const unsigned char *)"secret", 6, NULL, NULL),
			 1);
	fclose(f);
	w->conf.key = tls_keyholder_file(w->junk);
	refused(w, ERR_INVAL, "is encrypted; a key without passphrase is expected");
	pki_free(&rsa);
}

static void test_a_key_that_others_may_read_is_a_warning(void **state)
{
	struct world *w = *state;
	char words[300];

	assert_int_equal(chmod(w->leaf.key_file, 0644), 0);
	snprintf(words, sizeof words, "key '%s' has mode 0644, so others may read it; 0600 is expected", w->leaf.key_file);
	accepted(w, words);
}

static void test_anchors_that_cannot_be_used(void **state)
{
	struct world *w = *state;
	struct pki_cert weak = pki_make(&w->pki, &(struct pki_spec){ .cn = "weak", .ca = true, .key = PKI_P521 }, NULL);
	char pem[8192], words[300];
	FILE *f;
	size_t n;

	w->anchor.file = "/nonexistent/ca.pem";
	refused(w, ERR_IO, "cannot read anchor '/nonexistent/ca.pem': No such file or directory");
	write_text(w->junk, "no certificate\n");
	w->anchor.file = w->junk;
	snprintf(words, sizeof words, "anchor '%s' holds no PEM certificate", w->junk);
	refused(w, ERR_INVAL, words);
	w->anchor.file = w->leaf.cert_file;
	refused(w, ERR_INVAL, "certificate of 'O=Test,CN=leaf' is not of a CA (basicConstraints CA:TRUE)");
	w->anchor.file = weak.cert_file;
	refused(w, ERR_INVAL, "key secp521r1");
	f = fopen(w->ca.cert_file, "r"); /* one good, one damaged */
	n = fread(pem, 1, sizeof pem / 2, f);
	fclose(f);
	memcpy(pem + n, pem, n);
	pem[n + n / 2] = '!';
	pem[2 * n] = 0;
	write_text(w->junk, pem);
	w->anchor.file = w->junk;
	refused(w, ERR_INVAL, "certificate 2 is damaged");
	w->conf.anchors_n = 0;
	refused(w, ERR_INVAL, "no trust anchor is configured");
	pki_free(&weak);
}

static void test_only_a_client_logs_keys_into_a_file_of_its_own(void **state)
{
	struct world *w = *state;
	struct stat st;

	w->conf.keylog = w->junk;
	w->conf.server = true;
	refused(w, ERR_INVAL, "a server does not log keys");
	assert_int_equal(access(w->junk, F_OK), -1);
	w->conf.server = false;
	accepted(w, "");
	assert_int_equal(stat(w->junk, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	w->conf.keylog = "/nonexistent/keys";
	refused(w, ERR_IO, "cannot write key log '/nonexistent/keys'");
}

static size_t slurp(char *out, size_t size, const char *path)
{
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(out, 1, size, f);
	fclose(f);
	return n;
}

static void test_octets_that_were_read_before_are_used_and_the_file_is_named(void **state)
{
	struct world *w = *state;
	char cert[4096], key[4096], ca[4096], words[300];
	struct tls_key k = { .path = "iwf.key" };

	w->conf.certificate_pem = (struct tls_pem){ cert, slurp(cert, sizeof cert, w->leaf.cert_file) };
	k.pem = (struct tls_pem){ key, slurp(key, sizeof key, w->leaf.key_file) };
	w->anchor.pem = (struct tls_pem){ ca, slurp(ca, sizeof ca, w->ca.cert_file) };
	w->conf.key = tls_keyholder_pem(&k);
	w->conf.certificate = "iwf.pem"; /* none of them is there */
	w->anchor.file = "ca.pem";
	accepted(w, "");
	k.pem = w->conf.certificate_pem;
	refused(w, ERR_INVAL, "'iwf.key' holds no PEM private key");
	k.pem = (struct tls_pem){ key, 0 };
	refused(w, ERR_INVAL, "'iwf.key' holds no PEM private key");
	k.pem = (struct tls_pem){ key, slurp(key, sizeof key, w->ca.key_file) };
	refused(w, ERR_INVAL, "key 'iwf.key' does not match the certificate");
	k.pem = (struct tls_pem){ key, slurp(key, sizeof key, w->leaf.key_file) };
	w->anchor.pem = w->conf.certificate_pem;
	refused(w, ERR_INVAL, "anchor 'ca.pem': certificate of");
	assert_int_equal(tls_anchor_check(&w->anchor, words, sizeof words), ERR_INVAL);
	assert_string_equal(words, w->why);
	w->conf.certificate_pem.len = 0;
	refused(w, ERR_INVAL, "'iwf.pem' holds no PEM certificate");
}

static void test_what_is_no_file_keeps_nobody_waiting(void **state)
{
	struct world *w = *state;

	assert_int_equal(mkfifo(w->junk, 0600), 0);
	alarm(TEST_HANG_S);
	w->conf.certificate = w->junk;
	refused(w, ERR_INVAL, "not a regular file");
	w->conf.certificate = w->leaf.cert_file;
	w->conf.key = tls_keyholder_file(w->junk);
	refused(w, ERR_INVAL, "not a regular file");
	w->conf.key = tls_keyholder_file(w->leaf.key_file);
	w->anchor.file = w->junk;
	refused(w, ERR_INVAL, "not a regular file");
	alarm(0);
}

static void own(struct world *w, const struct pki_cert *c)
{
	w->conf.certificate = c->cert_file;
	w->conf.key = tls_keyholder_file(c->key_file);
}

static void test_an_own_certificate_has_to_fit_its_role_where_that_is_asked(void **state)
{
	struct world *w = *state;
	struct pki_cert client = pki_make(&w->pki, &(struct pki_spec){ .cn = "x", .eku = "clientAuth" }, &w->ca);
	struct pki_cert none = pki_make(&w->pki, &(struct pki_spec){ .cn = "x" }, &w->ca);

	own(w, &client);
	w->conf.server = true;
	accepted(w, ""); /* its user is told in other words, by the other side */
	w->conf.own = TLS_OWN_USABLE;
	refused(w, ERR_INVAL, "is not for a TLS server: have it issued with the extendedKeyUsage serverAuth");
	w->conf.server = false;
	accepted(w, "");
	own(w, &none);
	refused(w, ERR_INVAL, "is not for a TLS client: have it issued with the extendedKeyUsage clientAuth");
	own(w, &w->leaf);
	accepted(w, "");
	pki_free(&client);
	pki_free(&none);
}

static void test_a_daemon_may_go_on_with_a_certificate_that_ended(void **state)
{
	struct world *w = *state;
	struct pki_cert c = pki_make(&w->pki, &(struct pki_spec){ .cn = "x", .from_s = -7200, .to_s = -60 }, &w->ca);

	own(w, &c);
	w->conf.own = TLS_OWN_USABLE;
	refused(w, ERR_INVAL, "expired on ");
	w->conf.own = TLS_OWN_ANY;
	accepted(w, "");
	pki_free(&c);
}

static void test_the_first_end_in_a_file_counts(void **state)
{
	struct world *w = *state;
	struct pki_cert c =
	    pki_make(&w->pki, &(struct pki_spec){ .cn = "x", .eku = "clientAuth", .from_s = -7200, .to_s = -60 }, &w->ca);
	uint64_t now = (uint64_t)time(NULL), begin;
	struct tls_pem_times t;
	char both[8192];
	struct tls_pem pem = { both, 0 };

	assert_int_equal(tls_pem_times(&t, &pem), ERR_INVAL);
	pem.len = slurp(both, sizeof both, w->leaf.cert_file);
	assert_int_equal(tls_pem_times(&t, &pem), 0);
	assert_true(t.first_end_s > now + 86000 && t.first_end_s <= now + 86400);
	assert_true(t.first_begin_s == t.last_begin_s && t.first_begin_s <= now);
	begin = t.last_begin_s;
	pem.len += slurp(both + pem.len, sizeof both - pem.len, c.cert_file);
	assert_int_equal(tls_pem_times(&t, &pem), 0);
	assert_true(t.first_end_s >= now - 90 && t.first_end_s <= now - 30);
	assert_true(t.first_begin_s < begin && t.last_begin_s == begin); /* the other one is two hours old */
	/* a chain is not usable when one of it has ended */
	both[pem.len] = 0;
	write_text(w->junk, both);
	w->conf.certificate = w->junk;
	accepted(w, "");
	w->conf.own = TLS_OWN_USABLE;
	refused(w, ERR_INVAL, "expired on ");
	pki_free(&c);
}

TEST_GROUP()
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_good_configuration_loads_without_words),
		T(test_certificates_that_cannot_be_used),
		T(test_keys_that_cannot_be_used),
		T(test_a_key_that_others_may_read_is_a_warning),
		T(test_anchors_that_cannot_be_used),
		T(test_only_a_client_logs_keys_into_a_file_of_its_own),
		T(test_octets_that_were_read_before_are_used_and_the_file_is_named),
		T(test_what_is_no_file_keeps_nobody_waiting),
		T(test_an_own_certificate_has_to_fit_its_role_where_that_is_asked),
		T(test_a_daemon_may_go_on_with_a_certificate_that_ended),
		T(test_the_first_end_in_a_file_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
