/* Pieces of a message become one again, and no more of it is kept than the limit. */
#include "tests/unit/test.h"

#include "net/net_message.h"

static const uint8_t *out;
static size_t len;

static void test_a_message_in_one_piece_is_not_copied(void **state)
{
	static const uint8_t piece[] = { 1, 2, 3, 4 };
	struct net_message m;

	(void)state;
	net_message_init(&m, 4);
	assert_int_equal(net_message_add(&m, piece, 4, true, &out, &len), 0);
	assert_ptr_equal(out, piece);
	assert_int_equal(len, 4);
	assert_null(m.held);
	net_message_fini(&m);
}

/* Every way to cut a message of 9 bytes into three pieces, one after the other in the same object. */
static void test_pieces_are_gathered_until_the_last_one(void **state)
{
	static const uint8_t whole[] = "123456789";
	struct net_message m;

	(void)state;
	net_message_init(&m, 9);
	for (size_t a = 1; a < 8; a++) {
		for (size_t b = a + 1; b < 9; b++) {
			assert_int_equal(net_message_add(&m, whole, a, false, &out, &len), ERR_AGAIN);
			assert_int_equal(len, 0);
			assert_int_equal(net_message_add(&m, whole + a, b - a, false, &out, &len), ERR_AGAIN);
			assert_int_equal(net_message_add(&m, whole + b, 9 - b, true, &out, &len), 0);
			assert_int_equal(len, 9);
			assert_memory_equal(out, whole, 9);
		}
	}
	net_message_fini(&m);
}

static void test_a_message_after_a_gathered_one_begins_anew(void **state)
{
	static const uint8_t one[] = "abc", other[] = "xyz";
	struct net_message m;

	(void)state;
	net_message_init(&m, 6);
	assert_int_equal(net_message_add(&m, one, 1, false, &out, &len), ERR_AGAIN);
	assert_int_equal(net_message_add(&m, one + 1, 2, true, &out, &len), 0);
	assert_int_equal(net_message_add(&m, other, 3, true, &out, &len), 0);
	assert_ptr_equal(out, other);
	assert_int_equal(len, 3);
	assert_null(m.held); /* an idle one keeps no memory */
	net_message_fini(&m);
}

static void test_a_message_above_the_limit_ends_it(void **state)
{
	static uint8_t piece[100];
	struct net_message m;

	(void)state;
	net_message_init(&m, 100);
	piece[0] = 7;
	assert_int_equal(net_message_add(&m, piece, 60, false, &out, &len), ERR_AGAIN);
	assert_int_equal(net_message_add(&m, piece, 40, false, &out, &len), ERR_AGAIN); /* the limit itself is allowed */
	assert_int_equal(m.cap, 100);
	assert_int_equal(net_message_add(&m, piece, 1, true, &out, &len), ERR_LIMIT);
	assert_int_equal(len, 100); /* its header says how long it would have been */
	assert_int_equal(out[0], 7);
	assert_int_equal(net_message_add(&m, piece, 1, true, &out, &len), ERR_LIMIT);
	assert_int_equal(len, 0);
	net_message_fini(&m);

	net_message_init(&m, 99);
	assert_int_equal(net_message_add(&m, piece, 100, true, &out, &len), ERR_LIMIT);
	assert_ptr_equal(out, piece);
	assert_int_equal(len, 99);
	net_message_fini(&m);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_message_in_one_piece_is_not_copied),
		cmocka_unit_test(test_pieces_are_gathered_until_the_last_one),
		cmocka_unit_test(test_a_message_after_a_gathered_one_begins_anew),
		cmocka_unit_test(test_a_message_above_the_limit_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
