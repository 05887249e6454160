/* An edge between an SCS by hand and a core by hand: the CEA waits for the verdict, every request is answered exactly once, sessions
 * outlive a core (CONTRACTS sections 1, 3 and 4). */
#include "tests/unit/test.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apps/tsp_dar.h"
#include "apps/tsp_dnr.h"
#include "diameter/dia_base.h"
#include "edge/edge_int.h"
#include "net/net_task.h"
#include "edge/edge_txn.h"
#include "tests/unit/edge/edge_play.h"

#define HOST "scs.acme.example"

static int start(void **state)
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

static void test_the_cea_waits_for_the_verdict(void **state)
{
	struct edge_play *p = *state;
	struct ipc_session_open open;
	struct dia_msg m;
	uint64_t session;

	edge_play_cer(p, HOST);
	session = edge_play_asked(p, &open);
	assert_string_equal(open.origin_host, HOST);
	assert_string_equal(open.origin_realm, "acme.example");
	assert_int_equal(open.identity.kind, IDENTITY_INTERNAL);
	assert_false(open.again);
	assert_false(edge_play_received(p, &m)); /* no CEA yet */
	edge_play_verdict(p, session, true);
	assert_true(edge_play_received(p, &m));
	assert_int_equal(m.hdr.code, 257);
	assert_int_equal(edge_play_result(&m), 2001);
}

static void test_a_refusal_is_a_cea_with_3010_and_the_e_bit_and_then_the_end(void **state)
{
	struct edge_play *p = *state;
	struct ipc_session_open open;
	struct dia_msg m;

	edge_play_cer(p, HOST);
	edge_play_verdict(p, edge_play_asked(p, &open), false);
	assert_true(edge_play_received(p, &m));
	assert_int_equal(m.hdr.code, 257);
	assert_true(m.hdr.flags & DIA_FLAG_E);
	assert_int_equal(edge_play_result(&m), 3010);
	assert_true(edge_play_closed(p));
}

static void test_a_request_crosses_in_canonical_form_and_its_answer_comes_back_once(void **state)
{
	struct edge_play *p = *state;
	struct ipc_device_action_answer a = { .result_code = 2001, .request_status = TSP_STATUS_NOTAUTHORIZED };
	struct ipc_device_action asked;
	struct dia_msg m;
	uint64_t transaction;

	a.session = edge_play_open(p, HOST);
	edge_play_dar(p, HOST, "Meter-7@Fleet.EXAMPLE", 41);
	transaction = edge_play_offered(p, &asked);
	assert_int_equal(asked.session, a.session);
	assert_int_equal(asked.device, IPC_DEVICE_EXTERNAL);
	assert_string_equal(asked.external_id, "Meter-7@fleet.example");
	assert_int_equal(asked.reference, 41);
	assert_memory_equal(asked.payload, "hi", 2);
	edge_play_core_says(p, ipc_device_action_answer_put(p->record, p->conf.generation, transaction, &a));
	assert_true(edge_play_received(p, &m));
	assert_int_equal(m.hdr.end_to_end, 41);
	assert_int_equal(edge_play_status(&m), TSP_STATUS_NOTAUTHORIZED);
	edge_play_core_says(p, ipc_device_action_answer_put(p->record, p->conf.generation, transaction, &a));
	assert_false(edge_play_received(p, &m)); /* a second answer finds nobody */
	assert_int_equal(p->edge->tsp.by_number.n, 0);
}

static void test_an_answer_for_another_session_is_not_taken(void **state)
{
	struct edge_play *p = *state;
	struct ipc_device_action_answer a = { .result_code = 2001, .request_status = 0 };
	struct ipc_device_action asked;
	struct dia_msg m;
	uint64_t transaction;

	a.session = edge_play_open(p, HOST) + 1;
	edge_play_dar(p, HOST, "meter-7@a.example", 41);
	transaction = edge_play_offered(p, &asked);
	edge_play_core_says(p, ipc_device_action_answer_put(p->record, p->conf.generation, transaction, &a));
	assert_false(edge_play_received(p, &m));
}

static void test_a_device_name_that_is_not_canonical_does_not_cross(void **state)
{
	struct edge_play *p = *state;
	struct ipc_device_action asked;

	edge_play_open(p, HOST);
	edge_play_dar(p, HOST, "meter-7@a.example.", 41);
	edge_play_offered(p, &asked);
	assert_int_equal(asked.device, IPC_DEVICE_MALFORMED);
	assert_string_equal(asked.external_id, "");
}

static void test_who_speaks_for_another_gets_3010_and_is_closed(void **state)
{
	struct edge_play *p = *state;
	struct ipc_session_closed closed;
	struct ipc_rec_head head;
	struct dia_msg m;
	size_t len;

	edge_play_open(p, HOST);
	edge_play_dar(p, "scs.beta.example", "meter-7@a.example", 41);
	assert_true(edge_play_received(p, &m));
	assert_true(m.hdr.flags & DIA_FLAG_E);
	assert_int_equal(edge_play_result(&m), 3010);
	assert_true(edge_play_closed(p));
	len = edge_play_take(p, IPC_REC_SESSION_CLOSED, &head);
	assert_int_equal(ipc_session_closed_get(&closed, p->record, len), 0);
	assert_string_equal(closed.reason, "foreign-origin");
	assert_int_equal(edge_play_take(p, IPC_REC_DEVICE_ACTION, &head), 0);
}

/* The next record that says so; its transaction. */
static uint64_t given_up(struct edge_play *p, struct ipc_device_action_given_up *out)
{
	struct ipc_rec_head head = { 0 };
	size_t len = edge_play_take(p, IPC_REC_DEVICE_ACTION_GIVEN_UP, &head);

	assert_int_equal(ipc_device_action_given_up_get(out, p->record, len), 0);
	return head.transaction;
}

/* What an SCS is refused is no request of its rate: the log must not grow as fast as it sends. */
static void test_refused_requests_have_ten_lines_a_second(void **state)
{
	struct edge_play *p = *state;
	struct edge_session *s = edge_session_find(&p->edge->sessions, edge_play_open(p, HOST));
	unsigned said = 0;

	assert_non_null(s);
	for (unsigned i = 0; i < 25; i++) {
		said += edge_tsp_may_say(&p->edge->tsp, s);
	}
	assert_int_equal(said, 10);
	assert_int_equal(s->refused.left_out, 15);
	s->refused.since_ms -= 1000;
	assert_true(edge_tsp_may_say(&p->edge->tsp, s)); /* the next second, and the others were told */
	assert_int_equal(s->refused.left_out, 0);
}

/* The core sends a rule. */
static void rule(struct edge_play *p, enum screen_row row, uint8_t mode, const char *except)
{
	struct ipc_screen_rule r = { row, screen_rule_preset(row) };

	r.rule.mode = mode;
	if (except) {
		assert_int_equal(screen_rule_except(&r.rule, except), 0);
	}
	edge_play_core_says(p, ipc_screen_rule_put(p->record, 7, 0, &r));
	edge_play_turns(p, 2);
}

/* A DAR for another host. */
static void foreign_dar(struct edge_play *p, uint32_t reference)
{
	uint8_t octets[2048];
	struct buf b = buf_over(octets, sizeof octets);
	struct tsp_dar dar = { .has_action = true };

	dar.head.request = true;
	dar.head.session_id = dia_text("scs.acme.example;1;2");
	dar.head.auth_application_id = dia_u32_of(APP_TSP);
	dar.head.auth_session_state = dia_u32_of(1);
	dar.head.origin_host = dia_text("scs.acme.example");
	dar.head.origin_realm = dia_text("acme.example");
	dar.head.destination_realm = dia_text("operator.example");
	dar.head.destination_host = dia_text("elsewhere.example");
	dar.action.external_identifier = dia_text("meter-1@a.example");
	dar.action.reference_number = dia_u32_of(reference);
	dar.action.action_type = dia_u32_of(TSP_ACTION_TRIGGER);
	dar.action.trigger_data.present = true;
	dar.action.trigger_data.payload = dia_text("hi");
	tsp_dar_build(&b, &dar, reference, reference);
	assert_int_equal(write(p->scs, b.p, b.len), b.len);
	edge_play_turns(p, 5);
}

static void test_a_rule_of_the_core_holds_for_the_next_request_of_an_open_session(void **state)
{
	struct edge_play *p = *state;
	struct ipc_device_action a;
	struct ipc_screen_seen seen;
	struct ipc_rec_head head;
	struct dia_msg m;
	uint64_t session = edge_play_open(p, "scs.acme.example");
	struct st_counters *st = &p->edge->env.st;
	size_t len;

	foreign_dar(p, 1);
	assert_true(edge_play_received(p, &m));
	assert_int_equal(edge_play_result(&m), DIA_RESULT_UNABLE_TO_DELIVER);
	assert_int_equal(st->v[ST_EDGE_SCREEN_DESTINATION_HOST], 1);

	rule(p, SCREEN_DESTINATION_HOST, SCREEN_DROP, NULL);
	foreign_dar(p, 2);
	assert_false(edge_play_received(p, &m));
	assert_int_equal(st->v[ST_EDGE_SCREEN_DROPPED], 1);

	rule(p, SCREEN_DESTINATION_HOST, SCREEN_DETECT, NULL);
	foreign_dar(p, 3);
	(void)edge_play_offered(p, &a);
	assert_int_equal(a.reference, 3);
	assert_false(a.host_named); /* the host that is named is another */
	len = edge_play_take(p, IPC_REC_SCREEN_SEEN, &head);
	assert_int_equal(ipc_screen_seen_get(&seen, p->record, len), 0);
	assert_int_equal(head.transaction, session);
	assert_int_equal(seen.end_to_end, 3);
	assert_int_equal(seen.rows, 1u << SCREEN_DESTINATION_HOST);

	rule(p, SCREEN_DESTINATION_HOST, SCREEN_DROP, "acme");
	foreign_dar(p, 4);
	(void)edge_play_offered(p, &a);
	assert_int_equal(a.reference, 4);
	assert_int_equal(st->v[ST_EDGE_SCREEN_EXEMPTED], 1);
	assert_int_equal(st->v[ST_EDGE_SCREEN_DESTINATION_HOST], 3);
}

static void test_without_an_answer_of_the_core_the_scs_gets_201_at_the_deadline_and_no_second_one(void **state)
{
	struct edge_play *p = *state;
	struct ipc_device_action_answer a = { .result_code = 2001, .request_status = 0 };
	struct ipc_device_action_given_up known;
	struct ipc_device_action asked;
	struct dia_msg m;
	uint64_t transaction;

	a.session = edge_play_open(p, HOST);
	p->edge->tsp.wait_ms = 60;
	edge_play_dar(p, HOST, "meter-7@a.example", 41);
	transaction = edge_play_offered(p, &asked);
	for (int i = 0; i < 2000 && !edge_play_received(p, &m); i++) {
		;
	}
	assert_int_equal(edge_play_status(&m), TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(p->edge->env.st.v[ST_EDGE_ANSWERED_LATE], 1);
	assert_int_equal(given_up(p, &known), transaction);
	assert_int_equal(known.end_to_end, 41);
	assert_int_equal(known.session, a.session);
	edge_play_core_says(p, ipc_device_action_answer_put(p->record, p->conf.generation, transaction, &a));
	assert_false(edge_play_received(p, &m));
}

/* What is given back late or not at all would shut all SCSs out, some days later. The bounds: limits.request_bytes, and of a connection. */
static void test_the_octets_of_requests_are_bounded_and_given_back(void **state)
{
	struct edge_play *p = *state;
	struct edge_tsp *tsp = &p->edge->tsp;
	struct ipc_device_action_answer a = { .result_code = 2001, .request_status = TSP_STATUS_SUCCESS };
	struct ipc_device_action asked;
	struct edge_session *s;
	struct dia_msg m;
	uint64_t transaction;
	size_t len;

	p->cfg->limits.request_octets = 1 << 20; /* as after a reload */
	p->cfg->limits.request_octets_per_connection = 1 << 17;
	a.session = edge_play_open(p, HOST);
	edge_play_dar(p, HOST, "meter-7@a.example", 41);
	transaction = edge_play_offered(p, &asked);
	s = TAILQ_FIRST(&tsp->txns)->session;
	len = tsp->octets;
	assert_true(len > DIA_HEADER_LEN && s->octets == len);
	edge_play_core_says(p, ipc_device_action_answer_put(p->record, p->conf.generation, transaction, &a));
	assert_true(edge_play_received(p, &m));
	assert_int_equal(tsp->octets, 0);
	assert_int_equal(s->octets, 0);
	for (unsigned i = 0; i < 4; i++) { /* of all SCSs, then of this one: the last octet that fits, and one more */
		size_t *octets = i < 2 ? &tsp->octets : &s->octets, full = ((size_t)1 << (i < 2 ? 20 : 17)) - len + i % 2;

		*octets = full;
		edge_play_dar(p, HOST, "meter-7@a.example", 42 + i);
		if (i % 2) {
			assert_true(edge_play_received(p, &m));
			assert_int_equal(edge_play_result(&m), DIA_RESULT_TOO_BUSY);
		} else {
			transaction = edge_play_offered(p, &asked);
			edge_play_core_says(p, ipc_device_action_answer_put(p->record, p->conf.generation, transaction, &a));
			assert_true(edge_play_received(p, &m));
			assert_int_equal(edge_play_status(&m), TSP_STATUS_SUCCESS);
		}
		assert_int_equal(*octets, full);
		*octets = 0;
	}
	assert_int_equal(p->edge->env.st.v[ST_EDGE_REQUESTS_FULL], 2);
}

/* An edge that stood still finds the deadline and the answer in one turn. */
static void test_an_answer_that_is_there_at_the_deadline_counts(void **state)
{
	struct edge_play *p = *state;
	struct ipc_device_action_answer a = { .result_code = 2001, .request_status = TSP_STATUS_SUCCESS };
	struct ipc_device_action asked;
	struct ipc_rec_head head;
	struct dia_msg m;
	uint64_t transaction;

	a.session = edge_play_open(p, HOST);
	edge_play_dar(p, HOST, "meter-7@a.example", 41);
	transaction = edge_play_offered(p, &asked);
	assert_int_equal(
	    ipc_ring_send(p->core, p->record, ipc_device_action_answer_put(p->record, p->conf.generation, transaction, &a)), 0);
	assert_int_equal(ipc_ring_flush(p->core), 0);
	(void)edge_tsp_front.due(&p->edge->tsp, UINT64_MAX);
	assert_true(edge_play_received(p, &m));
	assert_int_equal(edge_play_status(&m), TSP_STATUS_SUCCESS);
	assert_int_equal(edge_play_take(p, IPC_REC_DEVICE_ACTION_GIVEN_UP, &head), 0);
}

static void test_the_core_knows_when_the_edge_answers_by_itself(void **state)
{
	struct edge_play *p = *state;
	struct ipc_device_action asked;
	uint64_t start;

	edge_play_open(p, HOST);
	p->edge->tsp.wait_ms = 5000;
	start = net_loop_now_ms(p->loop);
	edge_play_dar(p, HOST, "meter-7@a.example", 41);
	edge_play_offered(p, &asked);
	assert_in_range(asked.answer_by_ms, start + 5000, net_loop_now_ms(p->loop) + 5000);
}

static uint64_t unanswered(const struct edge_play *p, uint64_t out[3])
{
	const uint64_t *v = p->edge->env.st.v;

	out[0] = v[ST_EDGE_UNANSWERED_SENT];
	out[1] = v[ST_EDGE_UNANSWERED_GONE];
	out[2] = v[ST_EDGE_UNANSWERED_STOP];
	return out[0] + out[1] + out[2];
}

/* The connection is reset: one that only ends waits for the answers it is owed. */
static void lose_connection(struct edge_play *p)
{
	const struct linger reset = { 1, 0 };

	assert_int_equal(setsockopt(p->scs, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
	close(p->scs);
	p->scs = -1;
	for (int i = 0; i < 2000 && !TAILQ_EMPTY(&p->edge->sessions.list); i++) {
		edge_play_turns(p, 1);
	}
	assert_true(TAILQ_EMPTY(&p->edge->sessions.list));
}

static void test_a_request_that_is_not_answered_says_why(void **state)
{
	struct edge_play *p = *state;
	struct ipc_device_action asked;
	uint64_t n[3];

	edge_play_open(p, HOST);
	edge_play_dar(p, HOST, "meter-7@a.example", 41);
	edge_play_offered(p, &asked);
	edge_play_dar(p, HOST, "meter-8@a.example", 42);
	for (int i = 0; i < 2000 && p->edge->tsp.by_number.n < 2; i++) {
		edge_play_turns(p, 1);
	}
	assert_int_equal(unanswered(p, n), 0);
	lose_connection(p);
	assert_int_equal(unanswered(p, n), 2);
	assert_int_equal(n[1], 2);
	assert_int_equal(p->edge->tsp.by_number.n, 0);
}

/* Its connection had no room for the answer: that counts, whatever ends the transaction then. */
static void test_an_answer_that_could_not_be_sent_is_counted(void **state)
{
	struct edge_play *p = *state;
	struct ipc_device_action asked;
	struct edge_txn *t;
	uint64_t n[3];

	edge_play_open(p, HOST);
	edge_play_dar(p, HOST, "meter-7@a.example", 41);
	edge_play_offered(p, &asked);
	t = TAILQ_FIRST(&p->edge->tsp.txns);
	edge_txn_answered(t, EDGE_TXN_NOT_SENT);
	edge_txn_finish(t, EDGE_TXN_SESSION_GONE);
	assert_int_equal(unanswered(p, n), 1);
	assert_int_equal(n[0], 1);
}

static void test_a_request_that_was_answered_is_not_counted_when_its_session_ends(void **state)
{
	struct edge_play *p = *state;
	struct ipc_device_action asked;
	struct dia_msg m;
	uint64_t n[3];

	edge_play_open(p, HOST);
	p->edge->tsp.wait_ms = 60;
	edge_play_dar(p, HOST, "meter-7@a.example", 41); /* the edge answers; its transaction waits for the core */
	edge_play_offered(p, &asked);
	for (int i = 0; i < 2000 && !edge_play_received(p, &m); i++) {
		;
	}
	assert_int_equal(p->edge->tsp.by_number.n, 1);
	lose_connection(p);
	assert_int_equal(p->edge->tsp.by_number.n, 0);
	assert_int_equal(unanswered(p, n), 0);
}

static void test_a_request_that_a_stopping_edge_did_not_answer_says_so(void **state)
{
	struct edge_play *p = *state;
	struct ipc_device_action asked;
	uint64_t n[3];

	edge_play_open(p, HOST);
	edge_play_dar(p, HOST, "meter-7@a.example", 41);
	edge_play_offered(p, &asked);
	edge_sessions_stop(&p->edge->sessions);
	lose_connection(p);
	assert_int_equal(unanswered(p, n), 1);
	assert_int_equal(n[2], 1);
}

/* What the edge tells the core of itself; it does so from time to time, too. */
static struct st_counters counters_now(struct edge_play *p)
{
	struct st_counters told;
	struct ipc_rec_head head;
	size_t len;

	while (edge_play_take(p, IPC_REC_STATS, &head)) {
		;
	}
	edge_stats_send(&p->edge->stats);
	len = edge_play_take(p, IPC_REC_STATS, &head);
	assert_int_equal(ipc_stats_get(&told, p->record, len), 0);
	return told;
}

static void test_connections_are_counted_by_their_state_and_the_core_is_told(void **state)
{
	struct edge_play *p = *state;
	const uint32_t *in = p->edge->sessions.in_state;
	struct ipc_session_open open;
	struct st_counters told;
	uint64_t session;

	edge_play_turns(p, 5);
	assert_int_equal(in[EDGE_SESSION_CER], 1);
	edge_play_cer(p, HOST);
	session = edge_play_asked(p, &open);
	assert_int_equal(in[EDGE_SESSION_CER], 0);
	assert_int_equal(in[EDGE_SESSION_VERDICT], 1);
	told = counters_now(p);
	assert_int_equal(told.v[ST_EDGE_IN_ASKED], 1);
	assert_int_equal(told.v[ST_EDGE_IN_CER], 0);
	edge_play_verdict(p, session, true);
	assert_int_equal(in[EDGE_SESSION_OPEN], 1);
	told = counters_now(p);
	assert_int_equal(told.v[ST_EDGE_IN_OPEN], 1); /* how many there are, not how many came */
	net_loop_layer_gauge(p->loop)[TLS_OPEN] = 1;  /* as if the connection were one of TLS */
	told = counters_now(p);
	assert_int_equal(told.v[ST_EDGE_TLS_IN_OPEN], 1);
	net_loop_layer_gauge(p->loop)[TLS_OPEN] = 0;
	lose_connection(p);
	for (unsigned i = 0; i < EDGE_SESSION_STATES; i++) {
		assert_int_equal(in[i], 0);
	}
}

/* A second table, from the drawing in edge_session.c: a row for each state, a column for each that may follow. */
static void test_no_connection_goes_back(void **state)
{
	static const char *const may[] = { ".H....E", "..RC..E", "...C..E", "....A.E", ".....OE", "......E", "......E" };

	(void)state;
	for (unsigned from = 0; from < EDGE_SESSION_STATES; from++) {
		for (unsigned to = 0; to < EDGE_SESSION_STATES; to++) {
			assert_int_equal(machine_may(&edge_session_machine, from, to), strchr("-.", may[from][to]) == NULL);
		}
	}
}

static void test_a_new_core_is_told_what_the_edge_answered_before(void **state)
{
	struct edge_play *p = *state;
	struct ipc_device_action_answer a = { .result_code = 2001, .request_status = TSP_STATUS_TEMPORARYERROR };
	struct ipc_device_action_given_up known;
	struct ipc_device_action asked;
	struct ipc_rec_head head;
	struct dia_msg m;
	uint64_t transaction;

	a.session = edge_play_open(p, HOST);
	p->edge->tsp.wait_ms = 60;
	edge_play_dar(p, HOST, "meter-7@a.example", 41);
	transaction = edge_play_offered(p, &asked);
	for (int i = 0; i < 2000 && !edge_play_received(p, &m); i++) {
		;
	}
	edge_play_new_core(p); /* the first took the request, and died before it knew */
	assert_int_equal(given_up(p, &known), transaction);
	assert_int_equal(known.reference, 41);
	edge_play_core_says(p, ipc_device_action_answer_put(p->record, p->conf.generation, transaction, &a));
	assert_false(edge_play_received(p, &m));
	assert_int_equal(p->edge->tsp.by_number.n, 0);
	edge_play_new_core(p);
	assert_int_equal(edge_play_take(p, IPC_REC_DEVICE_ACTION_GIVEN_UP, &head), 0);
}

static void test_a_new_core_hears_of_sessions_and_unanswered_requests(void **state)
{
	struct edge_play *p = *state;
	struct ipc_device_action_answer a = { .result_code = 2001, .request_status = 0 };
	struct ipc_device_action first, second;
	struct ipc_session_open open;
	struct dia_msg m;
	uint64_t session = edge_play_open(p, HOST), transaction;

	edge_play_dar(p, HOST, "meter-7@a.example", 41);
	transaction = edge_play_offered(p, &first);
	assert_false(first.again);
	edge_play_new_core(p);
	assert_int_equal(p->edge->ring.unanswered, 1); /* a part is half of them */
	assert_int_equal(edge_play_asked(p, &open), session);
	assert_true(open.again);
	assert_int_equal(edge_play_offered(p, &second), transaction);
	assert_true(second.again);
	assert_string_equal(second.external_id, first.external_id);
	assert_int_equal(second.end_to_end, first.end_to_end);
	edge_play_verdict(p, session, true);
	a.session = session;
	edge_play_core_says(p, ipc_device_action_answer_put(p->record, p->conf.generation, transaction, &a));
	assert_true(edge_play_received(p, &m));
	assert_int_equal(edge_play_status(&m), TSP_STATUS_SUCCESS);
	assert_int_equal(p->edge->ring.unanswered, 0);
}

/* The walk goes on when the connection that is next ends meanwhile, and begins anew with each change. */
static void test_all_connections_are_looked_at_again_when_crls_change(void **state)
{
	struct edge_play *p = *state;
	struct edge_sessions *all = &p->edge->sessions;
	uint64_t session = edge_play_open(p, "scs.acme.example"), before = all->revocation.looked_at;

	edge_revocation_begin(all);
	assert_ptr_equal(all->revocation.next, edge_session_find(all, session));
	edge_revocation_begin(all);
	edge_play_turns(p, 5);
	assert_int_equal(all->revocation.looked_at, before + 1);
	assert_null(all->revocation.next);
	assert_int_equal(all->revocation.at_s, UINT64_MAX); /* without TLS nothing ever changes */
	assert_int_equal(edge_session_find(all, session)->state, EDGE_SESSION_OPEN);
	edge_revocation_begin(all);
	close(p->scs);
	p->scs = -1;
	edge_play_turns(p, 5);
	assert_null(edge_session_find(all, session));
	assert_null(all->revocation.next);
}

static void test_a_new_core_that_does_not_want_a_session_ends_it(void **state)
{
	static const struct {
		struct ipc_session_verdict v;
		enum dia_disconnect_cause cause;
	} cases[] = {
		{ { false, 3010, 0, "", "unknown-peer", false, 0, false }, DIA_DISCONNECT_DO_NOT_WANT },
		{ { false, 3010, 0, "", "wrong-anchor", false, 0, false }, DIA_DISCONNECT_REBOOTING },
		{ { false, 3010, 0, "", "certificate-expired", false, 0, false }, DIA_DISCONNECT_REBOOTING },
		{ { false, 3004, 0, "", "too-many-connections", false, 0, false }, DIA_DISCONNECT_BUSY },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct edge_play *p = *state;
		struct ipc_session_open open;
		struct dia_disconnect dpr;
		struct dia_failed failed;
		struct dia_msg m;
		uint64_t session = edge_play_open(p, HOST);

		edge_play_new_core(p);
		assert_int_equal(edge_play_asked(p, &open), session);
		edge_play_core_says(p, ipc_session_verdict_put(p->record, p->conf.generation, session, &cases[i].v));
		assert_true(edge_play_received(p, &m));
		assert_int_equal(m.hdr.code, 282); /* DPR */
		assert_int_equal(dia_disconnect_parse(&dpr, &m, &failed), 0);
		assert_int_equal(dpr.disconnect_cause.v, cases[i].cause);
		edge_play_end(p);
		memset(p, 0, sizeof *p);
		edge_play_start(p);
	}
}

static struct ipc_device_notification report(uint64_t session)
{
	struct ipc_device_notification n = { .session = session,
					     .report = 5,
					     .end_to_end = 77,
					     .device = IPC_DEVICE_EXTERNAL,
					     .external_id = "meter-7@a.example",
					     .reference = 41,
					     .wait_ms = 2000 };

	return n;
}

static void test_a_report_goes_out_and_its_acknowledgement_comes_back(void **state)
{
	struct edge_play *p = *state;
	struct ipc_device_notification n = report(edge_play_open(p, HOST));
	struct ipc_device_notification_answer a;
	struct ipc_rec_head head;
	struct dia_msg m;
	size_t len;

	edge_play_core_says(p, ipc_device_notification_put(p->record, p->conf.generation, 9, &n));
	assert_true(edge_play_received(p, &m));
	assert_int_equal(m.hdr.code, APP_CMD_DEVICE_NOTIFICATION);
	assert_int_equal(m.hdr.end_to_end, 77);
	assert_int_equal(p->edge->env.st.v[ST_EDGE_NOTIFICATIONS], 1);
	edge_play_dna(p, &m, 2001);
	len = edge_play_take(p, IPC_REC_DEVICE_NOTIFICATION_ANSWER, &head);
	assert_int_equal(ipc_device_notification_answer_get(&a, p->record, len), 0);
	assert_int_equal(head.transaction, 9);
	assert_int_equal(a.outcome, IPC_DNA_ANSWERED);
	assert_int_equal(a.result_code, 2001);
}

static void test_what_an_acknowledgement_lacks_is_told_and_a_foreign_one_acknowledges_nothing(void **state)
{
	static const struct {
		struct edge_play_dna as;
		uint32_t result;
		uint8_t lapses;
	} cases[] = {
		{ { .bare = true }, 2001, APP_LAPSE_AUTH_APPLICATION_ID | APP_LAPSE_AUTH_SESSION_STATE | APP_LAPSE_ORIGIN_REALM },
		{ { .session_id = "iwf.operator.example;0;6;dnr" }, 0, 0 },
		{ { .host = "scs.other.example" }, 0, 0 },
	};
	struct edge_play *p = *state;
	struct ipc_device_notification n = report(edge_play_open(p, HOST));
	struct ipc_device_notification_answer a;
	struct ipc_rec_head head;
	struct dia_msg m;
	size_t len;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		edge_play_core_says(p, ipc_device_notification_put(p->record, p->conf.generation, 9, &n));
		assert_true(edge_play_received(p, &m));
		edge_play_dna_as(p, &m, &cases[i].as);
		len = edge_play_take(p, IPC_REC_DEVICE_NOTIFICATION_ANSWER, &head);
		assert_int_equal(ipc_device_notification_answer_get(&a, p->record, len), 0);
		assert_int_equal(a.outcome, IPC_DNA_ANSWERED);
		assert_int_equal(a.result_code, cases[i].result);
		assert_int_equal(a.lapses, cases[i].lapses);
	}
	assert_int_equal(st_get(&p->edge->env.st, ST_EDGE_BAD_ANSWERS), 2);
}

static void test_a_report_for_nobody_is_answered_closed(void **state)
{
	struct edge_play *p = *state;
	struct ipc_device_notification n = report(99);
	struct ipc_device_notification_answer a;
	struct ipc_rec_head head;
	size_t len;

	edge_play_open(p, HOST);
	edge_play_core_says(p, ipc_device_notification_put(p->record, p->conf.generation, 9, &n));
	len = edge_play_take(p, IPC_REC_DEVICE_NOTIFICATION_ANSWER, &head);
	assert_int_equal(ipc_device_notification_answer_get(&a, p->record, len), 0);
	assert_int_equal(a.outcome, IPC_DNA_CLOSED);
}

static void test_a_core_that_lies_is_not_spoken_to_any_more(void **state)
{
	struct edge_play *p = *state;
	struct ipc_session_closed closed = { "ended" };

	edge_play_open(p, HOST);
	edge_play_core_says(p, ipc_session_closed_put(p->record, p->conf.generation, 1, &closed)); /* the wrong direction */
	assert_int_equal(p->broken, 1);
	assert_null(p->edge->ring.ring);
	edge_play_dar(p, HOST, "meter-7@a.example", 41); /* waits for another core; nothing breaks */
	assert_int_equal(p->edge->tsp.by_number.n, 1);
}

/* -- another front than Tsp */

struct fake_front {
	const struct edge_session *session; /* of the request */
	uint32_t code;
	int gone, due;
};

static void fake_on_request(void *arg, struct edge_session *s, const struct dia_msg *m)
{
	struct fake_front *f = arg;

	f->session = s;
	f->code = m->hdr.code;
}

static void fake_session_gone(void *arg, struct edge_session *s)
{
	struct fake_front *f = arg;

	assert_ptr_equal(s, f->session);
	assert_non_null(s->link); /* not freed yet */
	f->gone++;
}

static uint64_t fake_due(void *arg, uint64_t now_ms)
{
	struct fake_front *f = arg;

	(void)now_ms;
	f->due++;
	return UINT64_MAX;
}

static void use(struct edge_play *p, const struct edge_front *front, struct fake_front *fake)
{
	p->edge->sessions.front = front;
	p->edge->sessions.front_arg = fake;
}

static const struct edge_front fake_front = {
	.application = APP_TSP, .on_request = fake_on_request, .session_gone = fake_session_gone, .due = fake_due
};

static void test_a_session_gives_its_requests_and_its_end_to_its_front(void **state)
{
	struct edge_play *p = *state;
	struct fake_front fake = { 0 };
	struct ipc_session_cut cut = { 0, DIA_DISCONNECT_BUSY, "test" };
	uint64_t session = edge_play_open(p, HOST);
	struct dia_msg m;

	use(p, &fake_front, &fake);
	edge_play_dar(p, HOST, "meter-7@a.example", 41);
	assert_int_equal(fake.code, APP_CMD_DEVICE_ACTION);
	assert_int_equal(fake.session->number, session);
	assert_int_equal(p->edge->tsp.by_number.n, 0); /* Tsp sees nothing of it */
	edge_play_core_says(p, ipc_session_cut_put(p->record, p->conf.generation, session, &cut));
	assert_true(edge_play_received(p, &m)); /* DPR */
	assert_int_equal(fake.gone, 0);
	assert_int_equal(shutdown(p->scs, SHUT_RDWR), 0);
	edge_play_turns(p, 5);
	assert_int_equal(fake.gone, 1);
}

static void test_deadlines_are_looked_at_once_a_turn_and_only_when_one_moved(void **state)
{
	struct edge_play *p = *state;
	struct fake_front fake = { 0 };
	struct ipc_session_open open;

	use(p, &fake_front, &fake);
	edge_play_turns(p, 5);
	assert_int_equal(fake.due, 0);
	edge_play_cer(p, HOST); /* the verdict has a deadline */
	assert_int_equal(fake.due, 1);
	edge_play_verdict(p, edge_play_asked(p, &open), true);
	assert_int_equal(fake.due, 1);
	fake.session = TAILQ_FIRST(&p->edge->sessions.list); /* it ends below, while `fake` is there */
	assert_int_equal(shutdown(p->scs, SHUT_RDWR), 0);
	edge_play_turns(p, 5);
	assert_int_equal(fake.gone, 1);
}

/* -- its life */

/* Makes the first `n` parts of an edge, in the order of edge_new(). */
static struct edge *half_made(const struct edge_play *p, int n)
{
	struct edge *e = calloc(1, sizeof *e);

	assert_non_null(e);
	obj_begin(&e->obj, EDGE_MAGIC);
	e->env = (struct edge_env){ .cfg = p->cfg, .log = &p->log, .loop = p->loop, .generation = 1, .number_next = 1 };
	if (n > 0) {
		edge_ring_init(&e->ring, &e->env, NULL, NULL);
	}
	if (n > 1) {
		edge_screen_init(&e->screen, &e->env, &e->ring);
		assert_int_equal(edge_tsp_init(&e->tsp, &e->env, &e->ring, &e->screen), 0);
	}
	if (n > 2) {
		edge_notes_init(&e->notes, &e->env, &e->ring, &e->sessions);
	}
	if (n > 3) {
		assert_int_equal(
		    edge_sessions_init(&e->sessions, &e->env, &e->ring, p->caps, &edge_tsp_front, &e->tsp, &e->trace), 0);
	}
	if (n > 4) {
		assert_int_equal(edge_stats_init(&e->stats, &e->env, &e->ring, &e->sessions), 0);
	}
	return e;
}

#define OTHERS 30

/* While one session waits for its verdict, each look at the deadlines costs as much as if it were alone. */
static void test_a_session_that_waits_for_its_verdict_costs_no_look_at_the_others(void **state)
{
	struct edge_play *p = *state;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(p->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int others[OTHERS], looks = 0;
	struct ipc_session_open open;

	for (int i = 0; i < OTHERS; i++) {
		others[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(others[i], (struct sockaddr *)&to, sizeof to), 0);
		edge_play_turns(p, 2);
	}
	edge_play_cer(p, HOST);
	edge_play_asked(p, &open);
	for (; looks < 50; looks++) {
		p->edge->env.deadlines_moved = true;
		edge_play_turns(p, 1);
	}
	assert_in_range(p->edge->sessions.looked_at, 50, 60);
	p->edge->sessions.looked_at = 0;
	for (int i = 0; i < OTHERS; i++) {
		close(others[i]);
	}
}

static void connections_become(struct edge_play *p, uint32_t n)
{
	uint32_t now = 0;

	for (int i = 0; i < 2000; i++) {
		struct edge_session *s;

		now = 0;
		TAILQ_FOREACH (s, &p->edge->sessions.list, entry) {
			now++;
		}
		if (now == n) {
			break;
		}
		edge_play_turns(p, 1);
	}
	assert_int_equal(now, n);
}

/* Two may be there: the third is closed at once, and when one has left there is room again. */
static void test_each_limit_of_connections_refuses_the_next_one(void **state)
{
	static const enum st_counter refused[] = { ST_EDGE_REFUSED_TOTAL, ST_EDGE_REFUSED_ADDRESS };
	struct edge_play *p = *state;

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct cfg_limits *l = &p->cfg->limits;
		const uint64_t *v = p->edge->env.st.v;
		int first = p->scs, second;

		*(i == 0 ? &l->connections_total : &l->connections_per_address) = 2;
		edge_play_connect(p);
		second = p->scs;
		edge_play_connect(p);
		assert_true(edge_play_closed(p));
		connections_become(p, 2);
		assert_int_equal(v[ST_EDGE_ACCEPTED], 2);
		assert_int_equal(v[refused[i]], 1);
		close(p->scs);
		close(second);
		connections_become(p, 1);
		edge_play_connect(p);
		connections_become(p, 2);
		assert_int_equal(v[ST_EDGE_ACCEPTED], 3);
		assert_int_equal(v[refused[i]], 1);
		close(first);
		edge_play_end(p);
		memset(p, 0, sizeof *p);
		edge_play_start(p);
	}
}

/* A reload: what the core knows stays until the core ends it, what it does not know goes at once. */
static void test_a_listener_that_is_closed_keeps_its_sessions_and_opens_again(void **state)
{
	struct edge_play *p = *state;
	struct edge_sessions *all = &p->edge->sessions;
	int first;

	(void)edge_play_open(p, "scs.acme.example");
	first = p->scs;
	edge_play_connect(p); /* one without a CER */
	assert_int_equal(all->in_state[EDGE_SESSION_OPEN], 1);
	assert_int_equal(all->in_state[EDGE_SESSION_CER], 1);
	edge_unlisten(p->edge, &p->cfg->listen[0]);
	edge_play_turns(p, 2);
	assert_int_equal(all->in_state[EDGE_SESSION_OPEN], 1);
	assert_int_equal(all->in_state[EDGE_SESSION_CER], 0);
	assert_true(edge_play_closed(p));
	close(p->scs);
	edge_unlisten(p->edge, &p->cfg->listen[0]); /* once more does nothing */
	assert_int_equal(edge_listen(p->edge, p->listen_fd, &p->cfg->listen[0], NULL), 0);
	assert_int_equal(edge_listen(p->edge, p->listen_fd, &p->cfg->listen[0], NULL), ERR_INVAL); /* it listens */
	/* one without TLS in the place of one that had it, whose context is still there */
	edge_unlisten(p->edge, &p->cfg->listen[0]);
	assert_int_equal(edge_listen(p->edge, p->listen_fd, &p->cfg->listen[0], (struct tls_ctx *)p), 0);
	assert_null(p->edge->sessions.listeners[0].tls);
	assert_int_equal(all->listeners_n, 1);
	edge_play_connect(p);
	assert_int_equal(all->in_state[EDGE_SESSION_CER], 1);
	close(first);
}

static void test_new_limits_hold_for_sessions_that_are_open(void **state)
{
	struct edge_play *p = *state;
	uint64_t number = edge_play_open(p, "scs.acme.example");
	const struct edge_session *s = edge_session_find(&p->edge->sessions, number);
	uint32_t granted = s->pending_max;

	p->cfg->limits.pending_per_scs = 1;
	p->cfg->limits.cer_wait_ms = 4321;
	p->cfg->s6m.answer_wait_ms += 500;
	edge_reconfigure(p->edge);
	assert_int_equal(s->pending_max, 1);
	assert_int_equal(p->edge->sessions.link_conf.cer_wait_ms, 4321);
	assert_int_equal(p->edge->tsp.wait_ms, cfg_answer_within_ms(p->cfg));
	p->cfg->limits.pending_per_scs = 1024;
	edge_reconfigure(p->edge);
	assert_int_equal(s->pending_max, granted);
}

static void test_a_half_made_edge_is_freed(void **state)
{
	for (int n = 0; n <= 5; n++) {
		edge_free(half_made(*state, n)); /* a sanitizer sees what stays */
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

/* One whose CRL is missing or late stays within its grace, also with another core; and only the anchor that counts. */
static void test_what_a_new_core_is_told_of_the_revocation(void **state)
{
	static const uint8_t told[] = { [REVOCATION_UNCHECKED] = REVOCATION_UNCHECKED,
					[REVOCATION_GOOD] = REVOCATION_GOOD,
					[REVOCATION_ABSENT] = REVOCATION_GOOD,
					[REVOCATION_STALE] = REVOCATION_GOOD };
	struct edge_play *p = *state;
	struct edge_session *s = TAILQ_FIRST(&p->edge->sessions.list);
	struct ipc_identity id = { .kind = IDENTITY_TLS };

	s->anchor = 1;
	for (uint8_t r = 0; r < sizeof told; r++) {
		id.revocation[0] = REVOCATION_STALE;
		id.revocation[1] = r;
		edge_revocation_announce(s, &id);
		assert_int_equal(id.revocation[1], told[r]);
		assert_int_equal(id.revocation[0], REVOCATION_STALE);
	}
	s->anchor = 0;
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_cea_waits_for_the_verdict),
		TEST(test_what_a_new_core_is_told_of_the_revocation),
		TEST(test_each_limit_of_connections_refuses_the_next_one),
		TEST(test_a_listener_that_is_closed_keeps_its_sessions_and_opens_again),
		TEST(test_new_limits_hold_for_sessions_that_are_open),
		TEST(test_a_refusal_is_a_cea_with_3010_and_the_e_bit_and_then_the_end),
		TEST(test_a_request_crosses_in_canonical_form_and_its_answer_comes_back_once),
		TEST(test_an_answer_for_another_session_is_not_taken),
		TEST(test_a_device_name_that_is_not_canonical_does_not_cross),
		TEST(test_who_speaks_for_another_gets_3010_and_is_closed),
		TEST(test_refused_requests_have_ten_lines_a_second),
		TEST(test_the_octets_of_requests_are_bounded_and_given_back),
		TEST(test_an_answer_that_is_there_at_the_deadline_counts),
		TEST(test_the_core_knows_when_the_edge_answers_by_itself),
		TEST(test_a_new_core_is_told_what_the_edge_answered_before),
		TEST(test_a_request_that_is_not_answered_says_why),
		TEST(test_an_answer_that_could_not_be_sent_is_counted),
		TEST(test_a_request_that_was_answered_is_not_counted_when_its_session_ends),
		TEST(test_a_request_that_a_stopping_edge_did_not_answer_says_so),
		TEST(test_connections_are_counted_by_their_state_and_the_core_is_told),
		TEST(test_no_connection_goes_back),
		TEST(test_a_rule_of_the_core_holds_for_the_next_request_of_an_open_session),
		TEST(test_without_an_answer_of_the_core_the_scs_gets_201_at_the_deadline_and_no_second_one),
		TEST(test_a_new_core_hears_of_sessions_and_unanswered_requests),
		TEST(test_all_connections_are_looked_at_again_when_crls_change),
		TEST(test_a_new_core_that_does_not_want_a_session_ends_it),
		TEST(test_a_report_goes_out_and_its_acknowledgement_comes_back),
		TEST(test_what_an_acknowledgement_lacks_is_told_and_a_foreign_one_acknowledges_nothing),
		TEST(test_a_report_for_nobody_is_answered_closed),
		TEST(test_a_core_that_lies_is_not_spoken_to_any_more),
		TEST(test_a_session_gives_its_requests_and_its_end_to_its_front),
		TEST(test_deadlines_are_looked_at_once_a_turn_and_only_when_one_moved),
		TEST(test_a_half_made_edge_is_freed),
		TEST(test_a_session_that_waits_for_its_verdict_costs_no_look_at_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
