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
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(assoc_rights_parse(&rights, wrong[i]), ERR_INVAL);
	assert_int_equal(rights, 77);
}

static void test_the_longest_rule_fits_its_text(void **state)
{
	char text[ASSOC_RULE_TEXT_MAX];
	struct assoc_rule r = { .verdict = ASSOC_ALLOW, .rights = ASSOC_RIGHT_ALL };

	(void)state;
	memset(r.who, 'w', IDENT_SCS_MAX);
	memset(r.device, 'd', ASSOC_DEVICE_TEXT_MAX);
	assoc_rule_text(text, &r);
	assert_int_equal(strlen(text), 5 + 1 + IDENT_SCS_MAX + 1 + ASSOC_DEVICE_TEXT_MAX + 1 + strlen("trigger,recall,replace"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rights_are_words_both_ways),
		cmocka_unit_test(test_words_that_are_no_rights_are_refused),
		cmocka_unit_test(test_the_longest_rule_fits_its_text),
	};

	return cmocka_run_group_tests_name("assoc_rule", tests, NULL, NULL);
}
