/* An edge in other hands announces what it cannot have. The core ends that edge, counts it, and admits nobody. */
#include "tests/unit/test.h"

#include <unistd.h>

#include "core/core_dnr.h"
#include "tests/unit/core/core_play.h"
#include "tests/unit/trigger/trg_put.h"

static struct ipc_session_open honest(void)
{
	return core_play_session("scs.acme.example", "anchor-a");
}

static void ended_for(struct core_play *p, const struct ipc_session_open *claim)
{
	core_play_send(p, ipc_session_open_put(p->record, p->generation, 2, claim));
	assert_int_equal(p->bad_edge, p->generation);
	assert_int_equal(p->core->sessions.by_key.n, 0);
	assert_int_equal(p->core->st.v[ST_FALSE_CLAIMS], 1);
	assert_int_equal(p->core->st.v[ST_RING_BAD], 1);
}

/* A record that contradicts itself says nothing about any listener: it breaks the rules of records. */
static void broken_record(struct core_play *p, const struct ipc_session_open *claim)
{
	core_play_send(p, ipc_session_open_put(p->record, p->generation, 2, claim));
	assert_int_equal(p->bad_edge, p->generation);
	assert_int_equal(p->core->sessions.by_key.n, 0);
	assert_int_equal(p->core->st.v[ST_FALSE_CLAIMS], 0);
	assert_int_equal(p->core->st.v[ST_RING_BAD], 1);
}

static void test_an_honest_announcement_is_taken(void **state)
{
	struct ipc_session_open s = honest();
	struct core_play *p = *state;

	assert_true(core_play_open(p, 1, &s).admitted);
	assert_int_equal(p->core->st.v[ST_FALSE_CLAIMS], 0);
}

/* The state of CRLs is that of the configuration: an edge must not claim that an anchor has none. */
static void test_crls_of_an_anchor_that_has_none_and_the_other_way_round(void **state)
{
	struct ipc_session_open s = honest();
	struct core_play *p = *state;
	size_t anchor = cfg_anchor_index(p->cfg, "anchor-a");

	p->cfg->anchors[anchor].crl_n = 1;
	s.identity.revocation[0] = REVOCATION_STALE;
	assert_false(core_play_open(p, 1, &s).admitted); /* a refusal, and no false claim */
	assert_int_equal(p->core->st.v[ST_FALSE_CLAIMS], 0);
	s.identity.revocation[0] = REVOCATION_UNCHECKED;
	ended_for(p, &s);
	p->cfg->anchors[anchor].crl_n = 0;
}

static void test_the_state_of_crls_that_are_not_configured(void **state)
{
	struct ipc_session_open s = honest();

	s.identity.revocation[0] = REVOCATION_GOOD;
	ended_for(*state, &s);
}

static void test_a_listener_that_is_not_configured(void **state)
{
	struct ipc_session_open s = honest();

	s.listener = 3;
	ended_for(*state, &s);
}

/* The edge in the play is in the place of the honest one, with other listeners and another zone. */
static void another_edge(struct core_play *p, enum zone zone, uint32_t listeners)
{
	struct core_edge_id who = { 0, p->generation + 1, zone, 1, listeners };
	struct ipc_ring_fds ours, theirs;

	core_edge_gone(p->core, p->generation);
	ipc_ring_close(p->edge);
	p->generation++;
	assert_int_equal(ipc_ring_make(&ours, &theirs, IPC_RING_MIN), 0);
	assert_int_equal(core_edge_add(p->core, &who, &ours), 0);
	assert_int_equal(ipc_ring_open(&p->edge, &theirs), 0);
}

static void test_a_configured_listener_that_this_edge_was_not_given(void **state)
{
	struct ipc_session_open s = honest();

	another_edge(*state, ZONE_EXTERNAL, 2);
	ended_for(*state, &s);
}

static void test_a_listener_of_the_other_zone(void **state)
{
	struct ipc_session_open s = honest();

	another_edge(*state, ZONE_INTERNAL, 1);
	ended_for(*state, &s);
}

static void test_another_zone_than_its_own(void **state)
{
	struct ipc_session_open s = honest();

	s.zone = ZONE_INTERNAL;
	ended_for(*state, &s);
}

static void test_another_protection_than_that_of_the_listener(void **state)
{
	struct ipc_session_open s = honest();

	s.protection = PROTECTION_NDSIP;
	s.tls_version = s.tls_suite = 0;
	s.identity.kind = IDENTITY_IPSEC;
	s.identity.names_n = s.identity.anchors_n = 1;
	s.identity.groups_n = 0;
	ended_for(*state, &s);
}

static void test_another_transport_than_that_of_the_listener(void **state)
{
	struct ipc_session_open s = honest();

	s.transport = TRANSPORT_SCTP;
	ended_for(*state, &s);
}

static void test_an_external_session_without_protection(void **state)
{
	struct ipc_session_open s = honest();

	s.protection = PROTECTION_NONE;
	s.tls_version = s.tls_suite = 0;
	s.identity = (struct ipc_identity){ .kind = IDENTITY_INTERNAL };
	broken_record(*state, &s);
}

/* Where it was believed, an SCS that is provisioned as internal was admitted without any certificate. */
static void test_an_internal_identity_on_a_listener_with_tls(void **state)
{
	struct ipc_session_open s = honest();

	s.identity = (struct ipc_identity){ .kind = IDENTITY_INTERNAL };
	broken_record(*state, &s);
}

static void test_an_anchor_that_is_not_configured(void **state)
{
	struct ipc_session_open s = honest();

	strcpy(s.identity.anchors[1], "anchor-z");
	s.identity.anchors_n = 2;
	ended_for(*state, &s);
}

static void test_a_certificate_without_names_or_anchors(void **state)
{
	struct ipc_session_open s = honest();

	s.identity.names_n = 0;
	broken_record(*state, &s);
}

/* The one listener of the play becomes one of the internal zone, without protection. */
static void make_internal(struct core_play *p)
{
	p->cfg->listen[0].zone = ZONE_INTERNAL;
	p->cfg->listen[0].protection = PROTECTION_NONE;
	another_edge(p, ZONE_INTERNAL, 1);
}

static struct ipc_session_open internal(void)
{
	struct ipc_session_open s = honest();

	s.zone = ZONE_INTERNAL;
	s.protection = PROTECTION_NONE;
	s.tls_version = s.tls_suite = 0;
	s.identity = (struct ipc_identity){ .kind = IDENTITY_INTERNAL };
	return s;
}

static void test_an_internal_edge_may_say_internal(void **state)
{
	struct ipc_session_open s = internal();
	struct core_play *p = *state;

	make_internal(p);
	assert_string_equal(core_play_open(p, 1, &s).reason, "not-protected"); /* acme has an anchor: refused, and no offence */
	assert_int_equal(p->bad_edge, 0);
}

static void test_a_certificate_on_a_listener_without_protection(void **state)
{
	struct ipc_session_open s = internal();

	s.identity = honest().identity;
	s.protection = PROTECTION_TLS;
	s.tls_version = AGREED_TLS_1_3;
	s.tls_suite = 1;
	make_internal(*state);
	ended_for(*state, &s);
}

static void test_names_on_a_listener_without_protection(void **state)
{
	struct ipc_session_open s = internal();

	s.identity.names_n = 1;
	strcpy(s.identity.names[0], "scs.acme.example");
	make_internal(*state);
	broken_record(*state, &s);
}

/* -- the answer to a report */

static uint64_t report(struct core_play *p)
{
	struct trg_request req = { .scs = "acme",
				   .scs_e164 = "491720000001",
				   .origin_host = "scs.acme.example",
				   .origin_realm = "acme.example",
				   .external = "meter-1@a.example",
				   .msisdn = "",
				   .groups = "",
				   .action = TSP_ACTION_TRIGGER,
				   .reference = 1,
				   .received_ms = core_now_ms(p->core),
				   .expires_ms = core_now_ms(p->core) + 600000 };
	struct ipc_rec_head head = { .transaction = 0 };
	struct core_trigger *t;

	assert_int_equal(core_trigger_new(&t, p->core, core_scs_get(p->core, "acme"), &req), 0);
	t->trg->answered = true;
	trg_put(t->trg, TRG_NOTIFYING);
	assert_int_equal(core_report_notify(p->core, t->trg, false), 0);
	core_play_turns(p, 2);
	assert_true(core_play_take(p, IPC_REC_DEVICE_NOTIFICATION, &head));
	return head.transaction;
}

static void answer(struct core_play *p, uint64_t transaction, uint64_t session)
{
	struct ipc_device_notification_answer a = { .session = session, .outcome = IPC_DNA_ANSWERED, .result_code = 2001 };

	core_play_send(p, ipc_device_notification_answer_put(p->record, p->generation, transaction, &a));
}

static void test_the_answer_of_another_session_to_a_report(void **state)
{
	struct ipc_session_open s = honest();
	struct core_play *p = *state;
	uint64_t transaction;

	assert_true(core_play_open(p, 1, &s).admitted);
	assert_true(core_play_open(p, 2, &s).admitted);
	transaction = report(p);
	answer(p, transaction, 2);
	assert_int_equal(p->bad_edge, p->generation);
	assert_int_equal(p->core->st.v[ST_FALSE_CLAIMS], 1);
	assert_int_equal(p->core->st.v[ST_REPORTS_ACKNOWLEDGED], 0);
}

/* An edge hands on what an earlier core asked: no offence, and no answer to anything of this core. */
static void test_an_answer_to_an_earlier_core_is_no_offence(void **state)
{
	struct ipc_session_open s = honest();
	struct core_play *p = *state;
	uint64_t transaction;

	assert_true(core_play_open(p, 1, &s).admitted);
	transaction = report(p);
	core_play_restart(p);
	core_play_turns(p, 3);
	assert_true(core_play_open(p, 1, &s).admitted);
	assert_int_not_equal(report(p), transaction);
	answer(p, transaction, 1);
	assert_int_equal(p->bad_edge, 0);
	assert_int_equal(p->core->st.v[ST_REPORTS_ACKNOWLEDGED], 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, core_play_setup, core_play_teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_honest_announcement_is_taken),
		TEST(test_crls_of_an_anchor_that_has_none_and_the_other_way_round),
		TEST(test_the_state_of_crls_that_are_not_configured),
		TEST(test_a_listener_that_is_not_configured),
		TEST(test_a_configured_listener_that_this_edge_was_not_given),
		TEST(test_a_listener_of_the_other_zone),
		TEST(test_another_zone_than_its_own),
		TEST(test_another_protection_than_that_of_the_listener),
		TEST(test_another_transport_than_that_of_the_listener),
		TEST(test_an_internal_identity_on_a_listener_with_tls),
		TEST(test_an_external_session_without_protection),
		TEST(test_an_anchor_that_is_not_configured),
		TEST(test_a_certificate_without_names_or_anchors),
		TEST(test_an_internal_edge_may_say_internal),
		TEST(test_a_certificate_on_a_listener_without_protection),
		TEST(test_names_on_a_listener_without_protection),
		TEST(test_the_answer_of_another_session_to_a_report),
		TEST(test_an_answer_to_an_earlier_core_is_no_offence),
	};

	return cmocka_run_group_tests_name("core claims", tests, NULL, NULL);
}
