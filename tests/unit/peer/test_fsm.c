/* peer_fsm: every row of RFC 6733 5.6, the two gaps we fill, and everything else refused. */
#include "tests/unit/machine_check.h"
#include "tests/unit/test.h"

#include "peer/peer_fsm.h"

#define A(name) PEER_ACT_##name
#define E(name) PEER_EV_##name

static const struct peer_waits waits = { .connect_ms = 3000, .cea_ms = 4000, .dpa_ms = 5000 };

/* How to bring a machine into each state, by events alone. */
static const enum peer_event paths[PEER_STATE_N][4] = {
	[PEER_CLOSED] = { 0 },
	[PEER_WAIT_CONN_ACK] = { E(START) },
	[PEER_WAIT_I_CEA] = { E(START), E(I_RCV_CONN_ACK) },
	[PEER_WAIT_CONN_ACK_ELECT] = { E(START), E(R_CONN_CER) },
	[PEER_WAIT_RETURNS] = { E(START), E(I_RCV_CONN_ACK), E(R_CONN_CER) },
	[PEER_R_OPEN] = { E(R_CONN_CER) },
	[PEER_I_OPEN] = { E(START), E(I_RCV_CONN_ACK), E(I_RCV_CEA) },
	[PEER_CLOSING] = { E(R_CONN_CER), E(STOP) },
};
static const int path_len[PEER_STATE_N] = { 0, 1, 2, 2, 3, 1, 3, 2 };

struct row {
	enum peer_state state;
	enum peer_event event;
	enum peer_action actions[PEER_ACTIONS_MAX];
	enum peer_state next;
};

static const struct row rows[] = {
	{ PEER_CLOSED, E(START), { A(I_SND_CONN_REQ) }, PEER_WAIT_CONN_ACK },
	{ PEER_CLOSED, E(R_CONN_CER), { A(R_ACCEPT), A(PROCESS_CER), A(R_SND_CEA) }, PEER_R_OPEN },
	{ PEER_WAIT_CONN_ACK, E(I_RCV_CONN_ACK), { A(I_SND_CER) }, PEER_WAIT_I_CEA },
	{ PEER_WAIT_CONN_ACK, E(I_RCV_CONN_NACK), { A(CLEANUP) }, PEER_CLOSED },
	{ PEER_WAIT_CONN_ACK, E(R_CONN_CER), { A(R_ACCEPT), A(PROCESS_CER) }, PEER_WAIT_CONN_ACK_ELECT },
	{ PEER_WAIT_CONN_ACK, E(TIMEOUT), { A(ERROR) }, PEER_CLOSED },
	{ PEER_WAIT_I_CEA, E(I_RCV_CEA), { A(PROCESS_CEA) }, PEER_I_OPEN },
	{ PEER_WAIT_I_CEA, E(R_CONN_CER), { A(R_ACCEPT), A(PROCESS_CER), A(ELECT) }, PEER_WAIT_RETURNS },
	{ PEER_WAIT_I_CEA, E(I_PEER_DISC), { A(I_DISC) }, PEER_CLOSED },
	{ PEER_WAIT_I_CEA, E(I_RCV_NON_CEA), { A(ERROR) }, PEER_CLOSED },
	{ PEER_WAIT_I_CEA, E(TIMEOUT), { A(ERROR) }, PEER_CLOSED },
	{ PEER_WAIT_CONN_ACK_ELECT, E(I_RCV_CONN_ACK), { A(I_SND_CER), A(ELECT) }, PEER_WAIT_RETURNS },
	{ PEER_WAIT_CONN_ACK_ELECT, E(I_RCV_CONN_NACK), { A(R_SND_CEA) }, PEER_R_OPEN },
	{ PEER_WAIT_CONN_ACK_ELECT, E(R_PEER_DISC), { A(R_DISC) }, PEER_WAIT_CONN_ACK },
	{ PEER_WAIT_CONN_ACK_ELECT, E(R_CONN_CER), { A(R_REJECT) }, PEER_WAIT_CONN_ACK_ELECT },
	{ PEER_WAIT_CONN_ACK_ELECT, E(TIMEOUT), { A(ERROR) }, PEER_CLOSED },
	{ PEER_WAIT_RETURNS, E(WIN_ELECTION), { A(I_DISC), A(R_SND_CEA) }, PEER_R_OPEN },
	{ PEER_WAIT_RETURNS, E(I_PEER_DISC), { A(I_DISC), A(R_SND_CEA) }, PEER_R_OPEN },
	{ PEER_WAIT_RETURNS, E(I_RCV_CEA), { A(R_DISC) }, PEER_I_OPEN },
	{ PEER_WAIT_RETURNS, E(R_PEER_DISC), { A(R_DISC) }, PEER_WAIT_I_CEA },
	{ PEER_WAIT_RETURNS, E(R_CONN_CER), { A(R_REJECT) }, PEER_WAIT_RETURNS },
	{ PEER_WAIT_RETURNS, E(TIMEOUT), { A(ERROR) }, PEER_CLOSED },
	{ PEER_R_OPEN, E(SEND_MESSAGE), { A(R_SND_MESSAGE) }, PEER_R_OPEN },
	{ PEER_I_OPEN, E(SEND_MESSAGE), { A(I_SND_MESSAGE) }, PEER_I_OPEN },
	{ PEER_R_OPEN, E(R_RCV_MESSAGE), { A(PROCESS) }, PEER_R_OPEN },
	{ PEER_I_OPEN, E(I_RCV_MESSAGE), { A(PROCESS) }, PEER_I_OPEN },
	{ PEER_R_OPEN, E(R_RCV_DWR), { A(PROCESS_DWR), A(R_SND_DWA) }, PEER_R_OPEN },
	{ PEER_I_OPEN, E(I_RCV_DWR), { A(PROCESS_DWR), A(I_SND_DWA) }, PEER_I_OPEN },
	{ PEER_R_OPEN, E(R_RCV_DWA), { A(PROCESS_DWA) }, PEER_R_OPEN },
	{ PEER_I_OPEN, E(I_RCV_DWA), { A(PROCESS_DWA) }, PEER_I_OPEN },
	{ PEER_R_OPEN, E(R_CONN_CER), { A(R_REJECT) }, PEER_R_OPEN },
	{ PEER_I_OPEN, E(R_CONN_CER), { A(R_REJECT) }, PEER_I_OPEN },
	{ PEER_R_OPEN, E(STOP), { A(R_SND_DPR) }, PEER_CLOSING },
	{ PEER_I_OPEN, E(STOP), { A(I_SND_DPR) }, PEER_CLOSING },
	{ PEER_R_OPEN, E(R_RCV_DPR), { A(R_SND_DPA) }, PEER_CLOSING },
	{ PEER_I_OPEN, E(I_RCV_DPR), { A(I_SND_DPA) }, PEER_CLOSING },
	{ PEER_R_OPEN, E(R_PEER_DISC), { A(R_DISC) }, PEER_CLOSED },
	{ PEER_I_OPEN, E(I_PEER_DISC), { A(I_DISC) }, PEER_CLOSED },
	{ PEER_CLOSING, E(I_RCV_DPA), { A(I_DISC) }, PEER_CLOSED },
	{ PEER_CLOSING, E(R_RCV_DPA), { A(R_DISC) }, PEER_CLOSED },
	{ PEER_CLOSING, E(TIMEOUT), { A(ERROR) }, PEER_CLOSED },
	{ PEER_CLOSING, E(I_PEER_DISC), { A(I_DISC) }, PEER_CLOSED },
	{ PEER_CLOSING, E(R_PEER_DISC), { A(R_DISC) }, PEER_CLOSED },
	/* the gaps */
	{ PEER_R_OPEN, E(R_RCV_CER), { A(REFUSE_CER), A(R_DISC) }, PEER_CLOSED },
	{ PEER_I_OPEN, E(I_RCV_CER), { A(REFUSE_CER), A(I_DISC) }, PEER_CLOSED },
	{ PEER_CLOSING, E(I_RCV_DPR), { A(I_SND_DPA) }, PEER_CLOSING },
	{ PEER_CLOSING, E(R_RCV_DPR), { A(R_SND_DPA) }, PEER_CLOSING },
};

static struct peer_fsm in_state(enum peer_state state)
{
	struct peer_fsm f;
	struct peer_step step;

	peer_fsm_init(&f, &waits, NULL, NULL, "hss.example", 1000);
	for (int i = 0; i < path_len[state]; i++) {
		assert_int_equal(peer_fsm_step(&f, paths[state][i], 1000, &step), 0);
	}
	assert_int_equal(f.state, state);
	return f;
}

static const struct row *row_of(enum peer_state state, enum peer_event event)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].state == state && rows[i].event == event) {
			return &rows[i];
		}
	}
	return NULL;
}

static void every_row_of_the_table_does_its_actions_and_goes_to_its_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];
		struct peer_fsm f = in_state(r->state);
		struct peer_step step;
		unsigned n = 0;

		print_message("%s + %s -> %s\n", peer_state_str(r->state), peer_event_str(r->event), peer_state_str(r->next));
		assert_int_equal(peer_fsm_step(&f, r->event, 2000, &step), 0);
		while (n < PEER_ACTIONS_MAX && r->actions[n] != PEER_ACT_NONE) {
			n++;
		}
		assert_int_equal(step.actions_n, n);
		for (unsigned k = 0; k < n; k++) {
			assert_int_equal(step.actions[k], r->actions[k]);
		}
		assert_int_equal(step.from, r->state);
		assert_int_equal(step.to, r->next);
		assert_int_equal(f.state, r->next);
		assert_int_equal(f.since_ms, r->next == r->state ? 1000 : 2000);
		assert_int_equal(f.refused, 0);
	}
}

static void every_other_pair_is_refused_counted_and_changes_nothing(void **state)
{
	int pairs = 0;

	(void)state;
	for (unsigned s = 0; s < PEER_STATE_N; s++) {
		for (unsigned e = 0; e < PEER_EVENT_N; e++) {
			struct peer_fsm f;
			struct peer_step step;

			if (row_of((enum peer_state)s, (enum peer_event)e)) {
				continue;
			}
			f = in_state((enum peer_state)s);
			assert_int_equal(peer_fsm_step(&f, (enum peer_event)e, 2000, &step), ERR_STATE);
			assert_int_equal(f.state, s);
			assert_int_equal(f.since_ms, 1000);
			assert_int_equal(f.refused, 1);
			assert_int_equal(step.actions_n, 0);
			pairs++;
		}
	}
	assert_int_equal(pairs, PEER_STATE_N * PEER_EVENT_N - (int)(sizeof rows / sizeof *rows));
}

static void states_that_wait_have_a_deadline_and_the_others_none(void **state)
{
	static const uint32_t wait[PEER_STATE_N] = { [PEER_WAIT_CONN_ACK] = 3000,
						     [PEER_WAIT_I_CEA] = 4000,
						     [PEER_WAIT_CONN_ACK_ELECT] = 3000,
						     [PEER_WAIT_RETURNS] = 4000,
						     [PEER_CLOSING] = 5000 };

	(void)state;
	for (unsigned s = 0; s < PEER_STATE_N; s++) {
		struct peer_fsm f = in_state((enum peer_state)s);
		struct peer_step step;

		assert_int_equal(f.deadline_ms, wait[s] ? 1000 + wait[s] : 0);
		assert_false(peer_fsm_due(&f, 1000 + wait[s] - 1));
		assert_int_equal(peer_fsm_due(&f, 1000 + wait[s]), wait[s] != 0);
		if (!wait[s]) {
			continue;
		}
		assert_int_equal(peer_fsm_step(&f, PEER_EV_TIMEOUT, 1000 + wait[s], &step), 0);
		assert_int_equal(f.state, PEER_CLOSED);
		assert_false(peer_fsm_due(&f, UINT64_MAX));
	}
}

static void a_storm_of_disconnect_requests_does_not_keep_a_closing_machine_alive(void **state)
{
	struct peer_fsm f = in_state(PEER_CLOSING);
	struct peer_step step;

	(void)state;
	for (uint64_t t = 1000; t < 6000; t += 100) {
		assert_int_equal(peer_fsm_step(&f, PEER_EV_R_RCV_DPR, t, &step), 0);
	}
	assert_true(peer_fsm_due(&f, 6000));
}

static void any_order_of_events_keeps_the_machine_inside_its_states(void **state)
{
	uint32_t x = 12345;
	struct peer_fsm f = in_state(PEER_CLOSED);
	struct peer_step step;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		enum peer_state before = f.state;
		int err;

		x = x * 1664525u + 1013904223u;
		err = peer_fsm_step(&f, (enum peer_event)((x >> 16) % (PEER_EVENT_N + 2)), (uint64_t)i, &step);
		assert_true((unsigned)f.state < PEER_STATE_N);
		if (err) {
			assert_int_equal(f.state, before);
		}
		assert_int_equal(peer_fsm_is_open(&f), f.state == PEER_R_OPEN || f.state == PEER_I_OPEN);
	}
}

static void words_exist_for_everything_and_for_values_from_elsewhere(void **state)
{
	(void)state;
	assert_string_equal(peer_state_str(PEER_WAIT_CONN_ACK_ELECT), "Wait-Conn-Ack/Elect");
	assert_string_equal(peer_event_str(PEER_EV_I_RCV_NON_CEA), "I-Rcv-Non-CEA");
	assert_string_equal(peer_state_str((enum peer_state)99), "unknown");
	assert_string_equal(peer_event_str((enum peer_event)99), "unknown");
}

/* From the drawing of peer_fsm.c: Closed, wait-conn-Ack, wait-I-cea, Elect, wait-Returns, r-Open, i-oPen, closinG. */
static void the_door_lets_through_what_the_rows_do_and_nothing_else(void **state)
{
	static const char *const next_of[] = { "AO", "IEC", "PRC", "RAOC", "OPIC", "GC", "GC", "C" };
	uint32_t made[PEER_STATE_N] = { 0 };

	(void)state;
	machine_check(&peer_fsm_machine, "CAIEROPG", next_of);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		made[rows[i].state] |= rows[i].next == rows[i].state ? 0 : MACHINE_TO(rows[i].next);
	}
	for (unsigned s = 0; s < PEER_STATE_N; s++) {
		assert_int_equal(peer_fsm_machine.next[s], made[s]);
	}
}

static void start(void *arg)
{
	struct peer_step step;

	if (peer_fsm_step(arg, PEER_EV_START, 1000, &step)) {
		_exit(1);
	}
}

static void machines_are_counted_by_their_state(void **state)
{
	uint32_t in[PEER_STATE_N] = { 0 };
	struct peer_fsm a, b;
	struct peer_step step;

	(void)state;
	peer_fsm_init(&a, &waits, in, NULL, "hss.example", 1000);
	peer_fsm_init(&b, &waits, in, NULL, "smssc.example", 1000);
	assert_int_equal(in[PEER_CLOSED], 2);
	assert_int_equal(peer_fsm_step(&a, PEER_EV_START, 1000, &step), 0);
	assert_int_equal(peer_fsm_step(&a, PEER_EV_START, 1000, &step), ERR_STATE);
	assert_int_equal(in[PEER_CLOSED], 1);
	assert_int_equal(in[PEER_WAIT_CONN_ACK], 1);
	peer_fsm_end(&a);
	assert_int_equal(in[PEER_WAIT_CONN_ACK], 0);
	in[PEER_CLOSED] = 0;
	assert_int_equal(machine_signal_of(start, &b), SIGABRT); /* it was never counted in */
	in[PEER_CLOSED] = 1;
	peer_fsm_end(&b);
	assert_int_equal(in[PEER_CLOSED], 0);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_of_the_table_does_its_actions_and_goes_to_its_state),
		cmocka_unit_test(every_other_pair_is_refused_counted_and_changes_nothing),
		cmocka_unit_test(states_that_wait_have_a_deadline_and_the_others_none),
		cmocka_unit_test(a_storm_of_disconnect_requests_does_not_keep_a_closing_machine_alive),
		cmocka_unit_test(any_order_of_events_keeps_the_machine_inside_its_states),
		cmocka_unit_test(words_exist_for_everything_and_for_values_from_elsewhere),
		cmocka_unit_test(the_door_lets_through_what_the_rows_do_and_nothing_else),
		cmocka_unit_test(machines_are_counted_by_their_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
