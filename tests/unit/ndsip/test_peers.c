/* Peers of the core in the NDS/IP helper: a tunnel of a peer proves connections of the core only, and that of an SCS those of edges only. */
#include "tests/unit/test.h"

#include "ndsip/ns_proof.h"
#include "tests/unit/ipsec/say.h"

#define HSS "hss.operator.example"
#define GRACE 1000u
#define EDGE 5u

struct world {
	struct ns_list list;
	struct ns_proofs proofs;
	struct sa_table *table;
	struct ns_facts f;
};

static struct sa_address address(const char *text)
{
	struct sa_address a;

	assert_int_equal(sa_address_read(&a, text, strlen(text)), 0);
	return a;
}

static struct ns_scs a_peer(uint32_t list)
{
	struct ns_scs s = { .list = list,
			    .known = true,
			    .name = SA_PEER_PREFIX "hss",
			    .identity = HSS,
			    .anchor = "core-ca",
			    .ike_n = 1,
			    .hosts_n = 1 };

	s.ike[0] = address("192.0.2.7");
	s.hosts[0] = address("10.78.2.1");
	s.service = (struct ns_service){ .protocol = SA_TCP, .port = 3868, .local_n = 1 };
	s.service.local[0] = address("10.78.1.1");
	return s;
}

static void provision(struct world *w, uint32_t number, const struct ns_scs *s)
{
	assert_int_equal(ns_list_begin(&w->list, &(struct ns_begin){ number, 1, 1 }), 0);
	assert_int_equal(ns_list_put(&w->list, s), 0);
	assert_int_equal(ns_list_end(&w->list, &(struct ns_end){ number, 1 }), 0);
}

static int begin(void **state)
{
	struct sa_table_conf conf = { .ikes_max = 10, .children_max = 10 };
	struct world *w = calloc(1, sizeof *w);
	struct ns_scs s = a_peer(1);

	assert_int_equal(ns_list_init(&w->list), 0);
	ns_list_files(&w->list, &(struct ns_files){ .anchors = { { .name = "core-ca", .since = 1 } }, .anchors_n = 1 }, 1);
	assert_int_equal(ns_proofs_init(&w->proofs, 10), 0);
	assert_int_equal(sa_table_new(&w->table, &conf), 0);
	sa_table_list_begin(w->table);
	assert_int_equal(sa_table_list_end(w->table), 0);
	provision(w, 1, &s);
	w->f = (struct ns_facts){ .charon = true, .rules = true, .grace_ms = GRACE, .table = w->table, .list = &w->list };
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;

	ns_proofs_fini(&w->proofs);
	sa_table_free(w->table);
	ns_list_fini(&w->list);
	free(w);
	return 0;
}

/* The tunnel of the peer, as charon tells it. */
static void up(struct world *w)
{
	static const struct say_child child = { 7, "INSTALLED", "10.78.1.1/32[tcp]", "10.78.2.1/32[tcp/3868]" };
	struct say s;
	struct vici_packet packet;

	say_begin(&s, "child-updown", true, "mtc-" SA_PEER_PREFIX "hss", "3", "ESTABLISHED", HSS);
	say_children(&s, &child, 1);
	packet = say_end(&s);
	assert_int_equal(sa_table_event(w->table, &packet), 0);
}

static struct ns_state open_of(struct world *w, uint64_t owner)
{
	struct ns_open o = { .id = 1, .protocol = SA_TCP, .local_port = 40000, .remote_port = 3868, .local_n = 1, .remote_n = 1 };
	struct ns_connection *c;
	struct ns_state s;

	o.local[0] = address("10.78.1.1");
	o.remote[0] = address("10.78.2.1");
	assert_int_equal(ns_proofs_open(&w->proofs, owner, &o, &w->f, 5000), 0);
	c = ns_proofs_unsaid(&w->proofs);
	assert_non_null(c);
	ns_proofs_state(&s, c);
	ns_proofs_said(&w->proofs, c);
	return s;
}

static void test_a_connection_of_the_core_to_its_peer(void **state)
{
	struct world *w = *state;
	struct ns_state s;

	up(w);
	s = open_of(w, NS_OWNER_CORE);
	assert_int_equal(s.proof, NS_PROVEN);
	assert_string_equal(s.scs, SA_PEER_PREFIX "hss");
	assert_string_equal(s.identity, HSS);
	assert_string_equal(s.anchor, "core-ca");
}

/* An SCS that comes through the tunnel of a peer, from its port. */
static void test_the_tunnel_of_a_peer_admits_no_scs(void **state)
{
	struct world *w = *state;
	struct ns_state s;

	up(w);
	s = open_of(w, EDGE);
	assert_int_equal(s.proof, NS_HELD);
	assert_int_equal(s.reason, NS_REASON_UNKNOWN_CONNECTION);
}

/* The core never takes an SCS for its peer. */
static void test_the_tunnel_of_an_scs_is_none_of_a_peer(void **state)
{
	struct world *w = *state;
	struct ns_scs s = a_peer(2);
	struct ns_state said;
	static const struct say_child child = { 7, "INSTALLED", "10.78.1.1/32[tcp]", "10.78.2.1/32[tcp/3868]" };

	strcpy(s.name, "acme");
	s.service = (struct ns_service){ .port = 0 };
	provision(w, 2, &s);
	assert_int_equal(say_to(w->table, "child-updown", true, 3, HSS, &child, 1), 0); /* of mtc-acme */
	said = open_of(w, NS_OWNER_CORE);
	assert_int_equal(said.proof, NS_HELD);
	assert_int_equal(said.reason, NS_REASON_UNKNOWN_CONNECTION);
}

static void test_another_port_is_another_tunnel(void **state)
{
	struct world *w = *state;
	struct ns_scs s = a_peer(2);
	struct ns_member *m;
	enum ns_todo what;

	m = ns_list_find(&w->list, SA_PEER_PREFIX "hss");
	assert_non_null(m);
	assert_ptr_equal(m, ns_list_of(&w->list, "mtc-" SA_PEER_PREFIX "hss"));
	while (ns_list_work(&w->list, &what)) {
		ns_list_done(&w->list, m);
	}
	provision(w, 2, &s);
	assert_null(ns_list_work(&w->list, &what)); /* the same again */
	s.list = 3;
	s.service.port = 3869;
	provision(w, 3, &s);
	assert_int_equal(m->scs.service.port, 3869);
	assert_ptr_equal(ns_list_work(&w->list, &what), m);
	assert_int_equal(what, NS_TODO_LOAD);
	assert_true(m->todo & NS_TODO_TERMINATE && m->todo & NS_TODO_INITIATE);
	ns_list_done(&w->list, m);
}

/* What an earlier helper has left of a peer is taken away, too. */
static void test_a_peer_that_is_left_over(void **state)
{
	struct world *w = *state;
	enum ns_todo what;
	struct ns_member *m;

	ns_list_names_begin(&w->list);
	ns_list_name(&w->list, "mtc-" SA_PEER_PREFIX "old");
	ns_list_names_end(&w->list);
	m = ns_list_work(&w->list, &what);
	assert_non_null(m);
	assert_string_equal(m->connection, "mtc-" SA_PEER_PREFIX "old");
	assert_int_equal(what, NS_TODO_UNLOAD);
	ns_list_done(&w->list, m);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_connection_of_the_core_to_its_peer, begin, end),
		cmocka_unit_test_setup_teardown(test_the_tunnel_of_a_peer_admits_no_scs, begin, end),
		cmocka_unit_test_setup_teardown(test_the_tunnel_of_an_scs_is_none_of_a_peer, begin, end),
		cmocka_unit_test_setup_teardown(test_another_port_is_another_tunnel, begin, end),
		cmocka_unit_test_setup_teardown(test_a_peer_that_is_left_over, begin, end),
	};

	recordings = test_argument();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
