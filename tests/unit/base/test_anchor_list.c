/* Lists of trust anchors: one form for each, and nothing else is a list. */
#include "tests/unit/test.h"

#include "base/anchor_list.h"

static int read_list(char out[ANCHOR_LIST_LEN], const char *text)
{
	return anchor_list_read(out, text, strlen(text));
}

static void test_every_order_and_every_sign_between_has_one_form(void **state)
{
	static const char *const texts[] = { "b,a,c", "a b c", " c, b ,a,", "c b,a" };
	char list[ANCHOR_LIST_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(read_list(list, texts[i]), 0);
		assert_string_equal(list, "a b c");
		assert_true(anchor_list_ok(list));
		assert_int_equal(anchor_list_ok(texts[i]), i == 1);
	}
	assert_int_equal(read_list(list, "anchor-a"), 0);
	assert_string_equal(list, "anchor-a");
	assert_int_equal(read_list(list, "internal"), 0);
}

static void test_what_is_no_list(void **state)
{
	static const char *const texts[] = { "", " , ", "a,a", "A", "a;b", "a internal", "internal,a", "a,*" };
	char list[ANCHOR_LIST_LEN] = "kept";

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(read_list(list, texts[i]), ERR_INVAL);
		assert_string_equal(list, "kept");
		assert_false(anchor_list_ok(texts[i]));
	}
	assert_int_equal(anchor_list_read(list, "a\0b", 3), ERR_INVAL);
	assert_int_equal(read_list(list, "1 2 3 4 5 6 7 8"), 0);
	assert_int_equal(read_list(list, "1 2 3 4 5 6 7 8 9"), ERR_LIMIT);
}

static void test_the_longest_list_fits(void **state)
{
	char text[ANCHOR_LIST_LEN] = "", list[ANCHOR_LIST_LEN], names[ANCHOR_LIST_MAX][IDENT_SCS_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ANCHOR_LIST_MAX; i++) {
		memset(text + i * (IDENT_SCS_MAX + 1), 'a' + (int)i, IDENT_SCS_MAX);
		text[i * (IDENT_SCS_MAX + 1) + IDENT_SCS_MAX] = i + 1 < ANCHOR_LIST_MAX ? ' ' : 0;
	}
	assert_int_equal(read_list(list, text), 0);
	assert_string_equal(list, text);
	assert_int_equal(anchor_list_split(names, list), ANCHOR_LIST_MAX);
	assert_int_equal(strlen(names[7]), IDENT_SCS_MAX);
	assert_true(anchor_list_has(list, names[7]));
}

static void test_a_name_is_in_a_list_whole_or_not(void **state)
{
	(void)state;
	assert_true(anchor_list_has("a ab", "a"));
	assert_true(anchor_list_has("a ab", "ab"));
	assert_false(anchor_list_has("a ab", "b"));
	assert_false(anchor_list_has("a ab", ""));
	assert_false(anchor_list_has("a ab", "a ab"));
	assert_false(anchor_list_has("ab", "a"));
	assert_false(anchor_list_has("", "a"));
	assert_true(anchor_list_share("a b", "b c"));
	assert_false(anchor_list_share("a b", "ab c"));
	assert_false(anchor_list_share("internal", "a"));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_order_and_every_sign_between_has_one_form),
		cmocka_unit_test(test_what_is_no_list),
		cmocka_unit_test(test_the_longest_list_fits),
		cmocka_unit_test(test_a_name_is_in_a_list_whole_or_not),
	};

	return cmocka_run_group_tests_name("base anchor_list", tests, NULL, NULL);
}
