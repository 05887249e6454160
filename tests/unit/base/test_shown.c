/* shown: one noun or several of them, an address with its port: each in the only form in which people meet it. */
#include "tests/unit/test.h"

#include "base/shown.h"

static void one_is_one_and_the_rest_are_several(void **state)
{
	static const struct {
		uint64_t n;
		const char *noun, *words;
	} rows[] = {
		{ 1, "report", "1 report" },
		{ 0, "report", "0 reports" },
		{ 2, "delivery report", "2 delivery reports" },
		{ 1, "more line", "1 more line" },
		{ 3, "entry", "3 entries" },
		{ 1, "entry", "1 entry" },
		{ 4, "day", "4 days" },
		{ 5, "address", "5 addresses" },
		{ 6, "match", "6 matches" },
		{ UINT64_MAX, "octet", "18446744073709551615 octets" },
	};
	char out[SHOWN_COUNT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_string_equal(shown_count(out, rows[i].n, rows[i].noun), rows[i].words);
	}
}

static void a_long_noun_is_cut(void **state)
{
	char out[SHOWN_COUNT_MAX];

	(void)state;
	shown_count(out, 2, "noun that is much longer than anything that a program of ours would ever count");
	assert_int_equal(strlen(out), SHOWN_COUNT_MAX - 1);
}

static void an_ipv6_address_with_a_port_stands_in_brackets(void **state)
{
	char out[SHOWN_ADDRESS_MAX];

	(void)state;
	assert_string_equal(shown_address(out, "192.0.2.7", 3868), "192.0.2.7:3868");
	assert_string_equal(shown_address(out, "::1", 3868), "[::1]:3868");
	assert_string_equal(shown_address(out, "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 65535),
			    "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535");
}

static void a_span_has_the_largest_unit_that_leaves_no_rest(void **state)
{
	static const struct {
		uint64_t ms;
		const char *words;
	} rows[] = { { 0, "0s" },        { 900, "900ms" },    { 1000, "1s" }, { 61000, "61s" },
		     { 5400000, "90m" }, { 86400000, "24h" }, { 1, "1ms" },   { UINT64_MAX, "18446744073709551615ms" } };
	char out[SHOWN_SPAN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_string_equal(shown_span(out, rows[i].ms), rows[i].words);
	}
}

static void a_size_has_decimal_units(void **state)
{
	static const struct {
		uint64_t octets;
		const char *words;
	} rows[] = { { 0, "0 bytes" },         { 999, "999 bytes" },        { 1000, "1.0 kB" },
		     { 5242880, "5.2 MB" },    { 81913831424, "82 GB" },    { 12345678, "12 MB" },
		     { 1500000000, "1.5 GB" }, { 3000000000000, "3.0 TB" }, { UINT64_MAX, "18446744 TB" } };
	char out[SHOWN_SIZE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_string_equal(shown_size(out, rows[i].octets), rows[i].words);
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_one_and_the_rest_are_several),
		cmocka_unit_test(a_long_noun_is_cut),
		cmocka_unit_test(an_ipv6_address_with_a_port_stands_in_brackets),
		cmocka_unit_test(a_span_has_the_largest_unit_that_leaves_no_rest),
		cmocka_unit_test(a_size_has_decimal_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
