/* Recall and replace, rights that end, validity that ends: two triggers that change together (TS 23.682 5.2.3; CONTRACTS sections 1 and
 * 3). */
#include "tests/unit/trigger/fake.h"

struct two { /* a request and the original it names */
	struct fake f, own;
	struct trg *o, *t;
};

static struct two *two_of(struct two *w, uint32_t action, enum trg_state at)
{
	struct trg_request r = request_for(action);

	w->f = fake_new();
	w->o = original_of(&w->own, &w->f);
	w->t = in_state_of(&w->f, at, &r);
	return w;
}

static void end_two(struct two *w)
{
	trg_free(w->t);
	trg_free(w->o);
}

static void test_a_recall_ends_its_original_without_a_report(void **state)
{
	struct two w;

	(void)state;
	two_of(&w, TSP_ACTION_RECALL, TRG_SUBMITTING);
	assert_int_equal(w.f.answered, 0);
	assert_true(w.o->changer == w.t->number);
	step(w.t, &w.f, TRG_EV_DTA_OK);
	assert_int_equal(w.f.status, TSP_STATUS_SUCCESS);
	assert_int_equal(w.t->state, TRG_DONE);
	assert_int_equal(w.o->state, TRG_DONE);
	assert_int_equal(w.own.forgotten, 1);
	assert_int_equal(w.own.notified, 0);
	assert_int_equal(w.f.submitted, 1);
	end_two(&w);
}

/* The SCS was told that it was delivered, and the disk did not take that. Then a recall of it is too late, whatever the SMS-SC says. */
static void test_a_recall_of_what_was_told_as_delivered_is_112_and_its_report_stays(void **state)
{
	struct two w;

	(void)state;
	two_of(&w, TSP_ACTION_RECALL, TRG_SUBMITTING);
	w.own.ids_last = true;
	step(w.o, &w.own, TRG_EV_DRR);
	step(w.o, &w.own, TRG_EV_DISK);
	assert_int_equal(w.o->state, TRG_ACCEPTED);
	step(w.t, &w.f, TRG_EV_DTA_OK);
	assert_int_equal(w.f.status, TSP_STATUS_ORIGINALMESSAGESENT);
	assert_int_equal(w.t->state, TRG_DONE);
	assert_int_equal(w.o->state, TRG_REPORTING);
	assert_int_equal(w.o->outcome, TSP_OUTCOME_SUCCESS);
	step(w.o, &w.own, TRG_EV_DURABLE);
	step(w.o, &w.own, TRG_EV_DNA_OK);
	assert_int_equal(w.own.forgotten, 1);
	assert_int_equal(w.own.notified + w.own.notified_again, 1);
	end_two(&w);
}

static void test_a_replace_lives_on_under_its_own_number(void **state)
{
	struct two w;

	(void)state;
	two_of(&w, TSP_ACTION_REPLACE, TRG_SUBMITTING);
	step(w.t, &w.f, TRG_EV_DTA_OK);
	assert_int_equal(w.f.status, TSP_STATUS_SUCCESS);
	assert_int_equal(w.o->state, TRG_DONE);
	assert_int_equal(w.own.notified, 0);
	assert_int_equal(w.t->state, TRG_ACCEPTED);
	step(w.t, &w.f, TRG_EV_DRR);
	step(w.t, &w.f, TRG_EV_DURABLE);
	assert_int_equal(w.f.notified, 1);
	end_two(&w);
}

/* Whether the original was replaced or sent is what the DTA says: until then nothing is told, and the DRA waits. */
static void test_a_report_of_the_replacement_waits_for_its_dta(void **state)
{
	static const struct {
		enum trg_event_kind dta;
		uint32_t status;
		enum trg_state original;
	} rows[] = {
		{ TRG_EV_DTA_OK, TSP_STATUS_SUCCESS, TRG_DONE },
		{ TRG_EV_DTA_STORED, TSP_STATUS_ORIGINALMESSAGESENT, TRG_ACCEPTED },
		{ TRG_EV_DTA_NO, TSP_STATUS_ORIGINALMESSAGESENT, TRG_ACCEPTED }, /* it has it, whatever it says */
		{ TRG_EV_DTA_UNHANDLED, TSP_STATUS_ORIGINALMESSAGESENT, TRG_ACCEPTED },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
		struct two w;

		two_of(&w, TSP_ACTION_REPLACE, TRG_SUBMITTING);
		step(w.t, &w.f, TRG_EV_DRR);
		assert_int_equal(w.t->state, TRG_SUBMITTING);
		assert_int_equal(w.f.answered + w.f.acked_ok + w.f.acked_no, 0);
		assert_int_equal(w.o->state, TRG_ACCEPTED);
		if (i % 2) { /* the DTA is lost; the copy asks */
			step(w.t, &w.f, TRG_EV_DTA_SILENT);
			w.f.unknown = false;
		}
		step(w.t, &w.f, rows[i / 2].dta);
		assert_int_equal(w.f.status, rows[i / 2].status);
		assert_int_equal(w.o->state, rows[i / 2].original);
		assert_int_equal(w.o->changer, 0);
		assert_int_equal(w.t->state, TRG_REPORTING);
		step(w.t, &w.f, TRG_EV_DURABLE);
		assert_int_equal(w.f.acked_ok, 1);
		assert_int_equal(w.f.notified, 1);
		assert_int_equal(w.t->outcome, TSP_OUTCOME_SUCCESS);
		end_two(&w);
	}
}

static void test_a_report_of_the_replacement_without_any_dta_is_112_and_leaves_the_original(void **state)
{
	struct two w;

	(void)state;
	two_of(&w, TSP_ACTION_REPLACE, TRG_RESUBMITTING);
	step(w.t, &w.f, TRG_EV_DRR);
	step(w.t, &w.f, TRG_EV_DRR); /* another one of the same: the newer waits */
	assert_int_equal(w.f.acked_no, 1);
	step(w.t, &w.f, TRG_EV_DTA_SILENT);
	assert_int_equal(w.f.status, TSP_STATUS_ORIGINALMESSAGESENT);
	assert_int_equal(w.f.recalled, 0);
	assert_int_equal(w.t->state, TRG_REPORTING);
	step(w.t, &w.f, TRG_EV_DURABLE);
	assert_int_equal(w.f.acked_ok, 1);
	assert_int_equal(w.o->state, TRG_ACCEPTED);
	step(w.o, &w.own, TRG_EV_DRR); /* it was sent: its own report is passed on */
	assert_int_equal(w.o->state, TRG_REPORTING);
	end_two(&w);
}

/* The SCS is told 201 in any case: no report of the replacement is owed, and the original has its own. */
static void test_a_report_that_waits_for_its_dta_ends_with_the_time_for_the_answer(void **state)
{
	static const enum trg_state states[] = { TRG_SUBMITTING, TRG_RESUBMITTING };

	(void)state;
	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
		struct two w;

		two_of(&w, TSP_ACTION_REPLACE, states[i]);
		step(w.t, &w.f, TRG_EV_DRR);
		step(w.t, &w.f, TRG_EV_GIVE_UP);
		assert_int_equal(w.f.status, TSP_STATUS_TEMPORARYERROR);
		assert_int_equal(w.f.acked_ok, 1);
		assert_int_equal(w.f.recalled, 0);
		assert_int_equal(w.t->state, TRG_DONE);
		assert_false(w.t->accepted);
		assert_int_equal(w.o->state, TRG_ACCEPTED);
		assert_int_equal(w.o->changer, 0);
		end_two(&w);
	}
}

/* Its acceptance may have been told before the restart: the report is passed on. */
static void test_a_report_that_waits_after_a_restart_is_owed_when_the_time_for_the_answer_is_over(void **state)
{
	struct two w;

	(void)state;
	two_of(&w, TSP_ACTION_REPLACE, TRG_RESUMING);
	step(w.t, &w.f, TRG_EV_DRR);
	assert_int_equal(w.t->state, TRG_RESUMING);
	step(w.t, &w.f, TRG_EV_GIVE_UP);
	assert_int_equal(w.f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(w.t->state, TRG_REPORTING);
	step(w.t, &w.f, TRG_EV_DURABLE);
	assert_int_equal(w.f.acked_ok, 1);
	assert_int_equal(w.f.notified, 1);
	assert_int_equal(w.t->outcome, TSP_OUTCOME_SUCCESS);
	assert_int_equal(w.o->state, TRG_ACCEPTED);
	end_two(&w);
}

/* The replacement is taken back, but never took the original's place. */
static void test_an_original_that_was_not_replaced_outlives_a_replacement_that_was_given_up(void **state)
{
	struct two w;

	(void)state;
	two_of(&w, TSP_ACTION_REPLACE, TRG_SUBMITTING);
	step(w.t, &w.f, TRG_EV_GIVE_UP);
	assert_int_equal(w.t->state, TRG_RECALLING);
	step(w.t, &w.f, TRG_EV_DTA_STORED);
	assert_int_equal(w.t->state, TRG_RECALLING);
	assert_int_equal(w.o->changer, 0);
	step(w.t, &w.f, TRG_EV_DURABLE);
	assert_int_equal(w.f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(w.f.recalled, 1);
	step(w.t, &w.f, TRG_EV_RECALL_DONE);
	assert_int_equal(w.t->state, TRG_DONE);
	assert_int_equal(w.o->state, TRG_ACCEPTED);
	end_two(&w);
}

/* -- an original that has ended (TS 23.682 5.2.3.2) */

static struct trg *after_its_end(struct fake *f, uint32_t action, enum trg_state at)
{
	struct trg_request r = request_for(action);

	*f = fake_new();
	f->past = fake_past;
	return in_state_of(f, at, &r);
}

static void test_a_replace_of_an_ended_original_becomes_a_trigger_of_its_own(void **state)
{
	struct fake f;
	struct trg *t = after_its_end(&f, TSP_ACTION_REPLACE, TRG_SUBMITTING), *back;
	uint8_t bytes[TRG_RECORD_MAX];
	struct buf b = buf_over(bytes, sizeof bytes);

	(void)state;
	assert_int_equal(f.asked, 1);
	assert_string_equal(t->accepted_by, "smssc2.example"); /* it goes to the SMS-SC that took the original */
	f.now_ms += 5000;
	step(t, &f, TRG_EV_DTA_STORED);
	assert_int_equal(f.status, TSP_STATUS_ORIGINALMESSAGESENT);
	assert_int_equal(f.reason, WHY_GIVEN);
	assert_int_equal(t->state, TRG_ACCEPTED);
	assert_true(t->taken_ms == f.now_ms); /* its validity counts from there */
	assert_true(t->accepted && t->may_report);
	assert_int_equal(f.noted, 1);
	trg_record_build(&b, t);
	assert_int_equal(trg_restore(&back, 7, bytes, b.len, &fake_conf, &fake_ports, &f), 0);
	assert_int_equal(back->state, TRG_ACCEPTED);
	assert_int_equal(back->answer_status, TSP_STATUS_ORIGINALMESSAGESENT); /* what a copy of the request is told */
	assert_true(back->accepted && back->as_new && back->taken_ms == t->taken_ms);
	step(back, &f, TRG_EV_RESTORED);
	assert_true(f.armed_ms == trg_report_deadline(back));
	trg_free(back);
	step(t, &f, TRG_EV_DRR);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.acked_ok, 1);
	assert_int_equal(f.notified, 1);
	step(t, &f, TRG_EV_DNA_OK);
	assert_int_equal(t->state, TRG_DONE);
	trg_free(t);
}

static void test_a_replace_that_overtakes_the_report_of_its_original_leaves_it(void **state)
{
	struct two w;

	(void)state;
	two_of(&w, TSP_ACTION_REPLACE, TRG_RESUBMITTING); /* the first DTA was lost */
	step(w.t, &w.f, TRG_EV_DTA_STORED);
	assert_int_equal(w.f.status, TSP_STATUS_ORIGINALMESSAGESENT);
	assert_int_equal(w.t->state, TRG_ACCEPTED);
	assert_true(w.o->state == TRG_ACCEPTED && w.o->changer == 0);
	step(w.o, &w.own, TRG_EV_DRR);
	assert_int_equal(w.o->state, TRG_REPORTING);
	end_two(&w);
}

static void test_a_report_before_the_dta_when_the_original_has_ended_is_112_at_once(void **state)
{
	struct fake f;
	struct trg *t = after_its_end(&f, TSP_ACTION_REPLACE, TRG_SUBMITTING);

	(void)state;
	step(t, &f, TRG_EV_DRR);
	assert_int_equal(f.status, TSP_STATUS_ORIGINALMESSAGESENT);
	assert_int_equal(t->state, TRG_REPORTING);
	step(t, &f, TRG_EV_DTA_STORED); /* says nothing new */
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.acked_ok, 1);
	assert_int_equal(f.notified, 1);
	assert_int_equal(f.answered, 1);
	trg_free(t);
}

static void test_a_replacement_that_is_a_new_trigger_can_be_taken_back(void **state)
{
	struct fake f;
	struct trg *t = after_its_end(&f, TSP_ACTION_REPLACE, TRG_SUBMITTING);

	(void)state;
	step(t, &f, TRG_EV_REVOKE);
	step(t, &f, TRG_EV_DTA_STORED);
	assert_int_equal(f.status, TSP_STATUS_ORIGINALMESSAGESENT);
	assert_int_equal(t->state, TRG_REVOKING);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.recalled, 1);
	step(t, &f, TRG_EV_RECALL_DONE);
	assert_int_equal(t->state, TRG_REPORTING);
	assert_int_equal(t->outcome, TSP_OUTCOME_UNDELIVERABLE);
	trg_free(t);
}

static void test_a_recall_of_an_ended_original_is_what_the_sms_sc_says_unless_it_was_reported(void **state)
{
	static const struct {
		bool reported;
		enum trg_event_kind dta;
		uint32_t status;
	} rows[] = {
		{ true, TRG_EV_DTA_NO, TSP_STATUS_PERMANENTERROR }, /* of the fake */
		{ true, TRG_EV_DTA_OK, TSP_STATUS_ORIGINALMESSAGESENT },
		{ false, TRG_EV_DTA_OK, TSP_STATUS_SUCCESS }, /* it was UNCONFIRMED, and the SMS-SC had it still */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct fake f;
		struct trg *t = after_its_end(&f, TSP_ACTION_RECALL, TRG_SUBMITTING);

		f.past.reported = rows[i].reported;
		step(t, &f, rows[i].dta);
		if (t->state == TRG_REFUSING) {
			step(t, &f, TRG_EV_DURABLE);
		}
		assert_int_equal(f.status, rows[i].status);
		assert_int_equal(t->state, TRG_DONE); /* nothing is live */
		assert_false(t->accepted || t->may_report);
		trg_free(t);
	}
}

static void test_an_ended_original_is_of_that_scs_and_that_device(void **state)
{
	static const uint32_t actions[] = { TSP_ACTION_RECALL, TSP_ACTION_REPLACE };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fake f;
		struct trg *t = after_its_end(&f, actions[i], TRG_ASKING);

		f.past.imsi = "001010000000002";
		step(t, &f, TRG_EV_SUBSCRIBER);
		assert_int_equal(f.status, TSP_STATUS_NOTAUTHORIZED);
		assert_int_equal(f.reason, WHY_DEVICE);
		trg_free(t);
		t = after_its_end(&f, actions[i], TRG_ASKING);
		f.past.scs = NULL; /* forgotten in between */
		step(t, &f, TRG_EV_SUBSCRIBER);
		assert_int_equal(f.status, TSP_STATUS_PERMANENTERROR);
		assert_int_equal(f.reason, WHY_UNKNOWN);
		assert_int_equal(f.submitted, 0);
		trg_free(t);
		t = after_its_end(&f, actions[i], TRG_IDLE);
		f.past.scs = "heir"; /* the number was another SCS's then */
		step(t, &f, TRG_EV_START);
		assert_int_equal(f.status, TSP_STATUS_PERMANENTERROR);
		assert_int_equal(f.reason, WHY_UNKNOWN);
		trg_free(t);
	}
}

/* What an original may be when a request names it, and what is said then. */
static void test_what_an_original_may_be_when_it_is_named(void **state)
{
	static const struct {
		enum trg_state original; /* COUNT: there is none */
		uint32_t status;
		int reason;
	} rows[] = {
		{ TRG_STATE_COUNT, TSP_STATUS_PERMANENTERROR, WHY_UNKNOWN },
		{ TRG_ASKING, TSP_STATUS_TEMPORARYERROR, WHY_BUSY },
		{ TRG_WRITING, TSP_STATUS_TEMPORARYERROR, WHY_BUSY },
		{ TRG_SUBMITTING, TSP_STATUS_TEMPORARYERROR, WHY_BUSY },
		{ TRG_RESUBMITTING, TSP_STATUS_TEMPORARYERROR, WHY_BUSY },
		{ TRG_RESUMING, TSP_STATUS_TEMPORARYERROR, WHY_BUSY },
		{ TRG_RECALLING, TSP_STATUS_TEMPORARYERROR, WHY_BUSY },
		{ TRG_REVOKING, TSP_STATUS_TEMPORARYERROR, WHY_BUSY },
		{ TRG_REPORTING, 0, WHY_NONE }, /* it has ended: the SMS-SC is asked */
		{ TRG_NOTIFYING, 0, WHY_NONE },
		{ TRG_BACKOFF, 0, WHY_NONE },
	};
	static const uint32_t actions[] = { TSP_ACTION_RECALL, TSP_ACTION_REPLACE };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
		struct trg_request r = request_for(actions[i % 2]), other = request();
		struct fake f = fake_new(), own = fake_new();
		struct trg *o = NULL, *t;

		other.reference = 40;
		if (rows[i / 2].original != TRG_STATE_COUNT) {
			o = in_state_of(&own, rows[i / 2].original, &other);
		}
		f.original = o;
		t = trigger_of(&f, &r);
		step(t, &f, TRG_EV_START);
		assert_int_equal(f.status, rows[i / 2].status);
		assert_int_equal(f.reason, rows[i / 2].reason);
		assert_int_equal(f.asked, rows[i / 2].status ? 0 : 1); /* refused: neither HSS nor SMS-SC hears of it */
		assert_int_equal(t->state, rows[i / 2].status ? TRG_DONE : TRG_ASKING);
		if (o) {
			assert_true(o->state == rows[i / 2].original && o->changer == 0);
		}
		trg_free(t);
		trg_free(o);
	}
}

static void test_one_change_at_a_time(void **state)
{
	struct trg_request r = request_for(TSP_ACTION_RECALL);
	struct fake second = fake_new();
	struct two w;
	struct trg *t;

	(void)state;
	two_of(&w, TSP_ACTION_REPLACE, TRG_SUBMITTING);
	second.original = w.o;
	t = trigger_of(&second, &r);
	t->number = 8;
	step(t, &second, TRG_EV_START);
	assert_int_equal(second.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(second.reason, WHY_BUSY);
	assert_true(w.o->changer == w.t->number);
	trg_free(t);
	step(w.t, &w.f, TRG_EV_DTA_NO); /* and when the first has failed */
	step(w.t, &w.f, TRG_EV_DURABLE);
	assert_int_equal(w.o->changer, 0);
	end_two(&w);
}

static void test_an_original_of_another_scs_is_not_there(void **state)
{
	struct trg_request r = request_for(TSP_ACTION_RECALL);
	struct fake f = fake_new(), own;
	struct trg *o = original_of(&own, &f), *t;

	(void)state;
	r.scs = "heir"; /* the same number, provisioned for another SCS meanwhile */
	t = trigger_of(&f, &r);
	step(t, &f, TRG_EV_START);
	assert_int_equal(f.status, TSP_STATUS_PERMANENTERROR);
	assert_int_equal(f.reason, WHY_UNKNOWN);
	trg_free(t);
	trg_free(o);
}

static void test_a_right_on_one_device_recalls_nothing_of_another(void **state)
{
	static const struct {
		const char *external, *msisdn, *imsi, *sia_msisdn;
		bool same;
	} rows[] = {
		{ "meter-7@a.example", "", "001010000000001", "491700000001", true },
		{ "meter-8@a.example", "", "001010000000002", "491700000002", false },
		{ "meter-7@a.example", "", "001010000000002", "491700000001", false }, /* the IMSI says who it is */
		{ "alias-7@a.example", "", "001010000000001", "", true },
		{ "", "491700000001", "001010000000001", "491700000001", true },
		{ "", "491700000002", "", "491700000002", false },
		{ "", "491700000001", "", "491700000001", true },
		{ "meter-8@a.example", "", "", "", false },
		{ "meter-7@a.example", "", "", "", true },
	};
	static const uint32_t actions[] = { TSP_ACTION_RECALL, TSP_ACTION_REPLACE };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
		struct trg_request r = request_for(actions[i % 2]);
		struct trg_subscriber sub = { rows[i / 2].imsi, rows[i / 2].sia_msisdn, NULL, 0 };
		struct trg_event ev = { .kind = TRG_EV_SUBSCRIBER, .subscriber = &sub };
		struct fake f = fake_new(), own;
		struct trg *o = original_of(&own, &f), *t;

		r.external = rows[i / 2].external;
		r.msisdn = rows[i / 2].msisdn;
		t = trigger_of(&f, &r);
		step(t, &f, TRG_EV_START);
		trg_step(t, &ev, f.now_ms);
		assert_int_equal(f.status, rows[i / 2].same ? 0 : TSP_STATUS_NOTAUTHORIZED);
		assert_int_equal(t->state, rows[i / 2].same ? TRG_WRITING : TRG_DONE);
		if (!rows[i / 2].same) {
			assert_int_equal(f.reason, WHY_DEVICE);
			assert_int_equal(o->changer, 0);
		}
		trg_free(t);
		trg_free(o);
	}
}

static void test_both_opinions_are_asked_for_every_action(void **state)
{
	static const uint32_t actions[] = { TSP_ACTION_RECALL, TSP_ACTION_REPLACE };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct two w;

		two_of(&w, actions[i], TRG_ASKING);
		assert_int_equal(w.f.asked, 1);
		w.f.refusal = (struct trg_refusal){ TSP_STATUS_NOTAUTHORIZED, WHY_GIVEN };
		step(w.t, &w.f, TRG_EV_SUBSCRIBER);
		assert_int_equal(w.f.status, TSP_STATUS_NOTAUTHORIZED);
		assert_int_equal(w.o->state, TRG_ACCEPTED);
		end_two(&w);
	}
}

static void test_an_original_reported_meanwhile_is_left_alone_and_the_sms_sc_is_asked(void **state)
{
	static const uint32_t actions[] = { TSP_ACTION_RECALL, TSP_ACTION_REPLACE };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct two w;

		two_of(&w, actions[i % 2], TRG_WRITING);
		step(w.o, &w.own, TRG_EV_DRR);
		if (i / 2) { /* acknowledged and gone */
			step(w.o, &w.own, TRG_EV_DURABLE);
			step(w.o, &w.own, TRG_EV_DNA_OK);
			w.f.past = fake_past;
		}
		step(w.t, &w.f, TRG_EV_DURABLE);
		assert_int_equal(w.f.submitted, 1);
		step(w.t, &w.f, i % 2 ? TRG_EV_DTA_STORED : TRG_EV_DTA_OK);
		assert_int_equal(w.f.status, TSP_STATUS_ORIGINALMESSAGESENT);
		assert_int_equal(w.t->state, i % 2 ? TRG_ACCEPTED : TRG_DONE);
		assert_int_equal(w.o->state, i / 2 ? TRG_DONE : TRG_REPORTING);
		end_two(&w);
	}
}

/* The report of the original overtakes the DTA of its recall: it was sent, whatever the DTA says. */
static void test_a_report_that_overtakes_the_dta_wins(void **state)
{
	struct two w;

	(void)state;
	two_of(&w, TSP_ACTION_RECALL, TRG_SUBMITTING);
	step(w.o, &w.own, TRG_EV_DRR);
	step(w.t, &w.f, TRG_EV_DTA_OK);
	assert_int_equal(w.f.status, TSP_STATUS_ORIGINALMESSAGESENT);
	assert_int_equal(w.f.reason, WHY_REPORTED);
	assert_int_equal(w.o->state, TRG_REPORTING);
	step(w.o, &w.own, TRG_EV_DURABLE);
	assert_int_equal(w.own.notified, 1);
	end_two(&w);
}

static void test_what_the_sms_sc_refuses_is_said_with_its_diagnostic(void **state)
{
	struct trg_event no = { .kind = TRG_EV_DTA_NO,
				.status = TSP_STATUS_REPLACEFAIL,
				.reason = WHY_GIVEN,
				.has_diagnostic = true,
				.diagnostic = 1 };
	struct two w;

	(void)state;
	two_of(&w, TSP_ACTION_REPLACE, TRG_SUBMITTING);
	w.f.unknown = false;
	trg_step(w.t, &no, w.f.now_ms);
	step(w.t, &w.f, TRG_EV_DURABLE);
	assert_int_equal(w.f.status, TSP_STATUS_REPLACEFAIL);
	assert_int_equal(w.f.diagnostic, 1);
	assert_int_equal(w.o->state, TRG_ACCEPTED); /* it is reported as ever */
	assert_int_equal(w.o->changer, 0);
	step(w.o, &w.own, TRG_EV_DRR);
	assert_int_equal(w.o->state, TRG_REPORTING);
	end_two(&w);
}

static void test_no_answer_to_a_recall_is_201_and_it_asks_on_until_it_knows(void **state)
{
	struct two w;
	uint32_t id;

	(void)state;
	two_of(&w, TSP_ACTION_RECALL, TRG_RECALLING);
	id = w.t->dtr_end_to_end;
	assert_int_equal(w.f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(w.t->recall_end_to_end, id); /* what became of that one: the same question, with T */
	assert_int_equal(w.f.recalled, 0);
	assert_int_equal(w.f.recalled_again, 1);
	assert_int_equal(w.o->state, TRG_ACCEPTED);
	step(w.t, &w.f, TRG_EV_RECALL_SILENT);
	step(w.t, &w.f, TRG_EV_TIMER);
	assert_int_equal(w.f.recalled_again, 2);
	step(w.t, &w.f, TRG_EV_RECALL_DONE); /* it was recalled, and the SCS was told 201: it hears of the original */
	assert_int_equal(w.t->state, TRG_DONE);
	assert_int_equal(w.o->state, TRG_REPORTING);
	assert_int_equal(w.o->outcome, TSP_OUTCOME_UNDELIVERABLE);
	step(w.o, &w.own, TRG_EV_DURABLE);
	assert_int_equal(w.own.notified, 1);
	end_two(&w);
}

static void test_a_recall_that_did_not_happen_leaves_its_original(void **state)
{
	struct two w;

	(void)state;
	two_of(&w, TSP_ACTION_RECALL, TRG_RECALLING);
	step(w.t, &w.f, TRG_EV_RECALL_NO);
	assert_int_equal(w.t->state, TRG_DONE);
	assert_int_equal(w.o->state, TRG_ACCEPTED);
	assert_int_equal(w.o->changer, 0);
	end_two(&w);
}

static void test_a_replace_of_unknown_outcome_is_recalled_and_so_is_the_truth_about_its_original(void **state)
{
	struct two w;

	(void)state;
	two_of(&w, TSP_ACTION_REPLACE, TRG_RECALLING);
	assert_int_equal(w.f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_not_equal(w.t->recall_end_to_end, w.t->dtr_end_to_end);
	step(w.t, &w.f, TRG_EV_RECALL_DONE); /* the replacement was there: the original was not any more */
	assert_int_equal(w.o->state, TRG_REPORTING);
	assert_int_equal(w.o->outcome, TSP_OUTCOME_UNDELIVERABLE);
	end_two(&w);
	two_of(&w, TSP_ACTION_REPLACE, TRG_RECALLING);
	step(w.t, &w.f, TRG_EV_RECALL_NO);
	assert_int_equal(w.o->state, TRG_ACCEPTED);
	end_two(&w);
	two_of(&w, TSP_ACTION_REPLACE, TRG_RECALLING);
	step(w.t, &w.f, TRG_EV_DRR); /* the replacement was delivered */
	assert_int_equal(w.f.late, 1);
	assert_int_equal(w.o->state, TRG_REPORTING);
	end_two(&w);
}

/* TS 29.368 6.4.13 */
static void test_an_sms_sc_without_the_feature(void **state)
{
	struct trg_event ok = { .kind = TRG_EV_DTA_OK, .no_feature = true };
	struct two w;

	(void)state;
	two_of(&w, TSP_ACTION_RECALL, TRG_ASKING);
	w.f.no_feature = true;
	step(w.t, &w.f, TRG_EV_SUBSCRIBER);
	assert_int_equal(w.f.status, TSP_STATUS_RECALLFAIL);
	assert_int_equal(w.f.reason, WHY_NO_RECALL);
	assert_int_equal(w.f.stored, 0);
	end_two(&w);
	two_of(&w, TSP_ACTION_REPLACE, TRG_ASKING);
	w.f.no_feature = true;
	step(w.t, &w.f, TRG_EV_SUBSCRIBER);
	assert_true(w.t->as_new);
	step(w.t, &w.f, TRG_EV_DURABLE);
	step(w.t, &w.f, TRG_EV_DTA_OK);
	assert_int_equal(w.f.status, TSP_STATUS_SUCCESS);
	assert_int_equal(w.o->state, TRG_ACCEPTED); /* it is still there, and is reported for itself */
	assert_int_equal(w.o->changer, 0);
	end_two(&w);
	two_of(&w, TSP_ACTION_REPLACE, TRG_SUBMITTING); /* it turns out with the answer */
	trg_step(w.t, &ok, w.f.now_ms);
	assert_int_equal(w.f.status, TSP_STATUS_SUCCESS);
	assert_int_equal(w.o->state, TRG_ACCEPTED);
	end_two(&w);
}

static struct trg *died(struct trg *t, struct fake *f)
{
	uint8_t bytes[TRG_RECORD_MAX];
	struct buf b = buf_over(bytes, sizeof bytes);
	struct trg *back;

	trg_record_build(&b, t);
	assert_int_equal(trg_restore(&back, t->number, bytes, b.len, &fake_conf, &fake_ports, f), 0);
	trg_free(t);
	f->answered = 0; /* whoever is asked again may be told again: the same */
	return back;
}

static void test_a_recall_goes_on_after_a_restart(void **state)
{
	struct two w;

	(void)state;
	two_of(&w, TSP_ACTION_RECALL, TRG_SUBMITTING);
	w.o = w.f.original = died(w.o, &w.own);
	assert_int_equal(w.o->changer, 0);
	w.t = died(w.t, &w.f);
	step(w.o, &w.own, TRG_EV_RESTORED);
	step(w.t, &w.f, TRG_EV_RESTORED);
	assert_int_equal(w.f.submitted_again, 1); /* with T and the same End-to-End-Id: the port checks */
	assert_true(w.o->changer == w.t->number);
	step(w.t, &w.f, TRG_EV_DTA_OK);
	assert_int_equal(w.f.status, TSP_STATUS_SUCCESS);
	assert_int_equal(w.o->state, TRG_DONE);
	end_two(&w);
}

/* Killed between the end of the original and the recall's own: the copy gets the same answer, and so does the SCS. */
static void test_a_restored_recall_whose_original_has_ended_succeeds(void **state)
{
	struct two w;

	(void)state;
	two_of(&w, TSP_ACTION_RECALL, TRG_SUBMITTING);
	w.t = died(w.t, &w.f);
	w.f.original = NULL;
	step(w.t, &w.f, TRG_EV_RESTORED);
	step(w.t, &w.f, TRG_EV_DTA_OK);
	assert_int_equal(w.f.status, TSP_STATUS_SUCCESS);
	end_two(&w);
}

static void test_a_number_used_again_is_not_the_original(void **state)
{
	struct two w;

	(void)state;
	two_of(&w, TSP_ACTION_RECALL, TRG_RECALLING);
	w.t = died(w.t, &w.f);
	w.o->number = 99; /* another trigger under the same number, newer than the recall */
	w.o->changer = 0;
	step(w.t, &w.f, TRG_EV_RESTORED);
	step(w.t, &w.f, TRG_EV_RECALL_DONE);
	assert_int_equal(w.t->state, TRG_DONE);
	assert_int_equal(w.o->state, TRG_ACCEPTED);
	end_two(&w);
}

/* -- a right that ends */

static void test_a_right_that_ends_takes_the_trigger_back(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_REVOKING);

	(void)state;
	assert_int_equal(f.audited, 1);
	assert_int_equal(f.revocation, TRG_REVOCATION_BEGUN);
	assert_int_equal(f.stored, 2); /* the intent, and that it is taken back: a restart asks the same question */
	assert_int_equal(t->revoke_reason, WHY_GIVEN);
	assert_int_equal(f.recalled, 1);
	step(t, &f, TRG_EV_RECALL_DONE);
	assert_int_equal(f.revocation, TRG_REVOCATION_TAKEN);
	assert_int_equal(t->outcome, TSP_OUTCOME_UNDELIVERABLE);
	assert_int_equal(f.notified, 0);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.notified, 1);
	trg_free(t);
}

static void test_what_was_sent_already_is_reported_as_ever(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_REVOKING);

	(void)state;
	step(t, &f, TRG_EV_RECALL_NO);
	assert_int_equal(f.revocation, TRG_REVOCATION_SENT);
	assert_int_equal(t->state, TRG_ACCEPTED);
	assert_true(f.armed_ms == trg_report_deadline(t));
	step(t, &f, TRG_EV_DRR);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(t->outcome, TSP_OUTCOME_SUCCESS);
	trg_free(t);
}

static void test_a_report_during_the_recall_counts(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_REVOKING);

	(void)state;
	step(t, &f, TRG_EV_DRR);
	assert_int_equal(f.revocation, TRG_REVOCATION_REPORTED);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(t->outcome, TSP_OUTCOME_SUCCESS);
	assert_int_equal(f.acked_ok, 1);
	trg_free(t);
}

static void test_the_recall_is_tried_until_the_trigger_is_too_old(void **state)
{
	struct trg_event busy = { .kind = TRG_EV_RECALL_NO, .status = TSP_STATUS_RECALLFAIL };
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_REVOKING);
	uint32_t first = t->recall_end_to_end;
	int rounds = 0;

	(void)state;
	trg_step(t, &busy, f.now_ms); /* it is being delivered at this moment */
	assert_int_equal(t->state, TRG_REVOKING);
	step(t, &f, TRG_EV_TIMER);
	assert_int_not_equal(t->recall_end_to_end, first); /* a new question: a copy would get the same answer */
	assert_int_equal(f.recalled, 2);
	while (t->state == TRG_REVOKING && rounds++ < 100) {
		step(t, &f, TRG_EV_RECALL_SILENT);
		step(t, &f, TRG_EV_TIMER);
	}
	assert_int_equal(f.revocation, TRG_REVOCATION_UNANSWERED);
	assert_int_equal(t->state, TRG_REPORTING);
	assert_int_equal(t->outcome, TSP_OUTCOME_UNCONFIRMED);
	assert_true(f.now_ms == trg_report_deadline(t));
	trg_free(t);
}

static void test_a_right_that_ends_while_it_is_submitted_waits_for_the_dta(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_SUBMITTING);

	(void)state;
	step(t, &f, TRG_EV_REVOKE);
	assert_int_equal(t->state, TRG_SUBMITTING);
	assert_int_equal(f.audited, 0);
	step(t, &f, TRG_EV_DTA_OK);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.status, TSP_STATUS_SUCCESS); /* it was taken; what comes then is its report */
	assert_int_equal(t->state, TRG_REVOKING);
	assert_int_equal(t->revoke_reason, WHY_GIVEN);
	assert_int_equal(f.recalled, 1);
	trg_free(t);
}

static void test_what_was_undecided_at_a_restart_is_not_submitted_without_its_right(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_RESUMING);
	int submitted = f.submitted + f.submitted_again;

	(void)state;
	f.refusal = (struct trg_refusal){ TSP_STATUS_NOTAUTHORIZED, WHY_GIVEN };
	step(t, &f, TRG_EV_RESTORED);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.submitted + f.submitted_again, submitted);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(t->state, TRG_REVOKING);
	assert_int_equal(f.recalled, 1);
	step(t, &f, TRG_EV_RECALL_DONE); /* so it had been accepted, and the SCS may know that */
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(t->outcome, TSP_OUTCOME_UNDELIVERABLE);
	assert_int_equal(f.notified, 1);
	trg_free(t);
	f = fake_new();
	t = in_state(&f, TRG_RESUMING);
	f.refusal = (struct trg_refusal){ TSP_STATUS_TEMPORARYERROR, WHY_GIVEN }; /* the store cannot be read: nobody says yes */
	step(t, &f, TRG_EV_RESTORED);
	assert_int_equal(t->state, TRG_RESUMING);
	assert_int_equal(f.answered, 0);
	trg_free(t);
}

/* The SMS-SC does not say whether it ever had it: the report comes, or nobody knows. */
static void test_what_may_have_been_accepted_before_a_restart_is_reported(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_RESUMING);

	(void)state;
	step(t, &f, TRG_EV_RESTORED);
	step(t, &f, TRG_EV_DTA_SILENT);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(t->state, TRG_REVOKING);
	t = died(t, &f);
	assert_int_equal(t->answer_status, TSP_STATUS_TEMPORARYERROR); /* what a copy of the request is told */
	step(t, &f, TRG_EV_RESTORED);
	step(t, &f, TRG_EV_RECALL_NO);
	assert_int_equal(t->state, TRG_ACCEPTED);
	step(t, &f, TRG_EV_TIMER);
	assert_int_equal(t->outcome, TSP_OUTCOME_UNCONFIRMED);
	trg_free(t);
}

static void test_a_restored_replace_that_is_taken_back_ends_its_original_or_frees_it(void **state)
{
	static const enum trg_event_kind ends[] = { TRG_EV_RECALL_DONE, TRG_EV_DRR, TRG_EV_RECALL_NO };
	struct two w;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		two_of(&w, TSP_ACTION_REPLACE, TRG_SUBMITTING);
		w.t = died(w.t, &w.f);
		w.o->changer = 0;
		step(w.t, &w.f, TRG_EV_RESTORED);
		step(w.t, &w.f, TRG_EV_DTA_SILENT);
		w.t = died(w.t, &w.f);
		w.o->changer = 0;
		step(w.t, &w.f, TRG_EV_RESTORED);
		assert_true(w.o->changer == w.t->number);
		step(w.t, &w.f, ends[i]);
		assert_int_equal(w.o->changer, 0);
		assert_int_equal(w.o->state, ends[i] == TRG_EV_RECALL_NO ? TRG_ACCEPTED : TRG_REPORTING);
		end_two(&w);
	}
}

/* -- taken back by hand */

static void test_one_that_is_not_wanted_does_not_leave(void **state)
{
	static const enum trg_event_kind kinds[] = { TRG_EV_REVOKE, TRG_EV_CANCEL };
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_ASKING);

	(void)state;
	step(t, &f, TRG_EV_CANCEL);
	assert_int_equal(t->state, TRG_DONE);
	assert_int_equal(f.status, TSP_STATUS_PERMANENTERROR);
	assert_int_equal(f.reason, WHY_GIVEN);
	trg_free(t);
	f = fake_new();
	t = in_state(&f, TRG_WRITING);
	step(t, &f, TRG_EV_CANCEL);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.answered, 0);
	step(t, &f, TRG_EV_DURABLE); /* the refusal */
	assert_int_equal(f.status, TSP_STATUS_PERMANENTERROR);
	assert_int_equal(f.submitted, 0);
	trg_free(t);
	for (size_t i = 0; i < 2; i++) {
		f = fake_new();
		t = in_state(&f, TRG_SUBMITTING);
		assert_false(trg_unwanted(t));
		step(t, &f, kinds[i]);
		assert_true(trg_unwanted(t)); /* whoever lets it wait asks that */
		step(t, &f, TRG_EV_UNSENT);
		step(t, &f, TRG_EV_DURABLE);
		assert_int_equal(t->state, TRG_DONE);
		assert_int_equal(f.status, i ? TSP_STATUS_PERMANENTERROR : TSP_STATUS_NOTAUTHORIZED);
		trg_free(t);
	}
}

static void test_no_copy_of_one_that_is_not_wanted_leaves(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_SUBMITTING);

	(void)state;
	step(t, &f, TRG_EV_CANCEL);
	step(t, &f, TRG_EV_DTA_SILENT);
	assert_int_equal(f.submitted_again, 0);
	assert_int_equal(t->state, TRG_RECALLING);
	trg_free(t);
	f = fake_new();
	t = in_state(&f, TRG_RESUBMITTING);
	step(t, &f, TRG_EV_CANCEL);
	step(t, &f, TRG_EV_UNSENT);
	assert_int_equal(t->state, TRG_RECALLING);
	trg_free(t);
	f = fake_new();
	t = in_state(&f, TRG_RESUMING);
	step(t, &f, TRG_EV_RESTORED);
	step(t, &f, TRG_EV_CANCEL);
	step(t, &f, TRG_EV_UNSENT); /* it does not wait for the SMS-SC any more */
	assert_int_equal(t->state, TRG_REVOKING);
	trg_free(t);
}

static void test_what_was_taken_back_by_hand_stays_so_after_a_restart(void **state)
{
	static const enum trg_state states[] = { TRG_WRITING, TRG_SUBMITTING, TRG_RESUBMITTING };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fake f = fake_new();
		struct trg *t = in_state(&f, states[i]);
		int submitted = f.submitted + f.submitted_again;

		step(t, &f, TRG_EV_CANCEL);
		t = died(t, &f);
		assert_true(trg_unwanted(t));
		step(t, &f, TRG_EV_RESTORED);
		step(t, &f, TRG_EV_DURABLE);
		assert_int_equal(f.submitted + f.submitted_again, submitted);
		assert_int_equal(f.recalled, 1);
		assert_int_equal(t->revoke_reason, WHY_GIVEN);
		trg_free(t);
	}
}

static void test_a_revocation_goes_on_after_a_restart(void **state)
{
	struct fake f = fake_new();
	struct trg *t = died(in_state(&f, TRG_REVOKING), &f);

	(void)state;
	assert_int_equal(t->state, TRG_REVOKING);
	assert_true(t->revoked);
	assert_int_equal(t->revoke_reason, WHY_GIVEN);
	step(t, &f, TRG_EV_RESTORED);
	assert_int_equal(f.recalled_again, 1);
	step(t, &f, TRG_EV_RECALL_DONE);
	assert_int_equal(t->outcome, TSP_OUTCOME_UNDELIVERABLE);
	trg_free(t);
}

static void test_an_end_of_our_own_that_cannot_be_stored_is_tried_again(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_REVOKING);

	(void)state;
	f.fail_store = true;
	step(t, &f, TRG_EV_RECALL_DONE);
	assert_int_equal(t->state, TRG_ACCEPTED);
	assert_true(f.armed_ms == f.now_ms + fake_conf.retry_min_ms);
	f.fail_store = false;
	step(t, &f, TRG_EV_TIMER);
	assert_int_equal(t->outcome, TSP_OUTCOME_UNDELIVERABLE);
	trg_free(t);
}

/* -- validity that ends */

static void test_an_expired_trigger_dies_where_it_is(void **state)
{
	static const struct {
		enum trg_state at;
		enum trg_event_kind event;
	} rows[] = { { TRG_ASKING, TRG_EV_SUBSCRIBER }, { TRG_WRITING, TRG_EV_DURABLE }, { TRG_SUBMITTING, TRG_EV_UNSENT } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct fake f = fake_new();
		struct trg *t = in_state(&f, rows[i].at);
		int submitted = f.submitted;

		f.now_ms = t->req.expires_ms;
		step(t, &f, rows[i].event);
		assert_int_equal(f.submitted, submitted);
		assert_int_equal(f.answered, 0); /* SUCCESS only with the report on disk */
		assert_int_equal(t->state, TRG_REPORTING);
		step(t, &f, TRG_EV_DURABLE);
		assert_int_equal(f.status, TSP_STATUS_SUCCESS);
		assert_int_equal(t->outcome, TSP_OUTCOME_EXPIRED);
		assert_int_equal(f.notified, 1);
		trg_free(t);
	}
}

static void test_an_expired_trigger_that_cannot_be_stored_is_201(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_ASKING);

	(void)state;
	f.now_ms = t->req.expires_ms;
	step(t, &f, TRG_EV_SUBSCRIBER);
	step(t, &f, TRG_EV_DISK);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(f.reason, WHY_JOURNAL);
	assert_int_equal(t->state, TRG_DONE);
	trg_free(t);
}

static void test_an_expired_replace_replaces_nothing(void **state)
{
	struct two w;

	(void)state;
	two_of(&w, TSP_ACTION_REPLACE, TRG_WRITING);
	w.f.now_ms = w.t->req.expires_ms;
	step(w.t, &w.f, TRG_EV_DURABLE);
	step(w.t, &w.f, TRG_EV_DURABLE);
	assert_int_equal(w.f.status, TSP_STATUS_REPLACEFAIL);
	assert_int_equal(w.f.reason, WHY_EXPIRED);
	assert_int_equal(w.o->state, TRG_ACCEPTED);
	end_two(&w);
}

static void test_no_copy_leaves_after_the_expiry(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_SUBMITTING);

	(void)state;
	f.now_ms = t->req.expires_ms;
	step(t, &f, TRG_EV_DTA_SILENT);
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.submitted_again, 0);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR); /* the first is out, and nobody knows */
	assert_int_equal(t->state, TRG_RECALLING);
	trg_free(t);
}

static void test_one_that_expired_while_we_were_away_waits_for_a_report_and_is_then_unconfirmed(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_RESUMING);

	(void)state;
	f.now_ms = t->req.expires_ms + 1;
	step(t, &f, TRG_EV_RESTORED);
	assert_int_equal(f.submitted_again, 0);
	assert_int_equal(f.status, TSP_STATUS_SUCCESS);
	assert_int_equal(t->state, TRG_RESUMING);
	step(t, &f, TRG_EV_TIMER);
	assert_true(f.now_ms == trg_report_deadline(t));
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(t->outcome, TSP_OUTCOME_UNCONFIRMED);
	trg_free(t);
	f = fake_new();
	t = in_state(&f, TRG_RESUMING);
	f.now_ms = t->req.expires_ms + 1;
	step(t, &f, TRG_EV_RESTORED);
	step(t, &f, TRG_EV_DRR); /* the SMS-SC had it: its word counts */
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(t->outcome, TSP_OUTCOME_SUCCESS);
	trg_free(t);
}

/* -- a core that was away longer than the grace: the SMS-SC reports again what it reported meanwhile */

static struct trg_conf started_at(uint64_t now_ms)
{
	struct trg_conf conf = fake_conf;

	conf.unconfirmed_from_ms = now_ms + conf.report_grace_ms;
	return conf;
}

static void test_a_start_gives_a_report_its_grace_again(void **state)
{
	static const enum trg_state rows[] = { TRG_ACCEPTED, TRG_RESUMING };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
		struct fake f = fake_new();
		struct trg *t = in_state(&f, rows[i / 2]);
		struct trg_conf conf = started_at(T0 + 10 * VALIDITY_S * 1000ull);
		bool reported = i % 2;

		f.now_ms = T0 + 10 * VALIDITY_S * 1000ull;
		t->conf = &conf;
		assert_true(trg_report_deadline(t) == conf.unconfirmed_from_ms);
		step(t, &f, TRG_EV_RESTORED);
		assert_int_equal(f.submitted_again, 0); /* its validity is over */
		assert_int_equal(t->state, rows[i / 2]);
		assert_true(f.armed_ms == conf.unconfirmed_from_ms);
		step(t, &f, reported ? TRG_EV_DRR : TRG_EV_TIMER);
		step(t, &f, TRG_EV_DURABLE);
		assert_int_equal(t->outcome, reported ? TSP_OUTCOME_SUCCESS : TSP_OUTCOME_UNCONFIRMED);
		assert_int_equal(f.notified, 1);
		trg_free(t);
	}
}

/* One attempt, whenever: but no copy of it leaves hours later. */
static void test_one_without_validity_that_is_too_old_is_not_sent_again_and_waits_for_its_report(void **state)
{
	(void)state;
	for (int reported = 0; reported < 2; reported++) {
		struct fake f = fake_new();
		struct trg_request r = request();
		struct trg_conf conf;
		struct trg *t;

		r.validity_s = 0;
		r.expires_ms = r.received_ms;
		t = in_state_of(&f, TRG_RESUMING, &r);
		f.now_ms = T0 + fake_conf.report_grace_ms;
		conf = started_at(f.now_ms);
		t->conf = &conf;
		step(t, &f, TRG_EV_RESTORED);
		assert_int_equal(f.submitted_again, 0);
		assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
		assert_int_equal(t->state, TRG_RESUMING);
		assert_true(f.armed_ms == conf.unconfirmed_from_ms);
		step(t, &f, reported ? TRG_EV_DRR : TRG_EV_TIMER);
		step(t, &f, TRG_EV_DURABLE);
		assert_int_equal(t->outcome, reported ? TSP_OUTCOME_SUCCESS : TSP_OUTCOME_UNCONFIRMED);
		assert_int_equal(f.answered, 1);
		assert_int_equal(f.notified, 1);
		trg_free(t);
	}
}

static void test_one_attempt_never_expires_and_is_not_made_late(void **state)
{
	struct trg_request r = request();
	struct fake f = fake_new();
	struct trg *t;

	(void)state;
	r.validity_s = 0;
	r.expires_ms = r.received_ms;
	t = in_state_of(&f, TRG_WRITING, &r);
	f.now_ms += 5000;
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(f.submitted, 1);
	trg_free(t);
	f = fake_new();
	t = in_state_of(&f, TRG_RESUMING, &r);
	f.now_ms = trg_report_deadline(t);
	step(t, &f, TRG_EV_RESTORED);
	assert_int_equal(f.submitted_again, 0);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(t->outcome, TSP_OUTCOME_UNCONFIRMED); /* a SUCCESS may have been told before the restart */
	trg_free(t);
}

/* -- what it went through */

static void test_the_history_says_what_happened_and_survives_a_restart(void **state)
{
	struct trg_history_entry past[TRG_HISTORY_MAX];
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_ACCEPTED);
	struct trg_outlook look;
	uint32_t dropped;
	size_t n;

	(void)state;
	n = trg_history(t, past, &dropped);
	assert_int_equal(n, 4); /* asking, writing, submitting, accepted */
	assert_int_equal(past[0].from, TRG_IDLE);
	assert_int_equal(past[3].to, TRG_ACCEPTED);
	assert_int_equal(past[3].event, TRG_EV_DTA_OK);
	assert_true(past[3].at_ms == f.now_ms);
	trg_look(t, &look);
	assert_string_equal(look.waits_for, "the SMS-SC's report");
	assert_true(look.next_ms == trg_report_deadline(t) && look.until_ms == look.next_ms);
	t = died(t, &f);
	assert_int_equal(trg_history(t, past, &dropped), 4);
	assert_int_equal(t->submits, 1);
	assert_string_equal(t->accepted_by, "smssc.example");
	trg_free(t);
}

static void test_the_history_is_bounded_and_keeps_its_beginning(void **state)
{
	struct trg_history_entry past[TRG_HISTORY_MAX];
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_NOTIFYING);
	uint32_t dropped;

	(void)state;
	for (int i = 0; i < 50; i++) {
		step(t, &f, TRG_EV_DNA_NO);
		step(t, &f, TRG_EV_TIMER);
	}
	assert_int_equal(trg_history(t, past, &dropped), TRG_HISTORY_MAX);
	assert_int_equal(dropped, 6 + 100 - TRG_HISTORY_MAX);
	assert_int_equal(past[0].event, TRG_EV_START);
	assert_int_equal(past[TRG_HISTORY_FIRST - 1].to, TRG_NOTIFYING);
	assert_int_equal(past[TRG_HISTORY_MAX - 1].event, TRG_EV_TIMER);
	t = died(t, &f);
	assert_int_equal(trg_history(t, past, &dropped), TRG_HISTORY_MAX);
	assert_int_equal(dropped, 6 + 100 - TRG_HISTORY_MAX);
	trg_free(t);
}

static void test_a_refusal_stands_in_the_history_with_its_reason(void **state)
{
	struct trg_history_entry past[TRG_HISTORY_MAX];
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_WRITING);
	uint32_t dropped;
	size_t n;

	(void)state;
	step(t, &f, TRG_EV_DISK);
	n = trg_history(t, past, &dropped);
	assert_int_equal(past[n - 1].to, TRG_DONE);
	trg_free(t);
	f = fake_new();
	t = in_state(&f, TRG_WRITING);
	f.refusal = (struct trg_refusal){ TSP_STATUS_NOTAUTHORIZED, WHY_GIVEN };
	step(t, &f, TRG_EV_DURABLE);
	step(t, &f, TRG_EV_DURABLE);
	n = trg_history(t, past, &dropped);
	assert_int_equal(past[n - 1].reason, WHY_GIVEN);
	trg_free(t);
}

static int fini(void **state)
{
	(void)state;
	trg_names_fini(&fake_smssc_hosts);
	return 0;
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_recall_ends_its_original_without_a_report),
		cmocka_unit_test(test_a_recall_of_what_was_told_as_delivered_is_112_and_its_report_stays),
		cmocka_unit_test(test_a_replace_lives_on_under_its_own_number),
		cmocka_unit_test(test_a_report_of_the_replacement_waits_for_its_dta),
		cmocka_unit_test(test_a_report_of_the_replacement_without_any_dta_is_112_and_leaves_the_original),
		cmocka_unit_test(test_a_report_that_waits_for_its_dta_ends_with_the_time_for_the_answer),
		cmocka_unit_test(test_a_report_that_waits_after_a_restart_is_owed_when_the_time_for_the_answer_is_over),
		cmocka_unit_test(test_an_original_that_was_not_replaced_outlives_a_replacement_that_was_given_up),
		cmocka_unit_test(test_a_replace_of_an_ended_original_becomes_a_trigger_of_its_own),
		cmocka_unit_test(test_a_replace_that_overtakes_the_report_of_its_original_leaves_it),
		cmocka_unit_test(test_a_report_before_the_dta_when_the_original_has_ended_is_112_at_once),
		cmocka_unit_test(test_a_replacement_that_is_a_new_trigger_can_be_taken_back),
		cmocka_unit_test(test_a_recall_of_an_ended_original_is_what_the_sms_sc_says_unless_it_was_reported),
		cmocka_unit_test(test_an_ended_original_is_of_that_scs_and_that_device),
		cmocka_unit_test(test_what_an_original_may_be_when_it_is_named),
		cmocka_unit_test(test_one_change_at_a_time),
		cmocka_unit_test(test_an_original_of_another_scs_is_not_there),
		cmocka_unit_test(test_a_right_on_one_device_recalls_nothing_of_another),
		cmocka_unit_test(test_both_opinions_are_asked_for_every_action),
		cmocka_unit_test(test_an_original_reported_meanwhile_is_left_alone_and_the_sms_sc_is_asked),
		cmocka_unit_test(test_a_report_that_overtakes_the_dta_wins),
		cmocka_unit_test(test_what_the_sms_sc_refuses_is_said_with_its_diagnostic),
		cmocka_unit_test(test_no_answer_to_a_recall_is_201_and_it_asks_on_until_it_knows),
		cmocka_unit_test(test_a_recall_that_did_not_happen_leaves_its_original),
		cmocka_unit_test(test_a_replace_of_unknown_outcome_is_recalled_and_so_is_the_truth_about_its_original),
		cmocka_unit_test(test_an_sms_sc_without_the_feature),
		cmocka_unit_test(test_a_recall_goes_on_after_a_restart),
		cmocka_unit_test(test_a_restored_recall_whose_original_has_ended_succeeds),
		cmocka_unit_test(test_a_number_used_again_is_not_the_original),
		cmocka_unit_test(test_a_right_that_ends_takes_the_trigger_back),
		cmocka_unit_test(test_what_was_sent_already_is_reported_as_ever),
		cmocka_unit_test(test_a_report_during_the_recall_counts),
		cmocka_unit_test(test_the_recall_is_tried_until_the_trigger_is_too_old),
		cmocka_unit_test(test_a_right_that_ends_while_it_is_submitted_waits_for_the_dta),
		cmocka_unit_test(test_what_was_undecided_at_a_restart_is_not_submitted_without_its_right),
		cmocka_unit_test(test_what_may_have_been_accepted_before_a_restart_is_reported),
		cmocka_unit_test(test_a_restored_replace_that_is_taken_back_ends_its_original_or_frees_it),
		cmocka_unit_test(test_one_that_is_not_wanted_does_not_leave),
		cmocka_unit_test(test_no_copy_of_one_that_is_not_wanted_leaves),
		cmocka_unit_test(test_what_was_taken_back_by_hand_stays_so_after_a_restart),
		cmocka_unit_test(test_a_revocation_goes_on_after_a_restart),
		cmocka_unit_test(test_an_end_of_our_own_that_cannot_be_stored_is_tried_again),
		cmocka_unit_test(test_an_expired_trigger_dies_where_it_is),
		cmocka_unit_test(test_an_expired_trigger_that_cannot_be_stored_is_201),
		cmocka_unit_test(test_an_expired_replace_replaces_nothing),
		cmocka_unit_test(test_no_copy_leaves_after_the_expiry),
		cmocka_unit_test(test_one_that_expired_while_we_were_away_waits_for_a_report_and_is_then_unconfirmed),
		cmocka_unit_test(test_a_start_gives_a_report_its_grace_again),
		cmocka_unit_test(test_one_without_validity_that_is_too_old_is_not_sent_again_and_waits_for_its_report),
		cmocka_unit_test(test_one_attempt_never_expires_and_is_not_made_late),
		cmocka_unit_test(test_the_history_says_what_happened_and_survives_a_restart),
		cmocka_unit_test(test_the_history_is_bounded_and_keeps_its_beginning),
		cmocka_unit_test(test_a_refusal_stands_in_the_history_with_its_reason),
	};

	return cmocka_run_group_tests_name("trg_change", tests, NULL, fini);
}
