/* What an edge copies for a trace, in which order, and that a copy never takes the place of a request. */
#include "tests/unit/test.h"

#include "tests/unit/edge/edge_play.h"

static int begin(void **state)
{
	struct edge_play *p = calloc(1, sizeof *p);

	edge_play_start(p);
	*state = p;
	return 0;
}

static int end(void **state)
{
	edge_play_end(*state);
	free(*state);
	return 0;
}

static void trace(struct edge_play *p, const struct ipc_trace *t)
{
	edge_play_core_says(p, ipc_trace_put(p->record, p->conf.generation, t));
	edge_play_turns(p, 3);
}

/* The next copy; its octets are borrowed until the next record. False: there is none. */
static bool copied(struct edge_play *p, struct ipc_trace_copy *c, uint32_t *code)
{
	struct ipc_rec_head head;
	struct dia_hdr h;
	size_t len = edge_play_take(p, IPC_REC_TRACE_COPY, &head);

	if (!len) {
		return false;
	}
	assert_int_equal(ipc_trace_copy_get(c, p->record, len), 0);
	*code = c->len && !dia_hdr_parse(&h, c->message, c->len) ? h.code : 0;
	return true;
}

static const struct ipc_trace acme = { .number = 3, .unredacted = true, .scs = "acme" };

static void expect(struct edge_play *p, uint32_t code, bool out)
{
	struct ipc_trace_copy c;
	uint32_t found;

	assert_true(copied(p, &c, &found));
	assert_int_equal(found, code);
	assert_int_equal(c.out, out);
	assert_int_equal(c.number, 3);
	assert_int_equal(c.lost, 0);
}

static void nothing_more(struct edge_play *p)
{
	struct ipc_trace_copy c;
	uint32_t code;

	assert_false(copied(p, &c, &code));
}

static void answer(struct edge_play *p, uint64_t transaction, uint64_t session)
{
	const struct ipc_device_action_answer a = { .session = session, .result_code = 2001, .request_status = 0 };
	struct dia_msg m;

	edge_play_core_says(p, ipc_device_action_answer_put(p->record, p->conf.generation, transaction, &a));
	assert_true(edge_play_received(p, &m));
}

static void test_a_trace_of_an_scs_copies_what_comes_and_goes(void **state)
{
	struct edge_play *p = *state;
	uint64_t session = edge_play_open(p, "scs.acme.example"), transaction;
	struct ipc_device_action a;

	trace(p, &acme);
	edge_play_dar(p, "scs.acme.example", "meter-7@fleet.example", 41);
	expect(p, APP_CMD_DEVICE_ACTION, false); /* before the request itself, so it is first in the file */
	transaction = edge_play_offered(p, &a);
	answer(p, transaction, session);
	expect(p, APP_CMD_DEVICE_ACTION, true);
	assert_int_equal(p->edge->env.st.v[ST_EDGE_TRACED], 2);
	trace(p, &(struct ipc_trace){ 0 });
	edge_play_dar(p, "scs.acme.example", "meter-7@fleet.example", 42);
	answer(p, edge_play_offered(p, &a), session);
	nothing_more(p);
}

static void test_another_scs_is_not_copied_and_a_new_session_is(void **state)
{
	struct edge_play *p = *state;
	struct ipc_trace other = acme;
	struct ipc_device_action a;
	uint64_t session = edge_play_open(p, "scs.acme.example");

	strcpy(other.scs, "other");
	trace(p, &other);
	edge_play_dar(p, "scs.acme.example", "meter-7@fleet.example", 41);
	answer(p, edge_play_offered(p, &a), session);
	nothing_more(p);
	trace(p, &acme);
	edge_play_connect(p);
	(void)edge_play_open(p, "scs.acme.example");
	expect(p, DIA_CMD_CAPABILITIES_EXCHANGE, true); /* from the verdict on: the CEA */
}

static void test_a_device_or_a_trigger_has_its_request_and_its_answer_alone(void **state)
{
	struct edge_play *p = *state;
	struct ipc_trace device = {
		.number = 3, .unredacted = true, .device = IPC_DEVICE_EXTERNAL, .external_id = "meter-7@fleet.example"
	};
	struct ipc_trace trigger = { .number = 3, .unredacted = true, .scs = "acme", .reference = { 42, true } };
	uint64_t session = edge_play_open(p, "scs.acme.example"), first, second;
	struct ipc_device_action a;

	trace(p, &device);
	edge_play_dar(p, "scs.acme.example", "meter-8@fleet.example", 41);
	first = edge_play_offered(p, &a);
	nothing_more(p);
	edge_play_dar(p, "scs.acme.example", "meter-7@fleet.example", 42);
	expect(p, APP_CMD_DEVICE_ACTION, false);
	second = edge_play_offered(p, &a);
	answer(p, first, session);
	nothing_more(p);
	answer(p, second, session);
	expect(p, APP_CMD_DEVICE_ACTION, true);
	trace(p, &trigger);
	edge_play_dar(p, "scs.acme.example", "meter-8@fleet.example", 43);
	(void)edge_play_offered(p, &a);
	nothing_more(p);
	edge_play_dar(p, "scs.acme.example", "meter-8@fleet.example", 42);
	expect(p, APP_CMD_DEVICE_ACTION, false);
}

static void test_a_report_and_its_acknowledgement_belong_to_its_device(void **state)
{
	struct edge_play *p = *state;
	struct ipc_trace device = {
		.number = 3, .unredacted = true, .device = IPC_DEVICE_EXTERNAL, .external_id = "meter-7@fleet.example"
	};
	struct ipc_device_notification n = { .session = edge_play_open(p, "scs.acme.example"),
					     .report = 1,
					     .end_to_end = 9,
					     .device = IPC_DEVICE_EXTERNAL,
					     .external_id = "meter-8@fleet.example",
					     .scs_identity = "491720000001",
					     .reference = 41,
					     .wait_ms = 5000 };
	struct dia_msg m;

	trace(p, &device);
	for (int i = 0; i < 2; i++) {
		edge_play_core_says(p, ipc_device_notification_put(p->record, p->conf.generation, 70 + i, &n));
		assert_true(edge_play_received(p, &m));
		edge_play_dna(p, &m, 2001);
		edge_play_turns(p, 5);
		n.external_id[6] = '7'; /* the second one */
	}
	expect(p, APP_CMD_DEVICE_NOTIFICATION, true);
	expect(p, APP_CMD_DEVICE_NOTIFICATION, false);
	nothing_more(p);
}

static void test_what_leaves_the_edge_is_redacted(void **state)
{
	struct edge_play *p = *state;
	struct ipc_trace redacted = { .number = 3, .key = { 5, 6 }, .scs = "acme" };
	struct ipc_trace_copy c;
	uint32_t code;

	(void)edge_play_open(p, "scs.acme.example");
	trace(p, &redacted);
	edge_play_dar(p, "scs.acme.example", "meter-7@fleet.example", 41);
	assert_true(copied(p, &c, &code));
	assert_int_equal(c.len, c.len_before);
	assert_null(memmem(c.message, c.len, "fleet", 5));
	assert_non_null(memmem(c.message, c.len, "scs.acme.example", 16));
}

/* The ring is full of copies that no core reads: a request waits in the local queue, and copies are lost before that. */
static void test_a_full_ring_loses_copies_and_no_request(void **state)
{
	struct edge_play *p = *state;
	struct ipc_trace_copy c;
	struct ipc_device_action a;
	uint32_t n = 0, lost = 0, requests = 0;
	struct ipc_rec_head head;
	size_t len;

	(void)edge_play_open(p, "scs.acme.example");
	trace(p, &acme);
	for (uint32_t i = 1; i <= 100 && !p->edge->env.st.v[ST_EDGE_TRACE_LOST]; i++, n++) {
		edge_play_dar(p, "scs.acme.example", "meter-7@fleet.example", i);
		edge_play_turns(p, 2);
	}
	assert_true(p->edge->env.st.v[ST_EDGE_TRACE_LOST] > 0);
	for (int i = 0; i < 5; i++) { /* there is room again, and the end of the turn tells */
		edge_play_turns(p, 2);
		while (ipc_ring_recv(p->core, p->record, &len) == 0) {
			assert_int_equal(ipc_rec_head_get(&head, p->record, len), 0);
			if (head.type == IPC_REC_TRACE_COPY) {
				assert_int_equal(ipc_trace_copy_get(&c, p->record, len), 0);
				lost += c.lost;
			} else if (head.type == IPC_REC_DEVICE_ACTION) {
				assert_int_equal(ipc_device_action_get(&a, p->record, len), 0);
				assert_int_equal(a.reference, ++requests); /* every one, in order */
			}
		}
	}
	assert_int_equal(requests, n);
	assert_int_equal(lost, p->edge->env.st.v[ST_EDGE_TRACE_LOST]);
}

TEST_GROUP()
{
#define PLAY(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		PLAY(test_a_trace_of_an_scs_copies_what_comes_and_goes),
		PLAY(test_another_scs_is_not_copied_and_a_new_session_is),
		PLAY(test_a_device_or_a_trigger_has_its_request_and_its_answer_alone),
		PLAY(test_a_report_and_its_acknowledgement_belong_to_its_device),
		PLAY(test_what_leaves_the_edge_is_redacted),
		PLAY(test_a_full_ring_loses_copies_and_no_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
