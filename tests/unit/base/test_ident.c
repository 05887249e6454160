/* ident: one form of each name; look-alikes are refused, never repaired (CONTRACTS section 1). */
#include "tests/unit/test.h"

#include "base/ident.h"

#define EXTERNAL(text) ident_external(out, text, sizeof(text) - 1)

static void external_identifier_has_one_form(void **state)
{
	char out[IDENT_EXTERNAL_MAX + 1] = "untouched";

	(void)state;
	assert_int_equal(EXTERNAL("meter-7"), ERR_INVAL);
	assert_int_equal(EXTERNAL("@a.example"), ERR_INVAL);
	assert_int_equal(EXTERNAL("meter-7@"), ERR_INVAL);
	assert_int_equal(EXTERNAL("meter-7@a.example."), ERR_INVAL);
	assert_int_equal(EXTERNAL("meter-7@a..example"), ERR_INVAL);
	assert_int_equal(EXTERNAL("meter-7@a.example@b.example"), ERR_INVAL);
	assert_int_equal(EXTERNAL("meter 7@a.example"), ERR_INVAL);
	assert_int_equal(EXTERNAL("meter-7\0@a.example"), ERR_INVAL);
	assert_int_equal(EXTERNAL("meter-7@a.example\0"), ERR_INVAL);
	assert_int_equal(EXTERNAL("m\xc3\xa9ter@a.example"), ERR_INVAL);
	assert_int_equal(EXTERNAL("meter@-a.example"), ERR_INVAL);
	assert_int_equal(EXTERNAL("meter@a-.example"), ERR_INVAL);
	assert_int_equal(EXTERNAL("meter@a_b.example"), ERR_INVAL);
	assert_int_equal(EXTERNAL(""), ERR_INVAL);
	assert_string_equal(out, "untouched");
	assert_int_equal(EXTERNAL("Meter%2d7@A.Example"), 0);
	assert_string_equal(out, "Meter%2d7@a.example"); /* the local part is kept, '%' is not decoded */
}

static void external_identifier_is_bounded(void **state)
{
	char in[IDENT_EXTERNAL_MAX + 1], out[IDENT_EXTERNAL_MAX + 1];

	(void)state;
	memset(in, 'a', sizeof in);
	in[IDENT_EXTERNAL_MAX - 10] = '@';
	assert_int_equal(ident_external(out, in, IDENT_EXTERNAL_MAX), 0);
	assert_int_equal(ident_external(out, in, IDENT_EXTERNAL_MAX + 1), ERR_LIMIT);
}

static void msisdn_is_5_to_15_digits(void **state)
{
	static const char *const wrong[] = { "", "1234", "1234567890123456", "+49170123", "049170123", "4917012a" };
	char out[IDENT_MSISDN_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(ident_msisdn(out, wrong[i], strlen(wrong[i])), ERR_INVAL);
	}
	assert_int_equal(ident_msisdn(out, "49170123456", 11), 0);
	assert_string_equal(out, "49170123456");
}

static void hosts_are_lower_cased_ldh(void **state)
{
	char out[IDENT_HOST_MAX + 1];
	char label[65];

	(void)state;
	assert_int_equal(ident_host(out, "SCS-A.Example", 13), 0);
	assert_string_equal(out, "scs-a.example");
	assert_int_equal(ident_host(out, "*.example", 9), ERR_INVAL);
	assert_int_equal(ident_host(out, "a.example.", 10), ERR_INVAL);
	memset(label, 'a', sizeof label);
	assert_int_equal(ident_host(out, label, 63), 0);
	assert_int_equal(ident_host(out, label, 64), ERR_INVAL);
}

static void names_of_our_store_are_plain(void **state)
{
	(void)state;
	assert_true(ident_name_ok("acme-1.test_x"));
	assert_false(ident_name_ok(""));
	assert_false(ident_name_ok("-acme"));
	assert_false(ident_name_ok("Acme"));
	assert_false(ident_name_ok("a/b"));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(external_identifier_has_one_form), cmocka_unit_test(external_identifier_is_bounded),
		cmocka_unit_test(msisdn_is_5_to_15_digits),         cmocka_unit_test(hosts_are_lower_cased_ldh),
		cmocka_unit_test(names_of_our_store_are_plain),
	};

	return cmocka_run_group_tests_name("base ident", tests, NULL, NULL);
}
