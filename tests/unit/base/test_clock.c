/* Times as people write them. */
#include "base/clock.h"
#include "tests/unit/test.h"

#include <time.h>

static void test_every_form_of_a_time_is_one_second(void **state)
{
	static const struct {
		const char *text;
		int64_t s;
	} good[] = {
		{ "0", 0 },
		{ "86400", 86400 },
		{ "253402300799", INT64_C(253402300799) },
		{ "1970-01-01", 0 },
		{ "1970-01-02", 86400 },
		{ "2000-02-29", 951782400 },
		{ "2024-02-29", 1709164800 },
		{ "2027-01-01T08:00:00Z", 1798790400 },
		{ "2027-01-01T08:00:00.000Z", 1798790400 },
		{ "2027-01-01T09:30:00+01:30", 1798790400 },
		{ "2027-01-01T03:00:00-05:00", 1798790400 },
		{ "9999-12-31T23:59:59Z", INT64_C(253402300799) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		int64_t s = -1;

		if (clock_parse(&s, good[i].text) || s != good[i].s) {
			fail_msg("%s gave %lld", good[i].text, (long long)s);
		}
	}
}

static void test_every_other_text_is_no_time(void **state)
{
	static const char *const bad[] = {
		"",
		" 1",
		"1 ",
		"-1",
		"+1",
		"9223372036854775808",
		"253402300800",
		"9999-12-31T23:59:59-00:01",
		"1e9",
		"tomorrow",
		"2027-1-1",
		"2027-13-01",
		"2027-00-01",
		"2027-01-32",
		"2027-01-00",
		"2027-02-29",
		"1900-02-29",
		"2027-04-31",
		"2027-01-01T",
		"2027-01-01T08:00Z",
		"2027-01-01T08:00:00",
		"2027-01-01T24:00:00Z",
		"2027-01-01T08:60:00Z",
		"2027-01-01T08:00:60Z",
		"2027-01-01T08:00:00.5Z",
		"2027-01-01T08:00:00.Z",
		"2027-01-01 08:00:00Z",
		"2027-01-01T08:00:00z",
		"2027-01-01T08:00:00+1:00",
		"2027-01-01T08:00:00+01",
		"2027-01-01T08:00:00+24:00",
		"2027-01-01T08:00:00ZZ",
		"1969-12-31",
		"1970-01-01T00:00:00+00:01",
		"12027-01-01",
		"2027/01/01",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int64_t s = 77;

		if (!clock_parse(&s, bad[i]) || s != 77) {
			fail_msg("'%s' was taken as %lld", bad[i], (long long)s);
		}
	}
}

static void test_what_is_written_is_read_as_the_same_second(void **state)
{
	char text[CLOCK_TEXT_MAX];
	int64_t back;

	(void)state;
	for (int64_t s = 0; s < INT64_C(253402300800); s = s * 2 + 12345) {
		assert_int_equal(clock_parse(&back, clock_text_s(text, s)), 0);
		assert_true(back == s);
	}
	for (int64_t s = 0; s < 40000; s++) { /* each day from 1970 until 2079 */
		assert_int_equal(clock_parse(&back, clock_text_s(text, s * 86400 + 86399)), 0);
		assert_true(back == s * 86400 + 86399);
	}
	assert_string_equal(clock_text_s(text, 1798790400), "2027-01-01T08:00:00Z");
	assert_string_equal(clock_text_s(text, INT64_C(253402300800)), "253402300800");
}

static void test_a_date_alone_ends_with_its_last_second(void **state)
{
	int64_t s;

	(void)state;
	assert_int_equal(clock_parse_end(&s, "2027-01-01"), 0);
	assert_true(s == 1798848000 - 1);
	assert_int_equal(clock_parse_end(&s, "9999-12-31"), 0);
	assert_true(s == INT64_C(253402300799));
	assert_int_equal(clock_parse_end(&s, "2027-01-01T08:00:00Z"), 0); /* what says its second means it */
	assert_true(s == 1798790400);
	assert_int_equal(clock_parse_end(&s, "86400"), 0);
	assert_true(s == 86400);
	assert_int_equal(clock_parse_end(&s, "2027-02-29"), ERR_INVAL);
}

/* Each day up to 9999, at a second of its own, as the library says it. */
static void test_every_day_is_written_as_the_calendar_has_it(void **state)
{
	char text[CLOCK_TEXT_MAX], wanted[CLOCK_TEXT_MAX];
	struct tm tm;

	(void)state;
	for (int64_t day = 0; day < INT64_C(253402300800) / 86400; day++) {
		time_t s = (time_t)(day * 86400 + day * 7919 % 86400);

		assert_non_null(gmtime_r(&s, &tm));
		strftime(wanted, sizeof wanted, "%Y-%m-%dT%H:%M:%SZ", &tm);
		assert_string_equal(clock_text_s(text, s), wanted);
	}
}

static void test_milliseconds_have_three_digits(void **state)
{
	char text[CLOCK_TEXT_MAX];

	(void)state;
	clock_text(text, 0);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z");
	clock_text(text, UINT64_C(1795428000007));
	assert_string_equal(text, "2026-11-23T10:00:00.007Z");
	clock_text(text, UINT64_C(253402300799999));
	assert_string_equal(text, "9999-12-31T23:59:59.999Z");
	clock_text(text, UINT64_C(253402300800000)); /* behind what a text can say */
	assert_string_equal(text, "0000-00-00T00:00:00.000Z");
	clock_text(text, UINT64_MAX);
	assert_string_equal(text, "0000-00-00T00:00:00.000Z");
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_form_of_a_time_is_one_second),
		cmocka_unit_test(test_every_other_text_is_no_time),
		cmocka_unit_test(test_what_is_written_is_read_as_the_same_second),
		cmocka_unit_test(test_a_date_alone_ends_with_its_last_second),
		cmocka_unit_test(test_every_day_is_written_as_the_calendar_has_it),
		cmocka_unit_test(test_milliseconds_have_three_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
