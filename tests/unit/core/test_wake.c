/* Reports that wait for their SCS: what its connection costs, how many go at a time, and that all go. */
#include "tests/unit/test.h"

#include "net/net_task.h"
#include "tests/unit/core/core_play.h"
#include "tests/unit/trigger/trg_put.h"

static struct core_trigger *trigger(struct core_play *p, uint32_t reference, enum trg_state trg_state)
{
	struct trg_request r = { .scs = "acme",
				 .scs_e164 = "491720000001",
				 .origin_host = "scs.acme.example",
				 .origin_realm = "acme.example",
				 .external = "meter-1@a.example",
				 .groups = "",
				 .action = TSP_ACTION_TRIGGER,
				 .reference = reference,
				 .has_validity = true,
				 .validity_s = 600,
				 .received_ms = core_now_ms(p->core),
				 .expires_ms = core_now_ms(p->core) + 600000 };
	struct core_trigger *t;

	assert_int_equal(core_trigger_new(&t, p->core, core_scs_get(p->core, "acme"), &r), 0);
	trg_put(t->trg, trg_state);
	t->trg->answered = t->trg->accepted = true;
	t->trg->has_outcome = trg_state == TRG_BACKOFF;
	t->trg->reported_ms = core_now_ms(p->core);
	t->trg->dnr_end_to_end = reference;
	core_wake_settle(t);
	return t;
}

static void triggers(struct core_play *p, uint32_t from, uint32_t n, enum trg_state state)
{
	for (uint32_t i = 0; i < n; i++) {
		trigger(p, from + i, state);
	}
}

static struct core_scs *acme(struct core_play *p)
{
	return core_scs_get(p->core, "acme");
}

static void open_session(struct core_play *p, uint64_t number)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");

	assert_true(core_play_open(p, number, &s).admitted);
}

/* Acknowledges the DNRs that are out; returns how many. */
static uint32_t acknowledge(struct core_play *p, uint64_t session)
{
	struct ipc_device_notification_answer a = { .session = session, .outcome = IPC_DNA_ANSWERED, .result_code = 2001 };
	struct ipc_rec_head head;
	uint64_t numbers[2000];
	uint32_t n = 0;

	while (core_play_take(p, IPC_REC_DEVICE_NOTIFICATION, &head)) {
		numbers[n++] = head.transaction;
	}
	for (uint32_t i = 0; i < n; i++) {
		size_t len = ipc_device_notification_answer_put(p->record, p->generation, numbers[i], &a);

		assert_int_equal(ipc_ring_send(p->edge, p->record, len), 0);
	}
	assert_int_equal(ipc_ring_flush(p->edge), 0);
	core_play_turns(p, 8);
	return n;
}

static void test_a_connection_looks_at_the_reports_that_wait_and_at_no_other_trigger(void **state)
{
	struct core_play *p = *state;

	triggers(p, 1, 2000, TRG_ACCEPTED);
	triggers(p, 2001, 3, TRG_BACKOFF);
	open_session(p, 1);
	core_play_turns(p, 5);
	assert_int_equal(p->core->wakes.looked_at, 3);
	assert_int_equal(acme(p)->notices_n, 3);
	open_session(p, 2); /* nothing waits any more */
	core_play_turns(p, 5);
	assert_int_equal(p->core->wakes.looked_at, 3);
}

/* Its DNR went out while the report is being written, and the connection was lost. The disk may take long. */
static void test_a_report_that_is_being_written_goes_again_with_a_connection(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = trigger(p, 1, TRG_REPORTING), *durable = trigger(p, 2, TRG_REPORTING);

	t->trg->has_outcome = durable->trg->has_outcome = true;
	t->trg->told = TRG_TOLD_REFUSED;
	core_wake_settle(t);
	assert_int_equal(acme(p)->parked_n, 1);
	open_session(p, 1);
	core_play_turns(p, 5);
	assert_int_equal(p->core->wakes.looked_at, 1);
	assert_int_equal(acme(p)->notices_n, 1);
	assert_int_equal(acme(p)->parked_n, 0);
	assert_int_equal(t->trg->state, TRG_REPORTING);
	assert_int_equal(acknowledge(p, 1), 1);
	assert_int_equal(t->trg->told, TRG_TOLD_TAKEN);
	core_trigger_step(t, &(struct trg_event){ .kind = TRG_EV_DURABLE });
	assert_int_equal(p->core->triggers.n, 1);
}

static void test_many_reports_go_some_at_a_time_and_each_once(void **state)
{
	struct core_play *p = *state;
	uint32_t sent = 0, n;

	triggers(p, 1, 3 * CORE_WAKE_WINDOW + 7, TRG_BACKOFF);
	open_session(p, 1);
	core_play_turns(p, 10);
	assert_int_equal(acme(p)->notices_n, CORE_WAKE_WINDOW);
	assert_int_equal(acme(p)->parked_n, 2 * CORE_WAKE_WINDOW + 7);
	for (int i = 0; i < 20 && (n = acknowledge(p, 1)); i++) {
		assert_true(acme(p)->notices_n <= CORE_WAKE_WINDOW);
		sent += n;
	}
	assert_int_equal(sent, 3 * CORE_WAKE_WINDOW + 7);
	assert_int_equal(p->core->wakes.looked_at, sent);
	assert_int_equal(p->core->triggers.n, 0);
	assert_true(TAILQ_EMPTY(&p->core->wakes.list));
}

static void test_when_the_session_goes_again_the_rest_waits_for_the_next(void **state)
{
	struct ipc_session_closed closed = { "ended" };
	struct core_play *p = *state;
	struct ipc_rec_head head;
	uint32_t n = 2 * CORE_WAKE_WINDOW;

	triggers(p, 1, n, TRG_BACKOFF);
	open_session(p, 1);
	core_play_turns(p, 5);
	core_play_send(p, ipc_session_closed_put(p->record, p->generation, 1, &closed));
	core_play_turns(p, 5);
	assert_int_equal(acme(p)->parked_n, n);
	assert_int_equal(acme(p)->notices_n, 0);
	assert_true(TAILQ_EMPTY(&p->core->wakes.list));
	while (core_play_take(p, IPC_REC_DEVICE_NOTIFICATION, &head)) {
		;
	}
	open_session(p, 2);
	core_play_turns(p, 5);
	for (uint32_t left = n; left;) {
		uint32_t acknowledged = acknowledge(p, 2);

		assert_true(acknowledged > 0);
		left -= acknowledged;
	}
	assert_int_equal(p->core->triggers.n, 0);
}

static void test_what_waits_is_counted_by_what_it_waits_for(void **state)
{
	struct core_play *p = *state;
	const uint32_t *in = p->core->triggers.in_wait;
	struct core_trigger *t = trigger(p, 1, TRG_ACCEPTED);

	assert_int_equal(in[CORE_WAIT_NOTHING], 1);
	trg_put(t->trg, TRG_BACKOFF);
	core_wake_settle(t);
	core_wake_settle(t); /* once */
	assert_int_equal(in[CORE_WAIT_NOTHING], 0);
	assert_int_equal(in[CORE_WAIT_SCS], 1);
	core_gauges(p->core);
	assert_int_equal(p->core->st.v[ST_WAITS_IN_SCS], 1);
	assert_int_equal(p->core->st.v[ST_TRIGGERS_IN_BACKOFF], 1);
	assert_int_equal(p->core->st.v[ST_TRIGGERS_IN_ACCEPTED], 0);
	core_trigger_free(t);
	core_gauges(p->core);
	for (unsigned i = ST_TRIGGERS_IN_IDLE; i <= ST_WAITS_IN_SCS; i++) {
		assert_int_equal(p->core->st.v[i], 0);
	}
	assert_false(machine_may(&core_wait_machine, CORE_WAIT_TURN, CORE_WAIT_SCS)); /* one list entry: first out, then in */
	assert_false(machine_may(&core_wait_machine, CORE_WAIT_SCS, CORE_WAIT_TURN));
	assert_false(machine_may(&core_wait_machine, CORE_WAIT_TURN, CORE_WAIT_TURN));
}

static void test_the_gauges_of_the_loop_the_journal_and_the_peers_are_those_of_the_core(void **state)
{
	struct core_play *p = *state;
	uint32_t *tls = net_loop_layer_gauge(p->loop);
	uint64_t *now = p->core->st.v;

	tls[TLS_OPEN] = 3;
	core_gauges(p->core);
	assert_int_equal(p->core->st.v[ST_TLS_IN_OPEN], 3);
	assert_int_equal(p->core->st.v[ST_TLS_IN_HANDSHAKE], 0);
	assert_int_equal(p->core->st.v[ST_JOURNAL_IN_WELL], 1);
	assert_int_equal(p->core->st.v[ST_JOURNAL_IN_FULL] + p->core->st.v[ST_JOURNAL_IN_FAILING], 0);
	assert_int_equal(now[ST_SPARE_IN_IDLE] + now[ST_SPARE_IN_ASKED] + now[ST_SPARE_IN_MADE], 1);
	assert_int_equal(now[ST_WATCHDOGS_IN_INITIAL], p->core->peers.n); /* the loop has not run: none is connected */
	assert_int_equal(now[ST_REOPENS_IN_CLEAR], p->core->peers.n);
	assert_int_equal(now[ST_PEERS_IN_CLOSED], p->core->peers.n);
	assert_true(p->core->peers.n > 0);
	tls[TLS_OPEN] = 0;
}

static void test_a_trigger_that_ends_while_it_waits_is_not_woken(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = trigger(p, 1, TRG_BACKOFF);

	trigger(p, 2, TRG_BACKOFF);
	core_trigger_free(t);
	assert_int_equal(acme(p)->parked_n, 1);
	open_session(p, 1);
	core_play_turns(p, 3);
	assert_int_equal(p->core->wakes.looked_at, 1);
}

TEST_GROUP()
{
#define T(name) cmocka_unit_test_setup_teardown(name, core_play_setup, core_play_teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_connection_looks_at_the_reports_that_wait_and_at_no_other_trigger),
		T(test_a_report_that_is_being_written_goes_again_with_a_connection),
		T(test_many_reports_go_some_at_a_time_and_each_once),
		T(test_when_the_session_goes_again_the_rest_waits_for_the_next),
		T(test_what_waits_is_counted_by_what_it_waits_for),
		T(test_the_gauges_of_the_loop_the_journal_and_the_peers_are_those_of_the_core),
		T(test_a_trigger_that_ends_while_it_waits_is_not_woken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
