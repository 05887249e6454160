/* An SMS-SC that takes no copies (SMPP): what is done when nobody knows whether it has the trigger. */
#include "tests/unit/trigger/fake.h"
#include "trigger/trg_park.h"
#include "trigger/trg_parts.h"

static struct trg *unknown(struct fake *f)
{
	struct trg *t;

	f->copies = TRG_COPIES_NEVER;
	t = in_state(f, TRG_SUBMITTING);
	assert_int_equal(step(t, f, TRG_EV_DTA_SILENT), 0);
	assert_int_equal(t->state, TRG_UNKNOWN);
	return t;
}

static void test_silence_is_201_once_that_is_durable_and_nothing_is_sent_again(void **state)
{
	struct fake f = fake_new();
	struct trg *t = unknown(&f);

	(void)state;
	assert_int_equal(f.answered, 0);
	assert_int_equal(step(t, &f, TRG_EV_DURABLE), 0);
	assert_int_equal(f.answered, 1);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(f.submitted + f.submitted_again, 1);
	assert_int_equal(f.recalled, 0);
	assert_true(f.armed_ms == trg_report_deadline(t));
	trg_free(t);
}

static void test_only_a_report_resolves_it(void **state)
{
	struct fake f = fake_new();
	struct trg *t = unknown(&f);

	(void)state;
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(step(t, &f, TRG_EV_CANCEL), 0);
	assert_int_equal(step(t, &f, TRG_EV_DTA_SILENT), 0);
	assert_int_equal(t->state, TRG_UNKNOWN);
	assert_int_equal(step(t, &f, TRG_EV_DRR), 0);
	assert_int_equal(t->state, TRG_REPORTING);
	assert_int_equal(step(t, &f, TRG_EV_DURABLE), 0);
	assert_int_equal(f.notified, 1);
	assert_int_equal(f.answered, 1);
	trg_free(t);
}

static void test_without_a_report_it_is_unconfirmed(void **state)
{
	struct fake f = fake_new();
	struct trg *t = unknown(&f);

	(void)state;
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(step(t, &f, TRG_EV_TIMER), 0);
	assert_int_equal(t->state, TRG_REPORTING);
	assert_int_equal(t->outcome, TSP_OUTCOME_UNCONFIRMED);
	trg_free(t);
}

static void test_a_late_answer_with_an_id_is_cancelled(void **state)
{
	struct fake f = fake_new();
	struct trg *t = unknown(&f);

	(void)state;
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(trg_set_message_id(t, "4711", false), 0);
	assert_int_equal(step(t, &f, TRG_EV_DTA_OK), 0);
	assert_int_equal(t->state, TRG_REVOKING);
	assert_int_equal(step(t, &f, TRG_EV_DURABLE), 0);
	assert_int_equal(f.recalled, 1);
	trg_free(t);
}

static void test_a_late_refusal_ends_it(void **state)
{
	struct fake f = fake_new();
	struct trg *t = unknown(&f);

	(void)state;
	step(t, &f, TRG_EV_DURABLE);
	assert_int_equal(step(t, &f, TRG_EV_DTA_NO), 0);
	assert_int_equal(t->state, TRG_DONE);
	assert_int_equal(f.notified, 0);
	trg_free(t);
}

/* The SCS was told what the SMS-SC had reported, and the disk did not take it. What the answer says, late as it is, adds nothing. */
static void test_a_late_answer_after_a_report_that_was_told_changes_nothing(void **state)
{
	static const enum trg_event_kind dtas[] = { TRG_EV_DTA_NO, TRG_EV_DTA_OK, TRG_EV_DTA_STORED };

	(void)state;
	for (size_t i = 0; i < sizeof dtas / sizeof dtas[0]; i++) {
		struct fake f = fake_new();
		struct trg *t = unknown(&f);

		f.ids_last = true;
		step(t, &f, TRG_EV_DURABLE);
		step(t, &f, TRG_EV_DRR);
		assert_int_equal(f.notified, 1);
		step(t, &f, TRG_EV_DISK);
		assert_int_equal(t->state, TRG_UNKNOWN);
		assert_int_equal(step(t, &f, dtas[i]), 0);
		assert_int_equal(t->state, TRG_UNKNOWN);
		assert_true(f.armed_ms == f.now_ms + fake_conf.retry_min_ms);
		step(t, &f, TRG_EV_DNA_NO); /* the SCS does not have it yet */
		step(t, &f, TRG_EV_TIMER);
		step(t, &f, TRG_EV_DURABLE);
		step(t, &f, TRG_EV_TIMER);
		assert_int_equal(f.notified_again, 1);
		step(t, &f, TRG_EV_DNA_OK);
		assert_int_equal(f.forgotten, 1);
		assert_int_equal(f.recalled, 0);
		trg_free(t);
	}
}

static void test_resubmit_sends_one_copy_and_then_holds(void **state)
{
	struct fake f = fake_new();
	struct trg *t;

	(void)state;
	f.copies = TRG_COPIES_ONCE;
	t = in_state(&f, TRG_SUBMITTING);
	step(t, &f, TRG_EV_DTA_SILENT);
	assert_int_equal(t->state, TRG_RESUBMITTING);
	assert_int_equal(f.submitted_again, 1);
	step(t, &f, TRG_EV_DTA_SILENT);
	assert_int_equal(t->state, TRG_UNKNOWN);
	assert_int_equal(f.submitted_again, 1);
	assert_int_equal(f.recalled, 0);
	trg_free(t);
}

static struct trg *again(struct fake *f, struct trg *t)
{
	uint8_t bytes[TRG_RECORD_MAX];
	struct buf b = buf_over(bytes, sizeof bytes);
	struct trg *back;

	trg_record_build(&b, t);
	trg_free(t);
	assert_int_equal(trg_restore(&back, 7, bytes, b.len, &fake_conf, &fake_ports, f), 0);
	return back;
}

static void test_a_restart_sends_no_copy(void **state)
{
	struct fake f = fake_new();
	struct trg *t;

	(void)state;
	f.copies = TRG_COPIES_NEVER;
	t = again(&f, in_state(&f, TRG_SUBMITTING));
	assert_int_equal(step(t, &f, TRG_EV_RESTORED), 0);
	assert_int_equal(t->state, TRG_UNKNOWN);
	assert_int_equal(f.submitted_again, 0);
	step(t, &f, TRG_EV_DURABLE);
	t = again(&f, t);
	assert_int_equal(t->state, TRG_UNKNOWN);
	assert_int_equal(step(t, &f, TRG_EV_RESTORED), 0);
	assert_true(f.armed_ms == trg_report_deadline(t));
	assert_int_equal(step(t, &f, TRG_EV_DRR), 0);
	assert_int_equal(t->state, TRG_REPORTING);
	assert_int_equal(f.answered, 1);
	trg_free(t);
}

static void test_a_restart_with_the_id_is_an_acceptance(void **state)
{
	struct fake f = fake_new();
	struct trg *t;

	(void)state;
	f.copies = TRG_COPIES_NEVER;
	t = in_state(&f, TRG_SUBMITTING);
	assert_int_equal(trg_set_message_id(t, "4711", false), 0);
	t = again(&f, t);
	assert_string_equal(t->message_id, "4711");
	assert_int_equal(step(t, &f, TRG_EV_RESTORED), 0);
	assert_int_equal(t->state, TRG_ACCEPTED);
	assert_int_equal(f.status, TSP_STATUS_SUCCESS);
	assert_int_equal(f.submitted_again, 0);
	trg_free(t);
}

/* One record for both: a restart has nothing to decide, and none follows the answer. */
static void test_the_record_of_the_id_says_accepted(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_SUBMITTING);

	(void)state;
	assert_int_equal(trg_set_message_id(t, "4711", false), 0);
	assert_true(trg_take(t, "smsc.example"));
	assert_int_equal(step(t, &f, TRG_EV_DTA_OK), 0);
	assert_int_equal(t->state, TRG_ACCEPTED);
	assert_int_equal(f.answered, 1);
	assert_int_equal(f.noted, 0);
	trg_free(t);

	f = fake_new();
	t = in_state(&f, TRG_SUBMITTING);
	assert_int_equal(trg_set_message_id(t, "4711", false), 0);
	assert_true(trg_take(t, "smsc.example"));
	t = again(&f, t);
	assert_int_equal(step(t, &f, TRG_EV_RESTORED), 0);
	assert_int_equal(t->state, TRG_ACCEPTED);
	assert_string_equal(t->message_id, "4711");
	assert_string_equal(t->accepted_by, "smsc.example");
	assert_true(t->accepted);
	assert_int_equal(t->answer_status, TSP_STATUS_SUCCESS);
	assert_int_equal(f.answered, 0);
	assert_true(f.armed_ms == trg_report_deadline(t));
	trg_free(t);
}

static void test_a_record_that_is_not_durable_says_nothing(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_SUBMITTING);

	(void)state;
	assert_int_equal(trg_set_message_id(t, "4711", false), 0);
	assert_true(trg_take(t, "smsc.example"));
	trg_take_back(t);
	assert_null(t->accepted_by);
	t = again(&f, t);
	assert_int_equal(t->state, TRG_RESUMING);
	trg_free(t);
}

/* The operator was told that this is on disk. */
static void test_a_cancel_while_the_id_is_on_its_way_survives_a_restart(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_SUBMITTING);

	(void)state;
	assert_int_equal(trg_set_message_id(t, "4711", false), 0);
	assert_true(trg_take(t, "smsc.example"));
	assert_int_equal(step(t, &f, TRG_EV_CANCEL), 0);
	t = again(&f, t);
	assert_true(t->accepted);
	assert_int_equal(step(t, &f, TRG_EV_RESTORED), 0);
	assert_int_equal(t->state, TRG_REVOKING);
	assert_int_equal(step(t, &f, TRG_EV_DURABLE), 0);
	assert_int_equal(f.recalled, 1);
	assert_int_equal(f.answered, 0);
	trg_free(t);
}

static struct trg *reported_before_the_id_is_durable(struct fake *f)
{
	struct trg *t = in_state(f, TRG_SUBMITTING);

	assert_int_equal(trg_set_message_id(t, "4711", false), 0);
	assert_true(trg_take(t, "smsc.example"));
	assert_int_equal(step(t, f, TRG_EV_DRR), 0);
	assert_int_equal(t->state, TRG_REPORTING);
	assert_int_equal(f->answered, 0);
	return t;
}

/* A crash now leaves a trigger without an id: its SCS must not know of a SUCCESS. */
static void test_a_receipt_does_not_answer_before_the_id_is_durable(void **state)
{
	struct fake f = fake_new();
	struct trg *t = reported_before_the_id_is_durable(&f);

	(void)state;
	assert_int_equal(step(t, &f, TRG_EV_DTA_OK), 0);
	assert_int_equal(f.answered, 0);
	assert_int_equal(step(t, &f, TRG_EV_DURABLE), 0);
	assert_int_equal(f.answered, 1);
	assert_int_equal(f.status, TSP_STATUS_SUCCESS);
	assert_int_equal(f.notified, 1);
	trg_free(t);
}

/* The SMS-SC has it, and sends the receipt again. */
static void test_a_receipt_that_is_not_durable_leaves_it_accepted(void **state)
{
	struct fake f = fake_new();
	struct trg *t = reported_before_the_id_is_durable(&f);

	(void)state;
	trg_take_back(t);
	assert_int_equal(step(t, &f, TRG_EV_DISK), 0);
	assert_int_equal(t->state, TRG_ACCEPTED);
	assert_int_equal(f.answered, 1);
	assert_int_equal(f.status, TSP_STATUS_SUCCESS);
	trg_free(t);
}

static void test_a_receipt_that_waits_for_the_disk_too_long_is_reported_all_the_same(void **state)
{
	struct fake f = fake_new();
	struct trg *t = reported_before_the_id_is_durable(&f);

	(void)state;
	assert_int_equal(step(t, &f, TRG_EV_GIVE_UP), 0);
	assert_int_equal(f.answered, 1);
	assert_int_equal(f.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(t->state, TRG_REPORTING);
	assert_int_equal(step(t, &f, TRG_EV_DURABLE), 0);
	assert_int_equal(f.answered, 1);
	assert_int_equal(f.notified, 1);
	trg_free(t);
}

/* Their answers decide more than that they are accepted: of an original, of their end. */
static void test_only_a_plain_trigger_is_accepted_before_its_answer(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_SUBMITTING);

	(void)state;
	step(t, &f, TRG_EV_REVOKE);
	assert_false(trg_take(t, "smsc.example"));
	trg_free(t);
	f = fake_new();
	t = unknown(&f);
	assert_false(trg_take(t, "smsc.example"));
	trg_free(t);
	f = fake_new();
	t = in_state(&f, TRG_SUBMITTING);
	t->req.action = TSP_ACTION_REPLACE;
	assert_false(trg_take(t, "smsc.example"));
	trg_free(t);
}

static uint8_t version_of(struct trg *t)
{
	uint8_t bytes[TRG_RECORD_MAX];
	struct buf b = buf_over(bytes, sizeof bytes);

	trg_record_build(&b, t);
	return bytes[0];
}

/* A program of before reads 1 to 4 and refuses the rest by ERR_VERSION, in words. */
static void test_only_what_a_program_of_before_cannot_read_has_the_new_version(void **state)
{
	struct fake f = fake_new(), g = fake_new();
	struct trg *t = in_state(&f, TRG_ACCEPTED), *u, *back;
	uint8_t bytes[TRG_RECORD_MAX];
	struct buf b = buf_over(bytes, sizeof bytes);

	(void)state;
	assert_int_equal(version_of(t), 4);
	assert_int_equal(trg_set_message_id(t, "1", false), 0);
	assert_int_equal(version_of(t), 5);
	trg_record_build(&b, t);
	bytes[0] = 4; /* the flag of the message id is none of that version */
	assert_int_equal(trg_restore(&back, 7, bytes, b.len, &fake_conf, &fake_ports, &f), ERR_PROTO);
	bytes[0] = 7;
	assert_int_equal(trg_restore(&back, 7, bytes, b.len, &fake_conf, &fake_ports, &f), ERR_VERSION);
	u = unknown(&g);
	assert_int_equal(version_of(u), 5);
	step(u, &g, TRG_EV_DURABLE);
	step(u, &g, TRG_EV_DRR);
	u = again(&g, u); /* the report, whose history names the state */
	assert_int_equal(version_of(u), 5);
	trg_free(t);
	trg_free(u);
}

static void test_ids_are_bounded_and_kept_while_parked(void **state)
{
	uint64_t room[TRG_PARKED_MAX / sizeof(uint64_t)];
	struct trg_parked *p = (struct trg_parked *)(void *)room;
	char longest[TRG_MESSAGE_ID_MAX + 2];
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_ACCEPTED), *back;

	(void)state;
	memset(longest, '7', sizeof longest);
	longest[TRG_MESSAGE_ID_MAX + 1] = 0;
	assert_int_equal(trg_set_message_id(t, longest, false), ERR_INVAL);
	assert_int_equal(trg_set_message_id(t, "", false), ERR_INVAL);
	longest[TRG_MESSAGE_ID_MAX] = 0;
	assert_int_equal(trg_set_message_id(t, longest, false), 0);
	assert_true(trg_park(p, t) > 0);
	assert_true(trg_parked_has_id(p, longest));
	assert_false(trg_parked_has_id(p, longest + 1));
	assert_int_equal(trg_unpark(&back, p, T0, &fake_conf, &fake_ports, &f), 0);
	assert_string_equal(back->message_id, longest);
	trg_free(back);
	trg_free(t);
}

static void test_parts_are_found_counted_and_kept(void **state)
{
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_SUBMITTING);

	(void)state;
	assert_int_equal(trg_parts_begin(t, 1, 2), ERR_INVAL);
	assert_int_equal(trg_parts_begin(t, TRG_PARTS_MAX + 1, 2), ERR_INVAL);
	assert_int_equal(trg_parts_begin(t, 3, 2), 0);
	assert_int_equal(version_of(t), 6);
	assert_int_equal(trg_part_taken(t, 3, "x"), ERR_INVAL);
	assert_int_equal(trg_part_taken(t, 0, ""), ERR_INVAL);
	assert_int_equal(trg_part_taken(t, 0, "10"), 0);
	assert_int_equal(trg_part_taken(t, 2, "12"), 0);
	assert_false(trg_parts_known(t->parts));
	assert_int_equal(trg_parts_find(t->parts, "11"), TRG_NO_PART);
	assert_int_equal(trg_parts_find(t->parts, ""), TRG_NO_PART);
	assert_false(trg_part_delivered(t, trg_part_of(t, "12")));
	t = again(&f, t);
	assert_int_equal(t->parts->form, 2);
	assert_true(t->parts->part[2].delivered);
	assert_int_equal(trg_part_of(t, ""), TRG_NO_PART);
	assert_int_equal(trg_part_of(t, "11"), 1); /* the one that had no id */
	assert_true(trg_parts_known(t->parts));
	assert_int_equal(trg_part_of(t, "13"), TRG_NO_PART);
	assert_false(trg_part_delivered(t, 1));
	assert_true(trg_part_delivered(t, 0));
	trg_free(t);
}

/* Records of the size that there may be at most, and those cut off at each octet. */
static void test_a_record_with_parts_is_whole_or_refused(void **state)
{
	static uint8_t bytes[TRG_RECORD_MAX], payload[TRIGGER_PAYLOAD_MAX];
	struct trg_request r = request_for(TSP_ACTION_TRIGGER);
	struct fake f = fake_new();
	struct buf b = buf_over(bytes, sizeof bytes);
	char id[TRG_MESSAGE_ID_MAX + 1];
	struct trg *t, *back;

	(void)state;
	r.payload = payload;
	r.payload_len = sizeof payload;
	t = in_state_of(&f, TRG_SUBMITTING, &r);
	assert_int_equal(trg_parts_begin(t, TRG_PARTS_MAX, 2), 0);
	for (uint32_t i = 0; i < TRG_PARTS_MAX; i++) {
		memset(id, 'a' + (int)(i % 26), sizeof id - 1);
		id[sizeof id - 1] = 0;
		assert_int_equal(trg_part_taken(t, i, id), 0);
	}
	trg_record_build(&b, t);
	assert_false(b.full);
	for (size_t n = 0; n < b.len; n++) {
		assert_int_not_equal(trg_restore(&back, 7, bytes, n, &fake_conf, &fake_ports, &f), 0);
	}
	assert_int_equal(trg_restore(&back, 7, bytes, b.len, &fake_conf, &fake_ports, &f), 0);
	assert_string_equal(back->parts->part[TRG_PARTS_MAX - 1].id, t->parts->part[TRG_PARTS_MAX - 1].id);
	bytes[0] = 5; /* a program of before knows no such flag */
	trg_free(back);
	assert_int_equal(trg_restore(&back, 7, bytes, b.len, &fake_conf, &fake_ports, &f), ERR_PROTO);
	trg_free(t);
}

static void test_a_parked_trigger_has_its_parts(void **state)
{
	uint64_t room[TRG_PARKED_MAX / sizeof(uint64_t)];
	struct trg_parked *p = (struct trg_parked *)(void *)room;
	struct fake f = fake_new();
	struct trg *t = in_state(&f, TRG_ACCEPTED), *back;

	(void)state;
	assert_int_equal(trg_parts_begin(t, 2, 3), 0);
	assert_int_equal(trg_part_taken(t, 0, "10"), 0);
	assert_int_equal(trg_part_taken(t, 1, "11"), 0);
	assert_int_equal(trg_set_message_id(t, "10", false), 0);
	assert_false(trg_part_delivered(t, 1));
	assert_true(trg_park(p, t) > 0);
	assert_true(trg_parked_has_id(p, "10"));
	assert_true(trg_parked_has_id(p, "11"));
	assert_false(trg_parked_has_id(p, "1"));
	assert_int_equal(trg_unpark(&back, p, T0, &fake_conf, &fake_ports, &f), 0);
	assert_int_equal(back->parts->n, 2);
	assert_string_equal(back->parts->part[1].id, "11");
	assert_true(back->parts->part[1].delivered);
	assert_false(back->parts->part[0].delivered);
	trg_free(back);
	trg_free(t);
}

/* The original was not pending: the id is durable first, and says so itself. */
static void test_a_replacement_that_is_stored_as_new_is_a_trigger(void **state)
{
	struct fake f = fake_new(), own;
	struct trg_request r = request_for(TSP_ACTION_REPLACE);
	struct trg *o = original_of(&own, &f), *t = in_state_of(&f, TRG_SUBMITTING, &r);
	struct trg_event ev = { .kind = TRG_EV_DTA_STORED, .status = TSP_STATUS_ORIGINALMESSAGESENT };

	(void)state;
	assert_int_equal(trg_set_message_id(t, "4711", true), 0);
	assert_int_equal(trg_step(t, &ev, f.now_ms), 0);
	assert_int_equal(t->state, TRG_ACCEPTED);
	assert_int_equal(f.status, TSP_STATUS_ORIGINALMESSAGESENT);
	assert_int_equal(o->state, TRG_ACCEPTED);
	assert_int_equal(step(t, &f, TRG_EV_DRR), 0);
	assert_int_equal(t->state, TRG_REPORTING);
	trg_free(t);
	trg_free(o);
}

/* Its receipt comes while the id is on its way to the disk: the original was not replaced. */
static void test_a_replacement_stored_as_new_and_reported_at_once(void **state)
{
	struct fake f = fake_new(), own;
	struct trg_request r = request_for(TSP_ACTION_REPLACE);
	struct trg *o = original_of(&own, &f), *t = in_state_of(&f, TRG_SUBMITTING, &r);
	struct trg_event stored = { .kind = TRG_EV_DTA_STORED, .status = TSP_STATUS_ORIGINALMESSAGESENT };

	(void)state;
	assert_int_equal(trg_set_message_id(t, "4711", true), 0);
	assert_int_equal(step(t, &f, TRG_EV_DRR), 0);
	assert_int_equal(t->state, TRG_REPORTING);
	assert_int_equal(f.answered, 1);
	assert_int_equal(f.status, TSP_STATUS_ORIGINALMESSAGESENT);
	assert_int_equal(trg_step(t, &stored, f.now_ms), 0);
	assert_int_equal(o->state, TRG_ACCEPTED);
	trg_free(t);
	trg_free(o);
}

/* Cancelled and then not submitted: the replacement is refused, the original reported. */
static void test_an_original_that_is_gone_is_reported(void **state)
{
	struct fake f = fake_new(), own;
	struct trg_request r = request_for(TSP_ACTION_REPLACE);
	struct trg *o = original_of(&own, &f), *t = in_state_of(&f, TRG_SUBMITTING, &r);
	struct trg_event ev = { .kind = TRG_EV_DTA_NO, .status = TSP_STATUS_REPLACEFAIL, .original_gone = true };

	(void)state;
	assert_int_equal(trg_step(t, &ev, f.now_ms), 0);
	assert_int_equal(o->state, TRG_REPORTING);
	assert_int_equal(o->outcome, TSP_OUTCOME_UNDELIVERABLE);
	assert_int_equal(t->state, TRG_REFUSING);
	assert_int_equal(t->answer_status, TSP_STATUS_REPLACEFAIL);
	trg_free(t);
	trg_free(o);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silence_is_201_once_that_is_durable_and_nothing_is_sent_again),
		cmocka_unit_test(test_only_a_report_resolves_it),
		cmocka_unit_test(test_without_a_report_it_is_unconfirmed),
		cmocka_unit_test(test_a_late_answer_with_an_id_is_cancelled),
		cmocka_unit_test(test_a_late_refusal_ends_it),
		cmocka_unit_test(test_a_late_answer_after_a_report_that_was_told_changes_nothing),
		cmocka_unit_test(test_resubmit_sends_one_copy_and_then_holds),
		cmocka_unit_test(test_a_restart_sends_no_copy),
		cmocka_unit_test(test_a_restart_with_the_id_is_an_acceptance),
		cmocka_unit_test(test_the_record_of_the_id_says_accepted),
		cmocka_unit_test(test_a_record_that_is_not_durable_says_nothing),
		cmocka_unit_test(test_a_cancel_while_the_id_is_on_its_way_survives_a_restart),
		cmocka_unit_test(test_a_receipt_does_not_answer_before_the_id_is_durable),
		cmocka_unit_test(test_a_receipt_that_is_not_durable_leaves_it_accepted),
		cmocka_unit_test(test_a_receipt_that_waits_for_the_disk_too_long_is_reported_all_the_same),
		cmocka_unit_test(test_only_a_plain_trigger_is_accepted_before_its_answer),
		cmocka_unit_test(test_only_what_a_program_of_before_cannot_read_has_the_new_version),
		cmocka_unit_test(test_ids_are_bounded_and_kept_while_parked),
		cmocka_unit_test(test_parts_are_found_counted_and_kept),
		cmocka_unit_test(test_a_record_with_parts_is_whole_or_refused),
		cmocka_unit_test(test_a_parked_trigger_has_its_parts),
		cmocka_unit_test(test_a_replacement_that_is_stored_as_new_is_a_trigger),
		cmocka_unit_test(test_a_replacement_stored_as_new_and_reported_at_once),
		cmocka_unit_test(test_an_original_that_is_gone_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
