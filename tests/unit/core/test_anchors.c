/* An SCS with several trust anchors: each of them admits, no other does, and what is taken away ends the sessions under it and no others. */
#include "tests/unit/test.h"

#include "assoc/asc_change.h"
#include "core/core_int.h"
#include "policy/pol_admit.h"
#include "tests/support/asc_wait.h"
#include "tests/unit/core/core_play.h"

static void give(struct core_play *p, const char *anchors)
{
	struct asc_scs scs = *asc_scs_find(p->core->store.asc, "acme");
	struct asc_why why;

	snprintf(scs.anchor, sizeof scs.anchor, "%s", anchors);
	scs.connections_max = 8;
	assert_int_equal(asc_scs_put(p->core->store.asc, &scs, &why), 0);
}

static struct ipc_session_verdict open_under(struct core_play *p, uint64_t number, const char *anchor)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", anchor);

	return core_play_open(p, number, &s);
}

/* The reason of the next cut, "" if there is none; `number`: whose it is. */
static const char *cut_of(struct core_play *p, uint64_t *number)
{
	static struct ipc_session_cut c;
	struct ipc_rec_head head;
	size_t len = core_play_take(p, IPC_REC_SESSION_CUT, &head);

	if (!len) {
		return "";
	}
	assert_int_equal(ipc_session_cut_get(&c, p->record, len), 0);
	*number = head.transaction;
	return c.reason;
}

static void test_each_of_them_admits_and_no_other(void **state)
{
	struct core_play *p = *state;

	give(p, "anchor-a anchor-b");
	assert_true(open_under(p, 1, "anchor-a").admitted);
	assert_true(open_under(p, 2, "anchor-b").admitted);
	give(p, "anchor-a anchor-z");
	assert_string_equal(open_under(p, 3, "anchor-b").reason, "wrong-anchor");
}

static void test_one_that_is_taken_from_the_scs_ends_the_sessions_under_it(void **state)
{
	struct core_play *p = *state;
	uint64_t number = 0;

	give(p, "anchor-a anchor-b");
	assert_true(open_under(p, 1, "anchor-a").admitted);
	assert_true(open_under(p, 2, "anchor-b").admitted);
	assert_int_equal(core_sessions_renew(p->core, "acme"), 0);
	give(p, "anchor-b");
	assert_int_equal(core_sessions_renew(p->core, "acme"), 1);
	core_play_turns(p, 2);
	assert_string_equal(cut_of(p, &number), "scs-changed");
	assert_int_equal(number, 1);
	assert_int_equal(p->core->sessions.by_key.n, 1);
	assert_string_equal(open_under(p, 3, "anchor-a").reason, "wrong-anchor");
	assert_true(open_under(p, 4, "anchor-b").admitted);
}

static void test_one_that_leaves_the_configuration_ends_the_sessions_under_it(void **state)
{
	struct core_play *p = *state;
	uint64_t number = 0;

	give(p, "anchor-a anchor-b");
	assert_true(open_under(p, 1, "anchor-a").admitted);
	assert_true(open_under(p, 2, "anchor-b").admitted);
	p->cfg->anchors[cfg_anchor_index(p->cfg, "anchor-a")].gone_ms = 1;
	core_reconfigure(p->core, p->conf.peer_tls);
	core_play_turns(p, 2);
	assert_string_equal(cut_of(p, &number), "anchor-removed");
	assert_int_equal(number, 1);
	assert_int_equal(p->core->sessions.by_key.n, 1);
	assert_true(open_under(p, 3, "anchor-b").admitted);
	p->cfg->anchors[0].gone_ms = 0;
}

/* Of two anchors of the chain that are both the SCS's, the one under which revocation is known counts. */
static void test_an_anchor_of_which_nothing_is_missing_comes_first(void **state)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");
	struct core_play *p = *state;
	struct ipc_session_verdict v;

	give(p, "anchor-a anchor-b");
	p->cfg->anchors[cfg_anchor_index(p->cfg, "anchor-a")].crl_n = 1;
	strcpy(s.identity.anchors[1], "anchor-b");
	s.identity.anchors_n = 2;
	s.identity.revocation[0] = REVOCATION_STALE;
	v = core_play_open(p, 1, &s);
	assert_true(v.admitted);
	assert_int_equal(v.anchor, 1);
	give(p, "anchor-a");
	assert_string_equal(core_play_open(p, 2, &s).reason, "revocation-unknown");
	p->cfg->anchors[0].crl_n = 0;
}

static int64_t ask(struct core_play *p, uint64_t session, uint32_t reference)
{
	struct ipc_device_action a = core_play_action(session, "meter-1@b.example", reference);

	a.end_to_end = reference;
	return core_play_ask(p, reference, &a);
}

/* 201: it is allowed, and there is no HSS here. */
static void test_a_group_counts_under_the_anchor_of_the_session(void **state)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");
	char groups[TRG_GROUPS_LEN_MAX + 1];
	struct core_play *p = *state;

	core_play_add_fleet(p);
	give(p, "anchor-a anchor-b");
	strcpy(s.identity.groups[0], "urn:mtc:group:fleet");
	s.identity.groups_n = 1;
	assert_true(core_play_open(p, 1, &s).admitted);
	strcpy(s.identity.anchors[0], "anchor-b");
	assert_true(core_play_open(p, 2, &s).admitted);
	assert_int_equal(ask(p, 1, 41), 201);
	assert_int_equal(ask(p, 2, 42), 105);
	core_proven_text(groups, p->core, core_session_find(p->core, p->generation, 1)->proven);
	assert_string_equal(groups, "fleet");
	core_proven_text(groups, p->core, core_session_find(p->core, p->generation, 2)->proven); /* what its trigger would keep */
	assert_string_equal(groups, "");
}

static void test_an_ike_identity_of_an_anchor_that_was_taken_away_is_refused(void **state)
{
	struct pol_identity id = {
		.kind = IDENTITY_IPSEC, .names = { "scs.acme.example" }, .names_n = 1, .anchors = { "a", "b" }, .anchors_n = 2
	};
	struct pol_admit_scs scs = {
		.origin_host = "scs.acme.example", .realm = "acme.example", .anchor = "a b", .connections_max = 1
	};

	(void)state;
	assert_int_equal(pol_admit(&id, "scs.acme.example", "acme.example", &scs, 0), POL_NONE);
	scs.anchor = "b"; /* strongSwan may have taken a */
	assert_int_equal(pol_admit(&id, "scs.acme.example", "acme.example", &scs, 0), POL_WRONG_ANCHOR);
	scs.anchor = "a b c";
	assert_int_equal(pol_admit(&id, "scs.acme.example", "acme.example", &scs, 0), POL_NONE);
}

static void test_the_helper_gets_those_that_the_configuration_has(void **state)
{
	struct core_play *p = *state;
	struct asc_scs scs = *asc_scs_find(p->core->store.asc, "acme");
	char why[CFG_WHY_MAX];
	struct ns_msg m;

	strcpy(scs.anchor, "anchor-a anchor-b anchor-z");
	core_ndsip_message(&m, 1, p->cfg, &scs);
	assert_string_equal(m.scs.anchor, "anchor-a anchor-b");
	assert_true(core_ndsip_fits(p->cfg, &scs, why));
	strcpy(scs.anchor, "anchor-y anchor-z");
	assert_false(core_ndsip_fits(p->cfg, &scs, why));
	assert_string_equal(why, "none of its trust anchors 'anchor-y anchor-z' is in the configuration (trust_anchors)");
}

#define PLAY(test) cmocka_unit_test_setup_teardown(test, core_play_setup, core_play_teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		PLAY(test_each_of_them_admits_and_no_other),
		PLAY(test_one_that_is_taken_from_the_scs_ends_the_sessions_under_it),
		PLAY(test_one_that_leaves_the_configuration_ends_the_sessions_under_it),
		PLAY(test_an_anchor_of_which_nothing_is_missing_comes_first),
		PLAY(test_a_group_counts_under_the_anchor_of_the_session),
		PLAY(test_an_ike_identity_of_an_anchor_that_was_taken_away_is_refused),
		PLAY(test_the_helper_gets_those_that_the_configuration_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
