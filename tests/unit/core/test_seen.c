/* Lines about what rows of the screening detect, copies and replays: bounded in time, each SCS by itself, and nothing goes uncounted. */
#include "tests/unit/test.h"

#include "tests/unit/core/core_play.h"

#define SPAN_MS 60000u
#define MORE 7u

static uint64_t lines(const struct core_play *p)
{
	return st_get(&p->core->st, ST_DECISION_DETECTED);
}

static void test_an_edge_cannot_fill_the_decision_log_with_what_rows_detect(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_open open = core_play_session("scs.acme.example", "anchor-a");
	const struct ipc_screen_seen seen = { .end_to_end = 1, .rows = pol_row_bit(SCREEN_SIZES) | pol_row_bit(SCREEN_PLACES) };
	struct core_scs *scs;

	assert_true(core_play_open(p, 5, &open).admitted);
	scs = core_scs_find(p->core, "acme");
	for (unsigned i = 0; i < CORE_SEEN_A_MINUTE; i++) {
		core_play_send(p, ipc_screen_seen_put(p->record, p->generation, 5, &seen));
	}
	assert_int_equal(p->bad_edge, 0);
	assert_int_equal(lines(p), CORE_SEEN_A_MINUTE);
	assert_int_equal(scs->screened.left_out, CORE_SEEN_A_MINUTE);
	core_seen_look(p->core); /* the minute is not over */
	assert_int_equal(lines(p), CORE_SEEN_A_MINUTE);
	scs->screened.since_ms -= SPAN_MS;
	core_seen_look(p->core);
	assert_int_equal(lines(p), 2 * CORE_SEEN_A_MINUTE); /* one line, and it stands for all of them */
	assert_true(TAILQ_EMPTY(&p->core->seen.left_out));
	core_seen_look(p->core);
	assert_int_equal(lines(p), 2 * CORE_SEEN_A_MINUTE);
	core_play_send(p, ipc_screen_seen_put(p->record, p->generation, 5, &seen));
	assert_int_equal(lines(p), 2 * CORE_SEEN_A_MINUTE + 2);
	assert_int_equal(scs->screened.left_out, 0);
}

static void test_one_scs_does_not_hide_what_another_one_does(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_open open = core_play_session("scs.acme.example", "anchor-a");
	struct core_session *s;
	struct core_scs *other;

	assert_true(core_play_open(p, 5, &open).admitted);
	s = core_session_find(p->core, p->generation, 5);
	other = core_scs_get(p->core, "other");
	for (unsigned i = 0; i < CORE_SEEN_A_MINUTE + MORE; i++) {
		core_seen_row(p->core, s, SCREEN_SIZES);
	}
	assert_int_equal(lines(p), CORE_SEEN_A_MINUTE);
	s->scs = other;
	core_seen_row(p->core, s, SCREEN_SIZES);
	assert_int_equal(lines(p), CORE_SEEN_A_MINUTE + 1);
	s->scs = core_scs_find(p->core, "acme");
	s->scs->screened.since_ms -= SPAN_MS;
	core_seen_row(p->core, s, SCREEN_SIZES); /* tells of the ones before, and has a line itself */
	assert_int_equal(lines(p), CORE_SEEN_A_MINUTE + 1 + MORE + 1);
}

static void test_copies_and_replays_have_a_bound_each(void **state)
{
	struct core_play *p = *state;
	unsigned said = 0;

	for (unsigned i = 0; i < CORE_SEEN_A_MINUTE + MORE; i++) {
		said += core_seen_say(p->core, CORE_SEEN_COPY);
	}
	assert_int_equal(said, CORE_SEEN_A_MINUTE);
	assert_true(core_seen_say(p->core, CORE_SEEN_REPLAY));
	assert_int_equal(p->core->seen.said[CORE_SEEN_COPY].left_out, MORE);
	p->core->seen.said[CORE_SEEN_COPY].since_ms -= SPAN_MS;
	core_seen_look(p->core);
	assert_int_equal(p->core->seen.said[CORE_SEEN_COPY].left_out, 0);
	assert_true(core_seen_say(p->core, CORE_SEEN_COPY));
}

TEST_GROUP()
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, core_play_setup, core_play_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_an_edge_cannot_fill_the_decision_log_with_what_rows_detect),
		TEST(test_one_scs_does_not_hide_what_another_one_does),
		TEST(test_copies_and_replays_have_a_bound_each),
	};

	return cmocka_run_group_tests_name("core seen", tests, NULL, NULL);
}
