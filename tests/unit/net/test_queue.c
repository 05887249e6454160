/* Octets that wait leave in order, whatever the pieces they came in. */
#include "tests/unit/test.h"

#include "net/net_queue.h"

static void test_octets_leave_in_the_order_they_came(void **state)
{
	struct net_queue q = { 0 };
	uint8_t piece[37];
	unsigned in = 0, out = 0, seed = 1;

	(void)state;
	for (int round = 0; round < 5000; round++) {
		size_t n = (seed = seed * 1103515245u + 12345u) >> 16 & 31;

		for (size_t i = 0; i < n; i++) {
			piece[i] = (uint8_t)in++;
		}
		assert_int_equal(net_queue_add(&q, piece, n), 0);
		n = (seed = seed * 1103515245u + 12345u) >> 16 & 31;
		if (n > q.len) {
			n = q.len;
		}
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(q.p[q.head + i], (uint8_t)out++);
		}
		net_queue_del(&q, n);
	}
	net_queue_fini(&q);
}

static void test_an_empty_queue_keeps_no_memory(void **state)
{
	static const uint8_t big[100000];
	struct net_queue q = { 0 };

	(void)state;
	for (size_t n = 10; n <= sizeof big; n *= 10) {
		assert_int_equal(net_queue_add(&q, big, n), 0);
		net_queue_del(&q, n);
		assert_null(q.p);
	}
}

static void test_memory_goes_from_queue_to_queue(void **state)
{
	static const uint8_t big[100000];
	struct net_spares spares = { 0 };
	struct net_queue one = { .spares = &spares }, two = { .spares = &spares };
	uint8_t *memory;

	(void)state;
	assert_int_equal(net_queue_add(&one, big, sizeof big), 0);
	memory = one.p;
	net_queue_del(&one, sizeof big);
	assert_null(one.p);
	assert_int_equal(net_queue_add(&two, "abc", 3), 0);
	assert_ptr_equal(two.p, memory); /* whoever comes next need not grow */
	assert_int_equal(net_queue_add(&two, big, sizeof big - 3), 0);
	assert_ptr_equal(two.p, memory);
	assert_int_equal(net_queue_add(&one, big, 10), 0); /* there is no other */
	assert_ptr_not_equal(one.p, memory);
	net_queue_fini(&one);
	net_queue_fini(&two);
	net_spares_fini(&spares);
}

static void test_spare_memory_is_bounded(void **state)
{
	uint8_t *big = calloc(1, NET_SPARE_MAX + 1);
	struct net_spares spares = { 0 };
	struct net_queue q[2 * NET_SPARES];

	(void)state;
	for (size_t i = 0; i < 2 * NET_SPARES; i++) {
		q[i] = (struct net_queue){ .spares = &spares };
		assert_int_equal(net_queue_add(&q[i], big, i ? (size_t)1000 << i : NET_SPARE_MAX + 1), 0);
	}
	for (size_t i = 0; i < 2 * NET_SPARES; i++) {
		net_queue_fini(&q[i]);
	}
	for (size_t i = 0; i < NET_SPARES; i++) { /* the largest ones that are not too large */
		assert_non_null(spares.spare[i].p);
		assert_in_range(spares.spare[i].cap, 1000 << NET_SPARES, NET_SPARE_MAX);
	}
	net_spares_fini(&spares);
	free(big);
}

static void test_an_impossible_size_changes_nothing(void **state)
{
	struct net_queue q = { 0 };

	(void)state;
	assert_int_equal(net_queue_add(&q, "abc", 3), 0);
	assert_int_equal(net_queue_add(&q, "abc", SIZE_MAX / 2), ERR_NOMEM);
	assert_int_equal(q.len, 3);
	net_queue_fini(&q);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_octets_leave_in_the_order_they_came), cmocka_unit_test(test_an_empty_queue_keeps_no_memory),
		cmocka_unit_test(test_memory_goes_from_queue_to_queue),     cmocka_unit_test(test_spare_memory_is_bounded),
		cmocka_unit_test(test_an_impossible_size_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
