/* test_rooms.c - which look at a store makes a warning. */
#include "tests/unit/test.h"

#include "core/core_rooms.h"

static struct kv_room seen(pid_t pid, uint64_t state, uint64_t left)
{
	return (struct kv_room){ .size = 1000,
				 .size_max = 1000,
				 .map_left = left,
				 .held = 500,
				 .oldest = { .pid = pid, .state = state, .behind = 9 } };
}

static bool look(struct core_room *r, struct kv_room now, uint64_t now_ms)
{
	return core_room_take(r, &now, now_ms);
}

static void test_a_reader_is_told_once_when_little_is_left(void **state)
{
	struct core_room r = { .since_ms = 0 };

	(void)state;
	assert_false(look(&r, seen(7, 40, 250), 1000));
	assert_true(look(&r, seen(7, 40, 249), 2000));
	assert_int_equal(r.since_ms, 1000);
	assert_false(look(&r, seen(7, 40, 100), 3000));
	assert_true(look(&r, seen(7, 90, 100), 4000)); /* it began anew */
	assert_int_equal(r.since_ms, 4000);
	assert_true(look(&r, seen(8, 90, 100), 5000)); /* somebody else */
	assert_false(look(&r, seen(0, 0, 100), 6000));
	assert_int_equal(r.since_ms, 0);
	assert_true(look(&r, seen(8, 90, 100), 7000));
}

static void test_what_is_full_without_a_reader_is_not_told_here(void **state)
{
	struct core_room r = { .since_ms = 0 };
	struct kv_room ours = seen(7, 40, 10), nothing = seen(7, 40, 10);

	(void)state;
	assert_false(look(&r, seen(0, 0, 10), 1000));
	ours.oldest.ours = true; /* an export: it ends by itself */
	assert_false(core_room_take(&r, &ours, 2000));
	nothing.held = 0;
	assert_false(core_room_take(&r, &nothing, 3000));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_reader_is_told_once_when_little_is_left),
		cmocka_unit_test(test_what_is_full_without_a_reader_is_not_told_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
