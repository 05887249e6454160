/* What a start notes of a record is what the whole record says, and nothing is noted of a trigger that does more than wait. */
#include "tests/unit/trigger/fake.h"
#include "tests/unit/trigger/record_v3.h"
#include "trigger/trg_waits.h"

static size_t record_of(uint8_t *bytes, const struct trg *t)
{
	struct buf b = buf_over(bytes, TRG_RECORD_MAX);

	trg_record_build(&b, t);
	assert_false(b.full);
	return b.len;
}

static void test_the_names_of_an_accepted_trigger(void **state)
{
	struct fake f = { .now_ms = T0, .next_id = 0xfedcba00 };
	struct trg *t = in_state(&f, TRG_ACCEPTED);
	uint8_t bytes[TRG_RECORD_MAX];
	struct trg_waits w;

	(void)state;
	assert_true(trg_waits_read(&w, bytes, record_of(bytes, t)));
	assert_string_equal(w.scs_e164, t->req.scs_e164);
	assert_string_equal(w.origin_host, t->req.origin_host);
	assert_int_equal(w.reference, t->req.reference);
	assert_int_equal(w.end_to_end, t->req.end_to_end);
	assert_true(w.received_ms == t->req.received_ms);
	trg_free(t);
}

static void test_other_triggers_are_read_as_a_whole(void **state)
{
	static const enum trg_state rows[] = { TRG_WRITING,   TRG_SUBMITTING, TRG_RESUBMITTING, TRG_RECALLING,
					       TRG_REPORTING, TRG_NOTIFYING,  TRG_BACKOFF,      TRG_REVOKING };
	struct fake f;
	uint8_t bytes[TRG_RECORD_MAX];
	struct trg_waits w;
	struct trg *t;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		f = (struct fake){ .now_ms = T0, .next_id = 0xfedcba00 };
		t = in_state(&f, rows[i]);
		assert_false(trg_waits_read(&w, bytes, record_of(bytes, t)));
		trg_free(t);
	}
	f = (struct fake){ .now_ms = T0, .next_id = 0xfedcba00 };
	t = in_state(&f, TRG_ACCEPTED);
	t->revoke_due = true; /* it is to be taken back */
	assert_false(trg_waits_read(&w, bytes, record_of(bytes, t)));
	t->revoke_due = false;
	t->recall_end_to_end = 5; /* it was to be */
	assert_false(trg_waits_read(&w, bytes, record_of(bytes, t)));
	t->recall_end_to_end = 0;
	t->req.action = TSP_ACTION_RECALL;
	assert_false(trg_waits_read(&w, bytes, record_of(bytes, t)));
	trg_free(t);
}

static void test_records_of_older_versions_and_cut_ones_are_none(void **state)
{
	struct fake f = { .now_ms = T0, .next_id = 0xfedcba00 };
	struct trg *t = in_state(&f, TRG_ACCEPTED);
	uint8_t bytes[TRG_RECORD_MAX], old[TRG_RECORD_MAX];
	struct buf b = buf_over(old, sizeof old);
	size_t len = record_of(bytes, t), names;
	struct trg_waits w;

	(void)state;
	v3_record_build(&b, t, 3);
	assert_false(trg_waits_read(&w, old, b.len));
	for (names = 0; names < len && !trg_waits_read(&w, bytes, names); names++) {
		; /* no octet past the end is looked at (ASan) */
	}
	assert_in_range(names, 60, len);
	for (; names <= len; names++) {
		assert_true(trg_waits_read(&w, bytes, names));
	}
	bytes[0] = 5; /* of a newer program */
	assert_false(trg_waits_read(&w, bytes, len));
	assert_false(trg_waits_read(&w, bytes, 0));
	trg_free(t);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_names_of_an_accepted_trigger),
		cmocka_unit_test(test_other_triggers_are_read_as_a_whole),
		cmocka_unit_test(test_records_of_older_versions_and_cut_ones_are_none),
	};

	return cmocka_run_group_tests_name("trigger waits", tests, NULL, NULL);
}
