/* The core believes no edge: who is admitted, what is judged, and what a lying edge achieves (CONTRACTS sections 1, 2 and 4). */
#include "tests/unit/test.h"

#include "tests/unit/core/core_play.h"
#include "tests/support/asc_wait.h"
#include "tests/unit/valgrind.h"

#define ADMITTED(v) ((v).admitted && (v).result_code == 2001)

static int start(void **state)
{
	struct core_play *p = calloc(1, sizeof *p);

	core_play_start(p);
	core_play_provision(p);
	*state = p;
	return 0;
}

static int end(void **state)
{
	core_play_end(*state);
	free(*state);
	return 0;
}

static struct ipc_session_verdict open_acme(struct core_play *p, uint64_t number)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");

	return core_play_open(p, number, &s);
}

/* -- admission: "names that must agree" */

static void test_the_provisioned_peer_is_admitted_under_its_name(void **state)
{
	struct ipc_session_verdict v = open_acme(*state, 1);

	assert_true(ADMITTED(v));
	assert_string_equal(v.scs, "acme");
	assert_true(v.pending_max > 0);
}

static void refused(struct core_play *p, const struct ipc_session_open *s, const char *reason)
{
	struct ipc_session_verdict v = core_play_open(p, 1, s);

	assert_false(v.admitted);
	assert_int_equal(v.result_code, 3010);
	assert_string_equal(v.reason, reason);
	assert_int_equal(p->core->sessions.by_key.n, 0);
	assert_int_equal(p->bad_edge, 0); /* a refusal is no offence of the edge */
}

static void test_an_unprovisioned_peer_is_refused(void **state)
{
	struct ipc_session_open s = core_play_session("scs.stranger.example", "anchor-a");

	refused(*state, &s, "unknown-peer");
}

static void test_a_name_from_another_anchor_is_refused(void **state)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-b");

	refused(*state, &s, "wrong-anchor");
}

static void test_an_origin_host_that_the_certificate_does_not_prove_is_refused(void **state)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");

	strcpy(s.identity.names[0], "scs.beta.example");
	refused(*state, &s, "name-not-proven");
}

static void test_a_certificate_that_names_two_provisioned_scss_is_refused(void **state)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");
	struct core_play *p = *state;
	struct asc_scs other;
	struct asc_why why;

	asc_scs_init(&other);
	strcpy(other.name, "beta");
	strcpy(other.e164, "491720000002");
	strcpy(other.origin_host, "scs.beta.example");
	strcpy(other.realm, "beta.example");
	strcpy(other.anchor, "anchor-b");
	assert_int_equal(asc_scs_put(p->core->store.asc, &other, &why), 0);
	strcpy(s.identity.names[1], "nobody.example"); /* a name of nobody does no harm */
	strcpy(s.identity.names[2], "scs.beta.example");
	s.identity.names_n = 3;
	refused(p, &s, "certificate-of-two");
	s.identity.names_n = 2;
	assert_true(ADMITTED(core_play_open(p, 2, &s)));
}

/* What is known comes with the session; whether it is enough depends on the SCS. */
static void test_a_certificate_of_unknown_revocation_is_refused_unless_the_scs_is_soft(void **state)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-x");
	struct core_play *p = *state;
	struct ipc_session_verdict v;
	struct asc_scs scs = *asc_scs_find(p->core->store.asc, "acme");
	struct asc_why why;

	p->cfg->anchors[cfg_anchor_index(p->cfg, "anchor-a")].crl_n = 1;
	s = core_play_session("scs.acme.example", "anchor-b");
	strcpy(s.identity.anchors[1], "anchor-a");
	s.identity.anchors_n = 2; /* anchor-b has no CRLs, and is not the one that counts */
	for (int state_of = REVOCATION_ABSENT; state_of <= REVOCATION_STALE; state_of++) {
		s.identity.revocation[1] = (uint8_t)state_of;
		scs.revocation_soft = false;
		assert_int_equal(asc_scs_put(p->core->store.asc, &scs, &why), 0);
		refused(p, &s, "revocation-unknown");
		scs.revocation_soft = true;
		assert_int_equal(asc_scs_put(p->core->store.asc, &scs, &why), 0);
		v = core_play_open(p, (uint64_t)state_of, &s);
		assert_true(v.admitted && v.revocation_soft);
		assert_int_equal(v.anchor, 1);
		core_sessions_cut(p->core, "acme", CORE_CUT_SCS_CHANGED);
		core_play_turns(p, 3);
	}
	scs.revocation_soft = false;
	assert_int_equal(asc_scs_put(p->core->store.asc, &scs, &why), 0);
	s.identity.revocation[1] = REVOCATION_GOOD;
	v = core_play_open(p, 9, &s);
	assert_true(v.admitted && !v.revocation_soft);
	p->cfg->anchors[cfg_anchor_index(p->cfg, "anchor-a")].crl_n = 0;
}

static void test_another_realm_is_refused(void **state)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");

	strcpy(s.origin_realm, "other.example");
	refused(*state, &s, "wrong-realm");
}

static void test_a_certificate_past_its_end_is_refused(void **state)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");

	s.identity.not_after_s = 1000;
	refused(*state, &s, "certificate-expired");
}

static void test_a_session_does_not_outlive_its_certificate(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_open longer = core_play_session("scs.acme.example", "anchor-a"), s = longer;
	struct ipc_device_action a = core_play_action(1, "meter-1@b.example", 41);
	struct ipc_session_cut cut;
	struct ipc_rec_head head;
	size_t len = 0;

	longer.identity.not_after_s = clock_real_ms() / 1000 + 86400;
	assert_true(ADMITTED(core_play_open(p, 2, &longer)));
	s.identity.not_after_s = clock_real_ms() / 1000 + (RUNNING_ON_VALGRIND ? 20 : 1); /* until it was admitted and asked */
	assert_true(ADMITTED(core_play_open(p, 1, &s)));
	assert_int_equal(core_play_ask(p, 8, &a), 105);
	while (!len && clock_real_ms() / 1000 < s.identity.not_after_s + 4) {
		core_play_turns(p, 20);
		len = core_play_take(p, IPC_REC_SESSION_CUT, &head);
	}
	assert_int_equal(ipc_session_cut_get(&cut, p->record, len), 0);
	assert_int_equal(head.transaction, 1);
	assert_string_equal(cut.reason, "certificate-expired");
	assert_int_equal(cut.disconnect_cause, DIA_DISCONNECT_REBOOTING); /* it may come back with another one */
	assert_true(p->core->st.v[ST_DECISION_REFUSED] >= 1);             /* the request above */
	assert_int_equal(p->core->st.v[ST_SESSION_ENDED], 1);
	assert_int_equal(core_play_ask(p, 9, &a), 1003010);
	a.session = 2;
	a.end_to_end = a.reference = 42;
	assert_int_equal(core_play_ask(p, 10, &a), 105);
}

/* The end of a certificate costs a look at its own session and at the next one to end, however many there are. */
static void test_the_end_of_a_certificate_costs_no_look_at_all_sessions(void **state)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");
	struct core_play *p = *state;
	struct core_edge *e = core_edge_find(p->core, p->generation);
	struct core_scs *acme = core_scs_get(p->core, "acme");
	uint64_t now_s = clock_real_ms() / 1000;

	for (uint64_t i = 0; i < 200; i++) {
		s.identity.not_after_s = now_s + 86400 + (i * 37) % 200;
		assert_non_null(core_session_new(e, 100 + i, &s, acme));
	}
	for (uint64_t i = 0; i < 3; i++) {
		s.identity.not_after_s = now_s - 100 + i;
		assert_non_null(core_session_new(e, 10 + i, &s, acme));
	}
	for (int i = 0; i < 50; i++) {
		core_sessions_look(p->core);
	}
	assert_int_equal(acme->sessions_n, 200);
	assert_int_equal(p->core->sessions.looked_at, 4);
	assert_int_equal(p->core->sessions.expiry_s, now_s + 86400);
}

/* What an edge goes by is told again when it was changed, and only then, to the sessions of that SCS. */
static void test_changed_values_are_told_to_the_edges_of_open_sessions(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_verdict v;
	struct ipc_rec_head head;
	struct asc_scs scs;
	struct asc_why why;
	size_t len;

	assert_true(ADMITTED(open_acme(p, 1)));
	core_sessions_renew(p->core, NULL);
	core_play_turns(p, 3);
	assert_int_equal(core_play_take(p, IPC_REC_SESSION_VERDICT, &head), 0);
	scs = *asc_scs_find(p->core->store.asc, "acme");
	scs.pending_max = 3;
	scs.p_bit_optional = scs.revocation_soft = true;
	assert_int_equal(asc_scs_put(p->core->store.asc, &scs, &why), 0);
	core_sessions_renew(p->core, "beta");
	core_play_turns(p, 3);
	assert_int_equal(core_play_take(p, IPC_REC_SESSION_VERDICT, &head), 0);
	core_sessions_renew(p->core, "acme");
	core_play_turns(p, 3);
	len = core_play_take(p, IPC_REC_SESSION_VERDICT, &head);
	assert_true(len > 0);
	assert_int_equal(ipc_session_verdict_get(&v, p->record, len), 0);
	assert_int_equal(head.transaction, 1);
	assert_true(v.admitted && v.p_bit_optional && v.revocation_soft && v.pending_max == 3);
	core_sessions_renew(p->core, NULL);
	core_play_turns(p, 3);
	assert_int_equal(core_play_take(p, IPC_REC_SESSION_VERDICT, &head), 0);
	scs.revocation_soft = false; /* alone */
	assert_int_equal(asc_scs_put(p->core->store.asc, &scs, &why), 0);
	core_sessions_renew(p->core, "acme");
	core_play_turns(p, 3);
	len = core_play_take(p, IPC_REC_SESSION_VERDICT, &head);
	assert_true(len > 0);
	assert_int_equal(ipc_session_verdict_get(&v, p->record, len), 0);
	assert_false(v.revocation_soft);
}

/* At connections_max: the oldest is asked whether it is still there. */
static void at_the_limit(struct core_play *p)
{
	struct ipc_session_cut cut;
	struct ipc_rec_head head;
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");
	size_t len;

	assert_true(ADMITTED(open_acme(p, 1)));
	core_play_turns(p, 3);
	assert_true(ADMITTED(open_acme(p, 2)));
	core_play_send(p, ipc_session_open_put(p->record, p->generation, 3, &s));
	len = core_play_take(p, IPC_REC_SESSION_CUT, &head);
	assert_true(len > 0);
	assert_int_equal(ipc_session_cut_get(&cut, p->record, len), 0);
	assert_int_equal(head.transaction, 1); /* the oldest */
	assert_int_equal(cut.probe_ms, p->cfg->limits.probe_wait_ms);
}

/* The same, and the oldest is waited for as long as the test needs. */
static void waits_at_the_limit(struct core_play *p)
{
	struct ipc_rec_head head;

	p->cfg->limits.probe_wait_ms = IPC_PROBE_MAX_MS;
	at_the_limit(p);
	assert_int_equal(p->core->sessions.in_state[CORE_SESSION_PROBED], 1);
	assert_int_equal(p->core->sessions.in_state[CORE_SESSION_OPEN], 1);
	assert_int_equal(core_play_take(p, IPC_REC_SESSION_VERDICT, &head), 0); /* the CEA waits */
}

static void test_at_the_limit_a_silent_oldest_session_is_replaced(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_closed closed = { "ended" };
	struct ipc_session_verdict v;
	struct ipc_rec_head head;
	size_t len;

	waits_at_the_limit(p);
	core_play_send(p, ipc_session_closed_put(p->record, p->generation, 1, &closed));
	len = core_play_take(p, IPC_REC_SESSION_VERDICT, &head);
	assert_int_equal(head.transaction, 3);
	assert_int_equal(ipc_session_verdict_get(&v, p->record, len), 0);
	assert_true(ADMITTED(v));
	assert_int_equal(p->core->st.v[ST_SESSION_REPLACED], 1);
	assert_int_equal(p->core->sessions.in_state[CORE_SESSION_PROBED], 0);
	assert_int_equal(p->core->sessions.in_state[CORE_SESSION_OPEN], 2);
	assert_int_equal(core_scs_get(p->core, "acme")->sessions_n, 2);
}

static void test_at_the_limit_the_new_one_is_refused_when_the_oldest_answers(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_verdict v;
	struct ipc_rec_head head;
	size_t len = 0;

	p->cfg->limits.probe_wait_ms = 1;
	at_the_limit(p);
	for (int i = 0; i < 2000 && !len; i++) {
		core_play_turns(p, 1);
		len = core_play_take(p, IPC_REC_SESSION_VERDICT, &head);
	}
	assert_int_equal(head.transaction, 3);
	assert_int_equal(ipc_session_verdict_get(&v, p->record, len), 0);
	assert_false(v.admitted);
	assert_string_equal(v.reason, "too-many-connections");
	assert_int_equal(p->core->st.v[ST_SESSION_LIMIT], 1);
	assert_int_equal(p->core->sessions.in_state[CORE_SESSION_OPEN], 2); /* it has answered */
	assert_int_equal(core_scs_get(p->core, "acme")->sessions_n, 2);
}

/* Its connections at once, then the rate; another SCS has its own. */
static void test_an_scs_that_connects_again_and_again_is_slowed_down(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_open open = core_play_session("scs.acme.example", "anchor-a");
	struct ipc_session_closed closed = { "ended" };
	struct ipc_session_verdict v;
	unsigned admitted = 0;

	p->cfg->limits.connection_rate_per_scs = 1;
	for (uint64_t n = 1; n <= 50; n++) {
		v = core_play_open(p, n, &open);
		admitted += v.admitted;
		if (!v.admitted) {
			assert_string_equal(v.reason, "connecting-too-often");
			assert_int_equal(v.result_code, DIA_RESULT_TOO_BUSY);
		}
		core_play_send(p, ipc_session_closed_put(p->record, p->generation, n, &closed));
	}
	assert_in_range(admitted, 2, 30); /* on a machine that takes seconds for this a few more */
	assert_int_equal(p->core->st.v[ST_SESSION_RATE], 50 - admitted);
	p->cfg->limits.connection_rate_per_scs = 0;
	assert_true(core_play_open(p, 51, &open).admitted);
}

static void test_the_gauges_of_an_edge_end_with_it(void **state)
{
	struct core_play *p = *state;
	struct st_counters told = { { 0 } };

	told.v[ST_EDGE_IN_OPEN] = 3;
	core_play_send(p, ipc_stats_put(p->record, p->generation, &told));
	core_play_send(p, ipc_stats_put(p->record, p->generation, &told));
	assert_int_equal(p->core->st.v[ST_EDGE_IN_OPEN], 3);
	told.v[ST_EDGE_IN_OPEN] = UINT64_C(1) << 32; /* a lie */
	core_play_send(p, ipc_stats_put(p->record, p->generation, &told));
	assert_int_equal(p->core->st.v[ST_EDGE_IN_OPEN], 3);
	assert_int_equal(p->bad_edge, p->generation);
	core_edge_gone(p->core, p->generation);
	assert_int_equal(p->core->st.v[ST_EDGE_IN_OPEN], 0);
}

static void test_who_waits_for_a_place_and_leaves_is_forgotten(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_closed closed = { "ended" };
	struct ipc_rec_head head;

	waits_at_the_limit(p);
	core_play_send(p, ipc_session_closed_put(p->record, p->generation, 3, &closed));
	core_play_send(p, ipc_session_closed_put(p->record, p->generation, 1, &closed));
	assert_int_equal(core_play_take(p, IPC_REC_SESSION_VERDICT, &head), 0);
	assert_int_equal(core_scs_get(p->core, "acme")->sessions_n, 1);
	core_edge_gone(p->core, p->generation);
	assert_int_equal(core_scs_get(p->core, "acme")->sessions_n, 0);
}

static void test_a_session_that_spoke_for_another_leaves_a_decision(void **state)
{
	static const char *const reasons[] = { "certificate-revoked", "revocation-unknown", "protection-lost", "foreign-origin" };
	struct core_play *p = *state;
	struct ipc_session_closed closed = { "ended" };
	uint64_t before, ended;

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) { /* the edge ends these sessions by itself */
		str_set(closed.reason, sizeof closed.reason, reasons[i]);
		ended = p->core->st.v[ST_SESSION_ENDED];
		assert_true(ADMITTED(open_acme(p, 2 + i)));
		core_play_send(p, ipc_session_closed_put(p->record, p->generation, 2 + i, &closed));
		assert_int_equal(p->core->st.v[ST_SESSION_ENDED], ended + 1);
	}
	p->core->st.v[ST_SESSION_ENDED] = 0;
	assert_true(ADMITTED(open_acme(p, 1)));
	before = p->core->st.v[ST_DECISION_REFUSED];
	assert_int_equal(p->core->st.v[ST_DECISION_ACCEPTED], 0); /* a session is no request */
	core_play_send(p, ipc_session_closed_put(p->record, p->generation, 1, &closed));
	assert_int_equal(p->core->st.v[ST_SESSION_ENDED], 1);
	assert_int_equal(p->core->st.v[ST_DECISION_REFUSED], before);
	assert_int_equal(p->core->sessions.by_key.n, 0);
}

static void test_removing_an_scs_cuts_its_sessions_at_once(void **state)
{
	struct core_play *p = *state;
	struct ipc_device_action a = core_play_action(1, "meter-1@a.example", 41);
	struct ipc_session_cut cut;
	struct ipc_rec_head head;
	struct asc_why why;
	size_t len;

	assert_true(ADMITTED(open_acme(p, 1)));
	assert_int_equal(asc_scs_del(p->core->store.asc, "acme", &why), 0);
	assert_int_equal(core_sessions_cut(p->core, "acme", CORE_CUT_SCS_REMOVED), 1);
	core_play_turns(p, 2);
	len = core_play_take(p, IPC_REC_SESSION_CUT, &head);
	assert_int_equal(ipc_session_cut_get(&cut, p->record, len), 0);
	assert_int_equal(head.transaction, 1);
	assert_string_equal(cut.reason, "scs-removed");
	assert_int_equal(cut.disconnect_cause, DIA_DISCONNECT_DO_NOT_WANT);
	assert_int_equal(core_play_ask(p, 9, &a), 1003010); /* what was on its way finds nobody */
}

static void test_an_scs_that_changed_is_asked_to_come_back(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_cut cut;
	struct ipc_rec_head head;
	size_t len;

	assert_true(ADMITTED(open_acme(p, 1)));
	assert_int_equal(core_sessions_cut(p->core, "acme", CORE_CUT_SCS_CHANGED), 1);
	core_play_turns(p, 2);
	len = core_play_take(p, IPC_REC_SESSION_CUT, &head);
	assert_int_equal(ipc_session_cut_get(&cut, p->record, len), 0);
	assert_string_equal(cut.reason, "scs-changed");
	assert_int_equal(cut.disconnect_cause, DIA_DISCONNECT_REBOOTING);
}

/* -- judgement, as far as it needs no other element */

static void test_the_hss_is_not_asked_for_a_device_without_association(void **state)
{
	struct core_play *p = *state;
	struct ipc_device_action known = core_play_action(1, "meter-1@b.example", 41);

	assert_true(ADMITTED(open_acme(p, 1)));
	assert_int_equal(core_play_ask(p, 2, &known), 105);
	assert_int_equal(p->core->st.v[ST_S6M_REQUESTS], 0);
	assert_int_equal(p->core->triggers.n, 0);
}

static void test_an_allowed_trigger_without_an_hss_is_answered_201(void **state)
{
	struct core_play *p = *state;
	struct ipc_device_action a = core_play_action(1, "meter-1@a.example", 41);

	assert_true(ADMITTED(open_acme(p, 1)));
	assert_int_equal(core_play_ask(p, 2, &a), 201);
	assert_int_equal(p->core->triggers.n, 0);
	assert_int_equal(p->core->triggers.pending, 0);
}

static void test_what_a_detect_only_rule_would_refuse_is_counted_and_not_refused(void **state)
{
	struct asc_rule_new rule = {
		.who = "acme", .device = "*@a.example", .verdict = ASSOC_BLOCK, .mode = ASSOC_DETECT, .rights = ASSOC_RIGHT_ALL
	};
	struct ipc_device_action a = core_play_action(1, "meter-1@a.example", 41);
	struct core_play *p = *state;
	struct asc_why why;

	assert_true(ADMITTED(open_acme(p, 1)));
	assert_int_equal(asc_rule_add(p->core->store.asc, &rule, &why), 0);
	assert_int_equal(core_play_ask(p, 1, &a), 201); /* on its way to the HSS, which is not there */
	assert_int_equal(p->core->st.v[ST_DECISION_DETECTED], 1);
	rule.mode = ASSOC_ENFORCE;
	assert_int_equal(asc_rule_add(p->core->store.asc, &rule, &why), 0);
	a.reference = 42;
	a.end_to_end++;
	assert_int_equal(core_play_ask(p, 2, &a), 105);
	assert_int_equal(p->core->st.v[ST_DECISION_DETECTED], 1);
}

static void test_overload_is_3004_only_where_this_host_was_named(void **state)
{
	struct core_play *p = *state;
	struct ipc_device_action a = core_play_action(1, "meter-1@a.example", 41);

	assert_true(ADMITTED(open_acme(p, 1)));
	p->cfg->limits.pending_total = 0;
	assert_int_equal(core_play_ask(p, 2, &a), 201);
	a.end_to_end = a.reference = 42;
	a.host_named = true;
	assert_int_equal(core_play_ask(p, 3, &a), 1003004);
	p->cfg->limits.pending_total = 10;
	a.end_to_end = a.reference = 43;
	assert_int_equal(core_play_ask(p, 4, &a), 201); /* trouble of the HSS is not ours */
	assert_int_equal(p->core->triggers.pending, 0);
}

static void test_near_the_limit_only_priority_is_taken(void **state)
{
	struct core_play *p = *state;
	struct ipc_device_action a = core_play_action(1, "meter-1@a.example", 41);

	assert_true(ADMITTED(open_acme(p, 1)));
	p->cfg->limits.pending_total = 10;
	p->core->triggers.pending = 9; /* a tenth is left */
	a.host_named = true;
	assert_int_equal(core_play_ask(p, 2, &a), 1003004);
	a.end_to_end = a.reference = 42;
	a.priority = (struct ipc_opt_u32){ .v = TSP_PRIORITY, .present = true };
	assert_int_equal(core_play_ask(p, 3, &a), 201); /* past that check, and the HSS is not there */
	p->core->triggers.pending = 10;
	a.end_to_end = a.reference = 43;
	assert_int_equal(core_play_ask(p, 4, &a), 1003004);
	p->core->triggers.pending = 0;
}

static void test_short_of_memory_a_new_trigger_is_201_and_not_remembered(void **state)
{
	struct core_play *p = *state;
	struct ipc_device_action a = core_play_action(1, "meter-1@a.example", 41);
	struct ipc_device_action recall;
	uint32_t known;

	assert_true(ADMITTED(open_acme(p, 1)));
	known = core_dup_count(p->core->dup);
	assert_true(core_memory_spend(p->core));
	assert_false(core_memory_spend(p->core)); /* there is one reserve */
	assert_true(core_memory_short(p->core));
	a.host_named = true;
	assert_int_equal(core_play_ask(p, 2, &a), 201);
	assert_int_equal(core_dup_count(p->core->dup), known);
	assert_int_equal(p->core->triggers.n, 0);
	assert_int_equal(p->core->st.v[ST_MEMORY_REFUSED], 1);
	assert_int_equal(p->core->st.v[ST_MEMORY_SHORTAGES], 1);
	recall = a;
	recall.action_type = TSP_ACTION_RECALL;
	recall.has_trigger_data = false;
	recall.payload_len = 0;
	recall.validity_s = (struct ipc_opt_u32){ 0 };
	recall.end_to_end++;
	(void)core_play_ask(p, 3, &recall); /* is worked on, whatever becomes of it */
	assert_int_equal(p->bad_edge, 0);
	assert_int_equal(p->core->st.v[ST_MEMORY_REFUSED], 1);
	assert_int_equal(core_dup_count(p->core->dup), known + 1);
	while (core_memory_short(p->core)) { /* there is memory: it gets well by itself */
		core_play_turns(p, 1);
	}
	assert_int_equal(core_play_ask(p, 4, &a), 201); /* the copy of the first: on its way to the HSS, which is not there */
	assert_int_equal(p->core->st.v[ST_MEMORY_REFUSED], 1);
	assert_int_equal(core_dup_count(p->core->dup), known + 2);
}

static void test_what_the_edge_says_about_identity_and_device_is_judged_by_the_core(void **state)
{
	static const uint8_t too_long[1025];
	struct core_play *p = *state;
	struct ipc_device_action a = core_play_action(1, "meter-1@a.example", 41);

	assert_true(ADMITTED(open_acme(p, 1)));
	strcpy(a.scs_identity, "491720000002");
	assert_int_equal(core_play_ask(p, 2, &a), 103);
	a = core_play_action(1, "meter-1@a.example", 42);
	a.scs_identity_malformed = true;
	assert_int_equal(core_play_ask(p, 3, &a), 103);
	a = core_play_action(1, "", 43);
	a.device = IPC_DEVICE_NONE;
	assert_int_equal(core_play_ask(p, 4, &a), 102);
	a.device = IPC_DEVICE_MALFORMED;
	a.end_to_end = a.reference = 44;
	assert_int_equal(core_play_ask(p, 5, &a), 102);
	a = core_play_action(1, "meter-1@a.example", 45);
	a.has_trigger_data = false;
	a.payload_len = 0;
	assert_int_equal(core_play_ask(p, 6, &a), 101);
	a = core_play_action(1, "meter-1@a.example", 46);
	a.payload = too_long;
	a.payload_len = sizeof too_long;
	assert_int_equal(core_play_ask(p, 7, &a), 101);
	a = core_play_action(1, "meter-1@a.example", 47);
	a.payload_len = TRIGGER_PAYLOAD_MAX + 1; /* so long that it did not cross */
	assert_int_equal(core_play_ask(p, 8, &a), 101);
	a = core_play_action(1, "meter-1@a.example", 48);
	a.validity_s.v = 604801;
	assert_int_equal(core_play_ask(p, 9, &a), 104);
}

static void test_a_copy_gets_the_same_answer_and_another_content_is_refused(void **state)
{
	struct core_play *p = *state;
	struct ipc_device_action a = core_play_action(1, "meter-1@b.example", 41);

	assert_true(ADMITTED(open_acme(p, 1)));
	assert_true(ADMITTED(open_acme(p, 2)));
	assert_int_equal(core_play_ask(p, 3, &a), 105);
	a.retransmitted = true;
	a.session = 2; /* on another connection: still the same request */
	assert_int_equal(core_play_ask(p, 4, &a), 105);
	assert_int_equal(p->core->st.v[ST_DUPLICATES], 1);
	strcpy(a.external_id, "meter-2@b.example");
	assert_int_equal(core_play_ask(p, 5, &a), 107);
	assert_int_equal(p->core->st.v[ST_DUPLICATES_FOREIGN], 1);
}

static void test_a_request_on_a_session_that_is_not_there_is_answered_and_does_nothing(void **state)
{
	struct core_play *p = *state;
	struct ipc_device_action a = core_play_action(99, "meter-1@a.example", 41);

	assert_int_equal(core_play_ask(p, 2, &a), 1003010);
	assert_int_equal(p->bad_edge, 0);
}

/* -- a lying edge is ended */

static void test_a_record_of_the_wrong_direction_ends_the_edge(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_cut cut = { 0, 0, "x" };

	core_play_send(p, ipc_session_cut_put(p->record, p->generation, 1, &cut));
	assert_int_equal(p->bad_edge, p->generation);
}

static void test_a_record_of_another_edge_ends_the_edge(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");

	core_play_send(p, ipc_session_open_put(p->record, p->generation + 1, 1, &s));
	assert_int_equal(p->bad_edge, p->generation);
	assert_int_equal(p->core->sessions.by_key.n, 0);
}

static void test_octets_that_are_no_record_end_the_edge(void **state)
{
	struct core_play *p = *state;

	memset(p->record, 0xee, 64);
	p->record[2] = 64;
	p->record[3] = 0;
	core_play_send(p, 64);
	assert_int_equal(p->bad_edge, p->generation);
	assert_int_equal(p->core->st.v[ST_RING_BAD], 1);
}

static void test_a_listener_that_the_edge_does_not_have_ends_the_edge(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");

	s.listener = 3;
	core_play_send(p, ipc_session_open_put(p->record, p->generation, 1, &s));
	assert_int_equal(p->bad_edge, p->generation);
	assert_int_equal(p->core->sessions.by_key.n, 0);
}

static void test_an_internal_session_from_an_external_edge_ends_the_edge(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");

	s.identity = (struct ipc_identity){ .kind = IDENTITY_INTERNAL };
	s.zone = ZONE_INTERNAL;
	s.protection = PROTECTION_NONE;
	s.tls_version = s.tls_suite = 0;
	core_play_send(p, ipc_session_open_put(p->record, p->generation, 1, &s));
	assert_int_equal(p->bad_edge, p->generation);
}

static void test_a_dead_edge_takes_its_sessions_with_it(void **state)
{
	struct core_play *p = *state;

	assert_true(ADMITTED(open_acme(p, 1)));
	core_edge_gone(p->core, p->generation);
	assert_int_equal(p->core->sessions.by_key.n, 0);
	assert_int_equal(core_scs_get(p->core, "acme")->sessions_n, 0);
}

/* -- a new core knows what the old one provisioned, and admits announced sessions again */

static void test_a_new_core_admits_what_is_announced_again(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");

	assert_true(ADMITTED(open_acme(p, 1)));
	core_play_restart(p);
	assert_int_equal(p->core->sessions.by_key.n, 0);
	s.again = true;
	assert_true(ADMITTED(core_play_open(p, 1, &s)));
	assert_true(ADMITTED(core_play_open(p, 1, &s))); /* announced twice is one session */
	assert_int_equal(p->core->sessions.by_key.n, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

static void on_stopped(void *arg)
{
	++*(int *)arg;
}

static void test_the_end_waits_for_open_peers(void **state)
{
	struct core_play *p = *state;
	struct core_peer *peer = &p->core->peers.row[p->core->peers.n - 1];
	int stopped = 0;

	peer->open = true;
	core_stop(p->core, on_stopped, &stopped);
	p->core->stop.by_ms = UINT64_MAX;
	core_play_turns(p, 20);
	assert_int_equal(stopped, 0);
	peer->open = false;
	for (int i = 0; i < 100 && !stopped; i++) {
		core_play_turns(p, 1);
	}
	core_play_turns(p, 20);
	assert_int_equal(stopped, 1);
}

static void test_the_end_does_not_wait_long(void **state)
{
	struct core_play *p = *state;
	struct core_peer *peer = &p->core->peers.row[p->core->peers.n - 1];
	int stopped = 0;

	peer->open = true;
	core_stop(p->core, on_stopped, &stopped);
	assert_in_range(p->core->stop.by_ms, 1, net_loop_now_ms(p->loop) + 300);
	p->core->stop.by_ms = 0; /* that time is over */
	for (int i = 0; i < 100 && !stopped; i++) {
		core_play_turns(p, 1);
	}
	assert_int_equal(stopped, 1);
	peer->open = false;
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_provisioned_peer_is_admitted_under_its_name),
		TEST(test_an_unprovisioned_peer_is_refused),
		TEST(test_a_name_from_another_anchor_is_refused),
		TEST(test_an_origin_host_that_the_certificate_does_not_prove_is_refused),
		TEST(test_a_certificate_that_names_two_provisioned_scss_is_refused),
		TEST(test_a_certificate_of_unknown_revocation_is_refused_unless_the_scs_is_soft),
		TEST(test_another_realm_is_refused),
		TEST(test_a_certificate_past_its_end_is_refused),
		TEST(test_a_session_does_not_outlive_its_certificate),
		TEST(test_the_end_of_a_certificate_costs_no_look_at_all_sessions),
		TEST(test_at_the_limit_a_silent_oldest_session_is_replaced),
		TEST(test_changed_values_are_told_to_the_edges_of_open_sessions),
		TEST(test_at_the_limit_the_new_one_is_refused_when_the_oldest_answers),
		TEST(test_an_scs_that_connects_again_and_again_is_slowed_down),
		TEST(test_the_gauges_of_an_edge_end_with_it),
		TEST(test_who_waits_for_a_place_and_leaves_is_forgotten),
		TEST(test_a_session_that_spoke_for_another_leaves_a_decision),
		TEST(test_removing_an_scs_cuts_its_sessions_at_once),
		TEST(test_an_scs_that_changed_is_asked_to_come_back),
		TEST(test_the_hss_is_not_asked_for_a_device_without_association),
		TEST(test_an_allowed_trigger_without_an_hss_is_answered_201),
		TEST(test_what_a_detect_only_rule_would_refuse_is_counted_and_not_refused),
		TEST(test_overload_is_3004_only_where_this_host_was_named),
		TEST(test_near_the_limit_only_priority_is_taken),
		TEST(test_short_of_memory_a_new_trigger_is_201_and_not_remembered),
		TEST(test_what_the_edge_says_about_identity_and_device_is_judged_by_the_core),
		TEST(test_a_copy_gets_the_same_answer_and_another_content_is_refused),
		TEST(test_a_request_on_a_session_that_is_not_there_is_answered_and_does_nothing),
		TEST(test_a_record_of_the_wrong_direction_ends_the_edge),
		TEST(test_a_record_of_another_edge_ends_the_edge),
		TEST(test_octets_that_are_no_record_end_the_edge),
		TEST(test_a_listener_that_the_edge_does_not_have_ends_the_edge),
		TEST(test_an_internal_session_from_an_external_edge_ends_the_edge),
		TEST(test_a_dead_edge_takes_its_sessions_with_it),
		TEST(test_a_new_core_admits_what_is_announced_again),
		TEST(test_the_end_waits_for_open_peers),
		TEST(test_the_end_does_not_wait_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
