/* An edge and the NDS/IP helper, which the test plays: nothing is read from a connection or sent on it while nobody proves who protects it. */
#include "tests/unit/test.h"

#include <sys/socket.h>
#include <unistd.h>

#include "ndsip/ns_msg.h"
#include "net/net_stream_impl.h"
#include "tests/unit/edge/edge_play.h"

#define HOST "scs.acme.example"
#define GRACE_MS 50u     /* where its end is waited for */
#define GRACE_TURNS 2000 /* of a millisecond or more: longer than that and what is allowed to the helper */

static int begin_as(void **state, bool keep, uint32_t grace_ms)
{
	struct edge_play *p = calloc(1, sizeof *p);

	assert_non_null(p);
	p->ndsip = true;
	p->keep = keep;
	p->grace_ms = grace_ms;
	edge_play_start(p);
	*state = p;
	return 0;
}

static int begin(void **state)
{
	return begin_as(state, false, 0);
}

static int begin_short(void **state)
{
	return begin_as(state, false, GRACE_MS);
}

static int begin_keep(void **state)
{
	return begin_as(state, true, 0);
}

static int end(void **state)
{
	struct edge_play *p = *state;

	edge_play_end(p);
	if (p->helper >= 0) {
		close(p->helper);
	}
	free(p);
	return 0;
}

static bool hears(struct edge_play *p, struct ns_msg *m)
{
	uint8_t octets[NS_MSG_OCTETS_MAX + 1];
	ssize_t n;

	edge_play_turns(p, 2);
	n = recv(p->helper, octets, sizeof octets, MSG_DONTWAIT);
	if (n <= 0) {
		return false;
	}
	assert_int_equal(ns_msg_decode(m, NS_FROM_EDGE, octets, (size_t)n), 0);
	return true;
}

static struct ns_open asked(struct edge_play *p)
{
	struct ns_msg m;

	assert_true(hears(p, &m));
	assert_int_equal(m.kind, NS_OPEN);
	return m.open;
}

static void says(struct edge_play *p, uint64_t id, enum ns_proof proof, enum ns_reason reason, const char *scs)
{
	struct ns_msg m = { .kind = NS_STATE, .state = { .id = id, .proof = (uint8_t)proof, .reason = (uint8_t)reason } };
	uint8_t octets[NS_MSG_OCTETS_MAX];
	size_t n;

	if (proof == NS_PROVEN) {
		snprintf(m.state.scs, sizeof m.state.scs, "%s", scs);
		snprintf(m.state.identity, sizeof m.state.identity, "scs.%s.example", scs);
		snprintf(m.state.anchor, sizeof m.state.anchor, "anchor-a");
	}
	n = ns_msg_encode(octets, &m);
	assert_true(n > 0);
	assert_int_equal(send(p->helper, octets, n, MSG_NOSIGNAL), (ssize_t)n);
	edge_play_turns(p, 3);
}

/* An admitted session; its id at the helper. */
static uint64_t open_session(struct edge_play *p, uint64_t *session)
{
	struct ns_open o = asked(p);

	says(p, o.id, NS_PROVEN, NS_REASON_SA_PROVEN, "acme");
	*session = edge_play_open(p, HOST);
	return o.id;
}

static bool crosses(struct edge_play *p, uint16_t type)
{
	struct ipc_rec_head head;

	return edge_play_take(p, type, &head) > 0;
}

static void has_ended(struct edge_play *p, const char *reason)
{
	struct ipc_session_closed closed;
	struct ipc_rec_head head;
	size_t len = edge_play_take(p, IPC_REC_SESSION_CLOSED, &head);

	assert_true(len > 0);
	assert_int_equal(ipc_session_closed_get(&closed, p->record, len), 0);
	assert_string_equal(closed.reason, reason);
}

/* -- */

static void test_nothing_is_read_before_the_proof(void **state)
{
	struct edge_play *p = *state;
	struct ipc_session_open open;
	struct ns_open o = asked(p);

	assert_int_equal(o.protocol, SA_TCP);
	assert_int_equal(o.local_port, p->port);
	assert_true(o.local_n == 1 && o.remote_n == 1 && o.remote_port > 0);
	assert_memory_equal(o.local[0].octets, "\177\0\0\1", 4);
	assert_false(o.again);
	edge_play_cer(p, HOST);
	assert_false(crosses(p, IPC_REC_SESSION_OPEN));
	says(p, o.id, NS_HELD, NS_REASON_SA_UNPROTECTED, NULL);
	assert_false(crosses(p, IPC_REC_SESSION_OPEN));
	says(p, o.id, NS_PROVEN, NS_REASON_SA_PROVEN, "acme");
	(void)edge_play_asked(p, &open);
	assert_int_equal(open.identity.kind, IDENTITY_IPSEC);
	assert_int_equal(open.identity.names_n, 1);
	assert_string_equal(open.identity.names[0], HOST);
	assert_string_equal(open.identity.anchors[0], "anchor-a");
	assert_int_equal(open.protection, PROTECTION_NDSIP);
}

/* -- an SCTP association, of which the test says the addresses */

static struct {
	struct net_ip local[NET_IPS_MAX], peer[NET_IPS_MAX];
	size_t local_n, peer_n;
	int err;
} association;

static int association_ips(const struct net_stream *s, bool peer, struct net_ip out[NET_IPS_MAX], size_t *n)
{
	(void)s;
	*n = peer ? association.peer_n : association.local_n;
	memcpy(out, peer ? association.peer : association.local, *n * sizeof *out);
	return association.err;
}

static const struct net_message_ops association_ops = { .ips = association_ips };

static struct net_ip ip4(uint8_t last)
{
	return (struct net_ip){ .family = AF_INET, .octets = { 10, 77, 1, last } };
}

static int begin_proof(struct edge_play *p, struct edge_proof *proof)
{
	struct net_stream stream = { .messages = &association_ops };
	int err;

	err = edge_proof_begin(&p->edge->sessions.proofs, proof, &stream, p->scs);
	edge_play_turns(p, 2);
	return err;
}

static void test_all_addresses_of_an_association_are_asked_about(void **state)
{
	struct edge_play *p = *state;
	struct edge_proof proof;
	struct ns_open o;

	(void)asked(p); /* of the connection that the play has made */
	association.err = 0;
	association.local_n = association.peer_n = 2;
	association.local[0] = ip4(1);
	association.local[1] = ip4(2);
	association.peer[0] = ip4(7);
	association.peer[1] = (struct net_ip){ .family = AF_INET6, .octets = { 0xfd, [15] = 9 } };
	assert_int_equal(begin_proof(p, &proof), 0);
	o = asked(p);
	assert_int_equal(o.protocol, SA_SCTP);
	assert_int_equal(o.remote_port, p->port); /* the socket is that of the SCS in the play */
	assert_true(o.local_n == 2 && o.remote_n == 2);
	assert_int_equal(o.local[1].family, 4);
	assert_memory_equal(o.local[1].octets, association.local[1].octets, 16);
	assert_int_equal(o.remote[0].octets[3], 7);
	assert_int_equal(o.remote[1].family, 6);
	assert_memory_equal(o.remote[1].octets, association.peer[1].octets, 16);
	edge_proof_end(&p->edge->sessions.proofs, &proof);
}

/* One address that is not asked about would be one that nobody proves. */
static void test_an_association_with_too_many_addresses_is_refused(void **state)
{
	struct edge_play *p = *state;
	struct edge_proof proof;

	association.err = 0;
	association.local_n = association.peer_n = NS_ENDS_MAX;
	for (uint8_t i = 0; i <= NS_ENDS_MAX; i++) {
		association.local[i] = ip4(i);
		association.peer[i] = ip4(100 + i);
	}
	assert_int_equal(begin_proof(p, &proof), 0);
	edge_proof_end(&p->edge->sessions.proofs, &proof);
	association.peer_n++;
	assert_int_equal(begin_proof(p, &proof), ERR_LIMIT);
	association.peer_n = 0;
	assert_int_equal(begin_proof(p, &proof), ERR_INVAL);
	association.peer_n = 1;
	association.local_n++;
	assert_int_equal(begin_proof(p, &proof), ERR_LIMIT);
	association.local_n = 1;
	association.err = ERR_IO;
	assert_int_equal(begin_proof(p, &proof), ERR_IO);
}

static void test_a_refused_connection_is_closed_and_the_core_hears_nothing(void **state)
{
	struct edge_play *p = *state;
	struct ns_open o = asked(p);
	struct ns_msg m;

	edge_play_cer(p, HOST);
	says(p, o.id, NS_CUT, NS_REASON_SA_UNPROTECTED, NULL);
	assert_true(edge_play_closed(p));
	assert_false(crosses(p, IPC_REC_SESSION_OPEN));
	assert_false(hears(p, &m)); /* the helper has forgotten it: no CLOSE */
	assert_int_equal(p->edge->env.st.v[ST_EDGE_REFUSED_UNPROVEN], 1);
}

/* The helper says nothing, for ever. */
static void test_a_silent_helper_lets_nobody_through(void **state)
{
	struct edge_play *p = *state;
	struct ns_open o = asked(p);
	struct ns_msg m;

	for (int i = 0; i < GRACE_TURNS && p->edge->sessions.in_state[EDGE_SESSION_PROOF]; i++) {
		edge_play_turns(p, 1);
	}
	assert_true(edge_play_closed(p));
	assert_true(hears(p, &m));
	assert_int_equal(m.kind, NS_CLOSE);
	assert_true(m.close.id == o.id);
}

static void test_a_held_session_neither_reads_nor_sends_and_goes_on(void **state)
{
	struct edge_play *p = *state;
	struct ipc_device_action_answer a = { .result_code = 2001 };
	struct ipc_device_action action;
	struct dia_msg m;
	uint64_t session, id = open_session(p, &session), transaction;

	edge_play_dar(p, HOST, "meter-1@a.example", 1);
	transaction = edge_play_offered(p, &action);
	says(p, id, NS_HELD, NS_REASON_SA_UNPROTECTED, NULL);
	edge_play_dar(p, HOST, "meter-1@a.example", 2);
	a.session = session;
	edge_play_core_says(p, ipc_device_action_answer_put(p->record, p->conf.generation, transaction, &a));
	assert_false(crosses(p, IPC_REC_DEVICE_ACTION));
	assert_false(edge_play_received(p, &m));
	says(p, id, NS_PROVEN, NS_REASON_SA_PROVEN, "acme");
	assert_true(edge_play_received(p, &m));
	assert_true(crosses(p, IPC_REC_DEVICE_ACTION));
	assert_int_equal(p->edge->env.st.v[ST_EDGE_HELD], 1);
	assert_int_equal(p->edge->env.st.v[ST_EDGE_PROTECTION_LOST], 0);
}

static void test_a_cut_session_ends_with_its_reason_and_what_is_queued_is_not_sent(void **state)
{
	struct edge_play *p = *state;
	struct ipc_device_action_answer a = { .result_code = 2001 };
	struct ipc_device_action action;
	uint64_t session, id = open_session(p, &session), transaction;
	char c;

	edge_play_dar(p, HOST, "meter-1@a.example", 1);
	transaction = edge_play_offered(p, &action);
	says(p, id, NS_HELD, NS_REASON_SA_UNPROTECTED, NULL);
	a.session = session;
	edge_play_core_says(p, ipc_device_action_answer_put(p->record, p->conf.generation, transaction, &a));
	says(p, id, NS_CUT, NS_REASON_SA_UNPROTECTED, NULL);
	edge_play_turns(p, 5);
	assert_true(recv(p->scs, &c, 1, MSG_DONTWAIT) < 0); /* a reset, and not a byte before it */
	has_ended(p, "protection-lost");
	assert_int_equal(p->edge->env.st.v[ST_EDGE_PROTECTION_LOST], 1);
}

/* The helper holds, and never says more: the edge has a clock of its own. */
static void test_what_is_held_for_too_long_is_cut_by_the_edge(void **state)
{
	struct edge_play *p = *state;
	uint64_t session, id = open_session(p, &session);

	p->cfg->ndsip.grace_ms = GRACE_MS;
	says(p, id, NS_HELD, NS_REASON_SA_UNPROTECTED, NULL);
	for (int i = 0; i < GRACE_TURNS && p->edge->sessions.in_state[EDGE_SESSION_OPEN]; i++) {
		edge_play_turns(p, 1);
	}
	edge_play_turns(p, 3);
	has_ended(p, "protection-lost");
}

static void test_a_session_stays_with_the_scs_that_it_was_proven_for(void **state)
{
	struct edge_play *p = *state;
	uint64_t session, id = open_session(p, &session);

	says(p, id, NS_HELD, NS_REASON_SA_TWO_IDENTITIES, NULL);
	says(p, id, NS_PROVEN, NS_REASON_SA_PROVEN, "beta");
	edge_play_turns(p, 3);
	has_ended(p, "protection-lost");
}

static void test_without_a_helper_sessions_are_held_and_asked_about_again(void **state)
{
	struct edge_play *p = *state;
	uint64_t session;
	struct ns_open o;

	(void)open_session(p, &session);
	close(p->helper);
	edge_play_turns(p, 3);
	assert_true(p->lost > 0);
	edge_play_dar(p, HOST, "meter-1@a.example", 1);
	assert_false(crosses(p, IPC_REC_DEVICE_ACTION));
	edge_play_helper(p);
	o = asked(p);
	assert_true(o.again);
	says(p, o.id, NS_PROVEN, NS_REASON_SA_PROVEN, "acme");
	assert_true(crosses(p, IPC_REC_DEVICE_ACTION));
	p->cfg->ndsip.grace_ms = GRACE_MS;
	close(p->helper);
	p->helper = -1;
	for (int i = 0; i < GRACE_TURNS && p->edge->sessions.in_state[EDGE_SESSION_OPEN]; i++) {
		edge_play_turns(p, 1);
	}
	edge_play_turns(p, 3);
	has_ended(p, "protection-lost");
	close(p->scs);
	edge_play_connect(p);
	assert_true(edge_play_closed(p)); /* nobody new without a helper */
	assert_int_equal(p->edge->env.st.v[ST_EDGE_REFUSED_UNPROVEN], 1);
}

/* The end of the one before has not been read yet. */
static void test_a_helper_in_place_of_another_has_proven_nothing(void **state)
{
	struct edge_play *p = *state;
	uint64_t session;
	int before = p->helper;

	(void)open_session(p, &session);
	edge_play_helper(p);
	edge_play_dar(p, HOST, "meter-1@a.example", 1);
	assert_false(crosses(p, IPC_REC_DEVICE_ACTION));
	says(p, asked(p).id, NS_PROVEN, NS_REASON_SA_PROVEN, "acme");
	assert_true(crosses(p, IPC_REC_DEVICE_ACTION));
	close(before);
}

static void test_keep_keeps_a_proven_session_and_nobody_else(void **state)
{
	struct edge_play *p = *state;
	uint64_t session;
	struct ns_open o;

	(void)open_session(p, &session);
	close(p->helper);
	edge_play_turns(p, 3);
	edge_play_dar(p, HOST, "meter-1@a.example", 1);
	assert_true(crosses(p, IPC_REC_DEVICE_ACTION));
	edge_play_helper(p);
	o = asked(p);
	says(p, o.id, NS_HELD, NS_REASON_CHARON_AWAY, NULL);
	edge_play_dar(p, HOST, "meter-1@a.example", 2);
	assert_true(crosses(p, IPC_REC_DEVICE_ACTION));
	says(p, o.id, NS_HELD, NS_REASON_RULES_LOST, NULL); /* that is not kept */
	edge_play_dar(p, HOST, "meter-1@a.example", 3);
	assert_false(crosses(p, IPC_REC_DEVICE_ACTION));
}

static void test_a_session_that_ends_is_forgotten_by_the_helper(void **state)
{
	struct edge_play *p = *state;
	uint64_t session, id = open_session(p, &session);
	struct ns_msg m;

	close(p->scs);
	edge_play_turns(p, 5);
	assert_true(hears(p, &m));
	assert_int_equal(m.kind, NS_CLOSE);
	assert_true(m.close.id == id);
	says(p, id, NS_CUT, NS_REASON_SA_UNPROTECTED, NULL); /* crosses it: nobody minds */
	edge_play_connect(p);
	assert_true(asked(p).id != id);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_is_read_before_the_proof, begin, end),
		cmocka_unit_test_setup_teardown(test_all_addresses_of_an_association_are_asked_about, begin, end),
		cmocka_unit_test_setup_teardown(test_an_association_with_too_many_addresses_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(test_a_refused_connection_is_closed_and_the_core_hears_nothing, begin, end),
		cmocka_unit_test_setup_teardown(test_a_silent_helper_lets_nobody_through, begin_short, end),
		cmocka_unit_test_setup_teardown(test_a_held_session_neither_reads_nor_sends_and_goes_on, begin, end),
		cmocka_unit_test_setup_teardown(test_a_cut_session_ends_with_its_reason_and_what_is_queued_is_not_sent, begin,
						end),
		cmocka_unit_test_setup_teardown(test_what_is_held_for_too_long_is_cut_by_the_edge, begin, end),
		cmocka_unit_test_setup_teardown(test_a_session_stays_with_the_scs_that_it_was_proven_for, begin, end),
		cmocka_unit_test_setup_teardown(test_without_a_helper_sessions_are_held_and_asked_about_again, begin, end),
		cmocka_unit_test_setup_teardown(test_a_helper_in_place_of_another_has_proven_nothing, begin, end),
		cmocka_unit_test_setup_teardown(test_keep_keeps_a_proven_session_and_nobody_else, begin_keep, end),
		cmocka_unit_test_setup_teardown(test_a_session_that_ends_is_forgotten_by_the_helper, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
