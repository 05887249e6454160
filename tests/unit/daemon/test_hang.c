/* When a process that does not turn its loop any more counts as hung. */
#include "tests/unit/test.h"

#include "daemon/dm_hang.h"
#include "daemon/dm_key_check.h"

#define LIMIT UINT64_C(30000)
#define LOOK UINT64_C(1000)

static void silence_for_the_limit_is_a_hang(void **state)
{
	struct dm_hang h;

	(void)state;
	assert_int_equal(dm_hang_look_ms(LIMIT), LOOK);
	dm_hang_begin(&h, 7);
	for (uint64_t at = LOOK; at < LIMIT; at += LOOK) {
		assert_false(dm_hang_look(&h, 7, LOOK, LIMIT));
	}
	assert_true(dm_hang_look(&h, 7, LOOK, LIMIT));
}

static void each_beat_begins_anew(void **state)
{
	struct dm_hang h;

	(void)state;
	dm_hang_begin(&h, 0);
	for (uint64_t n = 0; n < 100; n++) {
		assert_false(dm_hang_look(&h, n / 29, LOOK, LIMIT)); /* a beat every 29 s */
	}
	dm_hang_begin(&h, UINT64_MAX);
	assert_false(dm_hang_look(&h, 0, LIMIT, LIMIT)); /* the number goes round */
}

/* The parent did not run, so it did not see whether the others did: a machine that was suspended, a group that was stopped, a debugger at
 * the parent. */
static void a_late_look_counts_as_one_in_time(void **state)
{
	struct dm_hang h;

	(void)state;
	dm_hang_begin(&h, 7);
	assert_false(dm_hang_look(&h, 7, 24 * 3600 * UINT64_C(1000), LIMIT));
	assert_int_equal(h.silent_ms, 2 * LOOK);
	assert_false(dm_hang_look(&h, 8, LOOK, LIMIT));
	assert_int_equal(h.silent_ms, 0);
	dm_hang_begin(&h, 7);
	for (int i = 0; i < 14; i++) {
		assert_false(dm_hang_look(&h, 7, LIMIT, LIMIT)); /* again and again: what it saw counts */
	}
	assert_true(dm_hang_look(&h, 7, LIMIT, LIMIT));
}

/* What the parent waits for is not late when the parent is. */
static void a_timer_far_too_late_means_that_the_parent_stood_still(void **state)
{
	(void)state;
	assert_false(dm_hang_stood(7000, 12000, 5000));
	assert_false(dm_hang_stood(7000, 12000 + DM_HANG_LATE_MS, 5000));
	assert_true(dm_hang_stood(7000, 12001 + DM_HANG_LATE_MS, 5000));
	assert_true(dm_hang_stood(7000, 42000, 5000));
}

static void short_limits_are_looked_at_more_often(void **state)
{
	struct dm_hang h;
	uint64_t looks = 0;

	(void)state;
	assert_int_equal(dm_hang_look_ms(1000), 100);
	assert_int_equal(dm_hang_look_ms(3600000), 1000);
	assert_int_equal(dm_hang_look_ms(1), 1);
	dm_hang_begin(&h, 7);
	while (!dm_hang_look(&h, 7, 100, 1000)) {
		looks++;
	}
	assert_int_equal(looks, 9);
}

static void what_the_kernel_says_may_excuse(void **state)
{
	(void)state;
	assert_int_equal(dm_hang_state("4710 (mtc-iwfd) T 1 4710 4710 0"), 'T');
	assert_int_equal(dm_hang_state("4710 (a) D (b) S 1 4710"), 'S');
	assert_int_equal(dm_hang_state("4710 (mtc-iwfd)"), 0);
	assert_int_equal(dm_hang_state(""), 0);
	assert_non_null(dm_hang_excuse('D'));
	assert_non_null(dm_hang_excuse('t'));
	for (const char *state_letter = "TRSZXI"; *state_letter; state_letter++) {
		assert_null(dm_hang_excuse(*state_letter));
	}
	assert_null(dm_hang_excuse(0));
}

static void a_start_and_a_token_have_more_time(void **state)
{
	(void)state;
	assert_int_equal(dm_hang_limit_ms(1000, false, false), 1000);
	assert_int_equal(dm_hang_limit_ms(1000, true, false), DM_HANG_START_MS);
	assert_int_equal(dm_hang_limit_ms(1000, false, true), DM_HANG_TOKEN_MS);
	assert_int_equal(dm_hang_limit_ms(1000, true, true), DM_HANG_TOKEN_MS);
	assert_int_equal(dm_hang_limit_ms(LIMIT, true, true), LIMIT);
	assert_true(DM_HANG_TOKEN_MS > KEY_CHECK_WAIT_MS);
}

static void time_on_a_processor_is_read(void **state)
{
	(void)state;
	assert_int_equal(dm_hang_ran_ns("123456789012 4711 12\n"), UINT64_C(123456789012));
	assert_int_equal(dm_hang_ran_ns(""), 0);
	assert_int_equal(dm_hang_ran_ns("what"), 0);
}

static void the_log_says_what_to_look_at(void **state)
{
	(void)state;
	assert_non_null(strstr(dm_hang_advice('T', true), "SIGSTOP"));
	assert_non_null(strstr(dm_hang_advice('S', true), "PKCS#11 module or its token"));
	assert_non_null(strstr(dm_hang_advice('R', false), "computes"));
	assert_non_null(strstr(dm_hang_advice('S', false), "did last"));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_for_the_limit_is_a_hang),
		cmocka_unit_test(each_beat_begins_anew),
		cmocka_unit_test(a_late_look_counts_as_one_in_time),
		cmocka_unit_test(short_limits_are_looked_at_more_often),
		cmocka_unit_test(a_timer_far_too_late_means_that_the_parent_stood_still),
		cmocka_unit_test(what_the_kernel_says_may_excuse),
		cmocka_unit_test(a_start_and_a_token_have_more_time),
		cmocka_unit_test(time_on_a_processor_is_read),
		cmocka_unit_test(the_log_says_what_to_look_at),
	};

	return cmocka_run_group_tests_name("daemon hang", tests, NULL, NULL);
}
