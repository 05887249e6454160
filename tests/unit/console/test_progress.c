/* What a browser is told of an import. */
#include "tests/unit/test.h"

#include <string.h>

#include "base/err.h"
#include "console/csl_progress.h"

static void said(struct csl_progress *p, const char *text)
{
	json_t *row = json_loads(text, 0, NULL);

	assert_non_null(row);
	csl_progress_row(p, row);
	json_decref(row);
}

static void is(json_t *state, const char *expected)
{
	char *text = json_dumps(state, JSON_COMPACT | JSON_SORT_KEYS);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
	json_decref(state);
}

static void test_before_the_first_one(void **state)
{
	struct csl_progress p = { .any = false };

	(void)state;
	is(csl_progress_state(&p), "{\"state\":\"none\"}");
}

static void test_rows_to_the_end(void **state)
{
	struct csl_progress p = { .any = false };

	(void)state;
	csl_progress_begin(&p, "assoc", "anna");
	said(&p, "{\"progress\":true,\"lines\":1}");
	said(&p, "{\"progress\":true,\"lines\":2}");
	said(&p, "{\"line\":7}");
	is(csl_progress_state(&p), "{\"by\":\"anna\",\"kind\":\"assoc\",\"progress\":{\"lines\":2,\"progress\":true},"
				   "\"rows\":[{\"line\":7}],\"state\":\"running\"}");
	said(&p, "{\"done\":true,\"ok\":true}");
	csl_progress_end(&p, 0, "");
	is(csl_progress_state(&p), "{\"by\":\"anna\",\"kind\":\"assoc\",\"last\":{\"done\":true,\"ok\":true},"
				   "\"progress\":{\"lines\":2,\"progress\":true},\"rows\":[{\"line\":7}],\"state\":\"done\"}");
	csl_progress_begin(&p, "scs", "ben");
	csl_progress_end(&p, ERR_REFUSED, "line 3 is wrong");
	is(csl_progress_state(&p),
	   "{\"by\":\"ben\",\"error\":\"line 3 is wrong\",\"kind\":\"scs\",\"rows\":[],\"state\":\"failed\"}");
	csl_progress_forget(&p);
}

/* A browser's thread writes the state out while the import's thread adds rows. */
static void test_a_state_stays_as_it_was(void **state)
{
	struct csl_progress p = { .any = false };
	json_t *before;

	(void)state;
	csl_progress_begin(&p, "scs", "anna");
	said(&p, "{\"line\":1}");
	before = csl_progress_state(&p);
	said(&p, "{\"line\":2}");
	is(before, "{\"by\":\"anna\",\"kind\":\"scs\",\"rows\":[{\"line\":1}],\"state\":\"running\"}");
	csl_progress_forget(&p);
}

static void test_rows_are_bounded(void **state)
{
	struct csl_progress p = { .any = false };
	json_t *shown;

	(void)state;
	csl_progress_begin(&p, "scs", "anna");
	for (int i = 0; i < 1000; i++) {
		said(&p, "{\"line\":1}");
	}
	shown = csl_progress_state(&p);
	assert_int_equal(json_array_size(json_object_get(shown, "rows")), 32);
	json_decref(shown);
	csl_progress_forget(&p);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_the_first_one),
		cmocka_unit_test(test_rows_to_the_end),
		cmocka_unit_test(test_a_state_stays_as_it_was),
		cmocka_unit_test(test_rows_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
