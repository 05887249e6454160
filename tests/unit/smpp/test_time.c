/* smpp_time: the calendar of 2000 to 2099, zones, spans, and what is no time. */
#include <time.h>

#include "tests/unit/test.h"

#include "smpp/smpp_time.h"

#define NOW INT64_C(1737290096) /* 2025-01-19 12:34:56 UTC */

static int64_t at(const char *text)
{
	struct smpp_when w;

	assert_int_equal(smpp_time_parse(&w, text, NOW), 0);
	assert_true(w.given);
	return w.at_s;
}

/* Against the C library, one instant of each day and the seconds around midnight. */
static void test_every_day(void **state)
{
	(void)state;
	for (int64_t t = 946684800; t < 4102444800; t += 86400 - 1) {
		char text[SMPP_TIME_LEN + 1], expected[32];
		time_t now = (time_t)t;
		struct tm tm;

		assert_non_null(gmtime_r(&now, &tm));
		assert_true(strftime(expected, sizeof expected, "%Y%m%d%H%M%S000+", &tm) > 0);
		assert_int_equal(smpp_time_instant(text, t), 0);
		assert_string_equal(text, expected + 2);
		assert_true(at(text) == t);
	}
}

static void test_zones(void **state)
{
	(void)state;
	assert_true(at("250119123456000+") == NOW);
	assert_true(at("250119143456908+") == NOW); /* tenths are less than a second */
	assert_true(at("250119103456008-") == NOW);
	assert_true(at("250120003456048+") == NOW);
}

static void test_spans(void **state)
{
	struct smpp_when w;

	(void)state;
	assert_true(at("000000000000000R") == NOW);
	assert_true(at("000002000000000R") == NOW + 2 * 86400);
	assert_true(at("000000013005000R") == NOW + 5405);
	assert_true(at("000100000000000R") == NOW + 31 * 86400);
	assert_true(at("010000000000000R") == NOW + 365 * 86400);
	assert_true(at("001200000000000R") == NOW + 365 * 86400); /* the most of each part */
	assert_true(at("000031000000000R") == NOW + 31 * 86400);
	assert_true(at("000000235959000R") == NOW + 86399);
	assert_int_equal(smpp_time_parse(&w, "000100000000000R", 1738281600 /* 31 January 2025 */), 0);
	assert_true(w.at_s == 1738281600 + 28 * 86400); /* February ends on the 28th */
	assert_true(w.relative);
	assert_int_equal(smpp_time_parse(&w, "990000000000000R", NOW), ERR_INVAL); /* 2124 */
}

static void test_none(void **state)
{
	struct smpp_when w = { true, true, 7 };

	(void)state;
	assert_int_equal(smpp_time_parse(&w, "", NOW), 0);
	assert_false(w.given);
}

static void test_what_is_no_time(void **state)
{
	static const char *const texts[] = {
		"0",
		"25011912345600+",
		"2501191234560000+",
		"250119123456000",
		"250119123456000Z",
		"250119123456000r",
		"251319123456000+",
		"250019123456000+",
		"250132123456000+",
		"250100123456000+",
		"250229123456000+",
		"250119243456000+",
		"250119126056000+",
		"250119123460000+",
		"250119123456049+",
		"25011912345 000+",
		"-50119123456000+",
		"000013000000100R",
		"000000000000001R",
		"001300000000000R",
		"000032000000000R",
		"000000240000000R",
		"000000006000000R",
		"000000000060000R",
		"250119123456+00+",
	};
	struct smpp_when w = { .at_s = 5 };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (smpp_time_parse(&w, texts[i], NOW) != ERR_INVAL || w.at_s != 5) {
			fail_msg("'%s' is taken for a time", texts[i]);
		}
	}
}

static void test_spans_are_written(void **state)
{
	char text[SMPP_TIME_LEN + 1];

	(void)state;
	for (int64_t s = 0; s < 31 * 86400; s += 86400 / 7 * 3 + 11) {
		assert_int_equal(smpp_time_span(text, s), 0);
		assert_true(at(text) == NOW + s);
	}
	assert_int_equal(smpp_time_span(text, 31 * 86400 - 1), 0);
	assert_string_equal(text, "000030235959000R");
	assert_int_equal(smpp_time_span(text, 31 * 86400), ERR_RANGE);
	assert_int_equal(smpp_time_span(text, -1), ERR_RANGE);
	assert_int_equal(smpp_time_instant(text, 946684799), ERR_RANGE);
	assert_int_equal(smpp_time_instant(text, INT64_C(4102444800)), ERR_RANGE);
	assert_int_equal(smpp_time_instant(text, INT64_MIN), ERR_RANGE);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_day),       cmocka_unit_test(test_zones),
		cmocka_unit_test(test_spans),           cmocka_unit_test(test_none),
		cmocka_unit_test(test_what_is_no_time), cmocka_unit_test(test_spans_are_written),
	};

	return cmocka_run_group_tests_name("smpp time", tests, NULL, NULL);
}
