/* str: strict conversions refuse what they do not fully understand. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"

#include "base/edge_name.h"
#include "base/str.h"

static void numbers_are_decimal_and_whole(void **state)
{
	static const char *const wrong[] = { "", " 1", "1 ", "+1", "-1", "0x1", "1a", "1.0" };
	uint64_t v = 77;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(str_parse_u64(&v, wrong[i], 0, UINT64_MAX), ERR_INVAL);
	}
	assert_int_equal(str_parse_u64(&v, "18446744073709551616", 0, UINT64_MAX), ERR_RANGE);
	assert_int_equal(str_parse_u64(&v, "5", 6, 9), ERR_RANGE);
	assert_int_equal(v, 77); /* untouched by every failure */
	assert_int_equal(str_parse_u64(&v, "18446744073709551615", 0, UINT64_MAX), 0);
	assert_true(v == UINT64_MAX);
}

static void copies_end_in_nul_and_refuse_inner_nul(void **state)
{
	char out[4];

	(void)state;
	assert_int_equal(str_copy(out, sizeof out, "abc", 3), 0);
	assert_string_equal(out, "abc");
	assert_int_equal(str_copy(out, sizeof out, "abcd", 4), ERR_LIMIT);
	assert_int_equal(str_copy(out, sizeof out, "a\0c", 3), ERR_INVAL);
	assert_int_equal(str_copy(out, sizeof out, NULL, 0), 0);
	assert_string_equal(out, "");
}

static void a_c_string_is_set_added_and_cut(void **state)
{
	char out[8] = "xxxxxxx";

	(void)state;
	str_set(out, sizeof out, "");
	assert_string_equal(out, "");
	str_add(out, sizeof out, "abc");
	str_add(out, sizeof out, "defg");
	assert_string_equal(out, "abcdefg");
	str_cut(out, sizeof out, "0123456");
	assert_string_equal(out, "0123456");
	str_cut(out, sizeof out, "012345678");
	assert_string_equal(out, "0123456");
	str_cut(out, 1, "x");
	assert_string_equal(out, "");
	assert_int_equal(out[1], '1'); /* nothing behind the end */
}

static bool dies(void (*fn)(char *out, size_t cap, const char *text), const char *there, const char *text)
{
	char out[5];
	pid_t pid;
	int status;

	str_set(out, sizeof out, there);
	pid = fork();
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		close(2);
		fn(out, sizeof out - 1, text);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void a_text_that_was_to_fit_and_does_not_ends_the_program(void **state)
{
	(void)state;
	assert_false(dies(str_set, "", "abc"));
	assert_true(dies(str_set, "", "abcd"));
	assert_false(dies(str_add, "ab", "c"));
	assert_true(dies(str_add, "ab", "cd"));
	assert_true(dies(str_add, "abcd", "")); /* no end in what is there */
}

static void hex_goes_both_ways(void **state)
{
	uint8_t octets[3];
	char text[7];
	size_t len;

	(void)state;
	assert_int_equal(str_unhex(octets, sizeof octets, &len, "00fFa0"), 0);
	assert_int_equal(len, 3);
	str_hex(text, octets, len);
	assert_string_equal(text, "00ffa0");
	assert_int_equal(str_unhex(octets, sizeof octets, &len, "0"), ERR_INVAL);
	assert_int_equal(str_unhex(octets, sizeof octets, &len, "0g"), ERR_INVAL);
	assert_int_equal(str_unhex(octets, sizeof octets, &len, "00000000"), ERR_LIMIT);
}

/* A number of n digits from 1 on, and its octets. */
static size_t number_of(char digits[STR_DIGITS_MAX + 1], uint8_t octets[STR_TBCD_MAX], size_t n)
{
	memset(octets, 0xff, STR_TBCD_MAX);
	memset(digits, 0, STR_DIGITS_MAX + 1);
	for (size_t i = 0; i < n; i++) {
		unsigned digit = (unsigned)(i + 1) % 10;

		digits[i] = (char)('0' + digit);
		octets[i / 2] = (uint8_t)(i % 2 ? (octets[i / 2] & 15) | digit << 4 : 0xf0 | digit);
	}
	return (n + 1) / 2;
}

static void each_octet_at_each_place_of_a_number_is_a_digit_or_refused(void **state)
{
	char digits[STR_DIGITS_MAX + 1], back[STR_DIGITS_MAX + 1];
	uint8_t octets[STR_TBCD_MAX], out[STR_TBCD_MAX];

	(void)state;
	for (size_t n = 1; n <= STR_DIGITS_MAX; n++) {
		size_t octets_n = number_of(digits, octets, n), len;

		assert_int_equal(str_tbcd(out, &len, digits), 0);
		assert_int_equal(len, octets_n);
		assert_memory_equal(out, octets, len);
		assert_int_equal(str_untbcd(back, octets, octets_n), 0);
		assert_string_equal(back, digits);
		for (size_t at = 0; at < n; at++) {
			char was = digits[at];

			for (unsigned octet = 1; octet < 256; octet++) {
				digits[at] = (char)octet;
				assert_int_equal(str_tbcd(out, &len, digits), octet >= '0' && octet <= '9' ? 0 : ERR_INVAL);
			}
			digits[at] = was;
		}
		for (size_t at = 0; at < octets_n; at++) {
			uint8_t was = octets[at];

			for (unsigned octet = 0; octet < 256; octet++) {
				bool last = at + 1 == octets_n,
				     good = (octet & 15) <= 9 && (octet >> 4 <= 9 || (last && octet >> 4 == 15));

				octets[at] = (uint8_t)octet;
				assert_int_equal(str_untbcd(back, octets, octets_n), good ? 0 : ERR_INVAL);
			}
			octets[at] = was;
		}
	}
}

static void tbcd_is_that_of_ts_29_329(void **state)
{
	static const uint8_t odd[] = { 0x94, 0x71, 0x10, 0x32, 0x54, 0xf6 };
	static const uint8_t bad[][2] = { { 0xf1, 0x21 }, { 0x1a, 0x21 }, { 0xa1, 0x21 }, { 0x21, 0x1f } };
	uint8_t out[STR_TBCD_MAX];
	char digits[STR_DIGITS_MAX + 1];
	size_t len;

	(void)state;
	assert_int_equal(str_tbcd(out, &len, "49170123456"), 0);
	assert_int_equal(len, sizeof odd);
	assert_memory_equal(out, odd, sizeof odd);
	assert_int_equal(str_untbcd(digits, odd, sizeof odd), 0);
	assert_string_equal(digits, "49170123456");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(str_untbcd(digits, bad[i], 2), ERR_INVAL);
	}
	assert_int_equal(str_tbcd(out, &len, "123456789012345678901"), ERR_INVAL);
	assert_int_equal(str_tbcd(out, &len, "12a"), ERR_INVAL);
	assert_int_equal(str_untbcd(digits, odd, 0), ERR_INVAL);
}

static void test_an_edge_has_a_name_and_words(void **state)
{
	char name[EDGE_NAME_MAX], words[EDGE_WORDS_MAX];

	(void)state;
	assert_string_equal(edge_name(name, 3), "edge-3");
	assert_string_equal(edge_words(words, 0, 4711, 9), "edge-0 (pid 4711, generation 9)");
	assert_string_equal(edge_words(words, UINT32_MAX, 0, UINT32_MAX), "edge-4294967295 (generation 4294967295)");
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_edge_has_a_name_and_words),
		cmocka_unit_test(numbers_are_decimal_and_whole),
		cmocka_unit_test(copies_end_in_nul_and_refuse_inner_nul),
		cmocka_unit_test(a_c_string_is_set_added_and_cut),
		cmocka_unit_test(a_text_that_was_to_fit_and_does_not_ends_the_program),
		cmocka_unit_test(hex_goes_both_ways),
		cmocka_unit_test(tbcd_is_that_of_ts_29_329),
		cmocka_unit_test(each_octet_at_each_place_of_a_number_is_a_digit_or_refused),
	};

	return cmocka_run_group_tests_name("base str", tests, NULL, NULL);
}
