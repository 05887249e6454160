/* The command line table that all elements share, and their JSON lines. */
#include "tests/unit/test.h"

#include <unistd.h>

#include "nodes/common/node.h"
#include "nodes/common/node_opts.h"

enum { OPT_CONFIG = 1, OPT_NAME, OPT_FLAG };

static const struct node_opt rows[] = {
	{ OPT_CONFIG, 'c', "config", "FILE", "configuration" },
	{ OPT_NAME, 0, "name", "WORD", "a name" },
	{ OPT_FLAG, 0, "flag", NULL, "a flag" },
	{ 0 },
};

static void walk(const char *const *argv, const int *ids, const char *const *values)
{
	struct node_opts o;
	const char *value;
	int argc = 0, i = 0;

	while (argv[argc]) {
		argc++;
	}
	node_opts_init(&o, rows, argc, argv);
	do {
		assert_int_equal(node_opts_next(&o, &value), ids[i]);
		if (ids[i] > 0 || ids[i] == NODE_OPTS_OPERAND) {
			if (values[i]) {
				assert_string_equal(value, values[i]);
			} else {
				assert_null(value);
			}
		}
	} while (ids[i++] != NODE_OPTS_END);
}

static void test_every_form_of_an_option_is_read(void **state)
{
	const char *argv[] = { "-c", "a.yaml", "--name=x=y", "word", "--flag", "--name", "--flag", "--", "--flag", NULL };
	int ids[] = { OPT_CONFIG, OPT_NAME, NODE_OPTS_OPERAND, OPT_FLAG, OPT_NAME, NODE_OPTS_OPERAND, NODE_OPTS_END };
	const char *values[] = { "a.yaml", "x=y", "word", NULL, "--flag", "--flag", NULL };

	(void)state;
	walk(argv, ids, values);
}

static void wrong(const char *word, const char *why)
{
	struct node_opts o;
	const char *value;
	const char *argv[] = { word, NULL };

	node_opts_init(&o, rows, 1, argv);
	assert_int_equal(node_opts_next(&o, &value), ERR_INVAL);
	assert_string_equal(o.why, why);
}

static void test_a_mistake_says_what_was_expected(void **state)
{
	(void)state;
	wrong("--nam", "--nam: no such option, did you mean '--name'?");
	wrong("-x", "-x: no such option");
	wrong("-cfile", "-cfile: no such option");
	wrong("--name", "--name: needs a value: WORD");
	wrong("-c", "-c: needs a value: FILE");
	wrong("--flag=1", "--flag=1: takes no value");
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
		cmocka_unit_test(test_a_mistake_says_what_was_expected),
		cmocka_unit_test(test_an_event_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
