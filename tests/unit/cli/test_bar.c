/* The line that shows how far an import is. */
#include "tests/unit/test.h"

#include "cli/cli_bar.h"

static void show(struct cli_bar *b, char out[CLI_BAR_MAX], const char *phase, int rows, int rows_total, int octets,
		 int octets_total, uint64_t now_ms)
{
	json_t *row = json_pack("{s:b,s:s,s:i,s:i,s:i,s:i}", "progress", 1, "phase", phase, "rows", rows, "rows_total",
				rows_total, "octets", octets, "octets_total", octets_total);

	cli_bar_text(b, out, row, now_ms);
	json_decref(row);
}

static void test_lines_of_one_import(void **state)
{
	struct cli_bar b = { .width = 79 };
	char out[CLI_BAR_MAX];

	(void)state;
	show(&b, out, "read", 0, 0, 0, 1000, 0);
	assert_string_equal(out, "read    [----------------------------------------]   0%  0 rows");
	show(&b, out, "read", 1234567, 0, 500, 1000, 1000);
	assert_string_equal(out, "read    [#################-----------------]  50%  1,234,567 rows  1,234,567/s");
	show(&b, out, "merge", 5, 10, 1000, 1000, 1250);
	assert_string_equal(out, "merge   [####################--------------------]  50%  5 rows");
	show(&b, out, "merge", 10, 10, 1000, 1000, 1500);
	assert_string_equal(out, "merge   [########################################] 100%  10 rows  20/s");
}

static void test_without_a_total_there_is_no_bar(void **state)
{
	struct cli_bar b = { .width = 79 };
	char out[CLI_BAR_MAX];

	(void)state;
	show(&b, out, "read", 4, 0, 77, 0, 0);
	assert_string_equal(out, "read    4 rows");
}

static void test_a_line_is_never_wider_than_the_terminal(void **state)
{
	char out[CLI_BAR_MAX];

	(void)state;
	for (unsigned width = 20; width <= 160; width++) {
		struct cli_bar b = { .width = width };

		for (int rows = 0; rows < 600000000; rows = rows * 3 + 1) {
			show(&b, out, "a\x1bphase that is long", rows, 1999999999, rows, 1, (uint64_t)rows);
			assert_true(strlen(out) <= width);
			assert_null(strchr(out, '\x1b'));
		}
	}
}

static void test_odd_lines_do_no_harm(void **state)
{
	static const char *const odd[] = { "{}", "{\"phase\":7,\"rows\":-1,\"rows_total\":-5}",
					   "{\"rows\":\"x\",\"octets_total\":0}",
					   "{\"phase\":\"p\",\"rows\":9223372036854775807,\"rows_total\":1}" };
	struct cli_bar b = { .width = 40 };
	char out[CLI_BAR_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		json_t *row = json_loads(odd[i], 0, NULL);

		assert_non_null(row);
		cli_bar_text(&b, out, row, i);
		assert_true(strlen(out) <= b.width);
		json_decref(row);
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_of_one_import),
		cmocka_unit_test(test_without_a_total_there_is_no_bar),
		cmocka_unit_test(test_a_line_is_never_wider_than_the_terminal),
		cmocka_unit_test(test_odd_lines_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
