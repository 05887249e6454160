/* Rights that end while a trigger is under way: who is judged again when the associations change, by what, and how many at a time
 * (CONTRACTS section 3, "removal of an association in flight"). */
#include "tests/unit/test.h"

#include "core/core_overdue.h"
#include "tests/unit/core/core_play.h"
#include "tests/unit/trigger/trg_put.h"
#include "tests/support/asc_wait.h"

#define NOW_S (clock_real_ms() / 1000)

/* As it is when the SMS-SC has it. */
static struct core_trigger *pending_of(struct core_play *p, const char *device, uint32_t reference, const char *groups)
{
	struct trg_request r = { .scs = "acme",
				 .scs_e164 = "491720000001",
				 .origin_host = "scs.acme.example",
				 .origin_realm = "acme.example",
				 .external = device,
				 .action = TSP_ACTION_TRIGGER,
				 .reference = reference,
				 .groups = groups,
				 .has_validity = true,
				 .validity_s = 600,
				 .received_ms = clock_real_ms(),
				 .expires_ms = clock_real_ms() + 600000 };
	struct core_trigger *t;

	assert_int_equal(core_trigger_new(&t, p->core, core_scs_get(p->core, "acme"), &r), 0);
	trg_put(t->trg, TRG_ACCEPTED);
	t->trg->answered = true;
	t->trg->answer_status = TSP_STATUS_SUCCESS;
	t->trg->stored = true;
	return t;
}

static void rule(struct core_play *p, const char *who, const char *device, uint8_t verdict, int64_t from_s, int64_t until_s)
{
	struct asc_rule_new r = { who,    device,  verdict,      verdict == ASSOC_BLOCK ? 0 : ASSOC_RIGHT_ALL,
				  from_s, until_s, ASSOC_ENFORCE };
	struct asc_why why;

	if (asc_rule_add(p->core->store.asc, &r, &why)) {
		fail_msg("%s", why.text);
	}
	core_play_turns(p, 5);
}

static void unrule(struct core_play *p, const char *who, const char *device)
{
	struct asc_why why;

	assert_int_equal(asc_rule_del(p->core->store.asc, who, device, -1, &why), 0);
	core_play_turns(p, 5);
}

static void test_a_rule_that_is_removed_takes_its_triggers_back(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *here = pending_of(p, "meter-1@a.example", 1, ""), *other;

	rule(p, "acme", "meter-2@b.example", ASSOC_ALLOW, 0, 0);
	other = pending_of(p, "meter-2@b.example", 2, "");
	rule(p, "acme", "meter-9@a.example", ASSOC_ALLOW, 0, 0); /* nothing of theirs */
	assert_int_equal(here->trg->state, TRG_ACCEPTED);
	assert_true(p->core->st.v[ST_TRIGGERS_REJUDGED] >= 2);
	unrule(p, "acme", "meter-2@b.example");
	assert_int_equal(other->trg->state, TRG_REVOKING);
	assert_int_equal(other->trg->revoke_reason, POL_NO_ASSOCIATION);
	assert_int_equal(here->trg->state, TRG_ACCEPTED);
	assert_int_equal(p->core->st.v[ST_TRIGGERS_NOT_REVOKED], 0);
}

static void test_a_deny_and_a_block_take_back_at_once(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *denied = pending_of(p, "meter-1@a.example", 1, ""),
			    *blocked = pending_of(p, "meter-2@a.example", 2, "");

	rule(p, "acme", "meter-1@a.example", ASSOC_DENY, 0, 0);
	assert_int_equal(denied->trg->state, TRG_REVOKING);
	assert_int_equal(denied->trg->revoke_reason, POL_DENIED);
	assert_non_null(strstr(denied->rule, "meter-1@a.example"));
	rule(p, "*", "meter-2@a.example", ASSOC_BLOCK, (int64_t)NOW_S - 1, (int64_t)NOW_S + 100); /* from now on */
	assert_int_equal(blocked->trg->state, TRG_REVOKING);
	assert_int_equal(blocked->trg->revoke_reason, POL_BLOCKED);
}

/* The hour ends no right of what is under way: only a change does. */
static void test_a_window_that_ran_out_takes_nothing_back(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t;

	rule(p, "acme", "meter-1@b.example", ASSOC_ALLOW, 0, (int64_t)NOW_S - 10);
	t = pending_of(p, "meter-1@b.example", 1, "");
	t->trg->req.received_ms = clock_real_ms() - 20000; /* then it was allowed */
	rule(p, "acme", "meter-9@a.example", ASSOC_ALLOW, 0, 0);
	assert_int_equal(t->trg->state, TRG_ACCEPTED);
	unrule(p, "acme", "meter-1@b.example");
	assert_int_equal(t->trg->state, TRG_REVOKING);
}

static void test_what_a_certificate_proved_counts_as_of_the_request(void **state)
{
	struct asc_group g = { .name = "fleet", .anchor = "anchor-a" };
	struct core_play *p = *state;
	struct core_trigger *proven, *ended, *unknown, *plain;
	struct asc_why why;

	assert_int_equal(asc_group_put(p->core->store.asc, &g, &why), 0);
	rule(p, "group:fleet", "*@b.example", ASSOC_ALLOW, 0, 0);
	proven = pending_of(p, "meter-1@b.example", 1, "fleet");
	ended = pending_of(p, "meter-1@b.example", 2, "fleet");
	ended->trg->req.received_ms = clock_real_ms() - 20000;
	ended->trg->req.groups_not_after_s = NOW_S - 10; /* of the certificate, since then */
	unknown = pending_of(p, "meter-1@b.example", 3, "");
	unknown->trg->req.groups_unknown = true; /* from a record that did not keep them */
	plain = pending_of(p, "meter-1@b.example", 4, "");
	rule(p, "acme", "meter-9@a.example", ASSOC_ALLOW, 0, 0);
	assert_int_equal(proven->trg->state, TRG_ACCEPTED);
	assert_int_equal(ended->trg->state, TRG_ACCEPTED);
	assert_int_equal(unknown->trg->state, TRG_ACCEPTED); /* it may have been allowed by one */
	assert_int_equal(plain->trg->state, TRG_REVOKING);
	unrule(p, "group:fleet", "*@b.example");
	assert_int_equal(proven->trg->state, TRG_REVOKING);
	assert_int_equal(ended->trg->state, TRG_REVOKING);
	assert_int_equal(unknown->trg->state, TRG_ACCEPTED);
	rule(p, "acme", "meter-1@b.example", ASSOC_DENY, 0, 0);
	assert_int_equal(unknown->trg->state, TRG_REVOKING);
}

/* Over SMPP: between the message id of the SMS-SC and the answer. Nothing else in its record says so. */
static void test_a_cancel_in_the_record_of_an_acceptance_counts_after_a_restart(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = pending_of(p, "meter-1@a.example", 1, "");

	t->trg->revoke_due = true;
	t->trg->revoke_reason = POL_CANCELLED;
	assert_int_equal(core_trigger_put(t, true, NULL, NULL), 0);
	core_play_turns(p, 5);
	core_play_restart(p);
	t = core_trigger_find(p->core, "491720000001", 1);
	assert_non_null(t);
	assert_int_equal(t->trg->state, TRG_REVOKING);
	assert_int_equal(t->trg->revoke_reason, POL_CANCELLED);
}

static void test_an_scs_that_is_removed_or_loses_the_action_or_its_number(void **state)
{
	struct core_play *p = *state;
	struct asc_scs scs = *asc_scs_find(p->core->store.asc, "acme"), other = scs;
	struct core_trigger *t[3];
	struct asc_why why;

	t[0] = pending_of(p, "meter-1@a.example", 1, "");
	scs.actions = ASSOC_RIGHT_RECALL;
	assert_int_equal(asc_scs_put(p->core->store.asc, &scs, &why), 0);
	core_play_turns(p, 5);
	assert_int_equal(t[0]->trg->revoke_reason, POL_ACTION_NOT_ALLOWED);
	scs.actions = ASSOC_RIGHT_ALL;
	assert_int_equal(asc_scs_put(p->core->store.asc, &scs, &why), 0);
	core_play_turns(p, 5);
	t[1] = pending_of(p, "meter-1@a.example", 2, "");
	strcpy(other.e164, "491729999999");
	assert_int_equal(asc_scs_put(p->core->store.asc, &other, &why), 0);
	core_play_turns(p, 5);
	assert_int_equal(t[1]->trg->revoke_reason, POL_SCS_REMOVED);
	assert_int_equal(asc_scs_put(p->core->store.asc, &scs, &why), 0);
	core_play_turns(p, 5);
	t[2] = pending_of(p, "meter-1@a.example", 3, "");
	assert_int_equal(asc_scs_del(p->core->store.asc, "acme", &why), 0);
	core_play_turns(p, 5);
	assert_int_equal(t[2]->trg->state, TRG_REVOKING);
	assert_int_equal(t[2]->trg->revoke_reason, POL_SCS_REMOVED);
}

/* A million of them must not hold up the loop: each turn judges its share, and whoever goes meanwhile does not matter. */
static void test_each_turn_judges_its_share(void **state)
{
	enum { N = 2000, SHARE = 256 };
	struct core_play *p = *state;
	struct asc_rule_new deny = { "acme", "*@a.example", ASSOC_DENY, ASSOC_RIGHT_ALL, 0, 0, ASSOC_ENFORCE };
	static struct core_trigger *t[N];
	struct asc_why why;
	uint64_t before;
	int revoking = 0;

	for (uint32_t i = 0; i < N; i++) {
		t[i] = pending_of(p, "meter-1@a.example", 100 + i, "");
	}
	assert_int_equal(asc_rule_add(p->core->store.asc, &deny, &why), 0);
	core_revoke_look(p->core);
	before = p->core->st.v[ST_TRIGGERS_REJUDGED];
	core_revoke_sweep(p->core);
	assert_int_equal(p->core->st.v[ST_TRIGGERS_REJUDGED] - before, SHARE);
	assert_int_equal(t[SHARE - 1]->trg->state, TRG_REVOKING);
	assert_int_equal(t[SHARE]->trg->state, TRG_ACCEPTED);
	core_trigger_free(t[SHARE]); /* the very next one */
	core_trigger_free(t[N - 1]);
	core_trigger_free(t[0]);
	core_play_turns(p, 20);
	for (int i = 1; i < N - 1; i++) {
		revoking += i != SHARE && t[i]->trg->state == TRG_REVOKING;
	}
	assert_int_equal(revoking, N - 3);
	assert_int_equal(p->core->sweep.left, 0);
}

static void test_a_change_in_the_middle_goes_once_around(void **state)
{
	enum { N = 600 };
	struct core_play *p = *state;
	struct asc_rule_new deny = { "acme", "meter-1@a.example", ASSOC_DENY, ASSOC_RIGHT_ALL, 0, 0, ASSOC_ENFORCE };
	struct asc_rule_new some = { "acme", "meter-9@a.example", ASSOC_ALLOW, ASSOC_RIGHT_ALL, 0, 0, ASSOC_ENFORCE };
	static struct core_trigger *t[N];
	struct asc_why why;

	for (uint32_t i = 0; i < N; i++) {
		t[i] = pending_of(p, "meter-1@a.example", 100 + i, "");
	}
	assert_int_equal(asc_rule_add(p->core->store.asc, &some, &why), 0);
	core_revoke_look(p->core);
	core_revoke_sweep(p->core); /* the first of them have been judged when the deny comes */
	assert_int_equal(asc_rule_add(p->core->store.asc, &deny, &why), 0);
	core_play_turns(p, 10);
	for (int i = 0; i < N; i++) {
		assert_int_equal(t[i]->trg->state, TRG_REVOKING);
	}
}

static void test_what_came_from_the_journal_is_judged_by_the_store_of_now(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = pending_of(p, "meter-1@a.example", 1, "");
	uint8_t record[TRG_RECORD_MAX];
	struct buf b = buf_over(record, sizeof record);
	struct asc_rule_new deny = { "acme", "*@a.example", ASSOC_DENY, ASSOC_RIGHT_ALL, 0, 0, ASSOC_ENFORCE };
	struct asc_why why;

	trg_record_build(&b, t->trg);
	assert_int_equal(jrn_add(p->core->journal.jrn, t->trg->number, record, b.len, NULL, NULL), 0);
	assert_int_equal(jrn_flush(p->core->journal.jrn), 0);
	assert_int_equal(asc_rule_add(p->core->store.asc, &deny, &why), 0); /* and the core ends before it looked */
	core_play_restart(p);
	core_play_turns(p, 5);
	t = core_trigger_find(p->core, "491720000001", 1);
	assert_non_null(t);
	assert_int_equal(t->trg->state, TRG_REVOKING);
}

#define T(name) cmocka_unit_test_setup_teardown(name, core_play_setup, core_play_teardown)

/* -- the edge answered in our place (CONTRACTS section 3, "the edge's deadline") */

static uint64_t opened(struct core_play *p)
{
	struct ipc_session_open open = core_play_session("scs.acme.example", "anchor-a");

	assert_true(core_play_open(p, 1, &open).admitted);
	return 1;
}

static void say_given_up(struct core_play *p, uint64_t session, uint32_t end_to_end, uint32_t reference)
{
	struct ipc_device_action_given_up g = { session, end_to_end, reference };
	struct ipc_device_action_answer known;
	struct ipc_rec_head head;
	size_t len;

	core_play_send(p, ipc_device_action_given_up_put(p->record, p->generation, 9, &g));
	len = core_play_take(p, IPC_REC_DEVICE_ACTION_ANSWER, &head);
	assert_int_equal(ipc_device_action_answer_get(&known, p->record, len), 0);
	assert_int_equal(head.transaction, 9);
	assert_int_equal(known.request_status, TSP_STATUS_TEMPORARYERROR);
}

/* It counts among so many of today. */
static void with_quota(struct core_trigger *t, uint64_t used)
{
	assert_int_equal(core_quota_take(t), 0);
	t->scs->quota.number = 1;
	t->scs->quota.day.used = used;
}

static void give_up(struct core_play *p, uint32_t end_to_end, uint32_t reference)
{
	say_given_up(p, opened(p), end_to_end, reference);
}

static void test_what_an_edge_answered_201_is_taken_back(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = pending_of(p, "meter-1@a.example", 1, "");

	with_quota(t, 5);
	give_up(p, 0, 1); /* pending_of() gives no End-to-End-Id */
	assert_int_equal(t->trg->state, TRG_REVOKING);
	assert_int_equal(t->trg->revoke_reason, POL_ANSWER_OVERDUE);
	assert_int_equal(t->trg->answer_status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(t->scs->quota.day.used, 4);
	assert_int_equal(p->core->st.v[ST_REQUESTS_GIVEN_UP], 1);
}

/* The one answer that the SCS has heard is the edge's: a copy hears no other. */
static void test_copies_of_what_an_edge_answered_hear_the_same(void **state)
{
	struct ipc_device_action_answer a = { .result_code = DIA_RESULT_SUCCESS, .request_status = TSP_STATUS_SUCCESS };
	static const uint8_t digest[HASH_LEN] = { 1 };
	struct core_play *p = *state;
	uint64_t now = core_now_ms(p->core);

	(void)pending_of(p, "meter-1@a.example", 1, "");
	assert_int_equal(core_dup_restore(p->core->dup, "scs.acme.example", 0, digest, &a, now, NULL), 0);
	give_up(p, 0, 1);
	assert_true(core_dup_answer_of(p->core->dup, "scs.acme.example", 0, now, &a));
	assert_int_equal(a.request_status, TSP_STATUS_TEMPORARYERROR);
}

/* It does so when our acknowledgement did not fit the ring. */
static void test_an_edge_that_says_again_that_it_gave_up_changes_nothing(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = pending_of(p, "meter-1@a.example", 1, "");
	uint64_t session;

	t->trg->accepted = true;
	trg_put(t->trg, TRG_NOTIFYING);
	with_quota(t, 5);
	session = opened(p);
	for (int i = 0; i < 3; i++) {
		say_given_up(p, session, 0, 1);
	}
	assert_int_equal(t->scs->quota.day.used, 4);
	assert_int_equal(p->core->st.v[ST_REQUESTS_GIVEN_UP], 3);
}

static void test_an_edge_gives_up_only_the_request_that_it_names(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = pending_of(p, "meter-1@a.example", 1, "");

	give_up(p, 77, 1);
	assert_int_equal(t->trg->state, TRG_ACCEPTED);
	give_up(p, 0, 2);
	assert_int_equal(t->trg->state, TRG_ACCEPTED);
}

static void test_a_request_whose_time_is_over_is_201_and_is_not_judged(void **state)
{
	struct core_play *p = *state;
	struct ipc_device_action a = core_play_action(opened(p), "meter-1@a.example", 41);

	a.answer_by_ms = net_loop_now_ms(p->loop) + CFG_CORE_MARGIN_MS;
	assert_int_equal(core_play_ask(p, 2, &a), TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(p->core->st.v[ST_REQUESTS_OVERDUE], 1);
	assert_int_equal(p->core->triggers.n, 0);
	a.answer_by_ms += 60000; /* a copy: the same answer */
	assert_int_equal(core_play_ask(p, 3, &a), TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(p->core->st.v[ST_DUPLICATES], 1);
}

/* What waits for its turn when its time is over never leaves, also while the 201 waits for the journal. */
static void test_what_is_given_up_waits_for_no_turn(void **state)
{
	static const struct core_turn turn = { NULL, NULL };
	struct core_play *p = *state;
	struct core_trigger *t = pending_of(p, "meter-1@a.example", 1, "");
	struct core_peer *peer = &p->core->peers.row[0];

	trg_put(t->trg, TRG_SUBMITTING);
	t->trg->answered = false;
	core_trigger_wait(t, CORE_WAIT_TURN);
	t->turn = &turn;
	t->waits_at = peer;
	TAILQ_INSERT_TAIL(&peer->waiting[0], t, waiting);
	peer->waiting_n++;
	assert_true(core_trigger_give_up(t));
	assert_int_equal(t->trg->state, TRG_REFUSING);
	assert_int_equal(peer->waiting_n, 0);
	assert_null(t->turn);
	assert_int_equal(jrn_flush(p->core->journal.jrn), 0);
	assert_int_equal(p->core->triggers.n, 0);
}

static int ask_nobody(void *arg, struct trg *t)
{
	(void)arg;
	(void)t;
	return 0;
}

/* A copy of less time, from an edge that has waited longer: both are answered in that. */
static void test_a_copy_has_an_answer_in_its_own_time(void **state)
{
	struct core_play *p = *state;
	struct trg_ports ports = *p->core->triggers.ports;
	struct ipc_device_action a = core_play_action(opened(p), "meter-1@a.example", 41);
	struct ipc_device_action_answer answer;
	struct ipc_rec_head head;
	size_t len;

	ports.ask_subscriber = ask_nobody; /* and the HSS never answers */
	p->core->triggers.ports = &ports;
	assert_int_equal(core_play_ask(p, 2, &a), -1);
	a.answer_by_ms = net_loop_now_ms(p->loop) + CFG_CORE_MARGIN_MS + 20;
	core_play_send(p, ipc_device_action_put(p->record, p->generation, 3, &a));
	for (int i = 0; i < 2000 && !p->core->st.v[ST_REQUESTS_OVERDUE]; i++) {
		core_play_turns(p, 1);
	}
	assert_int_equal(p->core->st.v[ST_DUPLICATES], 1);
	for (int i = 0; i < 2 && (len = core_play_take(p, IPC_REC_DEVICE_ACTION_ANSWER, &head)) != 0; i++) {
		assert_int_equal(ipc_device_action_answer_get(&answer, p->record, len), 0);
		assert_int_equal(answer.request_status, TSP_STATUS_TEMPORARYERROR);
	}
	assert_int_equal(p->core->triggers.n, 0);
}

/* An edge that lies about its deadline gets no more time than the configuration gives. */
static void test_the_time_of_an_edge_is_bounded(void **state)
{
	struct core_play *p = *state;
	uint64_t latest = net_loop_now_ms(p->loop) + cfg_answer_within_ms(p->cfg) - CFG_CORE_MARGIN_MS;

	assert_int_equal(core_overdue_at(p->core, UINT64_MAX), latest);
	assert_int_equal(core_overdue_at(p->core, 0), latest);
	assert_int_equal(core_overdue_at(p->core, 1), 1);
}

/* What waited for a core came when the edge got it: its validity and its deadline count from there. */
static void test_a_request_came_when_the_edge_got_it(void **state)
{
	struct core_play *p = *state;
	uint64_t within = cfg_answer_within_ms(p->cfg), by = net_loop_now_ms(p->loop) + within, now = core_now_ms(p->core);

	assert_in_range(core_overdue_came_ms(p->core, by), now, now + 5);
	assert_in_range(core_overdue_came_ms(p->core, by - 3000), now - 3000, now - 2995);
	assert_in_range(core_overdue_came_ms(p->core, UINT64_MAX), now, now + 5); /* an edge that lies */
	assert_in_range(core_overdue_came_ms(p->core, 1), now - within, now - within + 5);
	assert_in_range(core_overdue_came_ms(p->core, 0), now, now + 5); /* or says nothing */
}

/* The intent is on disk when the time is over: the refusal that is written then is not, and is not told yet. */
static void test_a_refusal_waits_for_its_own_record(void **state)
{
	struct trg_event durable = { .kind = TRG_EV_DURABLE };
	struct core_play *p = *state;
	struct core_trigger *t = pending_of(p, "meter-1@a.example", 1, "");

	trg_put(t->trg, TRG_WRITING);
	t->trg->answered = false;
	core_overdue_watch(t, 1);
	core_trigger_step(t, &durable);
	assert_int_equal(p->core->triggers.n, 1);
	assert_int_equal(t->trg->state, TRG_REFUSING);
	assert_false(t->trg->answered);
	assert_int_equal(jrn_flush(p->core->journal.jrn), 0);
	assert_int_equal(p->core->triggers.n, 0);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_a_rule_that_is_removed_takes_its_triggers_back),
		T(test_a_deny_and_a_block_take_back_at_once),
		T(test_a_window_that_ran_out_takes_nothing_back),
		T(test_what_an_edge_answered_201_is_taken_back),
		T(test_copies_of_what_an_edge_answered_hear_the_same),
		T(test_an_edge_that_says_again_that_it_gave_up_changes_nothing),
		T(test_an_edge_gives_up_only_the_request_that_it_names),
		T(test_a_request_whose_time_is_over_is_201_and_is_not_judged),
		T(test_what_is_given_up_waits_for_no_turn),
		T(test_a_copy_has_an_answer_in_its_own_time),
		T(test_the_time_of_an_edge_is_bounded),
		T(test_a_request_came_when_the_edge_got_it),
		T(test_a_refusal_waits_for_its_own_record),
		T(test_what_a_certificate_proved_counts_as_of_the_request),
		T(test_an_scs_that_is_removed_or_loses_the_action_or_its_number),
		T(test_a_cancel_in_the_record_of_an_acceptance_counts_after_a_restart),
		T(test_each_turn_judges_its_share),
		T(test_a_change_in_the_middle_goes_once_around),
		T(test_what_came_from_the_journal_is_judged_by_the_store_of_now),
	};

	return cmocka_run_group_tests_name("gateway revoke", tests, NULL, NULL);
}
