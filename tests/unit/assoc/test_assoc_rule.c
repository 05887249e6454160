/* A rule as text and its rights as words. */
#include "tests/unit/test.h"

#include "base/assoc_rule.h"

static void test_rights_are_words_both_ways(void **state)
{
	char text[32];
	uint8_t rights;

	(void)state;
	for (uint8_t mask = 1; mask <= ASSOC_RIGHT_ALL; mask++) {
		assert_int_equal(assoc_rights_parse(&rights, assoc_rights_text(text, mask)), 0);
		assert_int_equal(rights, mask);
	}
	assert_string_equal(assoc_rights_text(text, 0), "");
}

static void test_words_that_are_no_rights_are_refused(void **state)
{
	static const char *const wrong[] = { "", ",", "trigger,", ",trigger", "Trigger", "trigger recall", "triggers", "all" };
	uint8_t rights = 77;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		assert_int_equal(assoc_rights_parse(&rights, wrong[i]), ERR_INVAL);
	}
	assert_int_equal(rights, 77);
}

static void test_the_longest_rule_fits_its_text(void **state)
{
	char text[ASSOC_RULE_TEXT_MAX];
	struct assoc_rule r = { .verdict = ASSOC_DENY, .rights = ASSOC_RIGHT_ALL, .mode = ASSOC_DETECT };

	(void)state;
	memset(r.who, 'w', ASSOC_WHO_TEXT_MAX);
	memset(r.device, 'd', ASSOC_DEVICE_TEXT_MAX);
	assoc_rule_text(text, &r);
	assert_int_equal(strlen(text), 4 + 1 + ASSOC_WHO_TEXT_MAX + 1 + ASSOC_DEVICE_TEXT_MAX + 1 +
					   strlen("trigger,recall,replace detect-only"));
	assert_true(strlen(text) < ASSOC_RULE_TEXT_MAX - 1);
}

static void test_a_detect_only_rule_says_so(void **state)
{
	struct assoc_rule r = { .who = "acme", .device = "m@a.example", .rights = ASSOC_RIGHT_TRIGGER, .mode = ASSOC_DETECT };
	char text[ASSOC_RULE_TEXT_MAX];

	(void)state;
	assert_string_equal(assoc_rule_text(text, &r), "deny acme m@a.example trigger detect-only");
	r.verdict = ASSOC_BLOCK;
	assert_string_equal(assoc_rule_text(text, &r), "block acme m@a.example detect-only");
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rights_are_words_both_ways),
		cmocka_unit_test(test_words_that_are_no_rights_are_refused),
		cmocka_unit_test(test_the_longest_rule_fits_its_text),
		cmocka_unit_test(test_a_detect_only_rule_says_so),
	};

	return cmocka_run_group_tests_name("assoc_rule", tests, NULL, NULL);
}
