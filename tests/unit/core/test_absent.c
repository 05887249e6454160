/* How often an SCS may learn that a device is absent (core_absent.h). First the table, then a core that judges by it. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/core_absence.h"
#include "core/core_absent.h"
#include "tests/unit/core/core_play.h"

#define WINDOW_MS 1000u
#define METER "meter-1@a.example"

static int begin(void **state)
{
	struct core_absents *a;

	assert_int_equal(core_absents_new(&a, 4, WINDOW_MS), 0);
	*state = a;
	return 0;
}

static int end(void **state)
{
	core_absents_free(*state);
	return 0;
}

static void learn(struct core_absents *a, const char *scs, const char *device, unsigned times, uint64_t now_ms)
{
	while (times--) {
		core_absent_count(a, scs, device, 5, now_ms);
	}
}

static void test_as_often_as_the_window_holds(void **state)
{
	struct core_absents *a = *state;

	learn(a, "491", METER, 4, 10);
	assert_false(core_absent_over(a, "491", METER, 5, 10));
	learn(a, "491", METER, 1, 10);
	assert_true(core_absent_over(a, "491", METER, 5, 10));
	assert_true(core_absent_over(a, "491", METER, 5, 10 + WINDOW_MS / 5 - 1));
	assert_false(core_absent_over(a, "491", METER, 5, 10 + WINDOW_MS / 5));
}

static void test_answers_come_back_one_by_one(void **state)
{
	struct core_absents *a = *state;
	uint64_t now_ms = 10 + WINDOW_MS / 5;

	learn(a, "491", METER, 5, 10);
	assert_false(core_absent_over(a, "491", METER, 5, now_ms));
	learn(a, "491", METER, 1, now_ms);
	assert_true(core_absent_over(a, "491", METER, 5, now_ms));
	learn(a, "491", METER, 1, now_ms + WINDOW_MS); /* long ago: the bucket is full but for this one */
	assert_false(core_absent_over(a, "491", METER, 5, now_ms + WINDOW_MS));
}

static void test_each_scs_and_device_has_its_own(void **state)
{
	struct core_absents *a = *state;

	learn(a, "491", METER, 5, 10);
	assert_false(core_absent_over(a, "492", METER, 5, 10));
	assert_false(core_absent_over(a, "491", "meter-10@a.example", 5, 10));
	assert_false(core_absent_over(a, "491", "meter-1@a.exampl", 5, 10));
	assert_int_equal(core_absents_n(a), 1);
}

static void test_no_name_is_never_over(void **state)
{
	struct core_absents *a = *state;

	learn(a, "491", "", 9, 10);
	learn(a, "491", NULL, 9, 10);
	assert_false(core_absent_over(a, "491", "", 1, 10));
	assert_false(core_absent_over(a, "491", NULL, 1, 10));
	assert_int_equal(core_absents_n(a), 0);
}

/* A limit that was set meanwhile holds at once. */
static void test_the_limit_is_the_one_in_force(void **state)
{
	struct core_absents *a = *state;

	learn(a, "491", METER, 2, 10);
	assert_false(core_absent_over(a, "491", METER, 5, 10));
	assert_true(core_absent_over(a, "491", METER, 1, 10));
	assert_true(core_absent_over(a, "491", METER, 2, 10));
	assert_false(core_absent_over(a, "491", METER, 3, 10));
}

static void test_a_limit_above_the_milliseconds_of_the_window(void **state)
{
	struct core_absents *a = *state;

	for (unsigned i = 0; i < 1000000; i++) {
		core_absent_count(a, "491", METER, 1000000, 10);
	}
	assert_true(core_absent_over(a, "491", METER, 1000000, 10));
	assert_false(core_absent_over(a, "491", METER, 1000000, 11));
}

/* The table of four: an SCS with many devices pays with its own. */
static void test_a_full_table_is_shared(void **state)
{
	struct core_absents *a = *state;
	char device[16];

	learn(a, "491", "quiet@a", 5, 10);
	for (unsigned i = 0; i < 20; i++) {
		snprintf(device, sizeof device, "d%u@b", i);
		learn(a, "492", device, 5, 11);
	}
	assert_int_equal(core_absents_n(a), 4);
	assert_int_equal(core_absents_forgotten(a), 17);
	assert_true(core_absent_over(a, "491", "quiet@a", 5, 12));
	assert_false(core_absent_over(a, "492", "d0@b", 5, 12));
	assert_true(core_absent_over(a, "492", "d19@b", 5, 12));
}

static void test_full_buckets_free_their_memory(void **state)
{
	struct core_absents *a = *state;

	learn(a, "491", METER, 1, 10);
	learn(a, "492", METER, 1, 10);
	learn(a, "493", METER, 1, 10 + WINDOW_MS);
	assert_int_equal(core_absents_n(a), 1);
	assert_int_equal(core_absents_forgotten(a), 0);
}

/* -- the core */

static int start(void **state)
{
	struct ipc_session_open open = core_play_session("scs.acme.example", "anchor-a");

	core_play_setup(state);
	assert_true(core_play_open(*state, 1, &open).admitted);
	return 0;
}

static void test_the_core_refuses_before_it_asks_the_hss(void **state)
{
	struct ipc_device_action a = core_play_action(1, METER, 1), b = core_play_action(1, "meter-2@a.example", 2);
	struct core_play *p = *state;
	uint64_t now_ms = core_now_ms(p->core);

	for (unsigned i = 0; i < p->cfg->privacy.absent_answers; i++) {
		core_absent_count(p->core->absents, "491720000001", METER, p->cfg->privacy.absent_answers, now_ms);
	}
	assert_int_equal(core_play_ask(p, 10, &a), TSP_STATUS_RATEEXCEEDED);
	assert_int_equal(p->core->st.v[ST_ABSENT_REFUSED], 1);
	assert_int_not_equal(core_play_ask(p, 11, &b), TSP_STATUS_RATEEXCEEDED);
	a.action_type = TSP_ACTION_RECALL; /* asks nothing about the device */
	a.end_to_end = 9;
	a.old_reference = (struct ipc_opt_u32){ 1, true };
	assert_int_not_equal(core_play_ask(p, 12, &a), TSP_STATUS_RATEEXCEEDED);
}

/* Who may not trigger the device is told so, and nothing else. */
static void test_a_stranger_learns_nothing(void **state)
{
	struct ipc_device_action a = core_play_action(1, "meter-1@b.example", 1);
	struct core_play *p = *state;

	for (unsigned i = 0; i < p->cfg->privacy.absent_answers; i++) {
		core_absent_count(p->core->absents, "491720000001", "meter-1@b.example", p->cfg->privacy.absent_answers,
				  core_now_ms(p->core));
	}
	assert_int_equal(core_play_ask(p, 10, &a), TSP_STATUS_NOTAUTHORIZED);
	assert_int_equal(p->core->st.v[ST_ABSENT_REFUSED], 0);
}

static struct core_trigger *trigger(struct core_play *p, const char *external, const char *msisdn, uint32_t reference)
{
	struct trg_request r = { .scs = "acme",
				 .scs_e164 = "491720000001",
				 .origin_host = "scs.acme.example",
				 .origin_realm = "acme.example",
				 .external = external,
				 .msisdn = msisdn,
				 .groups = "",
				 .action = TSP_ACTION_TRIGGER,
				 .reference = reference,
				 .received_ms = core_now_ms(p->core),
				 .expires_ms = core_now_ms(p->core) + 600000 };
	struct core_trigger *t;

	assert_int_equal(core_trigger_new(&t, p->core, core_scs_get(p->core, "acme"), &r), 0);
	return t;
}

/* Another name of the same device is no new chance. */
static void test_what_was_learnt_counts_for_each_name_of_the_device(void **state)
{
	static const struct {
		const char *external, *msisdn, *imsi;
		bool over;
	} others[] = { { METER, "", "262019999999999", true },
		       { "", "491700000001", "262019999999999", true },
		       { "meter-2@a.example", "", "262011111111111", true },
		       { "meter-2@a.example", "491700000002", "262019999999999", false } };
	struct core_play *p = *state;
	struct core_trigger *t = trigger(p, METER, "491700000001", 1);

	for (unsigned i = 0; i < p->cfg->privacy.absent_answers; i++) {
		assert_false(core_absence_over_now(t, "262011111111111"));
		core_absence_learnt(t, "262011111111111");
	}
	assert_int_equal(p->core->st.v[ST_ABSENT_ANSWERS], p->cfg->privacy.absent_answers);
	for (uint32_t i = 0; i < sizeof others / sizeof *others; i++) {
		t = trigger(p, others[i].external, others[i].msisdn, 2 + i);
		assert_int_equal(core_absence_over_now(t, others[i].imsi), others[i].over);
	}
}

#define TABLE(name) cmocka_unit_test_setup_teardown(name, begin, end)
#define IN_CORE(name) cmocka_unit_test_setup_teardown(name, start, core_play_teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		TABLE(test_as_often_as_the_window_holds),
		TABLE(test_answers_come_back_one_by_one),
		TABLE(test_each_scs_and_device_has_its_own),
		TABLE(test_no_name_is_never_over),
		TABLE(test_the_limit_is_the_one_in_force),
		TABLE(test_a_limit_above_the_milliseconds_of_the_window),
		TABLE(test_a_full_table_is_shared),
		TABLE(test_full_buckets_free_their_memory),
		IN_CORE(test_the_core_refuses_before_it_asks_the_hss),
		IN_CORE(test_a_stranger_learns_nothing),
		IN_CORE(test_what_was_learnt_counts_for_each_name_of_the_device),
	};

	return cmocka_run_group_tests_name("core absent", tests, NULL, NULL);
}
