/* When the day of a quota is over, whatever the wall clock does. */
#include "tests/unit/test.h"

#include "policy/pol_quota.h"

#define HOUR_MS UINT64_C(3600000)
#define BEGAN_MS (20000 * POL_QUOTA_DAY_MS + 9 * HOUR_MS)

static const struct pol_quota q = { .day = 20000, .began_ms = BEGAN_MS, .used = 7 };

static void test_a_day_lasts_until_the_next(void **state)
{
	(void)state;
	assert_int_equal(pol_quota_used(&q, 20000, BEGAN_MS), 7);
	assert_int_equal(pol_quota_used(&q, 20000, BEGAN_MS + 14 * HOUR_MS), 7);
	assert_int_equal(pol_quota_used(&q, 20001, BEGAN_MS + 15 * HOUR_MS), 0);
	assert_int_equal(pol_quota_used(&q, 20007, BEGAN_MS), 0); /* the wall clock was set ahead: as if the days had passed */
}

static void test_a_wall_clock_that_is_set_back_gives_no_fresh_quota(void **state)
{
	static const uint64_t back[] = { 1, 2, 400, 19999 };

	(void)state;
	for (size_t i = 0; i < sizeof back / sizeof *back; i++) {
		assert_int_equal(pol_quota_used(&q, q.day - back[i], BEGAN_MS + HOUR_MS), 7);
		assert_int_equal(pol_quota_used(&q, q.day - back[i], BEGAN_MS + 24 * HOUR_MS - 1), 7);
		assert_int_equal(pol_quota_used(&q, q.day - back[i], BEGAN_MS + 24 * HOUR_MS),
				 0); /* nor shuts it out for years */
	}
}

static void test_there_and_back_and_there_again_is_one_day(void **state)
{
	struct pol_quota ahead = { .day = 20005, .began_ms = BEGAN_MS, .used = 3 };

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_false(pol_quota_over(&ahead, 20000, BEGAN_MS + (uint64_t)i));
		assert_false(pol_quota_over(&ahead, 20005, BEGAN_MS + (uint64_t)i));
	}
}

static void test_a_timeline_that_began_anew_gives_nothing(void **state)
{
	(void)state;
	assert_false(pol_quota_over(&q, 20000, BEGAN_MS - HOUR_MS));
	assert_false(pol_quota_over(&q, 19999, BEGAN_MS - HOUR_MS));
}

static void test_a_day_is_of_no_use_when_a_step_of_a_day_cannot_bring_it_back(void **state)
{
	(void)state;
	assert_false(pol_quota_past(&q, 20001, BEGAN_MS + 48 * HOUR_MS));
	assert_false(pol_quota_past(&q, 20002, BEGAN_MS + HOUR_MS)); /* set ahead */
	assert_true(pol_quota_past(&q, 20002, BEGAN_MS + 40 * HOUR_MS));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_day_lasts_until_the_next),
		cmocka_unit_test(test_a_wall_clock_that_is_set_back_gives_no_fresh_quota),
		cmocka_unit_test(test_there_and_back_and_there_again_is_one_day),
		cmocka_unit_test(test_a_timeline_that_began_anew_gives_nothing),
		cmocka_unit_test(test_a_day_is_of_no_use_when_a_step_of_a_day_cannot_bring_it_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
