/* The triggers that ended last, and what is known of them. */
#include "tests/unit/test.h"

#include "core/core_finished.h"

static struct core_trigger_view past(const char *scs, uint32_t reference)
{
	static const struct trg_history_entry history[] = { { 1000, TRG_IDLE, TRG_ASKING, TRG_EV_START, 0 },
							    { 1100, TRG_ASKING, TRG_DONE, TRG_EV_SUBSCRIBER_NO, 7 } };

	return (struct core_trigger_view){ .scs = scs,
					   .device = "meter-7@a.example",
					   .transaction = "1-000007",
					   .address = "",
					   .rule = "allow acme *@a.example",
					   .accepted_by = "",
					   .reference = reference,
					   .history = history,
					   .history_n = 2 };
}

static bool add(struct core_finished *e, const char *scs, uint32_t reference)
{
	char name[16]; /* gone afterwards: what is kept is a copy */
	struct core_trigger_view p;

	snprintf(name, sizeof name, "%s", scs);
	p = past(name, reference);
	return core_finished_add(e, &p);
}

static void test_what_ended_is_known_whole(void **state)
{
	const struct core_trigger_view *found;
	struct core_finished *e;

	(void)state;
	assert_int_equal(core_finished_new(&e, 3), 0);
	assert_null(core_finished_find(e, NULL, 41));
	assert_false(add(e, "acme", 41));
	found = core_finished_find(e, "acme", 41);
	assert_non_null(found);
	assert_string_equal(found->scs, "acme");
	assert_string_equal(found->device, "meter-7@a.example");
	assert_string_equal(found->rule, "allow acme *@a.example");
	assert_string_equal(found->accepted_by, "");
	assert_int_equal(found->history_n, 2);
	assert_int_equal(found->history[1].event, TRG_EV_SUBSCRIBER_NO);
	assert_int_equal(found->history[1].reason, 7);
	assert_null(core_finished_find(e, "beta", 41));
	assert_ptr_equal(core_finished_find(e, NULL, 41), found);
	core_finished_free(e);
}

static void test_a_number_used_again_is_the_newer_one(void **state)
{
	struct core_finished *e;

	(void)state;
	assert_int_equal(core_finished_new(&e, 3), 0);
	add(e, "acme", 41);
	add(e, "beta", 41);
	assert_string_equal(core_finished_find(e, NULL, 41)->scs, "beta");
	assert_string_equal(core_finished_find(e, "acme", 41)->scs, "acme");
	core_finished_free(e);
}

static void test_the_oldest_goes_and_that_is_said(void **state)
{
	struct core_finished *e;

	(void)state;
	assert_int_equal(core_finished_new(&e, 3), 0);
	for (uint32_t i = 1; i <= 3; i++) {
		assert_false(add(e, "acme", i));
	}
	assert_true(add(e, "acme", 4));
	assert_int_equal(core_finished_count(e), 3);
	assert_null(core_finished_find(e, "acme", 1));
	assert_non_null(core_finished_find(e, "acme", 2));
	assert_non_null(core_finished_find(e, "acme", 4));
	core_finished_free(e);
}

static void test_nothing_is_kept_when_nothing_may_be(void **state)
{
	struct core_finished *e;

	(void)state;
	assert_int_equal(core_finished_new(&e, 0), 0);
	assert_false(add(e, "acme", 1));
	assert_int_equal(core_finished_count(e), 0);
	assert_null(core_finished_find(e, "acme", 1));
	core_finished_free(e);
	core_finished_free(NULL);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_ended_is_known_whole),
		cmocka_unit_test(test_a_number_used_again_is_the_newer_one),
		cmocka_unit_test(test_the_oldest_goes_and_that_is_said),
		cmocka_unit_test(test_nothing_is_kept_when_nothing_may_be),
	};

	return cmocka_run_group_tests_name("ended", tests, NULL, NULL);
}
