/* peer_reopen: every row of the table, every pair without one, and what a peer in REOPEN costs: one reconnect, never two. */
#include "tests/unit/machine_check.h"
#include "tests/unit/test.h"

#include "peer/peer_reopen.h"

#define S(name) PEER_REOPEN_##name
#define EV(name) PEER_REOPEN_EV_##name
#define TW 30000u

struct row {
	enum peer_reopen_state state;
	bool reconnected;
	int dwas;
	enum peer_reopen_event event;
	enum peer_reopen_action action;
	enum peer_reopen_state next;
	bool may_send;        /* afterwards */
	uint32_t deadline_ms; /* afterwards, from now; 0: none */
};

/* clang-format off */
static const struct row rows[] = {
	{ S(CLEAR),     false, 0, EV(OPEN_CLEAN),   S(NOTHING),    S(CLEAR),     true,  0 },
	{ S(CLEAR),     false, 0, EV(OPEN_UNCLEAN), S(NOTHING),    S(QUIET),     false, 100 },
	{ S(CLEAR),     false, 0, EV(DWR),          S(NOTHING),    S(CLEAR),     true,  0 },
	{ S(CLEAR),     false, 0, EV(MESSAGE),      S(NOTHING),    S(CLEAR),     true,  0 },
	{ S(CLEAR),     false, 0, EV(CLOSED),       S(NOTHING),    S(CLEAR),     true,  0 },
	{ S(QUIET),     false, 0, EV(DWR),          S(RECONNECT),  S(LEAVING),   false, 0 },
	{ S(QUIET),     true,  0, EV(DWR),          S(START_HOLD), S(HOLD),      true,  90000 },
	{ S(QUIET),     false, 0, EV(MESSAGE),      S(USE),        S(CLEAR),     true,  0 },
	{ S(QUIET),     true,  0, EV(MESSAGE),      S(USE),        S(CLEAR),     true,  0 },
	{ S(QUIET),     false, 0, EV(TIME),         S(USE),        S(LISTENING), true,  900 },
	{ S(QUIET),     false, 0, EV(CLOSED),       S(NOTHING),    S(CLEAR),     true,  0 },
	{ S(LISTENING), false, 0, EV(DWR),          S(RECONNECT),  S(LEAVING),   false, 0 },
	{ S(LISTENING), true,  0, EV(DWR),          S(START_HOLD), S(HOLD),      true,  90000 },
	{ S(LISTENING), false, 0, EV(MESSAGE),      S(NOTHING),    S(CLEAR),     true,  0 },
	{ S(LISTENING), true,  0, EV(TIME),         S(NOTHING),    S(CLEAR),     true,  0 },
	{ S(LISTENING), true,  0, EV(CLOSED),       S(NOTHING),    S(CLEAR),     true,  0 },
	{ S(LEAVING),   true,  0, EV(DWR),          S(NOTHING),    S(LEAVING),   false, 0 },
	{ S(LEAVING),   true,  0, EV(MESSAGE),      S(NOTHING),    S(LEAVING),   false, 0 },
	{ S(LEAVING),   true,  0, EV(CLOSED),       S(NOTHING),    S(LEFT),      false, 0 },
	{ S(LEFT),      true,  0, EV(OPEN_CLEAN),   S(NOTHING),    S(QUIET),     false, 100 },
	{ S(LEFT),      true,  0, EV(OPEN_UNCLEAN), S(NOTHING),    S(QUIET),     false, 100 },
	{ S(LEFT),      true,  0, EV(CLOSED),       S(NOTHING),    S(LEFT),      false, 0 },
	{ S(HOLD),      true,  1, EV(DWR),          S(NOTHING),    S(HOLD),      true,  90000 },
	{ S(HOLD),      true,  2, EV(DWR),          S(USE),        S(CLEAR),     true,  0 },
	{ S(HOLD),      true,  1, EV(PROBE),        S(NOTHING),    S(HOLD),      false, 90000 },
	{ S(HOLD),      true,  1, EV(MESSAGE),      S(USE),        S(CLEAR),     true,  0 },
	{ S(HOLD),      true,  1, EV(TIME),         S(USE),        S(CLEAR),     true,  0 },
	{ S(HOLD),      true,  1, EV(CLOSED),       S(NOTHING),    S(CLEAR),     true,  0 },
};
/* clang-format on */

/* Events that bring a machine from CLEAR to each state, [1] with a reconnect behind it. */
#define LEFT_BY EV(OPEN_UNCLEAN), EV(DWR), EV(CLOSED)
static const enum peer_reopen_event paths[2][PEER_REOPEN_STATE_N][6] = {
	{ [S(QUIET)] = { EV(OPEN_UNCLEAN) }, [S(LISTENING)] = { EV(OPEN_UNCLEAN), EV(TIME) } },
	{ [S(QUIET)] = { LEFT_BY, EV(OPEN_CLEAN) },
	  [S(LISTENING)] = { LEFT_BY, EV(OPEN_CLEAN), EV(TIME) },
	  [S(LEAVING)] = { EV(OPEN_UNCLEAN), EV(DWR) },
	  [S(LEFT)] = { LEFT_BY },
	  [S(HOLD)] = { LEFT_BY, EV(OPEN_CLEAN), EV(DWR) } },
};
static const int path_len[2][PEER_REOPEN_STATE_N] = {
	{ [S(QUIET)] = 1, [S(LISTENING)] = 2 },
	{ [S(QUIET)] = 4, [S(LISTENING)] = 5, [S(LEAVING)] = 2, [S(LEFT)] = 3, [S(HOLD)] = 5 },
};

static struct peer_reopen in_state(enum peer_reopen_state state, bool reconnected, int dwas)
{
	struct peer_reopen r;

	peer_reopen_init(&r, TW, NULL, NULL, "hss.example");
	for (int i = 0; i < path_len[reconnected][state]; i++) {
		(void)peer_reopen_step(&r, paths[reconnected][state][i], 1000);
	}
	while (r.state == PEER_REOPEN_HOLD && r.dwas < dwas) {
		assert_int_equal(peer_reopen_step(&r, EV(DWR), 1000), PEER_REOPEN_NOTHING);
	}
	assert_int_equal(r.state, state);
	assert_int_equal(r.reconnected, reconnected);
	assert_int_equal(r.refused, 0);
	return r;
}

static void every_row_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *w = &rows[i];
		struct peer_reopen r = in_state(w->state, w->reconnected, w->dwas);
		uint64_t now_ms = 1000;

		if (w->action != peer_reopen_step(&r, w->event, now_ms) || r.state != w->next ||
		    peer_reopen_may_send(&r) != w->may_send || r.deadline_ms != (w->deadline_ms ? now_ms + w->deadline_ms : 0) ||
		    r.refused) {
			fail_msg("row %zu: %s, event %d: now %s, may send %d", i, peer_reopen_str(w->state), (int)w->event,
				 peer_reopen_str(r.state), peer_reopen_may_send(&r));
		}
		if (r.state == PEER_REOPEN_CLEAR) {
			assert_false(r.reconnected);
		}
	}
}

static bool has_row(enum peer_reopen_state state, enum peer_reopen_event event)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].state == state && rows[i].event == event) {
			return true;
		}
	}
	return false;
}

static void other_pairs_change_nothing(void **state)
{
	(void)state;
	for (int s = 0; s < PEER_REOPEN_STATE_N; s++) {
		for (int e = 0; e < PEER_REOPEN_EVENT_N; e++) {
			bool reconnected = s == PEER_REOPEN_LEAVING || s == PEER_REOPEN_LEFT || s == PEER_REOPEN_HOLD;
			struct peer_reopen r = in_state((enum peer_reopen_state)s, reconnected, 1), before = r;

			if (has_row((enum peer_reopen_state)s, (enum peer_reopen_event)e)) {
				continue;
			}
			assert_int_equal(peer_reopen_step(&r, (enum peer_reopen_event)e, 2000), PEER_REOPEN_NOTHING);
			assert_int_equal(r.refused, 1);
			assert_int_equal(r.state, before.state);
			assert_true(r.deadline_ms == before.deadline_ms);
		}
	}
}

static void a_dwr_is_a_sign_for_a_second_only(void **state)
{
	struct peer_reopen r = in_state(PEER_REOPEN_QUIET, false, 0);

	(void)state;
	assert_false(peer_reopen_due(&r, 1099));
	assert_true(peer_reopen_due(&r, 1100));
	assert_int_equal(peer_reopen_step(&r, EV(TIME), 1100), PEER_REOPEN_USE);
	assert_false(peer_reopen_due(&r, 1999));
	assert_true(peer_reopen_due(&r, 2000));
	assert_int_equal(peer_reopen_step(&r, EV(TIME), 2000), PEER_REOPEN_NOTHING);
	assert_int_equal(peer_reopen_step(&r, EV(DWR), 2001), PEER_REOPEN_NOTHING);
	assert_true(peer_reopen_may_send(&r));
	assert_false(peer_reopen_due(&r, 1000000));
}

static void a_peer_that_always_sends_a_dwr_is_reconnected_once_and_then_probed(void **state)
{
	struct peer_reopen r = in_state(PEER_REOPEN_HOLD, true, 1);

	(void)state;
	assert_true(peer_reopen_may_send(&r));
	(void)peer_reopen_step(&r, EV(PROBE), 1001);
	assert_false(peer_reopen_may_send(&r));
	assert_int_equal(peer_reopen_step(&r, EV(MESSAGE), 1002), PEER_REOPEN_USE); /* the answer */
	assert_int_equal(peer_reopen_step(&r, EV(CLOSED), 2000), PEER_REOPEN_NOTHING);
	assert_int_equal(peer_reopen_step(&r, EV(OPEN_CLEAN), 3000), PEER_REOPEN_NOTHING);
	assert_int_equal(peer_reopen_step(&r, EV(DWR), 3000), PEER_REOPEN_NOTHING); /* an end in order: no sign */
}

static void a_peer_that_stays_in_reopen_gets_a_probe_with_each_dwr_and_ends_with_the_third(void **state)
{
	struct peer_reopen r = in_state(PEER_REOPEN_HOLD, true, 1);

	(void)state;
	(void)peer_reopen_step(&r, EV(PROBE), 1001);
	assert_int_equal(peer_reopen_step(&r, EV(DWR), 30000), PEER_REOPEN_NOTHING);
	assert_true(peer_reopen_may_send(&r));
	(void)peer_reopen_step(&r, EV(PROBE), 30001);
	assert_false(peer_reopen_may_send(&r));
	assert_true(r.deadline_ms == 91000); /* a DWR does not lengthen the hold */
	assert_int_equal(peer_reopen_step(&r, EV(DWR), 60000), PEER_REOPEN_USE);
	assert_true(peer_reopen_may_send(&r));
}

/* From the drawing of peer_reopen.c: Clear, Quiet, lIstening, leaVing, lEft, Hold. */
static void the_door_lets_through_what_the_rows_do_and_nothing_else(void **state)
{
	static const char *const next_of[] = { "Q", "IVHC", "VHC", "E", "Q", "C" };
	uint32_t made[PEER_REOPEN_STATE_N] = { 0 };

	(void)state;
	machine_check(&peer_reopen_machine, "CQIVEH", next_of);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		made[rows[i].state] |= rows[i].next == rows[i].state ? 0 : MACHINE_TO(rows[i].next);
	}
	for (unsigned s = 0; s < PEER_REOPEN_STATE_N; s++) {
		assert_int_equal(peer_reopen_machine.next[s], made[s]);
	}
}

static void lose(void *arg)
{
	(void)peer_reopen_step(arg, EV(CLOSED), 3000);
}

static void machines_are_counted_by_their_state(void **state)
{
	uint32_t in[PEER_REOPEN_STATE_N] = { 0 };
	struct peer_reopen a, b;

	(void)state;
	peer_reopen_init(&a, TW, in, NULL, "hss.example");
	peer_reopen_init(&b, TW, in, NULL, "smssc.example");
	assert_int_equal(in[S(CLEAR)], 2);
	(void)peer_reopen_step(&a, EV(OPEN_UNCLEAN), 1000);
	(void)peer_reopen_step(&b, EV(OPEN_CLEAN), 1000);
	assert_int_equal(in[S(CLEAR)], 1);
	assert_int_equal(in[S(QUIET)], 1);
	in[S(QUIET)] = 0;
	assert_int_equal(machine_signal_of(lose, &a), SIGABRT); /* it was never counted in */
	in[S(QUIET)] = 1;
	peer_reopen_end(&a);
	peer_reopen_end(&b);
	for (unsigned s = 0; s < PEER_REOPEN_STATE_N; s++) {
		assert_int_equal(in[s], 0);
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_of_the_table),
		cmocka_unit_test(other_pairs_change_nothing),
		cmocka_unit_test(a_dwr_is_a_sign_for_a_second_only),
		cmocka_unit_test(a_peer_that_always_sends_a_dwr_is_reconnected_once_and_then_probed),
		cmocka_unit_test(a_peer_that_stays_in_reopen_gets_a_probe_with_each_dwr_and_ends_with_the_third),
		cmocka_unit_test(the_door_lets_through_what_the_rows_do_and_nothing_else),
		cmocka_unit_test(machines_are_counted_by_their_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
