/* The pages made from the rows are those in the tree, and every default in a row is a value the row accepts. */
#include "tests/unit/test.h"

#include "conf/cfg_iwf.h"
#include "conf/cfg_manual.h"

static char *read_page(const char *path)
{
	char why[CFG_WHY_MAX], *text;
	size_t len;

	if (cfg_text_load(&text, &len, path, why)) {
		fail_msg("%s", why);
	}
	return text;
}

static void compare(void (*write_page)(FILE *f), const char *path)
{
	char *made = NULL, *there = read_page(path);
	size_t len;
	FILE *f = open_memstream(&made, &len);

	assert_non_null(f);
	write_page(f);
	assert_int_equal(fclose(f), 0);
	if (strcmp(made, there)) {
		fail_msg("%s is out of date; ninja -C build manuals", path);
	}
	free(made);
	free(there);
}

static void test_the_manual_page_is_up_to_date(void **state)
{
	(void)state;
	compare(cfg_iwf_manual_roff, DOCS "/man/mtc-iwfd.yaml.5");
}

static void test_the_reference_is_up_to_date(void **state)
{
	(void)state;
	compare(cfg_iwf_manual_markdown, DOCS "/user/configuration.md");
}

static unsigned check_rows(const struct cfg_row *rows)
{
	char range[256];
	unsigned n = 0;

	for (; rows->key; rows++, n++) {
		assert_true(strlen(rows->meaning) > 5);
		cfg_row_range(range, sizeof range, rows);
		assert_true(strlen(range) > 3 && strlen(range) < sizeof range - 1);
		if (rows->rows) {
			n += check_rows(rows->rows);
		}
	}
	return n;
}

static void test_every_row_says_what_it_is_for(void **state)
{
	(void)state;
	assert_true(check_rows(cfg_iwf_rows()) > 60);
}

static void test_roff_of_hostile_words_is_plain(void **state)
{
	static const struct cfg_row rows[] = {
		{ .key = "a-b", .type = CFG_T_BOOL, .size = 1, .preset = "yes", .meaning = ".so /etc/passwd \\n" },
		CFG_END,
	};
	char *made = NULL;
	size_t len;
	FILE *f = open_memstream(&made, &len);

	(void)state;
	assert_non_null(f);
	cfg_manual_roff(f, rows, NULL);
	assert_int_equal(fclose(f), 0);
	assert_string_equal(made, ".TP\n.B a\\-b\n\\&.so /etc/passwd \\en.\nValue: true or false; default: yes.\n");
	free(made);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_manual_page_is_up_to_date),
		cmocka_unit_test(test_the_reference_is_up_to_date),
		cmocka_unit_test(test_every_row_says_what_it_is_for),
		cmocka_unit_test(test_roff_of_hostile_words_is_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
