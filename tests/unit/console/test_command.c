/* Arguments of a query become what the rows of the command say. */
#include "tests/unit/test.h"

#include "console/csl_command.h"

static const struct ctl_arg rows[] = {
	{ .name = "text", .type = CTL_A_TEXT, .max = 8 },
	{ .name = "n", .type = CTL_A_NUM },
	{ .name = "flag", .type = CTL_A_BOOL },
	{ .name = "list", .type = CTL_A_TEXTS },
	{ .name = "words", .type = CTL_A_WORDS, .words = "a b" },
	{ .name = "file", .type = CTL_A_FD },
	{ .name = NULL },
};

static void test_types(void **state)
{
	json_t *args = json_object(), *wanted = json_pack("{s:s, s:I, s:b, s:[s, s], s:[s]}", "text", "a<b>", "n", (json_int_t)7,
							  "flag", 1, "list", "x", "y", "words", "a");

	(void)state;
	assert_null(csl_arg_add(args, rows, "text", "a<b>"));
	assert_null(csl_arg_add(args, rows, "n", "7"));
	assert_null(csl_arg_add(args, rows, "flag", "yes"));
	assert_null(csl_arg_add(args, rows, "list", "x"));
	assert_null(csl_arg_add(args, rows, "list", "y"));
	assert_null(csl_arg_add(args, rows, "words", "a"));
	assert_true(json_equal(args, wanted));
	assert_non_null(csl_arg_add(args, rows, "text", "again"));
	assert_true(json_equal(args, wanted));
	json_decref(args);
	json_decref(wanted);
}

static void test_what_is_no_argument(void **state)
{
	static const char *const wrong[][2] = { { "", "" },         { "nothing", "1" }, { "n", "" },
						{ "n", "-1" },      { "n", "7x" },      { "n", "9223372036854775808" },
						{ "flag", "true" }, { "flag", "" },     { "file", "3" },
						{ "text", "\xff" } };
	json_t *args = json_object();

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (!csl_arg_add(args, rows, wrong[i][0], wrong[i][1])) {
			fail_msg("%s=%s", wrong[i][0], wrong[i][1]);
		}
	}
	assert_non_null(csl_arg_add(args, NULL, "text", "a"));
	assert_int_equal(json_object_size(args), 0);
	json_decref(args);
}

static void test_bodies(void **state)
{
	json_t *args = csl_args_of_body("{\"a\":1}", 7);

	(void)state;
	assert_int_equal(json_object_size(args), 1);
	json_decref(args);
	args = csl_args_of_body(NULL, 0);
	assert_int_equal(json_object_size(args), 0);
	json_decref(args);
	assert_null(csl_args_of_body("[]", 2));
	assert_null(csl_args_of_body("{\"a\":1,\"a\":2}", 13));
	assert_null(csl_args_of_body("{\"a\":1}x", 8));
	assert_null(csl_args_of_body("{\"a\":1", 6));
}

static void test_what_is_offered(void **state)
{
	(void)state;
	assert_non_null(csl_command_find("status"));
	assert_null(csl_command_find("reload"));
	assert_null(csl_command_find("backup.copy"));
	assert_null(csl_command_find(""));
	assert_true(csl_import_kind_ok("scs"));
	assert_false(csl_import_kind_ok(""));
	assert_false(csl_import_kind_ok("backup"));
}

TEST_GROUP()
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_what_is_no_argument),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_what_is_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
