/* A timeline over steps of the wall clock, suspensions and starts. Both clocks are arguments. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/timeline.h"
#include "tests/unit/test.h"

#define REAL0 UINT64_C(1800000000000) /* the wall clock when the machine has run for BOOT0 */
#define BOOT0 UINT64_C(50000)
#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

static struct timeline begun(void)
{
	struct timeline t;

	timeline_begin(&t, NULL, "boot-1", BOOT0, REAL0);
	return t;
}

static void test_begins_at_the_wall_clock_and_goes_with_the_boot_clock(void **state)
{
	struct timeline t = begun();

	(void)state;
	assert_true(timeline_at(&t, BOOT0) == REAL0);
	assert_true(timeline_at(&t, BOOT0 + 1234) == REAL0 + 1234);
	assert_true(timeline_to_wall(&t, REAL0 + 5) == REAL0 + 5);
	assert_true(t.old_ms == REAL0 && t.sure_from_ms == REAL0 + TIMELINE_DOUBT_MS);
}

/* Looks every 5 s for `looks` looks while the wall clock is off by `off_ms`. Returns the sum of what the looks found. */
static int64_t look(struct timeline *t, uint64_t *boot_ms, int64_t off_ms, int looks, int *steps)
{
	int64_t sum = 0;

	for (int i = 0; i < looks; i++) {
		uint64_t real_ms;
		int64_t step;

		*boot_ms += TIMELINE_LOOK_MS;
		real_ms = REAL0 + (*boot_ms - BOOT0) + (uint64_t)off_ms;
		step = timeline_look(t, *boot_ms, real_ms);
		*steps += step != 0;
		sum += step;
		assert_true(timeline_at(t, *boot_ms) == REAL0 + (*boot_ms - BOOT0));
	}
	return sum;
}

static void test_a_step_moves_no_time_and_is_said_once(void **state)
{
	static const int64_t offs[] = { -HOUR, HOUR, 8 * DAY, -20 * 365 * DAY, TIMELINE_STEP_MS + 1 };

	(void)state;
	for (size_t i = 0; i < sizeof offs / sizeof *offs; i++) {
		struct timeline t = begun();
		uint64_t boot_ms = BOOT0;
		int steps = 0;

		assert_true(look(&t, &boot_ms, offs[i], 3, &steps) == offs[i]);
		assert_int_equal(steps, 1);
		assert_true(timeline_to_wall(&t, REAL0) == REAL0); /* it has not lasted */
		assert_true(look(&t, &boot_ms, 0, 3, &steps) == -offs[i]);
		assert_int_equal(steps, 2);
		look(&t, &boot_ms, 0, 30, &steps);
		assert_int_equal(steps, 2);
		assert_true(timeline_to_wall(&t, REAL0) == REAL0);
	}
}

static void test_a_step_that_lasts_is_the_time_of_day(void **state)
{
	struct timeline t = begun();
	uint64_t boot_ms = BOOT0;
	int steps = 0;

	(void)state;
	t.unwritten = false;
	look(&t, &boot_ms, -HOUR, TIMELINE_SETTLE_MS / TIMELINE_LOOK_MS, &steps);
	assert_false(t.unwritten);
	look(&t, &boot_ms, -HOUR, 1, &steps);
	assert_true(t.unwritten);
	assert_true(timeline_to_wall(&t, REAL0) == REAL0 - (uint64_t)HOUR);
	assert_true(t.kept.last_ms == timeline_at(&t, boot_ms));
}

static void test_small_differences_are_no_steps(void **state)
{
	struct timeline t = begun();
	uint64_t boot_ms = BOOT0;
	int steps = 0;

	(void)state;
	look(&t, &boot_ms, TIMELINE_STEP_MS, 30, &steps);
	look(&t, &boot_ms, -TIMELINE_STEP_MS, 1, &steps); /* 2 s apart, each 1 s from the beginning */
	assert_int_equal(steps, 0);
	assert_true(timeline_to_wall(&t, REAL0) == REAL0);
}

static void test_a_process_that_starts_again_goes_on(void **state)
{
	struct timeline t = begun(), again;
	uint64_t boot_ms = BOOT0;
	int steps = 0;

	(void)state;
	look(&t, &boot_ms, 0, 10, &steps);
	timeline_begin(&again, &t.kept, "boot-1", boot_ms + 100, REAL0 + 8 * DAY); /* the wall clock was set meanwhile */
	assert_true(timeline_at(&again, boot_ms + 100) == timeline_at(&t, boot_ms) + 100);
	assert_true(again.old_ms == 0 && again.sure_from_ms == 0);
	look(&again, &boot_ms, 8 * DAY, 1, &steps);
	assert_int_equal(steps, 1); /* found by the first look */
}

static void test_after_a_boot_it_goes_on_by_the_wall_clock(void **state)
{
	struct timeline t = begun(), again;
	uint64_t boot_ms = BOOT0, at_ms;
	int steps = 0;

	(void)state;
	look(&t, &boot_ms, HOUR, 30, &steps); /* the wall clock is an hour ahead of the timeline, for good */
	at_ms = timeline_at(&t, boot_ms);
	timeline_begin(&again, &t.kept, "boot-2", 7000, at_ms + HOUR + DAY);
	assert_true(timeline_at(&again, 7000) == at_ms + DAY); /* the machine was off for a day */
	assert_true(again.sure_from_ms == at_ms + DAY + TIMELINE_DOUBT_MS);
	assert_true(timeline_to_wall(&again, at_ms) == at_ms + HOUR);
	assert_string_equal(again.kept.boot, "boot-2");
}

static void test_a_dead_battery_takes_no_time_back(void **state)
{
	struct timeline t = begun(), again;
	uint64_t boot_ms = BOOT0;
	int steps = 0;

	(void)state;
	t.unwritten = true;
	look(&t, &boot_ms, 0, 1, &steps);
	timeline_begin(&again, &t.kept, "boot-2", 7000, 86400000); /* 1970-01-02 */
	assert_true(timeline_at(&again, 7000) == t.kept.last_ms);
	assert_true(timeline_to_wall(&again, timeline_at(&again, 7000)) == 86400000);
}

static void test_the_file_brings_it_back(void **state)
{
	char dir[] = "/tmp/test_timeline.XXXXXX", path[64], why[TIMELINE_WHY_MAX] = "";
	struct timeline t, again;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/" TIMELINE_FILE, dir);
	assert_int_equal(timeline_open(&t, path, why), 0);
	t.kept.base_ms -= 5 * DAY; /* as if the wall clock had been set ahead since */
	t.kept.wall_ms += 5 * DAY;
	assert_int_equal(timeline_keep(&t, path, why), 0);
	assert_int_equal(timeline_open(&again, path, why), 0);
	assert_true(again.kept.base_ms == t.kept.base_ms);
	assert_true(again.kept.wall_ms == t.kept.wall_ms);
	assert_true(again.sure_from_ms == 0);

	f = fopen(path, "w");
	assert_non_null(f);
	fputs("mtc timeline 1 boot - base 99999999999999999 wall 0 last 0\n", f);
	fclose(f);
	assert_int_equal(timeline_open(&again, path, why), ERR_PROTO);
	assert_non_null(strstr(why, "damaged"));
	assert_true(timeline_at(&again, clock_boot_ms()) + 5000 > clock_real_ms());
	assert_int_equal(timeline_open(&again, path, why), 0); /* made anew */

	assert_int_equal(timeline_open(&again, "/nowhere/at/all", why), ERR_IO);
	assert_true(timeline_at(&again, clock_boot_ms()) + 5000 > clock_real_ms());
	assert_int_equal(timeline_open(&again, NULL, why), 0);
	assert_true(timeline_at(&again, clock_boot_ms()) + 5000 > clock_real_ms());
	unlink(path);
	rmdir(dir);
}

static void test_the_file_of_elsewhere_is_made_where_there_is_none(void **state)
{
	struct timeline_kept kept = { .boot = "0123-4567", .base_ms = -5, .wall_ms = 3600000, .last_ms = 1000 }, none = kept;
	char dir[] = "/tmp/mtc-timeline-XXXXXX", path[64], why[TIMELINE_WHY_MAX] = "";
	struct timeline t;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/" TIMELINE_FILE, dir);
	strcpy(none.boot, "not one");
	assert_int_equal(timeline_plant(&none, path), ERR_INVAL);
	none = kept;
	none.wall_ms = INT64_MAX;
	assert_int_equal(timeline_plant(&none, path), ERR_INVAL);
	assert_int_equal(timeline_plant(&kept, path), 0);
	assert_int_equal(timeline_plant(&kept, path), ERR_EXISTS);
	assert_int_equal(timeline_open(&t, path, why), 0);
	assert_true(t.kept.wall_ms > 3600000 - 1000 && t.kept.wall_ms < 3600000 + 1000);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begins_at_the_wall_clock_and_goes_with_the_boot_clock),
		cmocka_unit_test(test_a_step_moves_no_time_and_is_said_once),
		cmocka_unit_test(test_a_step_that_lasts_is_the_time_of_day),
		cmocka_unit_test(test_small_differences_are_no_steps),
		cmocka_unit_test(test_a_process_that_starts_again_goes_on),
		cmocka_unit_test(test_after_a_boot_it_goes_on_by_the_wall_clock),
		cmocka_unit_test(test_a_dead_battery_takes_no_time_back),
		cmocka_unit_test(test_the_file_brings_it_back),
		cmocka_unit_test(test_the_file_of_elsewhere_is_made_where_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
