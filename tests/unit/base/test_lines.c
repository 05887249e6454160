/* lines: a bound, an account of what was lost, one gap instead of many. */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "base/lines.h"

#define TEN "123456789\n"

static void put(struct lines *q, int expected)
{
	assert_int_equal(lines_put(q, TEN, 10), expected);
}

static void lines_leave_in_the_order_they_came(void **state)
{
	struct lines q;
	const char *p;
	size_t len;

	(void)state;
	lines_init(&q, 100);
	assert_null(lines_first(&q, &len));
	assert_int_equal(lines_put(&q, "a\n", 2), 0);
	assert_int_equal(lines_put(&q, "bc\n", 3), 0);
	p = lines_first(&q, &len);
	assert_int_equal(len, 2);
	assert_memory_equal(p, "a\n", 2);
	assert_int_equal(lines_pop(&q).lost, 0);
	p = lines_first(&q, &len);
	assert_memory_equal(p, "bc\n", 3);
	assert_int_equal(lines_pop(&q).lost, 0);
	assert_null(lines_first(&q, &len));
	assert_int_equal(q.lost, 0);
	lines_fini(&q);
}

static void a_full_queue_loses_until_half_of_the_room_is_free(void **state)
{
	struct lines q;

	(void)state;
	lines_init(&q, 40);
	for (int i = 0; i < 4; i++) {
		put(&q, 0);
	}
	put(&q, ERR_LIMIT);
	assert_int_equal(lines_pop(&q).lost, 0); /* 30 of 40 wait */
	put(&q, ERR_LIMIT);
	assert_int_equal(lines_pop(&q).lost, 2); /* 20 of 40 */
	put(&q, 0);
	assert_int_equal(lines_pop(&q).lost, 0); /* told once */
	assert_int_equal(q.lost, 2);
	lines_fini(&q);
}

static void an_empty_queue_takes_a_line_of_any_length(void **state)
{
	struct lines q;

	(void)state;
	lines_init(&q, 4);
	put(&q, 0);
	put(&q, ERR_LIMIT);
	assert_int_equal(lines_pop(&q).lost, 1);
	put(&q, 0);
	lines_fini(&q);
}

static void what_could_not_be_written_is_in_the_next_gap(void **state)
{
	struct lines q;

	(void)state;
	lines_init(&q, 100);
	put(&q, 0);
	put(&q, 0);
	lines_drop(&q, EIO);
	assert_int_equal(lines_pop(&q).lost, 1);
	lines_lose(&q, EIO);
	put(&q, 0);
	assert_int_equal(lines_pop(&q).lost, 1);
	assert_int_equal(q.lost, 2);
	lines_fini(&q);
}

static void the_bound_may_shrink_below_what_waits(void **state)
{
	struct lines q;

	(void)state;
	lines_init(&q, 100);
	for (int i = 0; i < 8; i++) {
		put(&q, 0);
	}
	q.octets_max = 20;
	put(&q, ERR_LIMIT);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(lines_pop(&q).lost, 0);
	}
	assert_int_equal(lines_pop(&q).lost, 1); /* 10 of 20 */
	put(&q, 0);
	lines_fini(&q);
}

static void a_gap_that_could_not_be_told_is_in_the_next_one(void **state)
{
	struct lines q;

	(void)state;
	lines_init(&q, 20);
	put(&q, 0);
	put(&q, 0);
	put(&q, ERR_LIMIT);
	put(&q, ERR_LIMIT);
	lines_put_gap(&q, TEN, 10, lines_pop(&q));
	lines_drop(&q, EIO); /* a line of the caller */
	lines_drop(&q, EIO); /* the one that tells about two */
	put(&q, 0);
	assert_int_equal(lines_pop(&q).lost, 3);
	assert_int_equal(q.lost, 3);
	lines_fini(&q);
}

static void a_gap_for_which_there_is_no_room_is_in_the_next_one(void **state)
{
	struct lines q;

	(void)state;
	lines_init(&q, 20);
	put(&q, 0);
	put(&q, 0);
	put(&q, ERR_LIMIT);
	lines_put_gap(&q, TEN TEN, 20, lines_pop(&q));
	assert_int_equal(lines_pop(&q).lost, 1);
	assert_int_equal(q.lost, 1);
	lines_fini(&q);
}

static void a_gap_names_the_error_of_a_line_that_failed(void **state)
{
	struct lines_gap gap;
	struct lines q;

	(void)state;
	lines_init(&q, 10);
	put(&q, 0);
	put(&q, ERR_LIMIT);
	assert_int_equal(lines_pop(&q).error, 0);
	put(&q, 0);
	lines_drop(&q, ENOSPC);
	put(&q, 0);
	put(&q, ERR_LIMIT);
	gap = lines_pop(&q);
	assert_int_equal(gap.lost, 2);
	assert_int_equal(gap.error, ENOSPC);
	put(&q, 0);
	assert_int_equal(lines_pop(&q).error, 0);
	lines_fini(&q);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_leave_in_the_order_they_came),
		cmocka_unit_test(a_full_queue_loses_until_half_of_the_room_is_free),
		cmocka_unit_test(an_empty_queue_takes_a_line_of_any_length),
		cmocka_unit_test(what_could_not_be_written_is_in_the_next_gap),
		cmocka_unit_test(the_bound_may_shrink_below_what_waits),
		cmocka_unit_test(a_gap_that_could_not_be_told_is_in_the_next_one),
		cmocka_unit_test(a_gap_for_which_there_is_no_room_is_in_the_next_one),
		cmocka_unit_test(a_gap_names_the_error_of_a_line_that_failed),
	};

	return cmocka_run_group_tests_name("base lines", tests, NULL, NULL);
}
