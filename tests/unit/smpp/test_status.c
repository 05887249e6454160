/* smpp_status: names and words of command_status. */
#include "tests/unit/test.h"

#include "smpp/smpp_status.h"

static void test_known(void **state)
{
	(void)state;
	assert_string_equal(smpp_status_name(0), "ESME_ROK");
	assert_string_equal(smpp_status_name(0x58), "ESME_RTHROTTLED");
	assert_string_equal(smpp_status_words(0x04), "the command does not fit the bind state");
	assert_int_equal(smpp_status_again(0x58), SMPP_AGAIN_LATER);
	assert_int_equal(smpp_status_again(0x14), SMPP_AGAIN_LATER);
	assert_int_equal(smpp_status_again(0x08), SMPP_AGAIN_LATER);
	assert_int_equal(smpp_status_again(0x0b), SMPP_AGAIN_FINAL);
	assert_int_equal(smpp_status_again(0xff), SMPP_AGAIN_UNSURE);
}

static void test_unknown(void **state)
{
	(void)state;
	assert_string_equal(smpp_status_name(0x400), "ESME_?");
	assert_string_equal(smpp_status_words(0xffffffff), "a status that this program does not know");
	assert_int_equal(smpp_status_again(0x4ff), SMPP_AGAIN_UNSURE);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_known), cmocka_unit_test(test_unknown) };

	return cmocka_run_group_tests_name("smpp status", tests, NULL, NULL);
}
