/* Whose a certificate is: whole names, one person, nobody by default. */
#include "tests/unit/test.h"

#include "console/csl_cert.h"

#define DIGITS "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct csl_certificate list[] = {
	{ "sha256:00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff", "carol", CTL_ROLE_ADMIN },
	{ "subject:CN=bob,O=noc", "bob", CTL_ROLE_OPERATE },
	{ "email:alice@noc.example", "alice", CTL_ROLE_READ },
	{ "dns:pc7.noc.example", "alice", CTL_ROLE_READ },
	{ "uri:urn:person:alice", "alice", CTL_ROLE_OPERATE },
};

static struct csl_cert cert(const char *fingerprint, const char *subject, const char *name, const char *other)
{
	struct csl_cert c = { .names_n = 2 };

	snprintf(c.fingerprint, sizeof c.fingerprint, "%s", fingerprint);
	snprintf(c.subject, sizeof c.subject, "%s", subject);
	snprintf(c.names[0], sizeof c.names[0], "%s", name);
	snprintf(c.names[1], sizeof c.names[1], "%s", other);
	return c;
}

/* The person, or the error as text. */
static const char *who(struct csl_cert c)
{
	static struct csl_person p;
	int err = csl_cert_person(&p, list, sizeof list / sizeof *list, &c);

	return err == ERR_NOTFOUND ? "nobody" : err == ERR_AUTH ? "two" : p.name;
}

static void test_each_kind_of_entry(void **state)
{
	(void)state;
	assert_string_equal(who(cert(DIGITS, "", "", "")), "carol");
	assert_string_equal(who(cert("77", "subject:CN=bob,O=noc", "", "")), "bob");
	assert_string_equal(who(cert("77", "", "dns:other", "email:alice@noc.example")), "alice");
	assert_string_equal(who(cert("77", "", "dns:PC7.noc.example", "email:alice@noc.example")), "alice");
	assert_string_equal(who(cert("77", "", "uri:urn:person:alice", "")), "alice");
}

static void test_names_are_compared_whole_and_by_kind(void **state)
{
	static const char *const wrong[] = {
		"email:alice@noc.example.evil.example", "email:alice@noc",   "email:Alice@noc.example", "dns:alice@noc.example",
		"uri:email:alice@noc.example",          "alice@noc.example", "dns:*.noc.example"
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_string_equal(who(cert("77", "", wrong[i], "")), "nobody");
	}
	assert_string_equal(who(cert("77", "subject:CN=bob,O=noc,C=DE", "", "")), "nobody");
	assert_string_equal(who(cert("77", "", "subject:CN=bob", "")), "nobody");
	assert_string_equal(who(cert("77", "", "", "")), "nobody");
}

static void test_two_persons_are_nobody(void **state)
{
	(void)state;
	assert_string_equal(who(cert("77", "subject:CN=bob,O=noc", "email:alice@noc.example", "")), "two");
	assert_string_equal(who(cert("77", "", "email:alice@noc.example", "uri:urn:person:alice")), "two"); /* of two roles */
}

/* What stands behind the last one is neither a name of the certificate nor an entry. */
static void test_only_those_that_count(void **state)
{
	struct csl_cert c = cert("77", "", "dns:other", "email:alice@noc.example");
	struct csl_person p;

	(void)state;
	c.names_n = 1;
	assert_string_equal(who(c), "nobody");
	c.names_n = 2;
	assert_int_equal(csl_cert_person(&p, list, 2, &c), ERR_NOTFOUND);
	assert_int_equal(csl_cert_person(&p, list, 3, &c), 0);
}

static void test_no_certificate_is_nobody(void **state)
{
	(void)state;
	assert_string_equal(who(cert("", "subject:CN=bob,O=noc", "email:alice@noc.example", "")), "nobody");
}

static void test_forms(void **state)
{
	(void)state;
	assert_int_equal(csl_cert_match_check("sha256:" DIGITS), 0);
	assert_int_equal(csl_cert_match_check("sha256:" DIGITS "0"), ERR_INVAL);
	assert_int_equal(csl_cert_match_check("sha256:"), ERR_INVAL);
	assert_int_equal(csl_cert_match_check("subject:CN=x"), 0);
	assert_int_equal(csl_cert_match_check("subject:"), ERR_INVAL);
	assert_int_equal(csl_cert_match_check("uri:"), ERR_INVAL);
	assert_int_equal(csl_cert_match_check("ip:127.0.0.1"), ERR_INVAL);
	assert_int_equal(csl_cert_match_check(""), ERR_INVAL);
	assert_true(csl_cert_match_same("dns:a.example", "dns:A.example"));
	assert_false(csl_cert_match_same("email:a@b", "email:A@b"));
}

TEST_GROUP()
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind_of_entry),       cmocka_unit_test(test_names_are_compared_whole_and_by_kind),
		cmocka_unit_test(test_two_persons_are_nobody),   cmocka_unit_test(test_only_those_that_count),
		cmocka_unit_test(test_no_certificate_is_nobody), cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
