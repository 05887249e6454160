/* Certificates and revocation lists are found in a file of PEM. */
#include "tests/unit/test.h"

#include "ndsip/ns_files.h"

#define CA "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----"
#define CB "-----BEGIN CERTIFICATE-----\nQg==\n-----END CERTIFICATE-----"
#define CRL "-----BEGIN X509 CRL-----\nQw==\n-----END X509 CRL-----"
#define KEY "-----BEGIN PRIVATE KEY-----\nRA==\n-----END PRIVATE KEY-----"

static struct ns_pem text(const char *t)
{
	return (struct ns_pem){ t, strlen(t) };
}

static void test_blocks_in_order(void **state)
{
	struct ns_pem rest = text("subject=CN = a\n" CA "\n" KEY "\n" CRL "\r\n" CB), out;
	enum ns_pem_kind kind;

	(void)state;
	assert_true(ns_pem_next(&rest, &kind, &out));
	assert_int_equal(kind, NS_PEM_CERTIFICATE);
	assert_int_equal(out.len, strlen(CA));
	assert_memory_equal(out.p, CA, out.len);
	assert_true(ns_pem_next(&rest, &kind, &out));
	assert_int_equal(kind, NS_PEM_CRL);
	assert_memory_equal(out.p, CRL, out.len);
	assert_true(ns_pem_next(&rest, &kind, &out));
	assert_memory_equal(out.p, CB, out.len);
	assert_false(ns_pem_next(&rest, &kind, &out));
}

static void test_a_block_without_its_end_is_passed_over(void **state)
{
	struct ns_pem rest = text("-----BEGIN CERTIFICATE-----\nQQ==\n"), out;
	enum ns_pem_kind kind;

	(void)state;
	assert_false(ns_pem_next(&rest, &kind, &out));
	rest = text(" " CA "\n"); /* not at the begin of a line */
	assert_false(ns_pem_next(&rest, &kind, &out));
	rest = text("");
	assert_false(ns_pem_next(&rest, &kind, &out));
}

static size_t der(char out[16], const char *inside)
{
	char block[128];
	struct ns_pem pem;

	snprintf(block, sizeof block, "-----BEGIN X509 CRL-----\n%s\n-----END X509 CRL-----", inside);
	pem = text(block);
	return ns_pem_der((uint8_t *)out, &pem);
}

static void test_the_octets_of_a_block(void **state)
{
	char out[16];

	(void)state;
	assert_int_equal(der(out, "aGVs\r\nbG8h"), 6);
	assert_memory_equal(out, "hello!", 6);
	assert_int_equal(der(out, "aGVsbG8="), 5);
	assert_memory_equal(out, "hello", 5);
	assert_int_equal(der(out, "aGVsbA=="), 4);
	assert_int_equal(der(out, "+/+/"), 3);
	assert_memory_equal(out, "\373\377\277", 3);
	assert_int_equal(der(out, ""), 0);
	assert_int_equal(der(out, "aGVsb"), 0); /* not whole */
	assert_int_equal(der(out, "aGVs_G8h"), 0);
	assert_int_equal(der(out, "a==="), 0);
	assert_int_equal(der(out, "aGVs===="), 0);
	assert_int_equal(der(out, "aGV=bG8h"), 0); /* more behind the end */
	assert_int_equal(der(out, "aGVsbA==="), 0);
}

static void test_files_of_anchors(void **state)
{
	struct ns_file files[] = { { NULL, text(CB "\n" CA "\n"), false, 1 },
				   { "a", text(CA "\n" CRL "\n" CB "\n"), false, 1 },
				   { "b", text(""), false, 1 } };
	struct ns_files *f, *g;
	const struct ns_anchor *a;

	(void)state;
	assert_int_equal(ns_files_new(&f, files, 3), 0);
	a = ns_files_anchor(f, "a");
	assert_non_null(a);
	assert_int_equal(a->cas_n, 2);
	assert_int_equal(a->crls_n, 1);
	assert_memory_equal(a->cas[1].p, CB, a->cas[1].len);
	assert_int_equal(ns_files_anchor(f, "b")->cas_n, 0);
	assert_null(ns_files_anchor(f, "c"));
	assert_memory_equal(ns_files_certificate(f).p, CB, ns_files_certificate(f).len);
	files[1].pem = text(CA "\n");
	assert_int_equal(ns_files_new(&g, files, 3), 0);
	assert_false(ns_files_same_anchor(a, ns_files_anchor(g, "a")));
	assert_true(ns_files_same_anchor(ns_files_anchor(f, "b"), ns_files_anchor(g, "b")));
	assert_false(ns_files_same_anchor(a, NULL));
	assert_true(ns_files_same_certificate(f, g));
	ns_files_free(f);
	ns_files_free(g);
	assert_int_equal(ns_files_new(&f, NULL, 0), 0);
	assert_int_equal(ns_files_certificate(f).len, 0);
	ns_files_free(f);
}

/* The files of CRLs beside an anchor go to charon as those inside its file do. */
static void test_files_of_lists_beside_an_anchor(void **state)
{
	struct ns_file files[] = { { NULL, text(CB), false, 1 },
				   { "a", text(CA "\n" CRL "\n"), false, 1 },
				   { "a", text(CB "\n" CRL "\n" CRL "\n"), true, 1 },
				   { "a", { "\x30\x03\x02\x01\x00", 5 }, true, 1 },
				   { "b", text(CRL), true, 1 } }; /* of no anchor */
	struct ns_files *f, *g;
	const struct ns_anchor *a;

	(void)state;
	assert_int_equal(ns_files_new(&f, files, 5), 0);
	a = ns_files_anchor(f, "a");
	assert_int_equal(a->cas_n, 1); /* a certificate beside a list is no anchor */
	assert_int_equal(a->crls_n, 4);
	assert_int_equal(a->crls[1].len, 1); /* without its lines */
	assert_memory_equal(a->crls[1].p, "C", 1);
	assert_string_equal(a->refused, "");
	assert_int_equal(a->crls[3].len, 5);
	assert_memory_equal(a->crls[3].p, "\x30\x03\x02\x01\x00", 5);
	assert_null(ns_files_anchor(f, "b"));
	assert_int_equal(ns_files_new(&g, files, 5), 0);
	assert_true(ns_files_same_anchor(a, ns_files_anchor(g, "a")));
	ns_files_free(g);
	files[3].pem.p = "\x30\x03\x02\x01\x01"; /* a renewed list: who is in it has to go */
	assert_int_equal(ns_files_new(&g, files, 5), 0);
	assert_false(ns_files_same_anchor(a, ns_files_anchor(g, "a")));
	ns_files_free(g);
	files[2].pem = text("-----BEGIN X509 CRL-----\n?\n-----END X509 CRL-----\n");
	assert_int_equal(ns_files_new(&g, files, 5), 0);
	assert_string_equal(ns_files_anchor(g, "a")->refused,
			    "a revocation list of its trust anchor 'a' is not in strongSwan: it cannot be read");
	ns_files_free(g);
	ns_files_free(f);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_in_order),
		cmocka_unit_test(test_a_block_without_its_end_is_passed_over),
		cmocka_unit_test(test_the_octets_of_a_block),
		cmocka_unit_test(test_files_of_anchors),
		cmocka_unit_test(test_files_of_lists_beside_an_anchor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
