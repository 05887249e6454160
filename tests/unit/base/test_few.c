/* few: so many lines in a span, the rest is counted and told once. */
#include "tests/unit/test.h"

#include "base/few.h"

#define MAX 3
#define SPAN 1000

static void the_rest_is_counted_and_told_once(void **state)
{
	struct few f = { .said = 0 };

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(few_rest(&f, SPAN, 500 + i), 0);
		assert_int_equal(few_say(&f, MAX, SPAN, 500 + i), i < MAX);
	}
	assert_int_equal(few_rest(&f, SPAN, 1499), 0);
	assert_int_equal(few_rest(&f, SPAN, 1500), 2);
	assert_int_equal(few_rest(&f, SPAN, 1500), 0);
	assert_true(few_say(&f, MAX, SPAN, 1501)); /* a new span */
	assert_int_equal(few_rest(&f, SPAN, 9999), 0);
}

static void a_span_begins_with_its_first_line(void **state)
{
	struct few f = { .said = 0 };

	(void)state;
	for (uint64_t now = 0; now < 100 * SPAN; now += SPAN / MAX + 1) {
		assert_true(few_say(&f, MAX, SPAN, now));
		assert_int_equal(few_rest(&f, SPAN, now), 0);
	}
}

static void what_was_left_out_is_not_forgotten(void **state)
{
	struct few f = { .said = 0 };

	(void)state;
	for (unsigned i = 0; i <= MAX; i++) {
		(void)few_say(&f, MAX, SPAN, 7);
	}
	assert_false(few_say(&f, MAX, SPAN, 5 * SPAN)); /* nobody asked for the rest yet */
	assert_int_equal(few_rest(&f, SPAN, 5 * SPAN), 2);
	f.said = MAX;
	f.left_out = UINT32_MAX;
	assert_false(few_say(&f, MAX, SPAN, 1));
	assert_int_equal(f.left_out, UINT32_MAX);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rest_is_counted_and_told_once),
		cmocka_unit_test(a_span_begins_with_its_first_line),
		cmocka_unit_test(what_was_left_out_is_not_forgotten),
	};

	return cmocka_run_group_tests_name("few", tests, NULL, NULL);
}
