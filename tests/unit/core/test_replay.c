/* Replays: what comes again after it was finished, and is no copy (core_replay.h). First the table, then the core with it. */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "tests/unit/core/core_play.h"

#define WINDOW_MS 1000u

static const uint8_t content_a[HASH_LEN] = { 1 }, content_b[HASH_LEN] = { 2 };

static struct core_replay_request request(const char *host, uint64_t session_id, uint32_t end_to_end, const uint8_t *digest)
{
	return (struct core_replay_request){ host, strlen(host), session_id, end_to_end, digest };
}

static void finish(struct core_replay *r, const char *host, uint64_t session_id, uint64_t now_ms)
{
	struct core_replay_request q = request(host, session_id, 7, content_a);

	core_replay_finish(r, &q, now_ms);
}

static bool known(struct core_replay *r, const char *host, uint64_t session_id, uint64_t now_ms)
{
	struct core_replay_request q = request(host, session_id, 8, content_a);

	return core_replay_look(r, &q, now_ms) != CORE_REPLAY_NONE;
}

static void test_each_kind_is_told_apart(void **state)
{
	struct core_replay_request first = request("a", 1, 7, content_a), id = request("a", 1, 8, content_a),
				   content = request("a", 1, 7, content_b);
	struct core_replay *r;

	(void)state;
	assert_int_equal(core_replay_new(&r, 100, WINDOW_MS), 0);
	assert_int_equal(core_replay_look(r, &first, 0), CORE_REPLAY_NONE);
	core_replay_finish(r, &first, 0);
	assert_int_equal(core_replay_look(r, &id, 10), CORE_REPLAY_OTHER_ID);
	assert_int_equal(core_replay_look(r, &content, 10), CORE_REPLAY_OTHER_CONTENT);
	assert_int_equal(core_replay_look(r, &first, 10), CORE_REPLAY_LATE);
	core_replay_free(r);
}

/* Two SCSs may choose the same Session-Id, for all the gateway knows. */
static void test_a_session_id_is_of_one_scs(void **state)
{
	struct core_replay *r;

	(void)state;
	assert_int_equal(core_replay_new(&r, 100, WINDOW_MS), 0);
	finish(r, "a", 1, 0);
	assert_true(known(r, "a", 1, 10));
	assert_false(known(r, "b", 1, 10));
	assert_false(known(r, "a", 2, 10));
	core_replay_free(r);
}

static void test_it_is_forgotten_after_the_window(void **state)
{
	struct core_replay *r;

	(void)state;
	assert_int_equal(core_replay_new(&r, 100, WINDOW_MS), 0);
	finish(r, "a", 1, 0);
	assert_true(known(r, "a", 1, WINDOW_MS - 1));
	assert_false(known(r, "a", 1, WINDOW_MS));
	finish(r, "a", 2, WINDOW_MS);
	assert_int_equal(core_replay_count(r), 1); /* the memory is free, too */
	assert_int_equal(core_replay_forgotten(r), 0);
	core_replay_free(r);
}

static void test_a_request_without_a_known_session_id_is_none(void **state)
{
	struct core_replay *r;

	(void)state;
	assert_int_equal(core_replay_new(&r, 100, WINDOW_MS), 0);
	finish(r, "a", 0, 0);
	assert_int_equal(core_replay_count(r), 0);
	assert_false(known(r, "a", 0, 0));
	core_replay_free(r);
}

static void test_the_newer_request_takes_the_place(void **state)
{
	struct core_replay *r;

	(void)state;
	assert_int_equal(core_replay_new(&r, 100, WINDOW_MS), 0);
	finish(r, "a", 1, 0);
	finish(r, "a", 1, 900);
	assert_int_equal(core_replay_count(r), 1);
	assert_true(known(r, "a", 1, WINDOW_MS + 500));
	core_replay_free(r);
}

/* An SCS that asks much makes the gateway forget what is its own, and nothing of one that asks little. */
static void test_a_full_table_is_shared(void **state)
{
	struct core_replay *r;

	(void)state;
	assert_int_equal(core_replay_new(&r, 100, WINDOW_MS), 0);
	for (uint64_t i = 1; i <= 10; i++) {
		finish(r, "little", i, 0);
	}
	for (uint64_t i = 1; i <= 10000; i++) {
		finish(r, "much", i, 1);
		assert_true(core_replay_count(r) <= 100);
	}
	for (uint64_t i = 1; i <= 10; i++) {
		assert_true(known(r, "little", i, 2));
	}
	assert_true(known(r, "much", 10000, 2));
	assert_false(known(r, "much", 1, 2));
	assert_int_equal(core_replay_forgotten(r), 10000 - 90);
	for (uint64_t i = 11; i <= 60; i++) {
		finish(r, "little", i, 2); /* up to its share, although the table is full of the other */
	}
	assert_true(known(r, "little", 60, 2));
	assert_int_equal(core_replay_count(r), 100);
	core_replay_free(r);
}

/* -- in the core */

static struct ipc_device_action with_session_id(uint32_t end_to_end, uint64_t session_id)
{
	struct ipc_device_action a = core_play_action(1, "meter-1@b.example", 1); /* refused at once: no rule */

	a.end_to_end = end_to_end;
	a.session_id = session_id;
	return a;
}

static int start(void **state)
{
	struct ipc_session_open open = core_play_session("scs.acme.example", "anchor-a");

	core_play_setup(state);
	assert_true(core_play_open(*state, 1, &open).admitted);
	assert_true(core_play_open(*state, 2, &open).admitted);
	return 0;
}

static uint64_t replays(const struct core_play *p)
{
	return p->core->st.v[ST_REPLAYS];
}

static void test_a_copy_on_another_connection_is_a_copy(void **state)
{
	struct ipc_device_action a = with_session_id(5, 77);
	struct core_play *p = *state;

	assert_int_equal(core_play_ask(p, 10, &a), TSP_STATUS_NOTAUTHORIZED);
	a.session = 2;
	assert_int_equal(core_play_ask(p, 11, &a), TSP_STATUS_NOTAUTHORIZED); /* without T */
	a.retransmitted = true;
	assert_int_equal(core_play_ask(p, 12, &a), TSP_STATUS_NOTAUTHORIZED);
	assert_int_equal(p->core->st.v[ST_DUPLICATES], 2);
	assert_int_equal(replays(p), 0);
}

static void test_a_finished_session_id_under_another_id_is_detected(void **state)
{
	struct ipc_device_action a = with_session_id(5, 77);
	struct core_play *p = *state;

	assert_int_equal(core_play_ask(p, 10, &a), TSP_STATUS_NOTAUTHORIZED);
	a.end_to_end = 6;
	assert_int_equal(core_play_ask(p, 11, &a), TSP_STATUS_NOTAUTHORIZED); /* judged as ever */
	assert_int_equal(replays(p), 1);
	a.end_to_end = 7;
	a.session_id = 78;
	assert_int_equal(core_play_ask(p, 12, &a), TSP_STATUS_NOTAUTHORIZED);
	assert_int_equal(replays(p), 1);
}

static void test_where_it_is_configured_it_is_refused(void **state)
{
	struct ipc_device_action a = with_session_id(5, 77);
	struct core_play *p = *state;

	p->cfg->replay.mode = CFG_REPLAY_REFUSE;
	assert_int_equal(core_play_ask(p, 10, &a), TSP_STATUS_NOTAUTHORIZED);
	assert_int_equal(core_play_ask(p, 11, &a), TSP_STATUS_NOTAUTHORIZED); /* a copy */
	a.end_to_end = 6;
	assert_int_equal(core_play_ask(p, 12, &a), TSP_STATUS_PERMANENTERROR);
	assert_int_equal(core_play_ask(p, 13, &a), TSP_STATUS_PERMANENTERROR); /* a copy of the refused one */
	assert_int_equal(replays(p), 1);
	assert_int_equal(p->core->st.v[ST_DUPLICATES], 2);
}

static void test_after_the_window_of_duplicates_a_copy_is_a_replay(void **state)
{
	struct ipc_device_action a = with_session_id(5, 77);
	struct core_play *p = *state;

	core_dup_free(p->core->dup); /* a window of 1 ms */
	assert_int_equal(core_dup_new(&p->core->dup, 1024, 1), 0);
	assert_int_equal(core_play_ask(p, 10, &a), TSP_STATUS_NOTAUTHORIZED);
	core_play_turns(p, 3); /* each takes 1 ms at least */
	assert_int_equal(core_play_ask(p, 11, &a), TSP_STATUS_NOTAUTHORIZED);
	assert_int_equal(replays(p), 1);
}

static void test_another_content_is_refused_and_counted_as_a_replay(void **state)
{
	struct ipc_device_action a = with_session_id(5, 77);
	struct core_play *p = *state;

	assert_int_equal(core_play_ask(p, 10, &a), TSP_STATUS_NOTAUTHORIZED);
	a.reference = 2;
	assert_int_equal(core_play_ask(p, 11, &a), TSP_STATUS_PERMANENTERROR); /* duplicate-differs, in every mode */
	assert_int_equal(replays(p), 1);
}

#define IN_CORE(name) cmocka_unit_test_setup_teardown(name, start, core_play_teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind_is_told_apart),
		cmocka_unit_test(test_a_session_id_is_of_one_scs),
		cmocka_unit_test(test_it_is_forgotten_after_the_window),
		cmocka_unit_test(test_a_request_without_a_known_session_id_is_none),
		cmocka_unit_test(test_the_newer_request_takes_the_place),
		cmocka_unit_test(test_a_full_table_is_shared),
		IN_CORE(test_a_copy_on_another_connection_is_a_copy),
		IN_CORE(test_a_finished_session_id_under_another_id_is_detected),
		IN_CORE(test_where_it_is_configured_it_is_refused),
		IN_CORE(test_after_the_window_of_duplicates_a_copy_is_a_replay),
		IN_CORE(test_another_content_is_refused_and_counted_as_a_replay),
	};

	return cmocka_run_group_tests_name("core replay", tests, NULL, NULL);
}
