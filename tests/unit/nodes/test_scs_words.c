/* The command line table that all elements share, and their JSON lines. */
#include "tests/unit/test.h"

#include <unistd.h>

#include "nodes/common/node.h"
#include "base/opts.h"

enum { OPT_CONFIG = 1, OPT_NAME, OPT_FLAG };

static const struct opt rows[] = {
	{ OPT_CONFIG, 'c', "config", "FILE", "configuration" },
	{ OPT_NAME, 0, "name", "WORD", "a name" },
	{ OPT_FLAG, 'f', "flag", NULL, "a flag" },
	{ 0 },
};

static void walk(const char *const *argv, const int *ids, const char *const *values)
{
	struct opts o;
	const char *value;
	int argc = 0, i = 0;

	while (argv[argc]) {
		argc++;
	}
	opts_init(&o, rows, argc, argv);
	do {
		assert_int_equal(opts_next(&o, &value), ids[i]);
		if (ids[i] > 0 || ids[i] == OPTS_OPERAND) {
			if (values[i]) {
				assert_string_equal(value, values[i]);
			} else {
				assert_null(value);
			}
		}
	} while (ids[i++] != OPTS_END);
}

static void test_every_form_of_an_option_is_read(void **state)
{
	const char *argv[] = { "-c", "a.yaml", "--name=x=y", "word", "--flag", "--name", "--flag", "--", "--flag", NULL };
	int ids[] = { OPT_CONFIG, OPT_NAME, OPTS_OPERAND, OPT_FLAG, OPT_NAME, OPTS_OPERAND, OPTS_END };
	const char *values[] = { "a.yaml", "x=y", "word", NULL, "--flag", "--flag", NULL };

	(void)state;
	walk(argv, ids, values);
}

static void test_letters_may_stand_in_one_word(void **state)
{
	const char *argv[] = { "-fcfile", "-ff", "-fc", "file", "-f", NULL };
	int ids[] = { OPT_FLAG, OPT_CONFIG, OPT_FLAG, OPT_FLAG, OPT_FLAG, OPT_CONFIG, OPT_FLAG, OPTS_END };
	const char *values[] = { NULL, "file", NULL, NULL, NULL, "file", NULL, NULL };

	(void)state;
	walk(argv, ids, values);
}

static void wrong(const char *word, const char *why)
{
	struct opts o;
	const char *value;
	const char *argv[] = { word, NULL };

	opts_init(&o, rows, 1, argv);
	assert_int_equal(opts_next(&o, &value), ERR_INVAL);
	assert_string_equal(o.why, why);
}

static void test_a_mistake_says_what_was_expected(void **state)
{
	(void)state;
	wrong("--nam", "unknown option '--nam', did you mean '--name'?");
	wrong("-x", "unknown option '-x'");
	wrong("-xfile", "unknown option '-x'");
	wrong("--name", "--name needs WORD");
	wrong("-c", "-c needs FILE");
	wrong("--flag=1", "--flag takes no value");
}

static void test_an_event_is_one_line(void **state)
{
	char got[128] = "";
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(node_emit(pipes[1], json_pack("{s:s, s:s}", "event", "error", "error", "two\nlines")), 0);
	assert_int_equal(node_emit(pipes[1], NULL), ERR_NOMEM);
	close(pipes[1]);
	assert_true(read(pipes[0], got, sizeof got - 1) > 0);
	assert_string_equal(got, "{\"event\":\"error\",\"error\":\"two\\nlines\"}\n");
	close(pipes[0]);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_form_of_an_option_is_read),
		cmocka_unit_test(test_letters_may_stand_in_one_word),
		cmocka_unit_test(test_a_mistake_says_what_was_expected),
		cmocka_unit_test(test_an_event_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
