/* After a start, requests are taken before the triggers of the journal are entered: whoever asks for one of them finds it, nobody else
 * notices, and in the end all are there. */
#include "tests/unit/test.h"

#include "audit/aud_store.h"
#include "core/core_devices.h"
#include "core/core_overdue.h"
#include "core/core_view.h"
#include "merkle/mrk_note.h"
#include "tests/support/asc_wait.h"
#include "tests/unit/core/core_play.h"
#include "tests/unit/trigger/trg_put.h"

#define E164 "491720000001"
#define HOST "scs.acme.example"
#define TRIGGERS 600u /* more than two turns enter */
#define SESSION 1u

static struct ipc_device_action request(uint32_t reference)
{
	return core_play_action(SESSION, "meter-1@a.example", reference);
}

/* As core_path.c makes it. */
static void digest_of(struct core_play *p, const struct ipc_device_action *a, uint8_t digest[HASH_LEN])
{
	struct ipc_device_action same = *a;

	same.session = 0;
	assert_int_equal(hash_piece(p->core->hash, p->record, ipc_device_action_put(p->record, 0, 0, &same), digest), 0);
}

static void journal(struct core_play *p, const struct core_trigger *t, size_t cut)
{
	uint8_t record[TRG_RECORD_MAX];
	struct buf b = buf_over(record, sizeof record);

	trg_record_build(&b, t->trg);
	assert_int_equal(jrn_put(p->core->journal.jrn, t->trg->number, record, b.len - cut, NULL, NULL), 0);
}

/* Accepted, as it is when the SMS-SC has it. */
static struct core_trigger *accepted(struct core_play *p, uint32_t reference, uint64_t age_ms)
{
	struct ipc_device_action a = request(reference);
	uint64_t now_ms = core_now_ms(p->core) - age_ms;
	struct trg_request r = { .scs = "acme",
				 .scs_e164 = E164,
				 .origin_host = HOST,
				 .origin_realm = "acme.example",
				 .end_to_end = reference,
				 .external = "meter-1@a.example",
				 .groups = "",
				 .action = TSP_ACTION_TRIGGER,
				 .reference = reference,
				 .has_validity = true,
				 .validity_s = 3600,
				 .received_ms = now_ms,
				 .expires_ms = now_ms + 3600000 };
	struct core_trigger *t;

	digest_of(p, &a, r.digest);
	assert_int_equal(core_trigger_new(&t, p->core, core_scs_get(p->core, "acme"), &r), 0);
	(void)core_quota_of(p->core, t->scs, core_now_ms(p->core));
	assert_int_equal(core_quota_take(t), 0);
	trg_put(t->trg, TRG_ACCEPTED);
	t->trg->answered = t->trg->accepted = t->trg->may_report = t->trg->stored = true;
	t->trg->answer_status = TSP_STATUS_SUCCESS;
	return t;
}

static void fill(struct core_play *p, uint64_t age_ms)
{
	for (uint32_t i = 1; i <= TRIGGERS; i++) {
		journal(p, accepted(p, i, age_ms), 0);
	}
	assert_int_equal(jrn_flush(p->core->journal.jrn), 0);
}

/* The next core stands still behind its start: what a test does not ask for is not entered. */
static void start(struct core_play *p)
{
	struct ipc_session_open open = core_play_session(HOST, "anchor-a");

	core_play_restart(p);
	assert_non_null(p->core->later.timer);
	net_timer_stop(p->core->later.timer);
	assert_true(core_play_open(p, SESSION, &open).admitted);
}

static void go_on(struct core_play *p)
{
	net_timer_start(p->core->later.timer, 0);
}

static void on_turn_over(void *loop)
{
	net_loop_stop(loop);
}

/* Exactly one turn of those that enter. */
static void one_turn(struct core_play *p)
{
	struct net_timer *over;

	assert_int_equal(net_timer_new(&over, p->loop, on_turn_over, p->loop), 0);
	go_on(p);
	net_timer_start(over, 0);
	assert_int_equal(net_loop_run(p->loop), 0);
	net_timer_free(over);
}

static size_t left(const struct core_play *p)
{
	return p->core->later.left;
}

static int setup(void **state)
{
	struct core_play *p;

	core_play_setup(state);
	p = *state;
	p->cfg->limits.enter_first = 100;
	return 0;
}

static void test_what_waits_is_entered_in_turns_and_in_order(void **state)
{
	struct core_play *p = *state;
	struct core_status s;
	struct core_seat *seat;
	uint32_t i = 0;

	fill(p, 0);
	start(p);
	assert_int_equal(left(p), TRIGGERS);
	assert_int_equal(p->core->triggers.n, 0);
	core_status(p->core, &s);
	assert_int_equal(s.triggers, TRIGGERS); /* they are there, wherever they stand */
	assert_int_equal(s.entering, TRIGGERS);
	one_turn(p);
	assert_in_range(left(p), 1, TRIGGERS - 1);
	core_play_turns(p, 5);
	assert_int_equal(left(p), 0);
	assert_null(p->core->later.records);
	assert_int_equal(p->core->triggers.n, TRIGGERS);
	assert_int_equal(p->core->st.v[ST_JOURNAL_RECOVERED], TRIGGERS);
	TAILQ_FOREACH (seat, &p->core->triggers.list, entry) {
		assert_int_equal(seat->reference, ++i);
		assert_true(seat->by_ref.hash && seat->by_device.hash && seat->deadline.place);
	}
	core_play_turns(p, 20); /* and judged by the rules of now */
	assert_true(p->core->st.v[ST_TRIGGERS_REJUDGED] >= TRIGGERS);
	core_status(p->core, &s);
	assert_int_equal(s.triggers, TRIGGERS);
	assert_int_equal(s.entering, 0);
}

static void test_who_looks_for_one_finds_it(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t;

	fill(p, 0);
	start(p);
	assert_false(core_trigger_known(p->core, E164, TRIGGERS + 1));
	assert_false(core_trigger_known(p->core, "491720000002", 1));
	assert_int_equal(left(p), TRIGGERS);
	assert_true(core_trigger_known(p->core, E164, 400));
	assert_int_equal(left(p), TRIGGERS - 1);
	t = core_trigger_find(p->core, E164, 400);
	assert_non_null(t);
	assert_int_equal(t->trg->req.end_to_end, 400);
	assert_int_equal(left(p), TRIGGERS - 1);
	assert_non_null(core_trigger_find(p->core, E164, 1));
	assert_int_equal(left(p), TRIGGERS - 2);
	go_on(p);
	core_play_turns(p, 6);
	assert_int_equal(p->core->triggers.n, TRIGGERS); /* none of them twice */
}

static void test_a_copy_gets_the_answer_of_the_first(void **state)
{
	struct core_play *p = *state;
	struct ipc_device_action a = request(77), other = request(78);

	fill(p, 0);
	start(p);
	a.retransmitted = true;
	assert_int_equal(core_play_ask(p, 1, &a), TSP_STATUS_SUCCESS);
	assert_int_equal(left(p), TRIGGERS - 1);
	assert_int_equal(core_play_ask(p, 2, &a), TSP_STATUS_SUCCESS);
	assert_int_equal(p->core->st.v[ST_DUPLICATES], 2);
	other.payload = (const uint8_t *)"ho"; /* the same End-to-End-Id, another content */
	assert_int_equal(core_play_ask(p, 3, &other), TSP_STATUS_PERMANENTERROR);
	assert_int_equal(p->core->st.v[ST_DUPLICATES_FOREIGN], 1);
	assert_int_equal(left(p), TRIGGERS - 2);
	other = request(TRIGGERS + 79); /* and with another Reference-Number: found by the End-to-End-Id alone */
	other.end_to_end = 79;
	assert_int_equal(core_play_ask(p, 4, &other), TSP_STATUS_PERMANENTERROR);
	assert_int_equal(p->core->st.v[ST_DUPLICATES_FOREIGN], 2);
	assert_int_equal(left(p), TRIGGERS - 3);
}

static void test_a_number_in_use_is_refused_and_a_new_one_goes_on(void **state)
{
	struct core_play *p = *state;
	struct ipc_device_action used = request(5), fresh = request(TRIGGERS + 5);

	fill(p, 0);
	start(p);
	used.end_to_end = TRIGGERS + 4;
	assert_int_equal(core_play_ask(p, 1, &used), TSP_STATUS_PERMANENTERROR);
	assert_int_equal(left(p), TRIGGERS - 1);
	assert_int_equal(core_play_ask(p, 2, &fresh), TSP_STATUS_TEMPORARYERROR); /* no HSS here */
	assert_int_equal(left(p), TRIGGERS - 1);
}

/* Their requests are past the window of duplicates: a copy is a new request, and its number is in use. */
static void test_old_ones_are_found_by_their_number_only(void **state)
{
	struct core_play *p = *state;
	struct ipc_device_action a = request(9), other = request(TRIGGERS + 9);

	fill(p, 300000);
	start(p);
	other.end_to_end = 10;
	assert_int_equal(core_play_ask(p, 1, &other), TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(left(p), TRIGGERS);
	assert_int_equal(core_play_ask(p, 2, &a), TSP_STATUS_PERMANENTERROR);
	assert_int_equal(left(p), TRIGGERS - 1);
}

static void test_the_original_of_a_recall_or_replace_is_entered_first(void **state)
{
	struct core_play *p = *state;
	struct ipc_device_action recall = request(20), replace = request(TRIGGERS + 2);

	fill(p, 0);
	start(p);
	recall.action_type = TSP_ACTION_RECALL;
	recall.end_to_end = TRIGGERS + 1;
	recall.has_trigger_data = false;
	recall.payload_len = 0;
	recall.validity_s.present = false;
	assert_int_equal(core_play_ask(p, 1, &recall), TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(left(p), TRIGGERS - 1);
	assert_non_null(core_seat_find(p->core, E164, 20));
	replace.action_type = TSP_ACTION_REPLACE;
	replace.old_reference = (struct ipc_opt_u32){ 21, true };
	assert_int_equal(core_play_ask(p, 2, &replace), TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(left(p), TRIGGERS - 2);
	assert_non_null(core_seat_find(p->core, E164, 21));
}

static void test_what_an_edge_gave_up_is_taken_back(void **state)
{
	struct core_play *p = *state;
	struct ipc_device_action_given_up g = { .session = SESSION, .end_to_end = 31, .reference = 31 };
	struct core_trigger *t;

	fill(p, 0);
	start(p);
	core_play_send(p, ipc_device_action_given_up_put(p->record, p->generation, 1, &g));
	assert_int_equal(left(p), TRIGGERS - 1);
	t = core_trigger_find(p->core, E164, 31);
	assert_non_null(t);
	assert_true(t->given_up);
	assert_int_equal(t->trg->state, TRG_REVOKING);
}

static void test_who_looks_at_all_or_by_device_has_all_entered(void **state)
{
	struct core_play *p = *state;
	struct app_user_identifier user = { .external_identifier = dia_text("meter-1@a.example") };
	struct core_trigger_match m;
	struct core_walk *w;

	fill(p, 0);
	start(p);
	assert_null(core_device_find(p->core, E164, &user)); /* not exactly one */
	assert_int_equal(left(p), 0);
	start(p);
	core_trigger_match(p->core, "acme", 3, &m);
	assert_int_equal(m.n, 1);
	start(p);
	assert_int_equal(core_walk_new(&w, p->core, "acme"), 0);
	assert_int_equal(left(p), 0);
	assert_int_equal(core_walk_next(w)->ref.reference, 1);
	core_walk_free(w);
	go_on(p);
	core_play_turns(p, 3);
	assert_null(p->core->later.records);
	assert_int_equal(p->core->triggers.n, TRIGGERS);
}

static void test_those_that_are_not_entered_count_for_the_limit(void **state)
{
	struct core_play *p = *state;
	struct ipc_device_action a = request(TRIGGERS + 1);

	fill(p, 0);
	start(p);
	p->cfg->limits.triggers_max = TRIGGERS;
	assert_int_equal(core_play_ask(p, 1, &a), TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(p->core->st.v[ST_PENDING_LIMIT], 1);
	assert_int_equal(core_quota_of(p->core, core_scs_get(p->core, "acme"), core_now_ms(p->core)), TRIGGERS);
}

/* The second core dies while it enters; and ends, orderly, with all of it left. */
static void test_an_end_meanwhile_loses_nothing(void **state)
{
	struct core_play *p = *state;

	fill(p, 0);
	start(p);
	one_turn(p);
	assert_in_range(left(p), 1, TRIGGERS - 1);
	start(p);
	assert_int_equal(left(p), TRIGGERS);
	go_on(p);
	core_play_turns(p, 6);
	assert_int_equal(p->core->triggers.n, TRIGGERS);
	assert_int_equal(jrn_counts(p->core->journal.jrn).records, TRIGGERS + 2); /* the quota, the key of the report's ids */
}

/* What stands behind its names is looked at when it is entered. */
static void test_a_record_that_cannot_be_read_is_left_alone(void **state)
{
	struct core_play *p = *state;

	fill(p, 0);
	journal(p, accepted(p, TRIGGERS + 1, 0), 2);
	assert_int_equal(jrn_flush(p->core->journal.jrn), 0);
	start(p);
	assert_int_equal(left(p), TRIGGERS + 1);
	assert_false(core_trigger_known(p->core, E164, TRIGGERS + 1));
	assert_int_equal(left(p), TRIGGERS);
	go_on(p);
	core_play_turns(p, 6);
	assert_int_equal(p->core->triggers.n, TRIGGERS);
	assert_int_equal(jrn_counts(p->core->journal.jrn).records, TRIGGERS + 3);
}

#define UNRECORDED 3000u

/* As after a time without the audit: it gets a record of each, and no more at a time than its thread writes. */
static void test_the_audit_of_all_of_them_loses_none(void **state)
{
	static const uint8_t key[MRK_KEY] = { 1 };
	struct core_play *p = *state;
	struct aud_view v;

	p->audit_key = key;
	p->cfg->audit.on = true;
	p->cfg->audit.queue_max = 600000;
	core_play_restart(p);
	for (uint32_t i = 1; i <= UNRECORDED; i++) {
		journal(p, accepted(p, i, 0), 0);
	}
	assert_int_equal(jrn_flush(p->core->journal.jrn), 0);
	start(p);
	go_on(p);
	for (int i = 0; i < 2000 && p->core->later.records; i++) {
		core_play_turns(p, 1);
	}
	assert_int_equal(left(p), 0);
	assert_int_equal(p->core->audit.recovered, UNRECORDED);
	aud_store_view(p->core->audit.store, &v);
	assert_int_equal(v.lost, 0);
	assert_false(p->core->audit.broken); /* nor was it said */
}

static const struct core_restoring_by *real_by;
static bool sector_bad;

static int record_or_not(void *arg, uint64_t number, const void *record, size_t len)
{
	const struct core_restoring *r = OBJ_OF(arg, struct core_restoring, CORE_RESTORING_MAGIC);

	return sector_bad && r->place % 200 == 150 ? ERR_IO : real_by->record(arg, number, record, len);
}

/* Sectors that have gone bad since the start read them: nobody else waits for those triggers, and they stay in the journal. */
static void test_what_the_disk_does_not_give_keeps_nobody_waiting(void **state)
{
	struct core_play *p = *state;
	struct core_restoring_by by;
	struct core_walk *w;

	fill(p, 0);
	start(p);
	real_by = p->core->later.by;
	by = *real_by;
	by.record = record_or_not;
	p->core->later.by = &by;
	sector_bad = true;
	go_on(p);
	core_play_turns(p, 8);
	assert_int_equal(left(p), 3);
	assert_int_equal(p->core->triggers.n, TRIGGERS - 3);
	assert_true(p->core->later.troubled);
	assert_int_equal(core_walk_new(&w, p->core, "acme"), ERR_IO);
	sector_bad = false;
	assert_int_equal(core_later_all(p->core), 0);
	go_on(p);
	core_play_turns(p, 2);
	assert_null(p->core->later.records);
	assert_int_equal(p->core->triggers.n, TRIGGERS);
}

static void test_one_that_is_undecided_is_entered_at_the_start(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t;

	fill(p, 0);
	t = accepted(p, TRIGGERS + 1, 0);
	trg_put(t->trg, TRG_SUBMITTING);
	t->trg->answered = t->trg->accepted = false;
	t->trg->dtr_end_to_end = 5;
	journal(p, t, 0);
	assert_int_equal(jrn_flush(p->core->journal.jrn), 0);
	start(p);
	assert_int_equal(p->core->triggers.n, 1);
	assert_int_equal(left(p), TRIGGERS);
}

static void test_a_small_journal_is_entered_before_the_loop_turns(void **state)
{
	struct core_play *p = *state;

	fill(p, 0);
	p->cfg->limits.enter_first = TRIGGERS + 2;
	core_play_restart(p);
	assert_null(p->core->later.timer);
	assert_null(p->core->later.records);
	assert_int_equal(p->core->triggers.n, TRIGGERS);
	assert_int_equal(left(p), 0);
}

/* A journal of a program without quotas: its triggers say what was used today, and the first request is judged by that. */
static void test_without_a_record_of_a_quota_all_are_entered_first(void **state)
{
	struct core_play *p = *state;
	struct core_scs *scs;

	fill(p, 0);
	scs = core_scs_get(p->core, "acme");
	assert_int_equal(jrn_del(p->core->journal.jrn, scs->quota.number), 0);
	assert_int_equal(jrn_flush(p->core->journal.jrn), 0);
	core_play_restart(p);
	assert_int_equal(left(p), 0);
	assert_int_equal(p->core->triggers.n, TRIGGERS);
	assert_int_equal(core_quota_of(p->core, core_scs_get(p->core, "acme"), core_now_ms(p->core)), TRIGGERS);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, core_play_teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_what_waits_is_entered_in_turns_and_in_order),
		T(test_who_looks_for_one_finds_it),
		T(test_a_copy_gets_the_answer_of_the_first),
		T(test_a_number_in_use_is_refused_and_a_new_one_goes_on),
		T(test_old_ones_are_found_by_their_number_only),
		T(test_the_original_of_a_recall_or_replace_is_entered_first),
		T(test_what_an_edge_gave_up_is_taken_back),
		T(test_who_looks_at_all_or_by_device_has_all_entered),
		T(test_those_that_are_not_entered_count_for_the_limit),
		T(test_an_end_meanwhile_loses_nothing),
		T(test_a_record_that_cannot_be_read_is_left_alone),
		T(test_the_audit_of_all_of_them_loses_none),
		T(test_what_the_disk_does_not_give_keeps_nobody_waiting),
		T(test_one_that_is_undecided_is_entered_at_the_start),
		T(test_a_small_journal_is_entered_before_the_loop_turns),
		T(test_without_a_record_of_a_quota_all_are_entered_first),
	};

	return cmocka_run_group_tests_name("core later", tests, NULL, NULL);
}
