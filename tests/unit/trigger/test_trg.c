/* The machine of one trigger: its promises, one by one. Every (state, event) pair is in test_trg_table.c. */
#include "tests/unit/trigger/fake.h"

static void test_the_way_of_a_trigger_that_succeeds(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_SUBMITTING);

	(void)state;
	assert_int_equal(f.answered, 0);
	assert_int_equal(step(t, &f, TRG_EV_DTA_OK), 0);
	assert_int_equal(f.answered, 1);
	assert_int_equal(f.status, TSP_STATUS_SUCCESS);
	assert_int_equal(f.noted, 1);
	assert_true(f.armed_ms == T0 + VALIDITY_S * 1000ull + fake_conf.report_grace_ms);
	assert_int_equal(step(t, &f, TRG_EV_DRR), 0);
	assert_int_equal(f.acked_ok, 0); /* not before it is durable */
	assert_int_equal(f.notified, 0);
	assert_int_equal(step(t, &f, TRG_EV_DURABLE), 0);
	assert_int_equal(f.acked_ok, 1);
	assert_int_equal(f.notified, 1);
	assert_int_equal(t->outcome, TSP_OUTCOME_SUCCESS);
	assert_int_equal(step(t, &f, TRG_EV_DNA_OK), 0);
	assert_int_equal(t->state, TRG_DONE);
	assert_int_equal(f.forgotten, 1);
	assert_int_equal(f.late, 0);
	assert_int_equal(f.submitted, 1);
	assert_int_equal(f.submitted_again, 0);
	trg_free(t);
}

static void test_no_dtr_leaves_before_the_intent_is_durable(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_WRITING);

	(void)state;
	assert_int_equal(f.stored, 1);
	assert_int_equal(f.submitted, 0);
	assert_int_equal(step(t, &f, TRG_EV_DISK), 0);
	assert_int_equal(f.submitted, 0);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(f.reason, WHY_JOURNAL);
	assert_int_equal(t->state, TRG_DONE);
	assert_int_equal(f.stored, 1); /* the room is for what an SCS was promised */
	trg_free(t);
}

static void test_a_journal_that_takes_nothing_is_201(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_ASKING);

	(void)state;
	f.fail_store = true;
	step(t, &f, TRG_EV_SUBSCRIBER);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(t->state, TRG_DONE);
	trg_free(t);
}

static void test_an_hss_that_cannot_be_asked_is_201(void **state)
{
	struct trg_request r = request();
	struct fake f = fake_new();
	struct trg *t = trigger_of(&f, &r);

	(void)state;
	f.fail_ask = true;
	step(t, &f, TRG_EV_START);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(f.reason, WHY_HSS_SILENT);
	trg_free(t);
}

static void test_a_subscriber_that_cannot_be_kept_is_201(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_ASKING);
	struct trg_subscriber sub = { .imsi = "001010000000007", .msisdn = "12345678901234567890123456789012345678901234567890" };
	struct trg_event ev = { .kind = TRG_EV_SUBSCRIBER, .subscriber = &sub };

	(void)state;
	trg_step(t, &ev, f.now_ms);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(f.reason, WHY_NOMEM);
	assert_int_equal(f.stored, 0);
	trg_free(t);
}

static void test_what_the_hss_refuses_is_answered_with_its_status(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_ASKING);
	struct trg_event no = { .kind = TRG_EV_SUBSCRIBER_NO, .status = TSP_STATUS_INVEXTID, .reason = WHY_GIVEN };

	(void)state;
	trg_step(t, &no, f.now_ms);
	assert_int_equal(f.status, TSP_STATUS_INVEXTID);
	assert_int_equal(f.reason, WHY_GIVEN);
	assert_int_equal(f.stored, 0);
	trg_free(t);
}

static void test_an_action_that_is_none_is_refused_by_name(void **state)
{
	struct trg_request r = request();
	struct fake f = fake_new();
	struct trg *t;

	(void)state;
	r.action = TSP_ACTION_MO_SMS;
	t = trigger_of(&f, &r);
	step(t, &f, TRG_EV_START);
	assert_int_equal(f.status, TSP_STATUS_PERMANENTERROR);
	assert_int_equal(f.reason, WHY_NOT_SUPPORTED);
	assert_int_equal(f.asked, 0);
	trg_free(t);
}

static void test_both_identifiers_must_be_one_device(void **state)
{
	static const struct {
		const char *external, *given;
		uint32_t status; /* 0: goes on */
	} rows[] = {
		{ "meter-7@a.example", "491700000001", 0 },
		{ "meter-7@a.example", "491700000002", TSP_STATUS_INVEXTID },
		{ "meter-7@a.example", "", 0 },
		{ "", "491700000002", 0 }, /* the HSS was asked by it: what it returns is its business */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct trg_request r = request();
		struct fake f = fake_new();
		struct trg *t;

		r.external = rows[i].external;
		r.msisdn = rows[i].given;
		t = trigger_of(&f, &r);
		step(t, &f, TRG_EV_START);
		step(t, &f, TRG_EV_SUBSCRIBER);
		assert_int_equal(f.status, rows[i].status);
		assert_int_equal(t->state, rows[i].status ? TRG_DONE : TRG_WRITING);
		trg_free(t);
	}
}

static void test_an_msisdn_the_hss_does_not_return_contradicts(void **state)
{
	struct trg_subscriber without = { .imsi = "001010000000001" };
	struct trg_event ev = { .kind = TRG_EV_SUBSCRIBER, .subscriber = &without };
	struct trg_request r = request();
	struct fake f = fake_new();
	struct trg *t;

	(void)state;
	r.msisdn = "491700000001";
	t = trigger_of(&f, &r);
	step(t, &f, TRG_EV_START);
	trg_step(t, &ev, f.now_ms);
	assert_int_equal(f.status, TSP_STATUS_INVEXTID);
	assert_int_equal(f.reason, WHY_CONTRADICTING);
	trg_free(t);
}

static void test_an_association_gone_before_the_dtr_is_105(void **state)
{
	static const struct {
		enum trg_state at;
		enum trg_event_kind event;
	} rows[] = { { TRG_ASKING, TRG_EV_SUBSCRIBER }, { TRG_WRITING, TRG_EV_DURABLE } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fake f = fake_new();
		struct trg *t = in_state(&f, rows[i].at);

		f.refusal = (struct trg_refusal){ TSP_STATUS_NOTAUTHORIZED, WHY_GIVEN };
		step(t, &f, rows[i].event);
		if (t->state == TRG_REFUSING) {
			step(t, &f, TRG_EV_DURABLE);
		}
		assert_int_equal(f.status, TSP_STATUS_NOTAUTHORIZED);
		assert_int_equal(f.submitted, 0);
		assert_int_equal(f.forgotten, 1);
		trg_free(t);
	}
}

static void test_a_dtr_that_cannot_leave_is_201_without_recall(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_WRITING);

	(void)state;
	f.fail_submit = true;
	step(t, &f, TRG_EV_DURABLE);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(t->state, TRG_DONE);
	assert_int_equal(f.recalled, 0);
	trg_free(t);
}

/* A core that ends right after the answer leaves nothing that the next one submits. */
static void test_a_refusal_is_told_when_a_restart_knows_it(void **state)
{
	static const struct {
		enum trg_state at;
		enum trg_event_kind event;
	} rows[] = { { TRG_WRITING, TRG_EV_GIVE_UP },
		     { TRG_SUBMITTING, TRG_EV_UNSENT },
		     { TRG_SUBMITTING, TRG_EV_DTA_NO },
		     { TRG_SUBMITTING, TRG_EV_DTA_UNHANDLED } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		static struct fake_disk disk;
		struct fake f = fake_new();
		struct trg *t = in_state(&f, rows[i].at), *next;
		int submitted = f.submitted;

		f.disk = &disk;
		step(t, &f, rows[i].event);
		assert_int_equal(t->state, TRG_REFUSING);
		assert_int_equal(f.answered, 0);
		assert_int_equal(step(t, &f, TRG_EV_DRR), 0); /* soon one of no trigger */
		assert_int_equal(f.acked_no, 1);
		step(t, &f, TRG_EV_DURABLE);
		assert_int_equal(f.answered, 1);
		assert_int_equal(t->state, TRG_DONE);
		assert_int_equal(trg_restore(&next, 7, disk.durable.bytes, disk.durable.len, &fake_conf, &fake_ports, &f), 0);
		assert_int_equal(step(next, &f, TRG_EV_RESTORED), 0);
		assert_int_equal(next->state, TRG_DONE);
		assert_int_equal(f.submitted, submitted);
		assert_int_equal(f.submitted_again + f.recalled, 0);
		assert_int_equal(f.answered, 1);
		trg_free(t);
		trg_free(next);
	}
}

static void test_a_refusal_that_waits_past_its_time_is_201(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_SUBMITTING);

	(void)state;
	step(t, &f, TRG_EV_DTA_NO);
	step(t, &f, TRG_EV_GIVE_UP);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	trg_free(t);
}

static void test_dta_timeout_is_never_a_refusal(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_SUBMITTING);

	(void)state;
	step(t, &f, TRG_EV_DTA_SILENT);
	assert_int_equal(f.submitted_again, 1); /* with T and the same End-to-End-Id: the port checks */
	assert_int_equal(f.answered, 0);
	step(t, &f, TRG_EV_DTA_SILENT);
	assert_int_equal(f.answered, 0); /* not before a restart would know it, too */
	assert_int_equal(f.recalled, 0);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.answered, 1);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(f.reason, WHY_SMSSC_SILENT);
	assert_int_equal(f.recalled, 1);
	assert_int_equal(t->state, TRG_RECALLING);
	assert_int_not_equal(t->recall_end_to_end, t->dtr_end_to_end);
	step(t, &f, TRG_EV_RECALL_DONE);
	assert_int_equal(t->state, TRG_DONE);
	trg_free(t);
}

static void test_a_copy_the_network_drops_leaves_the_outcome_unknown(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_RESUBMITTING);

	(void)state;
	step(t, &f, TRG_EV_DTA_UNHANDLED);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(f.recalled, 1);
	trg_free(t);
}

static void test_a_first_dtr_the_network_drops_needs_no_recall(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_SUBMITTING);

	(void)state;
	step(t, &f, TRG_EV_DTA_UNHANDLED);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(f.recalled, 0);
	assert_int_equal(t->state, TRG_DONE);
	trg_free(t);
}

static void test_a_copy_that_cannot_leave_is_201_and_recalled_when_the_peer_is_back(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_SUBMITTING);

	(void)state;
	f.fail_submit = f.fail_recall = true;
	step(t, &f, TRG_EV_DTA_SILENT);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(t->state, TRG_RECALLING);
	assert_true(f.armed_ms == f.now_ms + 1000);
	step(t, &f, TRG_EV_TIMER);
	assert_true(f.armed_ms == f.now_ms + 2000);
	f.fail_recall = false;
	step(t, &f, TRG_EV_TIMER);
	assert_int_equal(f.recalled, 1);
	assert_int_equal(f.recalled_again, 0); /* the first that left */
	step(t, &f, TRG_EV_RECALL_SILENT);
	step(t, &f, TRG_EV_TIMER);
	assert_int_equal(f.recalled_again, 1);
	trg_free(t);
}

static void test_recalling_ends_when_the_trigger_is_too_old_to_matter(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_RECALLING);
	int rounds = 0;

	(void)state;
	while (t->state == TRG_RECALLING && rounds++ < 1000) {
		step(t, &f, TRG_EV_RECALL_SILENT);
		if (t->state == TRG_RECALLING) {
			step(t, &f, TRG_EV_TIMER);
		}
	}
	assert_int_equal(t->state, TRG_DONE);
	assert_true(rounds < 50); /* an hour at 300 s at most a step */
	trg_free(t);
}

static void test_a_report_after_the_201_is_late_and_acknowledged(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_RECALLING);

	(void)state;
	step(t, &f, TRG_EV_DRR);
	assert_int_equal(f.acked_ok, 1);
	assert_int_equal(f.late, 1);
	assert_int_equal(f.notified, 0);
	assert_int_equal(t->state, TRG_DONE);
	trg_free(t);
}

static void test_a_report_before_the_201_is_the_answer(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_RESUBMITTING);

	(void)state;
	step(t, &f, TRG_EV_DTA_SILENT);
	assert_int_equal(t->state, TRG_RECALLING);
	step(t, &f, TRG_EV_DRR); /* and the decision to give up is not on disk yet */
	assert_int_equal(f.status, TSP_STATUS_SUCCESS);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.notified, 1);
	assert_int_equal(f.recalled, 0);
	trg_free(t);
}

static void test_a_disk_that_takes_nothing_does_not_keep_the_201_back(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_RESUBMITTING);

	(void)state;
	f.fail_store = true;
	step(t, &f, TRG_EV_DTA_SILENT);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(f.recalled, 1);
	trg_free(t);
}

static void test_a_report_before_the_dta_proves_the_acceptance(void **state)
{
	static const enum trg_state states[] = { TRG_SUBMITTING, TRG_RESUBMITTING, TRG_RESUMING };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fake f = fake_new();
		struct trg *t = in_state(&f, states[i]);

		step(t, &f, TRG_EV_DRR);
		assert_int_equal(f.status, TSP_STATUS_SUCCESS);
		assert_int_equal(f.answered, 1);
		step(t, &f, TRG_EV_DTA_OK);
		step(t, &f, TRG_EV_DURABLE);
		assert_int_equal(f.acked_ok, 1);
		assert_int_equal(f.notified, 1);
		assert_int_equal(step(t, &f, TRG_EV_DTA_SILENT), 0);
		assert_int_equal(t->state, TRG_NOTIFYING);
		trg_free(t);
	}
}

static void test_a_report_that_is_not_durable_is_not_acknowledged(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_REPORTING);

	(void)state;
	step(t, &f, TRG_EV_DISK);
	assert_int_equal(f.acked_ok, 0);
	assert_int_equal(f.acked_no, 1);
	assert_int_equal(t->state, TRG_ACCEPTED);
	assert_false(t->has_outcome);
	step(t, &f, TRG_EV_DRR); /* it comes again */
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.acked_ok, 1);
	assert_int_equal(f.notified, 1);
	trg_free(t);
}

static void test_each_copy_of_a_report_is_answered_once(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_REPORTING);

	(void)state;
	step(t, &f, TRG_EV_DRR);
	assert_int_equal(f.acked_no, 1);
	assert_int_equal(f.acked_token, 1);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.acked_token, 2);
	step(t, &f, TRG_EV_DRR);
	assert_int_equal(f.acked_token, 3);
	assert_int_equal(f.acked_ok, 2);
	assert_int_equal(f.notified, 1);
	trg_free(t);
}

/* -- a DNR that leaves while its report is on its way to the disk; its DRA waits */

static struct trg *reported_early(struct fake *f, enum trg_event_kind dna)
{
	struct trg *t;

	*f = fake_new();
	f->ids_last = true;
	t = in_state(f, TRG_ACCEPTED);
	step(t, f, TRG_EV_DRR);
	assert_int_equal(t->state, TRG_REPORTING);
	assert_int_equal(f->notified, 1);
	assert_int_equal(f->acked_ok, 0);
	if (dna != TRG_EVENT_COUNT) {
		step(t, f, dna);
		assert_int_equal(t->state, TRG_REPORTING);
	}
	return t;
}

static void test_a_dnr_does_not_wait_for_the_disk_and_the_dra_does(void **state)
{
	static const struct {
		enum trg_event_kind dna;
		enum trg_state then;
	} rows[] = { { TRG_EVENT_COUNT, TRG_NOTIFYING }, { TRG_EV_DNA_OK, TRG_DONE }, { TRG_EV_DNA_NO, TRG_BACKOFF } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct fake f;
		struct trg *t = reported_early(&f, rows[i].dna);

		step(t, &f, TRG_EV_DURABLE);
		assert_int_equal(f.acked_ok, 1);
		assert_int_equal(t->state, rows[i].then);
		assert_int_equal(f.notified + f.notified_again, 1);
		assert_int_equal(f.forgotten, rows[i].then == TRG_DONE);
		if (rows[i].then == TRG_BACKOFF) {
			step(t, &f, TRG_EV_TIMER);
			assert_int_equal(f.notified_again, 1);
		}
		if (rows[i].then != TRG_DONE) {
			step(t, &f, TRG_EV_DNA_OK);
			assert_int_equal(f.forgotten, 1);
		}
		trg_free(t);
	}
}

/* It is tried again like one made here, with what was told, and no second DNR leaves while one is out or taken. */
static void test_a_told_report_that_could_not_be_stored_is_stored_later(void **state)
{
	static const enum trg_event_kind dnas[] = { TRG_EVENT_COUNT, TRG_EV_DNA_OK, TRG_EV_DNA_NO };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof dnas / sizeof dnas[0]; i++) {
		struct fake f;
		struct trg *t = reported_early(&f, TRG_EVENT_COUNT);
		bool repeated = i % 2;

		step(t, &f, TRG_EV_DISK);
		assert_int_equal(t->state, TRG_ACCEPTED);
		assert_int_equal(f.acked_no, 1);
		assert_true(f.armed_ms == f.now_ms + fake_conf.retry_min_ms);
		if (dnas[i / 2] != TRG_EVENT_COUNT) {
			step(t, &f, dnas[i / 2]);
			assert_int_equal(t->state, TRG_ACCEPTED);
		}
		step(t, &f, repeated ? TRG_EV_DRR : TRG_EV_TIMER);
		assert_int_equal(t->state, TRG_REPORTING);
		assert_int_equal(t->outcome, TSP_OUTCOME_SUCCESS);
		assert_int_equal(f.notified + f.notified_again, 1);
		step(t, &f, TRG_EV_DURABLE);
		assert_int_equal(f.acked_ok, repeated);
		assert_int_equal(f.forgotten, dnas[i / 2] == TRG_EV_DNA_OK);
		assert_int_equal(f.notified + f.notified_again, 1);
		trg_free(t);
	}
}

/* What the SCS was told is what is stored and repeated, whatever comes after it. */
static void test_the_first_outcome_that_was_told_counts(void **state)
{
	static const enum trg_event_kind after[] = { TRG_EV_DRR, TRG_EV_LOST };

	(void)state;
	for (size_t i = 0; i < sizeof after / sizeof after[0]; i++) {
		struct fake f;
		struct trg *t = reported_early(&f, TRG_EV_DNA_NO);

		step(t, &f, TRG_EV_DISK);
		f.drr_outcome = TSP_OUTCOME_UNDELIVERABLE;
		step(t, &f, after[i]);
		assert_int_equal(t->state, TRG_REPORTING);
		assert_int_equal(t->outcome, TSP_OUTCOME_SUCCESS);
		step(t, &f, TRG_EV_DURABLE);
		step(t, &f, TRG_EV_TIMER);
		assert_int_equal(f.notified_again, 1); /* the port compares the outcomes */
		step(t, &f, TRG_EV_DNA_OK);
		assert_int_equal(f.forgotten, 1);
		assert_int_equal(f.tokens_given, f.tokens_acked);
		trg_free(t);
	}
}

/* The DRA was 5012, so the SMS-SC repeats it: then it is known, and not the report of a later trigger. But no record says so before
 * the outcome is in it, because the next core would answer it 2001. */
static void test_a_told_report_that_is_stored_later_is_known_when_it_is_repeated(void **state)
{
	struct fake f;
	struct fake_disk disk = { 0 };
	struct trg *t = reported_early(&f, TRG_EV_DNA_OK), *back;

	(void)state;
	f.disk = &disk;
	step(t, &f, TRG_EV_DISK);
	step(t, &f, TRG_EV_CANCEL);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(t->state, TRG_REVOKING);
	assert_int_equal(trg_restore(&back, 7, disk.durable.bytes, disk.durable.len, &fake_conf, &fake_ports, &f), 0);
	assert_null(back->drr);
	trg_free(back);
	step(t, &f, TRG_EV_RECALL_NO);
	assert_true(f.armed_ms == f.now_ms + fake_conf.retry_min_ms); /* and not when a report is given up, which may be days */
	step(t, &f, TRG_EV_TIMER);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.forgotten, 1);
	assert_non_null(t->drr); /* what is remembered of it has the digest */
	assert_int_equal(trg_restore(&back, 7, disk.durable.bytes, disk.durable.len, &fake_conf, &fake_ports, &f), 0);
	assert_non_null(back->drr);
	trg_free(back);
	trg_free(t);
}

static void test_a_later_core_repeats_a_dnr_that_may_have_left(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_ACCEPTED);
	struct trg_conf later = fake_conf;

	(void)state;
	later.first_number = t->number + 1;
	t->conf = &later;
	f.ids_last = true;
	step(t, &f, TRG_EV_DRR);
	assert_int_equal(f.notified, 0);
	assert_int_equal(f.notified_again, 1);
	trg_free(t);
}

static void test_a_dnr_waits_for_the_disk_when_its_ids_may_not_last(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_ACCEPTED);

	(void)state;
	step(t, &f, TRG_EV_DRR);
	assert_int_equal(f.notified, 0);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.notified, 1);
	assert_int_equal(f.acked_ok, 1);
	trg_free(t);
}

static void test_without_a_report_the_scs_hears_unconfirmed(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_ACCEPTED);

	(void)state;
	step(t, &f, TRG_EV_TIMER);
	assert_true(f.now_ms == T0 + VALIDITY_S * 1000ull + fake_conf.report_grace_ms);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(t->outcome, TSP_OUTCOME_UNCONFIRMED);
	assert_int_equal(f.notified, 1);
	assert_int_equal(f.acked_ok + f.acked_no, 0);
	trg_free(t);
}

/* The SMS-SC counts the validity from when it took the trigger: with a validity of 0 and a late DTA, too, a report may still come. */
static void test_the_report_deadline_counts_from_the_acceptance(void **state)
{
	static const uint32_t validities_s[] = { 0, 60 };

	(void)state;
	for (size_t i = 0; i < sizeof validities_s / sizeof validities_s[0]; i++) {
		struct fake f = fake_new();
		struct trg_request r = request();
		uint64_t accepted_ms = T0 + 2 * fake_conf.report_grace_ms;
		struct trg *t;

		r.validity_s = validities_s[i];
		r.expires_ms = T0 + r.validity_s * 1000ull;
		t = trigger_of(&f, &r);
		step(t, &f, TRG_EV_START);
		step(t, &f, TRG_EV_SUBSCRIBER);
		step(t, &f, TRG_EV_DURABLE);
		assert_int_equal(t->state, TRG_SUBMITTING);
		f.now_ms = accepted_ms;
		step(t, &f, TRG_EV_DTA_OK);
		assert_int_equal(t->state, TRG_ACCEPTED);
		assert_true(f.armed_ms == accepted_ms + r.validity_s * 1000ull + fake_conf.report_grace_ms);
		step(t, &f, TRG_EV_DRR);
		assert_int_equal(t->outcome, TSP_OUTCOME_SUCCESS);
		trg_free(t);
	}
}

static void test_dnr_backs_off_from_min_to_max_until_acknowledged(void **state)
{
	static const uint64_t waits_s[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300 };
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_NOTIFYING);

	(void)state;
	for (size_t i = 0; i < sizeof waits_s / sizeof waits_s[0]; i++) {
		step(t, &f, TRG_EV_DNA_NO);
		assert_int_equal(f.armed_ms - f.now_ms, waits_s[i] * 1000);
		step(t, &f, TRG_EV_TIMER);
	}
	assert_int_equal(f.notified, 1);
	assert_int_equal(f.notified_again, 11); /* with T and one End-to-End-Id: the port checks */
	step(t, &f, TRG_EV_DNA_OK);
	assert_int_equal(t->state, TRG_DONE);
	trg_free(t);
}

static void test_an_scs_that_comes_back_hears_its_report_at_once(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_REPORTING);

	(void)state;
	f.fail_notify = true;
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(t->state, TRG_BACKOFF);
	f.fail_notify = false;
	step(t, &f, TRG_EV_SCS_BACK);
	assert_int_equal(t->state, TRG_NOTIFYING);
	assert_int_equal(f.notified, 1); /* nothing left before: no T */
	trg_free(t);
}

/* A disk may take long, and the connection that the DNR took is lost meanwhile. */
static void test_an_scs_that_comes_back_while_its_report_is_written_hears_it_at_once(void **state)
{
	static const bool fails[] = { false, true };

	(void)state;
	for (size_t i = 0; i < sizeof fails / sizeof fails[0]; i++) {
		struct fake f;
		struct trg *t = reported_early(&f, TRG_EV_DNA_NO);

		assert_true(trg_waits_for_scs(t));
		f.fail_notify = fails[i];
		step(t, &f, TRG_EV_SCS_BACK);
		f.fail_notify = false;
		assert_int_equal(t->state, TRG_REPORTING);
		assert_int_equal(f.notified_again, !fails[i]);
		assert_int_equal(trg_waits_for_scs(t), fails[i]);
		assert_int_equal(f.acked_ok, 0);
		step(t, &f, TRG_EV_SCS_BACK);
		assert_int_equal(f.notified_again, 1); /* one at a time */
		step(t, &f, TRG_EV_DNA_OK);
		step(t, &f, TRG_EV_SCS_BACK);
		assert_int_equal(f.notified_again, 1);
		step(t, &f, TRG_EV_DURABLE);
		assert_int_equal(f.acked_ok, 1);
		assert_int_equal(f.forgotten, 1);
		trg_free(t);
	}
}

/* Its DNR has to wait for the disk, or has none to wait for. */
static void test_only_a_refused_report_waits_for_its_scs_while_it_is_written(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_REPORTING);

	(void)state;
	assert_false(trg_waits_for_scs(t));
	step(t, &f, TRG_EV_SCS_BACK);
	assert_int_equal(f.notified, 0);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.notified, 1);
	trg_free(t);
	t = reported_early(&f, TRG_EVENT_COUNT);
	assert_false(trg_waits_for_scs(t));
	step(t, &f, TRG_EV_DISK);
	step(t, &f, TRG_EV_DNA_NO);
	assert_false(trg_waits_for_scs(t)); /* accepted again: its timer comes soon */
	trg_free(t);
}

static void test_a_report_is_kept_until_its_retention_ends(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_NOTIFYING);
	uint64_t end = f.now_ms + fake_conf.report_retention_ms;

	(void)state;
	for (int i = 0; i < 10000 && t->state != TRG_DONE; i++) {
		step(t, &f, TRG_EV_DNA_NO);
		if (t->state == TRG_BACKOFF) {
			step(t, &f, TRG_EV_TIMER);
		}
	}
	assert_int_equal(t->state, TRG_DONE);
	assert_true(f.now_ms >= end && f.now_ms < end + 2 * fake_conf.retry_max_ms);
	assert_int_equal(f.late, 1);
	trg_free(t);
}

/* After a start with a wall clock that is far ahead every report looks too old: it gets its chance all the same. */
static void test_no_report_is_dropped_while_the_clock_may_be_wrong(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_NOTIFYING);
	struct trg_conf conf = fake_conf;

	(void)state;
	f.now_ms += 8 * 86400000ull;
	conf.old_ms = f.now_ms;
	conf.drop_from_ms = f.now_ms + 600000;
	t->conf = &conf;
	for (int i = 0; i < 10000 && t->state != TRG_DONE; i++) {
		step(t, &f, TRG_EV_DNA_NO);
		if (t->state == TRG_BACKOFF) {
			step(t, &f, TRG_EV_TIMER);
		}
	}
	assert_true(f.now_ms >= conf.drop_from_ms);
	assert_true(f.notified_again >= 5);
	assert_int_equal(f.late, 1);
	trg_free(t);
}

static void test_a_restored_trigger_asks_again_when_the_peer_is_there(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_RESUMING);
	int first = f.submitted_again;

	(void)state;
	f.fail_submit = true;
	step(t, &f, TRG_EV_RESTORED);
	assert_int_equal(t->state, TRG_RESUMING);
	assert_int_equal(f.answered, 0); /* its outcome is unknown, and that is not an answer yet */
	f.fail_submit = false;
	step(t, &f, TRG_EV_TIMER);
	assert_int_equal(f.submitted_again, first + 1);
	step(t, &f, TRG_EV_DTA_OK);
	assert_int_equal(f.status, TSP_STATUS_SUCCESS);
	trg_free(t);
}

/* The edge may have answered 201, and be gone. Whether its DTR left is not known, whatever the caller says. */
static void test_a_restored_trigger_whose_time_is_over_is_taken_back(void **state)
{
	struct trg_event over = {
		.kind = TRG_EV_GIVE_UP, .status = TSP_STATUS_TEMPORARYERROR, .reason = WHY_GIVEN, .unsent = true
	};
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_RESUMING);

	(void)state;
	assert_int_equal(trg_step(t, &over, f.now_ms), 0);
	assert_int_equal(t->state, TRG_REVOKING);
	assert_int_equal(f.answered + f.audited, 0);            /* a core that ends now leaves one that is undecided */
	assert_int_equal(step(t, &f, TRG_EV_TIMER), ERR_STATE); /* of before: no recall before the record */
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(f.audited, 1);
	assert_int_equal(f.submitted_again, 0);
	assert_int_equal(f.recalled, 1);
	step(t, &f, TRG_EV_RECALL_DONE);
	assert_int_equal(t->outcome, TSP_OUTCOME_UNDELIVERABLE);
	trg_free(t);
}

static void test_a_new_trigger_checks_its_bounds(void **state)
{
	static char long_name[IDENT_SCS_MAX + 2];
	struct trg_request r = request();
	struct trg *t;

	(void)state;
	memset(long_name, 'a', sizeof long_name - 1);
	r.scs = long_name;
	assert_int_equal(trg_new(&t, 1, &r, &fake_conf, &fake_ports, NULL), ERR_LIMIT);
	r = request();
	r.payload_len = TRIGGER_PAYLOAD_MAX + 1;
	assert_int_equal(trg_new(&t, 1, &r, &fake_conf, &fake_ports, NULL), ERR_LIMIT);
	r = request();
	r.external = NULL;
	assert_int_equal(trg_new(&t, 1, &r, &fake_conf, &fake_ports, NULL), ERR_INVAL);
}

static void test_validity_left_is_rounded_up_and_never_grows(void **state)
{
	struct trg_request r = request();

	(void)state;
	assert_int_equal(trg_validity_left_s(&r, T0), VALIDITY_S);
	assert_int_equal(trg_validity_left_s(&r, T0 + 1), VALIDITY_S);
	assert_int_equal(trg_validity_left_s(&r, T0 + 1001), VALIDITY_S - 1);
	assert_int_equal(trg_validity_left_s(&r, r.expires_ms - 1), 1);
	assert_int_equal(trg_validity_left_s(&r, r.expires_ms), 0);
	assert_int_equal(trg_validity_left_s(&r, T0 - 5000), VALIDITY_S);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_way_of_a_trigger_that_succeeds),
		cmocka_unit_test(test_no_dtr_leaves_before_the_intent_is_durable),
		cmocka_unit_test(test_a_journal_that_takes_nothing_is_201),
		cmocka_unit_test(test_an_hss_that_cannot_be_asked_is_201),
		cmocka_unit_test(test_a_subscriber_that_cannot_be_kept_is_201),
		cmocka_unit_test(test_what_the_hss_refuses_is_answered_with_its_status),
		cmocka_unit_test(test_an_action_that_is_none_is_refused_by_name),
		cmocka_unit_test(test_both_identifiers_must_be_one_device),
		cmocka_unit_test(test_an_msisdn_the_hss_does_not_return_contradicts),
		cmocka_unit_test(test_an_association_gone_before_the_dtr_is_105),
		cmocka_unit_test(test_a_dtr_that_cannot_leave_is_201_without_recall),
		cmocka_unit_test(test_a_refusal_is_told_when_a_restart_knows_it),
		cmocka_unit_test(test_a_refusal_that_waits_past_its_time_is_201),
		cmocka_unit_test(test_dta_timeout_is_never_a_refusal),
		cmocka_unit_test(test_a_copy_the_network_drops_leaves_the_outcome_unknown),
		cmocka_unit_test(test_a_first_dtr_the_network_drops_needs_no_recall),
		cmocka_unit_test(test_a_copy_that_cannot_leave_is_201_and_recalled_when_the_peer_is_back),
		cmocka_unit_test(test_recalling_ends_when_the_trigger_is_too_old_to_matter),
		cmocka_unit_test(test_a_report_after_the_201_is_late_and_acknowledged),
		cmocka_unit_test(test_a_report_before_the_201_is_the_answer),
		cmocka_unit_test(test_a_disk_that_takes_nothing_does_not_keep_the_201_back),
		cmocka_unit_test(test_a_report_before_the_dta_proves_the_acceptance),
		cmocka_unit_test(test_a_report_that_is_not_durable_is_not_acknowledged),
		cmocka_unit_test(test_each_copy_of_a_report_is_answered_once),
		cmocka_unit_test(test_a_dnr_does_not_wait_for_the_disk_and_the_dra_does),
		cmocka_unit_test(test_a_told_report_that_could_not_be_stored_is_stored_later),
		cmocka_unit_test(test_the_first_outcome_that_was_told_counts),
		cmocka_unit_test(test_a_told_report_that_is_stored_later_is_known_when_it_is_repeated),
		cmocka_unit_test(test_a_later_core_repeats_a_dnr_that_may_have_left),
		cmocka_unit_test(test_a_dnr_waits_for_the_disk_when_its_ids_may_not_last),
		cmocka_unit_test(test_without_a_report_the_scs_hears_unconfirmed),
		cmocka_unit_test(test_the_report_deadline_counts_from_the_acceptance),
		cmocka_unit_test(test_dnr_backs_off_from_min_to_max_until_acknowledged),
		cmocka_unit_test(test_an_scs_that_comes_back_hears_its_report_at_once),
		cmocka_unit_test(test_an_scs_that_comes_back_while_its_report_is_written_hears_it_at_once),
		cmocka_unit_test(test_only_a_refused_report_waits_for_its_scs_while_it_is_written),
		cmocka_unit_test(test_a_report_is_kept_until_its_retention_ends),
		cmocka_unit_test(test_no_report_is_dropped_while_the_clock_may_be_wrong),
		cmocka_unit_test(test_a_restored_trigger_asks_again_when_the_peer_is_there),
		cmocka_unit_test(test_a_restored_trigger_whose_time_is_over_is_taken_back),
		cmocka_unit_test(test_a_new_trigger_checks_its_bounds),
		cmocka_unit_test(test_validity_left_is_rounded_up_and_never_grows),
	};

	return cmocka_run_group_tests_name("trg", tests, NULL, NULL);
}
