/* smpp_pending: found by number and command, timed out in the order they were sent, and a bounded number of entries kept for the next ones. */
#include "tests/unit/test.h"

#include "smpp/smpp_pdu.h"
#include "smpp/smpp_pending.h"

static int add(struct smpp_pending *p, uint32_t sequence, uint64_t deadline_ms)
{
	return smpp_pending_add(p, &(struct smpp_pending_entry){ sequence, SMPP_SUBMIT_SM, sequence + 1000, deadline_ms });
}

static void test_a_request_is_found_by_number_and_command(void **state)
{
	struct smpp_pending_entry e = { 0 };
	struct smpp_pending p;

	(void)state;
	assert_int_equal(smpp_pending_init(&p), 0);
	assert_int_equal(smpp_pending_next_ms(&p), 0);
	assert_int_equal(smpp_pending_take(&p, 1, 0, &e), ERR_NOTFOUND);
	assert_int_equal(add(&p, 1, 50), 0);
	assert_int_equal(add(&p, 17, 60), 0); /* in the chain of the first */
	assert_int_equal(add(&p, 1, 70), ERR_EXISTS);
	assert_int_equal(p.n, 2);
	assert_int_equal(smpp_pending_take(&p, 17, SMPP_DATA_SM, &e), ERR_NOTFOUND);
	assert_int_equal(p.n, 2);
	assert_int_equal(smpp_pending_take(&p, 17, SMPP_SUBMIT_SM, &e), 0);
	assert_int_equal(e.sequence, 17);
	assert_int_equal(e.token, 1017);
	assert_int_equal(e.deadline_ms, 60);
	assert_int_equal(smpp_pending_take(&p, 17, SMPP_SUBMIT_SM, &e), ERR_NOTFOUND);
	assert_int_equal(smpp_pending_take(&p, 1, 0, &e), 0); /* 0: each command */
	assert_int_equal(e.token, 1001);
	assert_int_equal(p.n, 0);
	smpp_pending_fini(&p);
}

static void test_the_order_of_time_is_that_of_sending(void **state)
{
	struct smpp_pending_entry e = { 0 };
	struct smpp_pending p;

	(void)state;
	assert_int_equal(smpp_pending_init(&p), 0);
	assert_int_equal(add(&p, 1, 500), 0);
	assert_int_equal(add(&p, 2, 300), 0); /* moved to the one before */
	assert_int_equal(add(&p, 3, 700), 0);
	assert_int_equal(smpp_pending_next_ms(&p), 500);
	assert_int_equal(smpp_pending_pop(&p, 499, &e), ERR_NOTFOUND);
	assert_int_equal(smpp_pending_pop(&p, 500, &e), 0);
	assert_int_equal(e.sequence, 1);
	assert_int_equal(smpp_pending_next_ms(&p), 500);
	assert_int_equal(smpp_pending_pop(&p, 499, &e), ERR_NOTFOUND);
	assert_int_equal(smpp_pending_pop(&p, 500, &e), 0);
	assert_int_equal(e.sequence, 2);
	assert_int_equal(e.deadline_ms, 500);
	assert_int_equal(smpp_pending_pop(&p, 699, &e), ERR_NOTFOUND);
	assert_int_equal(smpp_pending_pop(&p, UINT64_MAX, &e), 0);
	assert_int_equal(e.sequence, 3);
	assert_int_equal(smpp_pending_pop(&p, UINT64_MAX, &e), ERR_NOTFOUND);
	smpp_pending_fini(&p);
}

static void test_a_bounded_number_is_kept(void **state)
{
	struct smpp_pending_entry e;
	struct smpp_pending p;

	(void)state;
	assert_int_equal(smpp_pending_init(&p), 0);
	for (unsigned round = 0; round < 3; round++) {
		for (uint32_t i = 1; i <= 100; i++) {
			assert_int_equal(add(&p, i, i), 0);
		}
		assert_int_equal(p.n, 100);
		assert_int_equal(p.unused_n, 0);
		for (uint32_t i = 100; i >= 1; i--) {
			assert_int_equal(smpp_pending_take(&p, i, SMPP_SUBMIT_SM, &e), 0);
		}
		assert_int_equal(p.n, 0);
		assert_int_equal(p.unused_n, 64);
	}
	assert_int_equal(add(&p, 1, 1), 0); /* one of those is taken */
	assert_int_equal(p.unused_n, 63);
	smpp_pending_fini(&p);
	assert_int_equal(p.n + p.unused_n, 0);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_request_is_found_by_number_and_command),
		cmocka_unit_test(test_the_order_of_time_is_that_of_sending),
		cmocka_unit_test(test_a_bounded_number_is_kept),
	};

	return cmocka_run_group_tests_name("smpp pending", tests, NULL, NULL);
}
