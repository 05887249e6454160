/* When a process that ended is started again, and when somebody is told that a certificate ends. */
#include "tests/unit/test.h"

#include "daemon/dm_again.h"
#include "daemon/dm_ends.h"

#define DAY UINT64_C(86400)

static void what_was_at_work_is_back_within_seconds(void **state)
{
	static const uint64_t pauses[] = { 200, 400, 800, 1600, 3200, 5000, 5000 };
	struct dm_again a = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
		dm_again_ended(&a, true, 100);
		assert_int_equal(dm_again_pause_ms(&a, 200, 60000), pauses[i]);
	}
	dm_again_ended(&a, true, 10000); /* that one lived */
	assert_int_equal(dm_again_pause_ms(&a, 200, 60000), 200);
}

static void what_cannot_start_is_tried_less_and_less(void **state)
{
	struct dm_again a = { 0 };
	uint64_t pause = 0;

	(void)state;
	for (int i = 0; i < 40; i++) {
		uint64_t now;

		dm_again_ended(&a, false, 100);
		now = dm_again_pause_ms(&a, 200, 60000);
		assert_true(now >= pause && now <= 60000);
		pause = now;
	}
	assert_int_equal(pause, 60000);
	assert_int_equal(dm_again_pause_ms(&a, 200, 300), 300);
	assert_int_equal(dm_again_pause_ms(&a, 0, 60000), 60000);
	dm_again_ended(&a, true, 60000); /* it could */
	assert_int_equal(dm_again_pause_ms(&a, 200, 60000), 200);
}

static void slow_attempts_are_slow_too(void **state)
{
	struct dm_again a = { 0 };

	(void)state;
	for (int i = 0; i < 20; i++) {
		dm_again_ended(&a, false, 30000); /* each took long to find out that it cannot start */
	}
	assert_int_equal(dm_again_pause_ms(&a, 200, 60000), 60000);
	assert_false(dm_again_hopeless(&a));
}

static void twenty_quick_ends_are_bearable(void **state)
{
	struct dm_again a = { 0 };

	(void)state;
	for (int i = 0; i < 20; i++) {
		dm_again_ended(&a, i & 1, 9999);
		assert_false(dm_again_hopeless(&a));
	}
	dm_again_ended(&a, true, 9999);
	assert_true(dm_again_hopeless(&a));
	dm_again_ended(&a, true, 10000);
	assert_false(dm_again_hopeless(&a));
}

static void numbers_do_not_run_over(void **state)
{
	struct dm_again a = { UINT32_MAX, UINT32_MAX };

	(void)state;
	dm_again_ended(&a, false, 0);
	assert_int_equal(a.unready, UINT32_MAX);
	assert_true(dm_again_hopeless(&a));
	assert_int_equal(dm_again_pause_ms(&a, 60000, 3600000), 3600000);
}

static void the_days_before_the_end_are_told_once_each(void **state)
{
	static const struct {
		uint64_t left_s;
		enum dm_ends_level level;
	} rows[] = {
		{ 31 * DAY, DM_ENDS_FAR },        { 30 * DAY + 1, DM_ENDS_FAR }, { 30 * DAY, DM_ENDS_30_DAYS },
		{ 7 * DAY + 1, DM_ENDS_30_DAYS }, { 7 * DAY, DM_ENDS_7_DAYS },   { DAY + 1, DM_ENDS_7_DAYS },
		{ DAY, DM_ENDS_1_DAY },           { 1, DM_ENDS_1_DAY },          { 0, DM_ENDS_OVER },
	};
	static const uint64_t end = 2000000000;
	uint8_t said = DM_ENDS_FAR, before = DM_ENDS_FAR;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(dm_ends_level(end, end - rows[i].left_s), rows[i].level);
		assert_int_equal(dm_ends_tell(&said, rows[i].level), rows[i].level > before);
		assert_int_equal(dm_ends_tell(&said, rows[i].level), 0);
		before = (uint8_t)rows[i].level;
	}
	assert_int_equal(dm_ends_level(end, end + 100 * DAY), DM_ENDS_OVER);
	assert_int_equal(dm_ends_level(0, end), DM_ENDS_OVER);
	assert_int_equal(dm_ends_level(UINT64_MAX, end), DM_ENDS_FAR);
}

static void a_first_look_that_is_late_tells_the_nearest_only(void **state)
{
	uint8_t said = DM_ENDS_FAR;

	(void)state;
	assert_true(dm_ends_tell(&said, DM_ENDS_7_DAYS));
	assert_false(dm_ends_tell(&said, DM_ENDS_30_DAYS)); /* the clock went back */
	assert_false(dm_ends_tell(&said, DM_ENDS_7_DAYS));
	assert_true(dm_ends_tell(&said, DM_ENDS_OVER));
}

static void a_clock_before_the_beginning_is_told_and_all_else_later(void **state)
{
	struct dm_end end = { .what = DM_LISTEN_CERTIFICATE, .not_before_s = 2000000000, .not_after_s = 2000000000 + 7 * DAY };
	uint8_t said = DM_ENDS_FAR;

	(void)state;
	assert_int_equal(dm_ends_level_of(&end, 1999999999), DM_ENDS_EARLY);
	assert_int_equal(dm_ends_level_of(&end, 2000000000), DM_ENDS_7_DAYS);
	assert_true(dm_ends_tell(&said, DM_ENDS_EARLY));
	assert_false(dm_ends_tell(&said, DM_ENDS_EARLY));
	assert_true(dm_ends_tell(&said, DM_ENDS_7_DAYS));
	assert_true(dm_ends_tell(&said, DM_ENDS_EARLY)); /* the clock went back */
	assert_false(dm_ends_tell(&said, DM_ENDS_FAR));
	assert_true(dm_ends_tell(&said, DM_ENDS_OVER));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_at_work_is_back_within_seconds),
		cmocka_unit_test(what_cannot_start_is_tried_less_and_less),
		cmocka_unit_test(slow_attempts_are_slow_too),
		cmocka_unit_test(twenty_quick_ends_are_bearable),
		cmocka_unit_test(numbers_do_not_run_over),
		cmocka_unit_test(the_days_before_the_end_are_told_once_each),
		cmocka_unit_test(a_first_look_that_is_late_tells_the_nearest_only),
		cmocka_unit_test(a_clock_before_the_beginning_is_told_and_all_else_later),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
