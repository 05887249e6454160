/* lines: a bound, an account of what was lost, one gap instead of many. */
#include "tests/unit/test.h"

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
	assert_int_equal(lines_pop(&q), 0);
	p = lines_first(&q, &len);
	assert_memory_equal(p, "bc\n", 3);
	assert_int_equal(lines_pop(&q), 0);
	assert_null(lines_first(&q, &len));
	assert_int_equal(q.lost, 0);
	lines_fini(&q);
}

static void a_full_queue_loses_until_half_of_the_room_is_free(void **state)
{
	struct lines q;

	(void)state;
	lines_init(&q, 40);
	for (int i = 0; i < 4; i++)
		put(&q, 0);
	put(&q, ERR_LIMIT);
	assert_int_equal(lines_pop(&q), 0); /* 30 of 40 wait */
	put(&q, ERR_LIMIT);
	assert_int_equal(lines_pop(&q), 2); /* 20 of 40 */
	put(&q, 0);
	assert_int_equal(lines_pop(&q), 0); /* told once */
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
	assert_int_equal(lines_pop(&q), 1);
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
	lines_drop(&q);
	assert_int_equal(lines_pop(&q), 1);
	lines_lose(&q);
	put(&q, 0);
	assert_int_equal(lines_pop(&q), 1);
	assert_int_equal(q.lost, 2);
	lines_fini(&q);
}

static void the_bound_may_shrink_below_what_waits(void **state)
{
	struct lines q;

	(void)state;
	lines_init(&q, 100);
	for (int i = 0; i < 8; i++)
		put(&q, 0);
	q.octets_max = 20;
	put(&q, ERR_LIMIT);
	for (int i = 0; i < 6; i++)
		assert_int_equal(lines_pop(&q), 0);
	assert_int_equal(lines_pop(&q), 1); /* 10 of 20 */
	put(&q, 0);
	lines_fini(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_leave_in_the_order_they_came),
		cmocka_unit_test(a_full_queue_loses_until_half_of_the_room_is_free),
		cmocka_unit_test(an_empty_queue_takes_a_line_of_any_length),
		cmocka_unit_test(what_could_not_be_written_is_in_the_next_gap),
		cmocka_unit_test(the_bound_may_shrink_below_what_waits),
	};

	return cmocka_run_group_tests_name("base lines", tests, NULL, NULL);
}
