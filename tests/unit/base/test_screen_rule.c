/* screen_rule: what each row of the screening is, and which rules it takes. */
#include "tests/unit/test.h"

#include "base/screen_page.h"
#include "base/screen_rule.h"

static void each_row_is_found_by_its_name_and_its_preset_is_a_rule_of_it(void **state)
{
	char why[SCREEN_WHY_MAX];
	enum screen_row found;

	(void)state;
	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		struct screen_rule preset = screen_rule_preset((enum screen_row)i);

		assert_int_equal(screen_row_find(&found, screen_row_name((enum screen_row)i), NULL), 0);
		assert_int_equal(found, i);
		assert_int_equal(screen_rule_check((enum screen_row)i, &preset, why), 0);
		assert_false(screen_rule_relaxed((enum screen_row)i, &preset));
	}
}

static void a_name_that_is_none_has_a_near_one(void **state)
{
	enum screen_row found = SCREEN_LOOP;
	const char *near;

	(void)state;
	assert_int_equal(screen_row_find(&found, "destinaton_realm", &near), ERR_NOTFOUND);
	assert_string_equal(near, "destination_realm");
	assert_int_equal(screen_row_find(&found, "everything", &near), ERR_NOTFOUND);
	assert_null(near);
	assert_int_equal(found, SCREEN_LOOP);
}

static void a_fixed_row_takes_no_other_rule(void **state)
{
	char why[SCREEN_WHY_MAX];

	(void)state;
	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		struct screen_rule rule = screen_rule_preset((enum screen_row)i);

		if (screen_row_class((enum screen_row)i) != SCREEN_FIXED) {
			continue;
		}
		rule.mode = SCREEN_DETECT;
		assert_int_equal(screen_rule_check((enum screen_row)i, &rule, why), ERR_INVAL);
		assert_non_null(strstr(why, "is fixed"));
		rule = screen_rule_preset((enum screen_row)i);
		assert_int_equal(screen_rule_except(&rule, "acme"), 0);
		assert_int_equal(screen_rule_check((enum screen_row)i, &rule, why), ERR_INVAL);
		rule = screen_rule_preset((enum screen_row)i);
		rule.answer = 5012;
		assert_int_equal(screen_rule_check((enum screen_row)i, &rule, why), ERR_INVAL);
	}
}

static void a_closed_row_refuses_or_drops_and_knows_no_exception(void **state)
{
	struct screen_rule rule = screen_rule_preset(SCREEN_COMMAND);
	char why[SCREEN_WHY_MAX];

	(void)state;
	rule.mode = SCREEN_DROP;
	assert_int_equal(screen_rule_check(SCREEN_COMMAND, &rule, why), 0);
	rule.mode = SCREEN_DETECT;
	assert_int_equal(screen_rule_check(SCREEN_COMMAND, &rule, why), ERR_INVAL);
	assert_non_null(strstr(why, "enforce and drop"));
	rule = screen_rule_preset(SCREEN_COMMAND);
	assert_int_equal(screen_rule_except(&rule, "acme"), 0);
	assert_int_equal(screen_rule_check(SCREEN_COMMAND, &rule, why), ERR_INVAL);
}

static void only_the_answers_of_a_row_are_taken_and_named(void **state)
{
	struct screen_rule rule = screen_rule_preset(SCREEN_DESTINATION_REALM);
	char why[SCREEN_WHY_MAX];

	(void)state;
	rule.answer = 3002;
	assert_int_equal(screen_rule_check(SCREEN_DESTINATION_REALM, &rule, why), 0);
	rule.answer = 5012;
	assert_int_equal(screen_rule_check(SCREEN_DESTINATION_REALM, &rule, why), 0);
	rule.answer = 2001;
	assert_int_equal(screen_rule_check(SCREEN_DESTINATION_REALM, &rule, why), ERR_INVAL);
	assert_string_equal(why, "answer 2001 is none of row 'destination_realm'; it takes 3003, 3002, 5012");
	rule.answer = 0;
	assert_int_equal(screen_rule_check(SCREEN_DESTINATION_REALM, &rule, why), ERR_INVAL);
	rule = screen_rule_preset(SCREEN_DESTINATION_REALM);
	rule.mode = 3;
	assert_int_equal(screen_rule_check(SCREEN_DESTINATION_REALM, &rule, why), ERR_INVAL);
}

static void exceptions_are_sorted_single_and_bounded(void **state)
{
	struct screen_rule rule = screen_rule_preset(SCREEN_AGENTS);
	char text[SCREEN_RULE_TEXT_MAX], name[8];

	(void)state;
	assert_int_equal(screen_rule_except(&rule, "beta"), 0);
	assert_int_equal(screen_rule_except(&rule, "acme"), 0);
	assert_int_equal(screen_rule_except(&rule, "acme"), ERR_EXISTS);
	assert_int_equal(screen_rule_except(&rule, "A me"), ERR_INVAL);
	assert_true(screen_rule_exempts(&rule, "acme") && screen_rule_exempts(&rule, "beta"));
	assert_false(screen_rule_exempts(&rule, "acm"));
	assert_string_equal(screen_rule_text(text, &rule), "enforce 5008, except acme,beta");
	assert_true(screen_rule_relaxed(SCREEN_AGENTS, &rule));
	for (unsigned i = 2; i < SCREEN_EXCEPT_MAX; i++) {
		snprintf(name, sizeof name, "s%u", i);
		assert_int_equal(screen_rule_except(&rule, name), 0);
	}
	assert_int_equal(screen_rule_except(&rule, "one-more"), ERR_LIMIT);
	assert_int_equal(rule.except_n, SCREEN_EXCEPT_MAX);
}

static void to_let_pass_is_relaxed_and_to_drop_is_not(void **state)
{
	struct screen_rule rule = screen_rule_preset(SCREEN_P_BIT);
	char text[SCREEN_RULE_TEXT_MAX];

	(void)state;
	assert_string_equal(screen_rule_text(text, &rule), "enforce 3008");
	rule.mode = SCREEN_DROP;
	assert_false(screen_rule_relaxed(SCREEN_P_BIT, &rule));
	rule.mode = SCREEN_DETECT;
	assert_true(screen_rule_relaxed(SCREEN_P_BIT, &rule));
	rule = screen_rule_preset(SCREEN_PLACES); /* it detects without a configuration */
	assert_false(screen_rule_relaxed(SCREEN_PLACES, &rule));
}

static void modes_have_words(void **state)
{
	uint8_t mode = 9;

	(void)state;
	for (uint8_t i = SCREEN_ENFORCE; i <= SCREEN_DETECT; i++) {
		assert_int_equal(screen_mode_parse(&mode, screen_mode_word(i)), 0);
		assert_int_equal(mode, i);
	}
	assert_int_equal(screen_mode_parse(&mode, "allow"), ERR_INVAL);
	assert_string_equal(screen_mode_word(7), "unknown");
}

static void the_page_is_what_the_rows_say(void **state)
{
	char *made = NULL, there[64 * 1024] = "";
	FILE *page = fopen(DOCS "/user/screening.md", "re"), *f;
	size_t len, n;

	(void)state;
	assert_non_null(page);
	n = fread(there, 1, sizeof there - 1, page);
	fclose(page);
	f = open_memstream(&made, &len);
	assert_non_null(f);
	screen_page(f);
	assert_int_equal(fclose(f), 0);
	if (len != n || memcmp(made, there, n) != 0) {
		fail_msg("docs/user/screening.md is out of date; ninja -C build manuals");
	}
	free(made);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_found_by_its_name_and_its_preset_is_a_rule_of_it),
		cmocka_unit_test(a_name_that_is_none_has_a_near_one),
		cmocka_unit_test(a_fixed_row_takes_no_other_rule),
		cmocka_unit_test(a_closed_row_refuses_or_drops_and_knows_no_exception),
		cmocka_unit_test(only_the_answers_of_a_row_are_taken_and_named),
		cmocka_unit_test(exceptions_are_sorted_single_and_bounded),
		cmocka_unit_test(to_let_pass_is_relaxed_and_to_drop_is_not),
		cmocka_unit_test(modes_have_words),
		cmocka_unit_test(the_page_is_what_the_rows_say),
	};

	return cmocka_run_group_tests_name("base screen rule", tests, NULL, NULL);
}
