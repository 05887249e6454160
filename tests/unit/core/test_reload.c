/* Another configuration while the core runs: what it permits no longer ends, what is about others stays, and routes follow their peer. */
#include "tests/unit/test.h"

#include "tests/unit/core/core_play.h"

static struct ipc_session_open acme(void)
{
	return core_play_session("scs.acme.example", "anchor-a");
}

static void renew(struct core_play *p)
{
	core_reconfigure(p->core, p->conf.peer_tls);
	core_play_turns(p, 2);
}

/* The reason of the cut that the edge was sent; "": none. */
static const char *cut_of(struct core_play *p, uint32_t *cause)
{
	static struct ipc_session_cut c;
	struct ipc_rec_head head;
	size_t len = core_play_take(p, IPC_REC_SESSION_CUT, &head);

	if (!len) {
		return "";
	}
	assert_int_equal(ipc_session_cut_get(&c, p->record, len), 0);
	*cause = c.disconnect_cause;
	return c.reason;
}

static void test_an_unrelated_change_ends_no_session(void **state)
{
	struct ipc_session_open s = acme();
	struct core_play *p = *state;
	uint32_t cause;

	assert_true(core_play_open(p, 1, &s).admitted);
	p->cfg->limits.pending_total = 7;
	p->cfg->anchors[cfg_anchor_index(p->cfg, "anchor-b")].gone_ms = 1;
	renew(p);
	assert_string_equal(cut_of(p, &cause), "");
	assert_int_equal(p->core->sessions.by_key.n, 1);
	p->cfg->anchors[1].gone_ms = 0;
}

static void test_a_session_ends_with_its_listener(void **state)
{
	struct ipc_session_open s = acme();
	struct core_play *p = *state;
	uint32_t cause = 99;

	assert_true(core_play_open(p, 1, &s).admitted);
	p->cfg->listen[0].gone_ms = 1;
	renew(p);
	assert_string_equal(cut_of(p, &cause), "listener-removed");
	assert_int_equal(cause, DIA_DISCONNECT_REBOOTING); /* there may be another listener */
	assert_int_equal(p->core->sessions.by_key.n, 0);
	assert_int_equal(p->core->st.v[ST_SESSION_ENDED], 1);
	/* an edge that does not know yet, or announces again: no false claim, and no session */
	core_play_send(p, ipc_session_open_put(p->record, p->generation, 2, &s));
	assert_string_equal(cut_of(p, &cause), "listener-removed");
	assert_int_equal(p->core->sessions.by_key.n, 0);
	assert_int_equal(p->core->st.v[ST_FALSE_CLAIMS], 0);
	p->cfg->listen[0].gone_ms = 0;
}

static void test_a_session_ends_with_the_anchor_of_its_scs(void **state)
{
	struct ipc_session_open s = acme();
	struct core_play *p = *state;
	uint32_t cause = 99;

	assert_true(core_play_open(p, 1, &s).admitted);
	p->cfg->anchors[0].gone_ms = 1;
	renew(p);
	assert_string_equal(cut_of(p, &cause), "anchor-removed");
	assert_int_equal(cause, DIA_DISCONNECT_DO_NOT_WANT);
	assert_int_equal(p->core->st.v[ST_FALSE_CLAIMS], 0);
	p->cfg->anchors[0].gone_ms = 0;
}

static void test_an_edge_may_have_a_listener_that_was_added(void **state)
{
	struct ipc_session_open s = acme();
	struct core_play *p = *state;

	p->cfg->listen[1] = p->cfg->listen[0];
	p->cfg->listen_n = 2;
	renew(p);
	s.listener = 1;
	assert_true(core_play_open(p, 1, &s).admitted);
	assert_int_equal(p->core->st.v[ST_FALSE_CLAIMS], 0);
	p->cfg->listen_n = 1;
}

static void test_not_one_of_the_other_zone(void **state)
{
	struct ipc_session_open s = acme();
	struct core_play *p = *state;

	p->cfg->listen[1] = p->cfg->listen[0];
	p->cfg->listen[1].zone = ZONE_INTERNAL;
	p->cfg->listen_n = 2;
	renew(p);
	assert_int_equal(TAILQ_FIRST(&p->core->edges.list)->who.listeners, 1);
	s.listener = 1;
	core_play_send(p, ipc_session_open_put(p->record, p->generation, 2, &s));
	assert_int_equal(p->bad_edge, p->generation);
	assert_int_equal(p->core->st.v[ST_FALSE_CLAIMS], 1);
	p->cfg->listen_n = 1;
}

static void test_checks_of_revocation_that_a_reload_began_are_no_false_claim(void **state)
{
	struct ipc_session_open s = acme();
	struct core_play *p = *state;

	p->cfg->anchors[0].crl_n = 1;
	p->cfg->anchors[0].checks_changed = true;
	renew(p);
	assert_true(core_play_open(p, 1, &s).admitted); /* its handshake was before */
	assert_int_equal(p->core->st.v[ST_FALSE_CLAIMS], 0);
	p->cfg->anchors[0].crl_n = 0;
	p->cfg->anchors[0].checks_changed = false;
}

static void test_a_route_follows_its_peer_and_the_one_before_leaves(void **state)
{
	struct core_play *p = *state;
	struct core_peers *peers = &p->core->peers;

	p->cfg->peers[1] = p->cfg->peers[0];
	p->cfg->peers[1].port = 10;
	p->cfg->peers[0].gone_ms = 1;
	p->cfg->peers_n = 2;
	p->cfg->s6m.peer_index = p->cfg->t4.peer_index = 1;
	renew(p); /* neither is open: there is nothing to wait for */
	assert_int_equal(peers->n, 2);
	assert_int_equal(peers->s6m, 1);
	assert_int_equal(peers->t4, 1);
	assert_true(peers->row[0].leaves && peers->row[0].left);
	assert_false(peers->row[1].leaves);
	assert_true(core_peer_reports(&peers->row[0]) && core_peer_reports(&peers->row[1]));
	peers->row[0].leaves = false; /* as of one that stays: reports are taken from it while requests go there */
	assert_false(core_peer_reports(&peers->row[0]));
	peers->t4 = 0;
	assert_true(core_peer_reports(&peers->row[0]));
	peers->t4 = 1;
	peers->row[0].took = true; /* it may have triggers */
	assert_true(core_peer_reports(&peers->row[0]));
	peers->row[0].took = false;
	assert_non_null(trg_names_keep(&p->core->triggers.smssc_hosts, p->cfg->peers[0].host)); /* or the journal says so */
	assert_true(core_peer_reports(&peers->row[0]));
	peers->row[0].leaves = true;
	p->cfg->peers[0].gone_ms = 0;
	p->cfg->peers[1].gone_ms = 1;
	p->cfg->s6m.peer_index = p->cfg->t4.peer_index = 0;
	renew(p); /* and back, in its own place */
	assert_int_equal(peers->n, 2);
	assert_true(!peers->row[0].leaves && !peers->row[0].left && peers->row[0].peer);
	assert_true(peers->row[1].left);
	p->cfg->peers_n = 1;
}

/* As of a peer whose first connection is being made: requests wait for it. */
static void begins(struct core_play *p, size_t place)
{
	p->core->peers.row[place].tried = false;
	p->core->peers.row[place].begun_ms = net_loop_now_ms(p->loop);
}

static void test_what_waits_for_a_peer_that_goes_waits_for_the_one_in_its_place(void **state)
{
	struct ipc_session_open s = acme();
	struct core_play *p = *state;
	struct core_peers *peers = &p->core->peers;
	struct ipc_device_action a;
	uint64_t until_ms;

	assert_true(core_play_open(p, 1, &s).admitted);
	begins(p, 0);
	a = core_play_action(1, "m@a.example", 1);
	core_play_send(p, ipc_device_action_put(p->record, p->generation, 11, &a));
	assert_int_equal(peers->row[0].waiting_n, 1);
	until_ms = TAILQ_FIRST(&peers->row[0].waiting[0])->waits_until_ms;
	p->cfg->peers[1] = p->cfg->peers[0];
	p->cfg->peers[1].port = 10;
	p->cfg->peers[0].gone_ms = 1;
	p->cfg->peers_n = 2;
	p->cfg->s6m.peer_index = p->cfg->t4.peer_index = 1;
	core_reconfigure(p->core, p->conf.peer_tls);
	core_queue_move(p->core);
	assert_int_equal(peers->row[0].waiting_n, 0);
	assert_int_equal(peers->row[1].waiting_n, 1);
	assert_int_equal(TAILQ_FIRST(&peers->row[1].waiting[0])->waits_until_ms, until_ms);
	peers->row[1].tried = true; /* it cannot be reached: nothing else is there */
	core_queue_move(p->core);
	assert_int_equal(peers->row[1].waiting_n, 0);
	p->cfg->peers_n = 1;
}

static void test_a_peer_without_tls_has_not_that_of_who_had_its_place(void **state)
{
	struct core_play *p = *state;
	struct core_peer *row = &p->core->peers.row[0];

	p->cfg->peers[0].gone_ms = 1;
	renew(p);
	p->cfg->peers[0].gone_ms = 0;
	p->conf.peer_tls[0] = (struct tls_ctx *)p; /* what the process still has */
	core_reconfigure(p->core, p->conf.peer_tls);
	assert_null(row->link_peer_conf.tls);
	core_reconfigure(p->core, p->conf.peer_tls); /* as one that stays */
	assert_null(row->link_peer_conf.tls);
	p->conf.peer_tls[0] = NULL;
}

static void test_a_row_of_the_configuration_changes_and_one_of_the_operator_stays(void **state)
{
	struct core_play *p = *state;
	struct screen_rule *rules = p->core->screen.rules.row;
	struct screen_rule own = { .mode = SCREEN_DETECT, .answer = 3002 };
	char why[SCREEN_WHY_MAX];

	assert_int_equal(core_screen_set(p->core, SCREEN_AGENTS, &own, "test", why), 0);
	p->cfg->screening.row[SCREEN_AGENTS].answer = 5012;
	p->cfg->screening.row[SCREEN_DESTINATION_REALM].mode = SCREEN_DETECT;
	renew(p);
	assert_int_equal(rules[SCREEN_AGENTS].answer, 3002);
	assert_int_equal(rules[SCREEN_DESTINATION_REALM].mode, SCREEN_DETECT);
	assert_int_equal(core_screen_set(p->core, SCREEN_AGENTS, NULL, "test", why), 0);
	assert_int_equal(rules[SCREEN_AGENTS].answer, 5012); /* what the file says by now */
}

#define PLAY(test) cmocka_unit_test_setup_teardown(test, core_play_setup, core_play_teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		PLAY(test_an_unrelated_change_ends_no_session),
		PLAY(test_a_session_ends_with_its_listener),
		PLAY(test_a_session_ends_with_the_anchor_of_its_scs),
		PLAY(test_an_edge_may_have_a_listener_that_was_added),
		PLAY(test_not_one_of_the_other_zone),
		PLAY(test_checks_of_revocation_that_a_reload_began_are_no_false_claim),
		PLAY(test_a_route_follows_its_peer_and_the_one_before_leaves),
		PLAY(test_what_waits_for_a_peer_that_goes_waits_for_the_one_in_its_place),
		PLAY(test_a_peer_without_tls_has_not_that_of_who_had_its_place),
		PLAY(test_a_row_of_the_configuration_changes_and_one_of_the_operator_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
