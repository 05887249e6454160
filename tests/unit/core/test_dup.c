/* A request that comes twice gets one answer (CONTRACTS section 3, "duplicates"). */
#include "tests/unit/test.h"

#include "core/core_dup.h"

#define WINDOW_MS 240000
#define HOST "scs.acme.example"

static const uint8_t one[HASH_LEN] = { 1 }, two[HASH_LEN] = { 2 };

static struct core_dup *dup_new(uint32_t entries_max)
{
	struct core_dup *d;

	assert_int_equal(core_dup_new(&d, entries_max, WINDOW_MS), 0);
	return d;
}

struct told {
	uint64_t transactions[64];
	uint32_t status, n;
};

static void tell(void *arg, const struct core_dup_waiter *w, const struct ipc_device_action_answer *a)
{
	struct told *t = arg;

	t->transactions[t->n++] = w->transaction;
	t->status = a->request_status;
}

static enum core_dup_verdict look(struct core_dup *d, const char *host, uint32_t id, const uint8_t *digest, uint64_t transaction,
				  uint64_t now, struct core_dup_entry **entry, struct ipc_device_action_answer *answer)
{
	struct core_dup_waiter w = { 7, transaction, 1 };

	return core_dup_look(d, host, id, core_dup_hash(d, host, id), digest, &w, now, entry, answer);
}

static void test_a_copy_in_flight_waits_with_the_first_and_both_are_told(void **state)
{
	struct core_dup *d = dup_new(100);
	struct core_dup_entry *e = NULL, *none = NULL;
	struct ipc_device_action_answer a = { .result_code = 2001, .request_status = 105 }, got;
	struct told told = { .n = 0 };

	(void)state;
	assert_int_equal(look(d, HOST, 9, one, 1, 0, &e, &got), CORE_DUP_NEW);
	assert_non_null(e);
	assert_int_equal(look(d, HOST, 9, one, 2, 10, &none, &got), CORE_DUP_IN_FLIGHT);
	core_dup_settle(d, e, &a, tell, &told);
	assert_int_equal(told.n, 2);
	assert_int_equal(told.transactions[0], 1);
	assert_int_equal(told.transactions[1], 2);
	assert_int_equal(told.status, 105);
	assert_int_equal(look(d, HOST, 9, one, 3, 20, &none, &got), CORE_DUP_ANSWERED);
	assert_int_equal(got.request_status, 105);
	core_dup_free(d);
}

static void test_the_same_id_with_other_content_differs_before_and_after_the_answer(void **state)
{
	struct core_dup *d = dup_new(100);
	struct core_dup_entry *e, *none = NULL;
	struct ipc_device_action_answer a = { .result_code = 2001 }, got;
	struct told told = { .n = 0 };

	(void)state;
	assert_int_equal(look(d, HOST, 9, one, 1, 0, &e, &got), CORE_DUP_NEW);
	assert_int_equal(look(d, HOST, 9, two, 2, 0, &none, &got), CORE_DUP_DIFFERS);
	core_dup_settle(d, e, &a, tell, &told);
	assert_int_equal(told.n, 1); /* who differs is not told the first one's answer */
	assert_int_equal(look(d, HOST, 9, two, 3, 0, &none, &got), CORE_DUP_DIFFERS);
	assert_null(none);
	core_dup_free(d);
}

static void test_another_host_or_another_id_is_another_request(void **state)
{
	struct core_dup *d = dup_new(100);
	struct core_dup_entry *e;
	struct ipc_device_action_answer got;

	(void)state;
	assert_int_equal(look(d, HOST, 9, one, 1, 0, &e, &got), CORE_DUP_NEW);
	assert_int_equal(look(d, "scs.beta.example", 9, one, 2, 0, &e, &got), CORE_DUP_NEW);
	assert_int_equal(look(d, HOST, 10, one, 3, 0, &e, &got), CORE_DUP_NEW);
	assert_int_equal(core_dup_count(d), 3);
	core_dup_free(d);
}

static void test_after_the_window_the_id_may_be_used_again(void **state)
{
	struct core_dup *d = dup_new(100);
	struct core_dup_entry *e;
	struct ipc_device_action_answer a = { .result_code = 2001 }, got;
	struct told told = { .n = 0 };

	(void)state;
	assert_int_equal(look(d, HOST, 9, one, 1, 1000, &e, &got), CORE_DUP_NEW);
	core_dup_settle(d, e, &a, tell, &told);
	assert_int_equal(look(d, HOST, 9, two, 2, 1000 + WINDOW_MS - 1, &e, &got), CORE_DUP_DIFFERS);
	assert_int_equal(look(d, HOST, 9, two, 2, 1000 + WINDOW_MS, &e, &got), CORE_DUP_NEW);
	assert_int_equal(core_dup_count(d), 1);
	assert_int_equal(core_dup_dropped(d), 0);
	core_dup_free(d);
}

static void test_when_full_the_oldest_answered_goes_and_is_counted(void **state)
{
	struct core_dup *d = dup_new(3);
	struct core_dup_entry *first, *e;
	struct ipc_device_action_answer a = { .result_code = 2001 }, got;
	struct told told = { .n = 0 };

	(void)state;
	assert_int_equal(look(d, HOST, 1, one, 1, 0, &first, &got), CORE_DUP_NEW); /* stays in flight */
	for (uint32_t id = 2; id <= 4; id++) {
		assert_int_equal(look(d, HOST, id, one, id, id, &e, &got), CORE_DUP_NEW);
		core_dup_settle(d, e, &a, tell, &told);
	}
	assert_int_equal(core_dup_count(d), 3);
	assert_int_equal(core_dup_dropped(d), 1);
	assert_int_equal(look(d, HOST, 1, one, 9, 5, &e, &got), CORE_DUP_IN_FLIGHT);
	assert_int_equal(look(d, HOST, 4, one, 9, 5, &e, &got), CORE_DUP_ANSWERED);
	assert_int_equal(look(d, HOST, 2, one, 9, 5, &e, &got), CORE_DUP_NEW); /* forgotten */
	core_dup_free(d);
}

static void test_what_is_in_flight_is_kept_however_old(void **state)
{
	struct core_dup *d = dup_new(100);
	struct core_dup_entry *e, *other;
	struct ipc_device_action_answer a = { .result_code = 2001 }, got;
	struct told told = { .n = 0 };

	(void)state;
	assert_int_equal(look(d, HOST, 1, one, 1, 0, &e, &got), CORE_DUP_NEW);
	assert_int_equal(look(d, HOST, 2, one, 2, 10ull * WINDOW_MS, &other, &got), CORE_DUP_NEW);
	core_dup_settle(d, e, &a, tell, &told);
	assert_int_equal(told.n, 1);
	core_dup_free(d);
}

static void test_more_copies_than_may_wait_push_out_the_oldest(void **state)
{
	struct core_dup *d = dup_new(100);
	struct core_dup_entry *e, *none;
	struct ipc_device_action_answer a = { .result_code = 2001 }, got;
	struct told told = { .n = 0 };

	(void)state;
	assert_int_equal(look(d, HOST, 1, one, 0, 0, &e, &got), CORE_DUP_NEW);
	for (uint64_t i = 1; i <= CORE_DUP_WAITERS_MAX + 3; i++) {
		assert_int_equal(look(d, HOST, 1, one, i, 0, &none, &got), CORE_DUP_IN_FLIGHT);
	}
	core_dup_settle(d, e, &a, tell, &told);
	assert_int_equal(told.n, CORE_DUP_WAITERS_MAX);
	assert_int_equal(told.transactions[told.n - 1], CORE_DUP_WAITERS_MAX + 3);
	core_dup_free(d);
}

static void test_a_restored_request_has_its_answer_or_waits_for_one(void **state)
{
	struct core_dup *d = dup_new(100);
	struct core_dup_entry *e = NULL, *none = NULL;
	struct ipc_device_action_answer a = { .result_code = 2001, .request_status = 201 }, got;
	struct told told = { .n = 0 };

	(void)state;
	assert_int_equal(core_dup_restore(d, HOST, 1, one, &a, 0, &none), 0);
	assert_int_equal(core_dup_restore(d, HOST, 2, one, NULL, 0, &e), 0);
	assert_int_equal(core_dup_restore(d, HOST, 2, one, NULL, 0, &none), ERR_EXISTS);
	assert_int_equal(look(d, HOST, 1, one, 5, 1, &none, &got), CORE_DUP_ANSWERED);
	assert_int_equal(got.request_status, 201);
	assert_int_equal(look(d, HOST, 2, one, 6, 1, &none, &got), CORE_DUP_IN_FLIGHT);
	core_dup_settle(d, e, &a, tell, &told);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.transactions[0], 6);
	core_dup_free(d);
}

/* The same requests come again whether they are older or later than what was answered meanwhile. */
static void test_a_restored_request_is_entered_while_there_is_room(void **state)
{
	struct core_dup *d = dup_new(4);
	struct core_dup_entry *none = NULL;
	struct ipc_device_action_answer a = { .result_code = 2001 }, got;

	(void)state;
	assert_int_equal(core_dup_restore(d, HOST, 1, one, &a, 1000, &none), 0);
	assert_int_equal(core_dup_restore(d, HOST, 2, one, &a, 500, &none), 0);
	assert_int_equal(core_dup_restore(d, HOST, 3, one, &a, 1500, &none), 0);
	for (uint32_t id = 1; id <= 3; id++) {
		assert_int_equal(look(d, HOST, id, one, id, 1600, &none, &got), CORE_DUP_ANSWERED);
	}
	core_dup_free(d);
}

/* A core takes requests while it enters what its journal has of older ones. */
static void test_a_restored_request_does_not_push_out_a_later_one(void **state)
{
	struct ipc_device_action_answer a = { .result_code = 2001 }, got;
	struct core_dup_entry *e, *none = NULL;
	struct core_dup *d = dup_new(2);
	struct told told = { .n = 0 };

	(void)state;
	for (uint32_t i = 1; i <= 2; i++) {
		assert_int_equal(look(d, HOST, i, one, i, 1000, &e, &got), CORE_DUP_NEW);
		core_dup_settle(d, e, &a, tell, &told);
	}
	assert_int_equal(core_dup_restore(d, HOST, 3, one, &a, 500, &none), 0);
	assert_int_equal(core_dup_dropped(d), 1);
	for (uint32_t i = 1; i <= 2; i++) {
		assert_int_equal(look(d, HOST, i, one, 9, 1001, &e, &got), CORE_DUP_ANSWERED);
	}
	assert_int_equal(core_dup_restore(d, HOST, 4, one, &a, 1000, &none), 0); /* as old: one of them */
	assert_int_equal(core_dup_count(d), 2);
	core_dup_free(d);
}

static void test_the_answer_of_a_request_is_known_within_its_window(void **state)
{
	struct core_dup *d = dup_new(2);
	struct core_dup_entry *e = NULL;
	struct ipc_device_action_answer a = { .result_code = 2001, .request_status = 0 }, got = { 0 };
	struct told told = { .n = 0 };

	(void)state;
	assert_false(core_dup_answer_of(d, HOST, 9, 0, &got)); /* nobody asked */
	assert_int_equal(look(d, HOST, 9, one, 1, 0, &e, &got), CORE_DUP_NEW);
	assert_false(core_dup_answer_of(d, HOST, 9, 0, &got)); /* not answered */
	core_dup_settle(d, e, &a, tell, &told);
	assert_false(core_dup_answer_of(d, HOST, 9, WINDOW_MS, &got)); /* past its window */
	assert_true(core_dup_answer_of(d, HOST, 9, WINDOW_MS - 1, &got));
	assert_int_equal(got.result_code, 2001);
	core_dup_free(d);
}

/* Requests that wait for their answer are never looked at to make room for others, however many they are. */
static void test_making_room_costs_no_look_at_what_waits(void **state)
{
	struct core_dup *d = dup_new(10);
	struct core_dup_entry *waits, *e;
	struct ipc_device_action_answer a = { .result_code = 2001 }, got;
	struct told told = { .n = 0 };

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) { /* more than may be remembered */
		assert_int_equal(look(d, HOST, i, one, i, 0, &waits, &got), CORE_DUP_NEW);
	}
	for (uint32_t i = 0; i < 20; i++) {
		assert_int_equal(look(d, HOST, 5000 + i, one, i, WINDOW_MS * i, &e, &got), CORE_DUP_NEW);
		core_dup_settle(d, e, &a, tell, &told);
	}
	assert_in_range(core_dup_looked_at(d), 1, 40);
	core_dup_free(d);
}

/* One that came before another and was answered after it is past its window first. */
static void test_an_id_that_comes_again_after_its_window_is_new_whatever_was_answered_when(void **state)
{
	struct core_dup *d = dup_new(100);
	struct core_dup_entry *first, *second, *again;
	struct ipc_device_action_answer a = { .result_code = 2001 }, got;
	struct told told = { .n = 0 };

	(void)state;
	assert_int_equal(look(d, HOST, 1, one, 1, 0, &first, &got), CORE_DUP_NEW);
	assert_int_equal(look(d, HOST, 2, one, 2, 5000, &second, &got), CORE_DUP_NEW);
	core_dup_settle(d, second, &a, tell, &told);
	core_dup_settle(d, first, &a, tell, &told);
	assert_int_equal(look(d, HOST, 1, one, 3, WINDOW_MS, &again, &got), CORE_DUP_NEW);
	assert_int_equal(core_dup_count(d), 2);
	assert_int_equal(look(d, HOST, 2, one, 4, WINDOW_MS, &again, &got), CORE_DUP_ANSWERED);
	core_dup_free(d);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_copy_in_flight_waits_with_the_first_and_both_are_told),
		cmocka_unit_test(test_the_same_id_with_other_content_differs_before_and_after_the_answer),
		cmocka_unit_test(test_another_host_or_another_id_is_another_request),
		cmocka_unit_test(test_after_the_window_the_id_may_be_used_again),
		cmocka_unit_test(test_when_full_the_oldest_answered_goes_and_is_counted),
		cmocka_unit_test(test_what_is_in_flight_is_kept_however_old),
		cmocka_unit_test(test_more_copies_than_may_wait_push_out_the_oldest),
		cmocka_unit_test(test_a_restored_request_has_its_answer_or_waits_for_one),
		cmocka_unit_test(test_a_restored_request_is_entered_while_there_is_room),
		cmocka_unit_test(test_a_restored_request_does_not_push_out_a_later_one),
		cmocka_unit_test(test_the_answer_of_a_request_is_known_within_its_window),
		cmocka_unit_test(test_making_room_costs_no_look_at_what_waits),
		cmocka_unit_test(test_an_id_that_comes_again_after_its_window_is_new_whatever_was_answered_when),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
