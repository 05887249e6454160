/* peer_watchdog: every row of RFC 3539 3.4 with its guards, the bounds of Tw, and three answers before a lost peer is used again. */
#include "tests/unit/machine_check.h"
#include "tests/unit/test.h"

#include "peer/peer_watchdog.h"

enum { NO = 0, YES = 1, SAME = 2 };
#define SAME_DWA 99

struct row {
	enum peer_wd_state state;
	enum peer_wd_event event;
	bool pending;
	int num_dwa;
	unsigned actions;
	bool tw_set;
	int pending_after;
	int num_dwa_after;
	enum peer_wd_state next;
};

#define UP PEER_WD_CONNECTION_UP
#define LOST PEER_WD_CONNECTION_DOWN
#define TW PEER_WD_TW_EXPIRES

static const struct row rows[] = {
	{ PEER_WD_INITIAL, UP, false, 0, 0, true, SAME, SAME_DWA, PEER_WD_OKAY },
	{ PEER_WD_INITIAL, TW, false, 0, PEER_WD_ATTEMPT_OPEN, true, SAME, SAME_DWA, PEER_WD_INITIAL },
	{ PEER_WD_INITIAL, PEER_WD_MESSAGE, false, 0, PEER_WD_DROP, false, SAME, SAME_DWA, PEER_WD_INITIAL },
	{ PEER_WD_INITIAL, PEER_WD_DWA, false, 0, PEER_WD_DROP, false, SAME, SAME_DWA, PEER_WD_INITIAL },
	{ PEER_WD_OKAY, PEER_WD_DWA, true, 0, 0, true, NO, SAME_DWA, PEER_WD_OKAY },
	{ PEER_WD_OKAY, PEER_WD_DWA, false, 0, 0, true, NO, SAME_DWA, PEER_WD_OKAY },
	{ PEER_WD_OKAY, PEER_WD_MESSAGE, true, 0, 0, true, YES, SAME_DWA, PEER_WD_OKAY },
	{ PEER_WD_OKAY, PEER_WD_MESSAGE, false, 0, 0, true, NO, SAME_DWA, PEER_WD_OKAY },
	{ PEER_WD_OKAY, TW, false, 0, PEER_WD_SEND_DWR, true, YES, SAME_DWA, PEER_WD_OKAY },
	{ PEER_WD_OKAY, TW, true, 0, PEER_WD_FAILOVER, true, SAME, SAME_DWA, PEER_WD_SUSPECT },
	{ PEER_WD_OKAY, LOST, true, 0, PEER_WD_CLOSE | PEER_WD_FAILOVER, true, SAME, SAME_DWA, PEER_WD_DOWN },
	{ PEER_WD_OKAY, LOST, false, 0, PEER_WD_CLOSE | PEER_WD_FAILOVER, true, SAME, SAME_DWA, PEER_WD_DOWN },
	{ PEER_WD_SUSPECT, PEER_WD_DWA, true, 0, PEER_WD_FAILBACK, true, NO, SAME_DWA, PEER_WD_OKAY },
	{ PEER_WD_SUSPECT, PEER_WD_MESSAGE, true, 0, PEER_WD_FAILBACK, true, YES, SAME_DWA, PEER_WD_OKAY },
	{ PEER_WD_SUSPECT, TW, true, 0, PEER_WD_CLOSE, true, SAME, SAME_DWA, PEER_WD_DOWN },
	{ PEER_WD_SUSPECT, LOST, true, 0, PEER_WD_CLOSE, true, SAME, SAME_DWA, PEER_WD_DOWN },
	{ PEER_WD_DOWN, TW, false, 0, PEER_WD_ATTEMPT_OPEN, true, SAME, SAME_DWA, PEER_WD_DOWN },
	{ PEER_WD_DOWN, UP, false, 2, PEER_WD_SEND_DWR, true, YES, 0, PEER_WD_REOPEN },
	{ PEER_WD_DOWN, PEER_WD_MESSAGE, true, 0, PEER_WD_DROP, false, YES, SAME_DWA, PEER_WD_DOWN },
	{ PEER_WD_DOWN, PEER_WD_DWA, true, 0, PEER_WD_DROP, false, NO, SAME_DWA, PEER_WD_DOWN },
	{ PEER_WD_REOPEN, PEER_WD_DWA, true, 2, PEER_WD_FAILBACK, false, NO, 3, PEER_WD_OKAY },
	{ PEER_WD_REOPEN, PEER_WD_DWA, true, 1, 0, false, NO, 2, PEER_WD_REOPEN },
	{ PEER_WD_REOPEN, PEER_WD_DWA, true, 0, 0, false, NO, 1, PEER_WD_REOPEN },
	{ PEER_WD_REOPEN, PEER_WD_DWA, true, -1, 0, false, NO, 0, PEER_WD_REOPEN },
	{ PEER_WD_REOPEN, PEER_WD_MESSAGE, true, 1, PEER_WD_DROP, false, YES, SAME_DWA, PEER_WD_REOPEN },
	{ PEER_WD_REOPEN, TW, false, 1, PEER_WD_SEND_DWR, true, YES, SAME_DWA, PEER_WD_REOPEN },
	{ PEER_WD_REOPEN, TW, true, 0, 0, true, YES, -1, PEER_WD_REOPEN },
	{ PEER_WD_REOPEN, TW, true, 2, 0, true, YES, -1, PEER_WD_REOPEN },
	{ PEER_WD_REOPEN, TW, true, -1, PEER_WD_CLOSE, true, YES, SAME_DWA, PEER_WD_DOWN },
	{ PEER_WD_REOPEN, LOST, true, 1, PEER_WD_CLOSE, true, SAME, SAME_DWA, PEER_WD_DOWN },
};

/* Events that bring a machine from INITIAL to each state. */
static const enum peer_wd_event paths[PEER_WD_STATE_N][4] = {
	[PEER_WD_OKAY] = { UP },
	[PEER_WD_SUSPECT] = { UP, TW, TW },
	[PEER_WD_DOWN] = { UP, LOST },
	[PEER_WD_REOPEN] = { UP, LOST, UP },
};
static const int path_len[PEER_WD_STATE_N] = { 0, 1, 3, 2, 3 };

static struct peer_watchdog in_state(enum peer_wd_state state)
{
	struct peer_watchdog w;

	peer_watchdog_init(&w, 30000, false, 0, NULL, NULL, "hss.example");
	for (int i = 0; i < path_len[state]; i++) {
		(void)peer_watchdog_step(&w, paths[state][i], 1000, 7);
	}
	assert_int_equal(w.state, state);
	return w;
}

static void every_row_of_the_table_with_its_guards(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];
		struct peer_watchdog w = in_state(r->state);
		uint64_t tw_before;

		print_message("row %zu: %s, event %d, pending %d, NumDWA %d\n", i, peer_watchdog_str(r->state), r->event,
			      r->pending, r->num_dwa);
		w.pending = r->pending;
		w.num_dwa = r->num_dwa;
		tw_before = w.deadline_ms;
		assert_int_equal(peer_watchdog_step(&w, r->event, 500000, 4), r->actions);
		assert_int_equal(w.state, r->next);
		assert_int_equal(w.pending, r->pending_after == SAME ? r->pending : r->pending_after);
		assert_int_equal(w.num_dwa, r->num_dwa_after == SAME_DWA ? r->num_dwa : r->num_dwa_after);
		assert_int_equal(w.deadline_ms, r->tw_set ? 500000 + 28004 : tw_before);
		assert_int_equal(w.refused, 0);
	}
}

static void after_a_loss_the_three_watchdogs_come_at_their_own_pace(void **state)
{
	struct peer_watchdog w;

	(void)state;
	peer_watchdog_init(&w, 30000, false, 1000, NULL, NULL, "hss.example");
	(void)peer_watchdog_step(&w, UP, 1000, 7);
	(void)peer_watchdog_step(&w, LOST, 2000, 7);
	assert_int_equal(peer_watchdog_step(&w, UP, 3000, 7), PEER_WD_SEND_DWR);
	for (uint64_t now = 3100; now < 5100; now += 1000) { /* it answers each of them 100 ms later */
		assert_int_equal(peer_watchdog_step(&w, PEER_WD_DWA, now, 7), 0);
		assert_int_equal(w.state, PEER_WD_REOPEN);
		assert_false(peer_watchdog_due(&w, now + 999));
		assert_true(peer_watchdog_due(&w, now + 1000));
		assert_int_equal(peer_watchdog_step(&w, TW, now + 1000, 7), PEER_WD_SEND_DWR);
		assert_true(w.deadline_ms > now + 28000); /* for the answer there is all of Tw */
	}
	assert_int_equal(peer_watchdog_step(&w, PEER_WD_DWA, 5200, 7), PEER_WD_FAILBACK);
	assert_int_equal(w.state, PEER_WD_OKAY);
	assert_true(w.deadline_ms > 30000); /* the pause is one of REOPEN only */
}

static void pairs_without_a_row_are_refused_and_counted(void **state)
{
	static const struct {
		enum peer_wd_state state;
		enum peer_wd_event event;
	} none[] = { { PEER_WD_INITIAL, LOST },
		     { PEER_WD_OKAY, UP },
		     { PEER_WD_SUSPECT, UP },
		     { PEER_WD_DOWN, LOST },
		     { PEER_WD_REOPEN, UP } };

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		struct peer_watchdog w = in_state(none[i].state), before = w;

		assert_int_equal(peer_watchdog_step(&w, none[i].event, 9000, 0), 0);
		assert_int_equal(w.refused, 1);
		assert_int_equal(w.state, before.state);
		assert_int_equal(w.deadline_ms, before.deadline_ms);
	}
}

static void tw_is_twinit_plus_or_minus_two_seconds_drawn_each_time(void **state)
{
	struct peer_watchdog w = in_state(PEER_WD_OKAY);
	uint64_t least = UINT64_MAX, most = 0;
	uint32_t x = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		x = x * 1664525u + 1013904223u;
		(void)peer_watchdog_step(&w, PEER_WD_MESSAGE, 1000000, x >> 8);
		least = w.deadline_ms < least ? w.deadline_ms : least;
		most = w.deadline_ms > most ? w.deadline_ms : most;
	}
	assert_int_equal(least, 1000000 + 28000);
	assert_int_equal(most, 1000000 + 32000);
}

static void twinit_is_never_below_six_seconds_unless_the_operator_says_so(void **state)
{
	struct peer_watchdog w;

	(void)state;
	peer_watchdog_init(&w, 100, false, 0, NULL, NULL, NULL);
	assert_int_equal(w.twinit_ms, 6000);
	peer_watchdog_init(&w, 0, false, 0, NULL, NULL, NULL);
	assert_int_equal(w.twinit_ms, 30000);
	peer_watchdog_init(&w, 300, true, 0, NULL, NULL, NULL);
	assert_int_equal(w.twinit_ms, 300);
	(void)peer_watchdog_step(&w, PEER_WD_CONNECTION_UP, 1000, 0);
	assert_int_equal(w.deadline_ms, 1200);
	(void)peer_watchdog_step(&w, PEER_WD_MESSAGE, 1000, 200);
	assert_int_equal(w.deadline_ms, 1400);
	peer_watchdog_init(&w, 1, true, 0, NULL, NULL, NULL); /* no division by nothing */
	(void)peer_watchdog_step(&w, PEER_WD_CONNECTION_UP, 1000, 77);
	assert_int_equal(w.deadline_ms, 1001);
}

static void a_lost_peer_is_used_again_after_three_answers(void **state)
{
	struct peer_watchdog w = in_state(PEER_WD_REOPEN);

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(peer_watchdog_step(&w, PEER_WD_DWA, 1000, 0), 0);
		assert_int_equal(w.state, PEER_WD_REOPEN);
		assert_true(peer_watchdog_due(&w, w.deadline_ms));
		assert_int_equal(peer_watchdog_step(&w, TW, w.deadline_ms, 0), PEER_WD_SEND_DWR);
	}
	assert_int_equal(peer_watchdog_step(&w, PEER_WD_DWA, 1000, 0), PEER_WD_FAILBACK);
	assert_int_equal(w.state, PEER_WD_OKAY);
}

static void a_silent_peer_is_closed_after_three_periods(void **state)
{
	struct peer_watchdog w = in_state(PEER_WD_OKAY);

	(void)state;
	assert_int_equal(peer_watchdog_step(&w, TW, 30000, 0), PEER_WD_SEND_DWR);
	assert_int_equal(peer_watchdog_step(&w, TW, 60000, 0), PEER_WD_FAILOVER);
	assert_int_equal(peer_watchdog_step(&w, TW, 90000, 0), PEER_WD_CLOSE);
	assert_int_equal(w.state, PEER_WD_DOWN);
}

static void nothing_is_due_before_tw_was_set(void **state)
{
	struct peer_watchdog w = in_state(PEER_WD_INITIAL);

	(void)state;
	assert_false(peer_watchdog_due(&w, UINT64_MAX));
	assert_string_equal(peer_watchdog_str((enum peer_wd_state)42), "unknown");
}

/* From the drawing of peer_watchdog.c: Initial, Okay, Suspect, Down, Reopen. Only the renewal has no row. */
static void the_door_lets_through_what_the_rows_do_and_nothing_else(void **state)
{
	static const char *const next_of[] = { "O", "SD", "OD", "RI", "OD" };
	uint32_t made[PEER_WD_STATE_N] = { [PEER_WD_DOWN] = MACHINE_TO(PEER_WD_INITIAL) };

	(void)state;
	machine_check(&peer_wd_machine, "IOSDR", next_of);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		made[rows[i].state] |= rows[i].next == rows[i].state ? 0 : MACHINE_TO(rows[i].next);
	}
	for (unsigned s = 0; s < PEER_WD_STATE_N; s++) {
		assert_int_equal(peer_wd_machine.next[s], made[s]);
	}
}

static void renew(void *arg)
{
	peer_watchdog_renew(arg);
}

static void watchdogs_are_counted_by_their_state(void **state)
{
	uint32_t in[PEER_WD_STATE_N] = { 0 };
	struct peer_watchdog a, b;

	(void)state;
	peer_watchdog_init(&a, 30000, false, 0, in, NULL, "hss.example");
	peer_watchdog_init(&b, 30000, false, 0, in, NULL, "smssc.example");
	assert_int_equal(in[PEER_WD_INITIAL], 2);
	(void)peer_watchdog_step(&a, UP, 1000, 7);
	(void)peer_watchdog_step(&a, PEER_WD_MESSAGE, 1000, 7);
	assert_int_equal(in[PEER_WD_INITIAL], 1);
	assert_int_equal(in[PEER_WD_OKAY], 1);
	(void)peer_watchdog_step(&a, LOST, 2000, 7);
	assert_int_equal(in[PEER_WD_DOWN], 1);
	peer_watchdog_end(&a);
	peer_watchdog_end(&b);
	for (unsigned s = 0; s < PEER_WD_STATE_N; s++) {
		assert_int_equal(in[s], 0);
	}
}

static void after_an_end_in_order_no_three_answers_are_needed(void **state)
{
	struct peer_watchdog w = in_state(PEER_WD_DOWN), open = in_state(PEER_WD_OKAY);

	(void)state;
	peer_watchdog_renew(&w);
	assert_int_equal(w.state, PEER_WD_INITIAL);
	assert_false(w.pending);
	assert_false(peer_watchdog_due(&w, UINT64_MAX));
	assert_int_equal(peer_watchdog_step(&w, UP, 5000, 7), 0);
	assert_int_equal(w.state, PEER_WD_OKAY);
	assert_int_equal(machine_signal_of(renew, &open), SIGABRT); /* a connection that is still open */
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_of_the_table_with_its_guards),
		cmocka_unit_test(after_a_loss_the_three_watchdogs_come_at_their_own_pace),
		cmocka_unit_test(pairs_without_a_row_are_refused_and_counted),
		cmocka_unit_test(tw_is_twinit_plus_or_minus_two_seconds_drawn_each_time),
		cmocka_unit_test(twinit_is_never_below_six_seconds_unless_the_operator_says_so),
		cmocka_unit_test(a_lost_peer_is_used_again_after_three_answers),
		cmocka_unit_test(a_silent_peer_is_closed_after_three_periods),
		cmocka_unit_test(nothing_is_due_before_tw_was_set),
		cmocka_unit_test(the_door_lets_through_what_the_rows_do_and_nothing_else),
		cmocka_unit_test(watchdogs_are_counted_by_their_state),
		cmocka_unit_test(after_an_end_in_order_no_three_answers_are_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
