/* The messages between the NDS/IP helper, the edges and the core: what is sent comes back, and no other octets are taken. */
#include "tests/unit/test.h"

#include "ndsip/ns_msg.h"

static struct sa_address address(const char *text)
{
	struct sa_address a;

	assert_int_equal(sa_address_read(&a, text, strlen(text)), 0);
	return a;
}

static struct ns_msg an_open(void)
{
	struct ns_msg m = {
		.kind = NS_OPEN,
		.open = { .id = 7, .protocol = SA_TCP, .local_port = 3868, .remote_port = 40000, .local_n = 1, .remote_n = 2 }
	};

	m.open.local[0] = address("10.77.1.1");
	m.open.remote[0] = address("10.77.2.1");
	m.open.remote[1] = address("2001:db8::2");
	return m;
}

static struct ns_msg a_state(void)
{
	return (struct ns_msg){ .kind = NS_STATE,
				.state = { .id = 7,
					   .proof = NS_PROVEN,
					   .reason = NS_REASON_SA_PROVEN,
					   .scs = "acme",
					   .identity = "scs.acme.example",
					   .anchor = "anchor-a" } };
}

static struct ns_msg an_scs(uint8_t hosts_n)
{
	struct ns_msg m = { .kind = NS_SCS,
			    .scs = { .list = 3,
				     .name = "acme",
				     .identity = "scs.acme.example",
				     .anchor = "anchor-a",
				     .ike_n = 1,
				     .hosts_n = hosts_n } };

	m.scs.ike[0] = address("192.0.2.1");
	for (uint8_t i = 0; i < hosts_n; i++) {
		m.scs.hosts[i] = address("2001:db8::1");
		m.scs.hosts[i].octets[15] = i;
	}
	return m;
}

static struct ns_msg a_peer(void)
{
	struct ns_msg m = an_scs(1);

	strcpy(m.scs.name, SA_PEER_PREFIX "hss");
	m.scs.service = (struct ns_service){ .protocol = SA_TCP, .port = 3868, .local_n = 1 };
	m.scs.service.local[0] = address("10.78.1.1");
	return m;
}

static struct ns_msg a_summary(void)
{
	return (struct ns_msg){ .kind = NS_SUMMARY,
				.summary = { .charon = true,
					     .rules = NS_RULES_OK,
					     .version = "5.9.8",
					     .scs = 2,
					     .loaded = 1,
					     .open = 3,
					     .proven = 3,
					     .proofs = UINT64_MAX,
					     .lists = 9 } };
}

static struct ns_msg a_scs_state(void)
{
	return (struct ns_msg){ .kind = NS_SCS_STATE,
				.scs_is = { .name = "acme", .state = NS_SCS_DOWN, .words = "no IKE_SA: it has to initiate" } };
}

static void comes_back(const struct ns_msg *m, enum ns_side from)
{
	uint8_t octets[NS_MSG_OCTETS_MAX], again[NS_MSG_OCTETS_MAX];
	size_t n = ns_msg_encode(octets, m);
	struct ns_msg got;

	assert_true(n > 5);
	for (int side = NS_FROM_EDGE; side <= NS_TO_CORE; side++) {
		bool of_connection = m->kind == NS_OPEN || m->kind == NS_CLOSE || m->kind == NS_STATE;

		memset(&got, 0x5a, sizeof got);
		if (of_connection && side == (from == NS_TO_EDGE ? NS_TO_CORE : NS_FROM_CORE)) {
			assert_int_equal(ns_msg_decode(&got, (enum ns_side)side, octets, n),
					 0); /* the core has connections, too */
		} else if (side != (int)from) {
			assert_int_equal(ns_msg_decode(&got, (enum ns_side)side, octets, n), ERR_PROTO);
			assert_int_equal(((const uint8_t *)&got)[0], 0x5a);
		} else {
			assert_int_equal(ns_msg_decode(&got, from, octets, n), 0);
		}
	}
	assert_int_equal(ns_msg_decode(&got, from, octets, n), 0);
	assert_int_equal(got.kind, m->kind);
	assert_int_equal(ns_msg_encode(again, &got), n);
	assert_memory_equal(octets, again, n);
	for (size_t len = 0; len < n; len++) {
		assert_int_equal(ns_msg_decode(&got, from, octets, len), ERR_PROTO);
	}
	octets[0] ^= 1;
	assert_int_equal(ns_msg_decode(&got, from, octets, n), ERR_PROTO);
}

static void test_each_message_comes_back_and_no_part_of_it(void **state)
{
	struct ns_msg messages[] = { an_open(), a_state(), an_scs(1), an_scs(NS_HOSTS_MAX), a_summary(), a_scs_state() };
	struct ns_msg peer = a_peer(), close = { .kind = NS_CLOSE, .close = { .id = UINT64_MAX } };
	struct ns_msg begin = { .kind = NS_BEGIN, .begin = { 3, 2, 4 } }, end = { .kind = NS_END, .end = { 3, 2 } };
	struct ns_msg terminate = { .kind = NS_TERMINATE, .terminate = { "acme", NS_WHY_BLOCKED } };
	static const enum ns_side sides[] = { NS_FROM_EDGE, NS_TO_EDGE, NS_FROM_CORE, NS_FROM_CORE, NS_TO_CORE, NS_TO_CORE };

	(void)state;
	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
		comes_back(&messages[i], sides[i]);
	}
	comes_back(&close, NS_FROM_EDGE);
	comes_back(&peer, NS_FROM_CORE);
	comes_back(&begin, NS_FROM_CORE);
	comes_back(&end, NS_FROM_CORE);
	comes_back(&terminate, NS_FROM_CORE);
}

static void test_fields_keep_their_values(void **state)
{
	struct ns_msg m = an_open(), got;
	uint8_t octets[NS_MSG_OCTETS_MAX];

	(void)state;
	m.open.again = true;
	assert_int_equal(ns_msg_decode(&got, NS_FROM_EDGE, octets, ns_msg_encode(octets, &m)), 0);
	assert_int_equal(got.open.remote_port, 40000);
	assert_int_equal(got.open.remote_n, 2);
	assert_true(got.open.again);
	assert_true(sa_address_equal(&got.open.remote[1], &m.open.remote[1]));
	m = a_state();
	assert_int_equal(ns_msg_decode(&got, NS_TO_EDGE, octets, ns_msg_encode(octets, &m)), 0);
	assert_string_equal(got.state.anchor, "anchor-a");
	m = an_scs(1);
	m.scs.known = true;
	assert_int_equal(ns_msg_decode(&got, NS_FROM_CORE, octets, ns_msg_encode(octets, &m)), 0);
	assert_true(got.scs.known && got.scs.list == 3);
	m = (struct ns_msg){ .kind = NS_BEGIN, .begin = { 3, 2, 4 } };
	assert_int_equal(ns_msg_decode(&got, NS_FROM_CORE, octets, ns_msg_encode(octets, &m)), 0);
	assert_true(got.begin.list == 3 && got.begin.n == 2 && got.begin.files == 4);
	m = a_summary();
	m.summary.list = 3;
	m.summary.ended = 4;
	assert_int_equal(ns_msg_decode(&got, NS_TO_CORE, octets, ns_msg_encode(octets, &m)), 0);
	assert_true(got.summary.proofs == UINT64_MAX && got.summary.lists == 9 && got.summary.ended == 4 && got.summary.charon);
}

static void test_what_cannot_be_is_not_sent(void **state)
{
	uint8_t octets[NS_MSG_OCTETS_MAX];
	struct ns_msg m = an_open();

	(void)state;
#define REFUSED(make, change)                                                                                                    \
	do {                                                                                                                     \
		m = make;                                                                                                        \
		change;                                                                                                          \
		assert_int_equal(ns_msg_encode(octets, &m), 0);                                                                  \
	} while (0)
	REFUSED(an_open(), m.open.protocol = SA_UDP);
	REFUSED(an_open(), m.open.remote_n = 0);
	REFUSED(an_open(), m.open.remote_n = NS_ENDS_MAX + 1);
	REFUSED(an_open(), m.open.local[0].family = 5);
	REFUSED(a_state(), m.state.reason = NS_REASON_SA_UNPROTECTED);
	REFUSED(a_state(), m.state.proof = NS_HELD);
	REFUSED(a_state(), m.state.proof = 0);
	REFUSED(a_state(), m.state.scs[0] = 0);
	REFUSED(a_state(), m.state.anchor[0] = 0);
	REFUSED(a_state(), m.state.identity[0] = 'S');
	REFUSED(an_scs(1), m.scs.name[0] = '/');
	REFUSED(an_scs(1), m.scs.hosts_n = 0);
	REFUSED(an_scs(1), m.scs.hosts_n = NS_HOSTS_MAX + 1);
	REFUSED(an_scs(1), m.scs.identity[3] = ' ');
	REFUSED(a_peer(), m.scs.service.port = 0);
	REFUSED(a_peer(), m.scs.service.protocol = SA_UDP);
	REFUSED(a_peer(), m.scs.service.local_n = 0);
	REFUSED(a_peer(), m.scs.name[1] = 0);
	REFUSED(a_peer(), m.scs.anchor[0] = '+');
	REFUSED(a_summary(), m.summary.ended = 4); /* with no list */
	REFUSED(a_summary(), m.summary.ended = 4; m.summary.list = 3; m.summary.charon = false);
	REFUSED(a_summary(), m.summary.loaded = 3);
	REFUSED(a_summary(), m.summary.proven = 4);
	REFUSED(a_summary(), m.summary.rules = 0);
	REFUSED(a_summary(), m.summary.version[0] = '\n');
	REFUSED(a_scs_state(), m.scs_is.words[0] = 0);
	REFUSED(a_scs_state(), m.scs_is.state = NS_SCS_UP);
	REFUSED(a_scs_state(), m.kind = (enum ns_kind)10);
	m = a_state();
	m.state.proof = NS_HELD;
	m.state.reason = NS_REASON_SA_OTHER_IDENTITY;
	assert_true(ns_msg_encode(octets, &m) > 0); /* scs and anchor are not sent then */
}

static void test_each_reason_has_a_word_and_words(void **state)
{
	(void)state;
	assert_string_equal(ns_reason_word(NS_REASON_SA_PROVEN), "");
	for (unsigned i = 1; i < NS_REASONS; i++) {
		assert_true(*ns_reason_word(i) && *ns_reason_words(i));
		for (unsigned k = 1; k < i; k++) {
			assert_string_not_equal(ns_reason_word(i), ns_reason_word(k));
		}
	}
	assert_string_equal(ns_reason_word(NS_REASONS), "unknown");
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_message_comes_back_and_no_part_of_it),
		cmocka_unit_test(test_fields_keep_their_values),
		cmocka_unit_test(test_what_cannot_be_is_not_sent),
		cmocka_unit_test(test_each_reason_has_a_word_and_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
