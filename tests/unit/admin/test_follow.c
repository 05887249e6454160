/* Decisions as they are made, what a slow reader misses, and what the policy would answer to a request that is replayed. */
#include "tests/unit/admin/adm_play.h"

static int setup(void **state)
{
	ctl_fake_waiting = 0;
	return play_start(state);
}

static void decide(struct play *p, const char *scs, const char *device)
{
	core_decide_provisioning(p->core.core, "uid 7", "assoc.add", scs, device);
}

static const char *text_at(const struct ctl_answer *a, size_t i, const char *member)
{
	const char *text = json_string_value(json_object_get(json_array_get(a->rows, i), member));

	return text ? text : "";
}

static long long number_at(const struct ctl_answer *a, size_t i, const char *member)
{
	return json_integer_value(json_object_get(json_array_get(a->rows, i), member));
}

static void test_each_decision_that_matches_is_a_row(void **state)
{
	struct play *p = *state;
	const struct ctl_answer *all = ctl_fake_run("decisions.follow", "{}");
	const struct ctl_answer *one =
	    ctl_fake_run("decisions.follow", "{\"scs\":\"acme\",\"device\":\"a@b.example\",\"verdict\":\"accepted\"}");

	assert_int_equal(json_array_size(all->rows), 1); /* the subscription stands */
	decide(p, "acme", "a@b.example");
	decide(p, "acme", "b@b.example");
	decide(p, "beta", "a@b.example");
	assert_int_equal(json_array_size(all->rows), 4);
	assert_int_equal(json_array_size(one->rows), 2);
	assert_string_equal(text_at(one, 1, "address"), "uid 7");
	assert_string_equal(text_at(one, 1, "rule"), "assoc.add");
	assert_string_equal(text_at(all, 3, "scs"), "beta");
	assert_null(json_object_get(json_array_get(all->rows, 1), "reference")); /* it has none */
	assert_int_equal(all->times + one->times, 0);
}

static void test_a_slow_reader_is_told_what_it_missed(void **state)
{
	struct play *p = *state;
	const struct ctl_answer *a = ctl_fake_run("decisions.follow", "{}");

	decide(p, "acme", "1@b.example");
	ctl_fake_waiting = CTL_FAKE_WAITING_MAX;
	decide(p, "acme", "2@b.example");
	ctl_fake_waiting = CTL_FAKE_WAITING_MAX - 1; /* not enough again */
	decide(p, "acme", "3@b.example");
	ctl_fake_waiting = CTL_FAKE_WAITING_MAX / 2;
	decide(p, "acme", "4@b.example");
	assert_int_equal(json_array_size(a->rows), 4);
	assert_int_equal(number_at(a, 2, "dropped"), 2);
	assert_string_equal(text_at(a, 3, "device"), "4@b.example");
	assert_int_equal(st_get(&p->core.core->st, ST_FOLLOW_DROPPED), 2);
}

static void test_commands_keep_their_places(void **state)
{
	struct play *p = *state;
	const struct ctl_answer *a;

	p->core.cfg->limits.ctl_clients = 4;
	(void)ctl_fake_run("decisions.follow", "{}");
	(void)ctl_fake_run("decisions.follow", "{}");
	a = ctl_fake_run("decisions.follow", "{}");
	assert_false(a->ok);
	assert_non_null(strstr(a->error, "limits.control_clients"));
}

/* -- what would be answered now; meter-1@a.example in hexadecimal */
#define METER "6d657465722d3140612e6578616d706c65"
#define OTHER "6d657465722d3140782e6578616d706c65"
#define MORE ",\"reference\":1,\"action_type\":1,\"payload_len\":1"

static const char *judged(const char *args, const char *member)
{
	const struct ctl_answer *a = ctl_fake_run("requests.judge", args);
	const char *text = json_string_value(json_object_get(a->last, member));

	assert_true(a->ok);
	return text ? text : "";
}

static void test_the_policy_judges_as_on_the_way(void **state)
{
	struct play *p = *state;
	uint64_t decisions = st_get(&p->core.core->st, ST_DECISION_REFUSED) + st_get(&p->core.core->st, ST_DECISION_ACCEPTED);

	assert_string_equal(judged("{\"scs\":\"acme\",\"external\":\"" METER "\"" MORE "}", "status"), "SUCCESS");
	assert_string_equal(judged("{\"scs\":\"acme\",\"external\":\"" METER "\"" MORE "}", "device"), "meter-1@a.example");
	assert_string_equal(judged("{\"scs\":\"acme\",\"external\":\"" OTHER "\"" MORE "}", "reason"), "no-association");
	assert_string_equal(judged("{\"scs\":\"acme\"" MORE "}", "reason"), "no-device");
	assert_string_equal(judged("{\"scs\":\"acme\",\"external\":\"00\"" MORE "}", "reason"), "malformed-device");
	assert_string_equal(judged("{\"scs\":\"acme\",\"external\":\"" METER "\",\"reference\":1,\"action_type\":1}", "reason"),
			    "no-trigger-data");
	assert_string_equal(
	    judged("{\"scs\":\"acme\",\"external\":\"" METER "\",\"scs_identity\":\"947110325476\"" MORE "}", "reason"),
	    "foreign-scs-identity");
	assert_string_equal(judged("{\"scs\":\"acme\",\"external\":\"" METER
				   "\",\"reference\":1,\"action_type\":1,\"payload_len\":65535}",
				   "reason"),
			    "payload-too-long");
	assert_string_equal(
	    judged("{\"scs\":\"acme\",\"external\":\"" METER "\",\"reference\":1,\"action_type\":2,\"payload_len\":1}", "reason"),
	    "action-not-allowed");
	assert_int_equal(st_get(&p->core.core->st, ST_DECISION_REFUSED) + st_get(&p->core.core->st, ST_DECISION_ACCEPTED),
			 decisions);
	assert_false(ctl_fake_run("requests.judge", "{\"scs\":\"nobody\"" MORE "}")->ok);
	assert_false(ctl_fake_run("requests.judge", "{\"scs\":\"acme\",\"external\":\"xy\"" MORE "}")->ok);
}

TEST_GROUP()
{
#define PLAY(f) cmocka_unit_test_setup_teardown(f, setup, play_end)
	const struct CMUnitTest tests[] = {
		PLAY(test_each_decision_that_matches_is_a_row),
		PLAY(test_a_slow_reader_is_told_what_it_missed),
		PLAY(test_commands_keep_their_places),
		PLAY(test_the_policy_judges_as_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
