/* Each SCS that waits has its turn, whatever the others have waiting. */
#include "tests/unit/test.h"

#include "core/core_lanes.h"

#define MANY 1000

/* Takes the next one; its number. */
static size_t next(struct core_lanes *all, const struct core_lane_place *places)
{
	struct core_lane_place *place = core_lanes_next(all);

	assert_non_null(place);
	core_lanes_take(all, place);
	return (size_t)(place - places);
}

static void test_one_request_waits_for_one_turn_of_a_thousand(void **state)
{
	static struct core_lane_place of_many[MANY], of_few[3];
	struct core_lane many = { 0 }, few = { 0 };
	struct core_lanes all;

	(void)state;
	core_lanes_init(&all);
	for (size_t i = 0; i < MANY; i++) {
		core_lanes_put(&all, &many, &of_many[i]);
	}
	assert_int_equal(next(&all, of_many), 0);
	for (size_t i = 0; i < 3; i++) {
		core_lanes_put(&all, &few, &of_few[i]);
	}
	for (size_t i = 0; i < 3; i++) { /* in turn, and each in its own order */
		assert_int_equal(next(&all, of_many), i + 1);
		assert_int_equal(next(&all, of_few), i);
	}
	for (size_t i = 4; i < MANY; i++) {
		assert_int_equal(next(&all, of_many), i);
	}
	assert_true(core_lanes_empty(&all));
	assert_null(core_lanes_next(&all));
}

static void test_what_no_longer_waits_leaves_from_anywhere(void **state)
{
	struct core_lane_place a[3] = { { 0 } }, b[1] = { { 0 } };
	struct core_lane one = { 0 }, other = { 0 };
	struct core_lanes all;

	(void)state;
	core_lanes_init(&all);
	core_lanes_take(&all, &a[0]); /* it does not wait */
	for (size_t i = 0; i < 3; i++) {
		core_lanes_put(&all, &one, &a[i]);
	}
	core_lanes_put(&all, &other, &b[0]);
	core_lanes_take(&all, &a[1]);
	core_lanes_take(&all, &b[0]);
	core_lanes_take(&all, &b[0]);
	assert_int_equal(next(&all, a), 0);
	assert_int_equal(next(&all, a), 2);
	assert_true(core_lanes_empty(&all));
	core_lanes_put(&all, &one, &a[1]); /* a lane that was empty begins again */
	assert_int_equal(next(&all, a), 1);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_request_waits_for_one_turn_of_a_thousand),
		cmocka_unit_test(test_what_no_longer_waits_leaves_from_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
