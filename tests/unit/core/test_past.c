/* What is remembered of triggers that have ended (CONTRACTS section 3, "duplicates", "repeated DRR"), and how it comes back. */
#include "tests/unit/test.h"

#include "base/buf.h"
#include "core/core_ports.h"
#include "tests/unit/core/core_play.h"

#define HOST "scs.acme.example"
#define E164 "491720000001"
/* The window of 4 minutes is over. A restart converts times by two clocks, read one after the other:
 * on a busy machine some time may pass between. */
#define WINDOW_OVER_MS (240000u + 10000u)

static const uint8_t digest[HASH_LEN] = { 7 };

static int start(void **state)
{
	struct core_play *p = test_malloc(sizeof *p);

	core_play_start(p);
	core_play_provision(p);
	*state = p;
	return 0;
}

static int end(void **state)
{
	core_play_end(*state);
	test_free(*state);
	return 0;
}

/* A trigger that is about to end; number of its record. */
static struct trg *ending(struct core_play *p, uint32_t reference, uint64_t *number)
{
	struct trg_request r = { .scs = "acme",
				 .scs_e164 = E164,
				 .origin_host = HOST,
				 .origin_realm = "acme.example",
				 .external = "meter-7@a.example",
				 .end_to_end = reference,
				 .action = TSP_ACTION_TRIGGER,
				 .reference = reference,
				 .received_ms = clock_real_ms() };
	struct trg *t;

	*number = jrn_next(p->core->journal.jrn);
	assert_int_equal(trg_new(&t, *number, &r, &p->core->triggers.conf, &core_trigger_ports, p->core), 0);
	assert_int_equal(jrn_add(p->core->journal.jrn, *number, "\1trigger", 8, NULL, NULL), 0);
	t->stored = t->answered = t->accepted = true;
	t->accepted_by = "smssc.example";
	return t;
}

static void reported(struct trg *t)
{
	t->has_outcome = t->may_report = true;
	t->reported_ms = clock_real_ms();
	t->drr = malloc(HASH_LEN);
	assert_non_null(t->drr);
	memcpy(t->drr, digest, HASH_LEN);
}

struct counting {
	int n;
	uint8_t kind;
};

static int count_one(void *arg, uint64_t number, const void *record, size_t len)
{
	struct counting *c = arg;

	(void)number;
	if (core_dnr_ids_is(record, len)) { /* one in every journal, and of no trigger */
		return 0;
	}
	c->n++;
	c->kind = *(const uint8_t *)record;
	return 0;
}

static struct counting records(struct core_play *p)
{
	struct counting c = { 0 };

	(void)jrn_flush(p->core->journal.jrn);
	assert_int_equal(jrn_replay(p->core->journal.jrn, count_one, &c), 0);
	return c;
}

static void test_a_reported_trigger_keeps_its_number_and_its_report_through_a_restart(void **state)
{
	struct core_play *p = *state;
	const struct core_past_entry *e;
	uint64_t number, now;
	struct trg *t = ending(p, 41, &number);

	reported(t);
	assert_true(core_past_keep(p->core, t));
	trg_free(t);
	for (int i = 0; i < 2; i++) {
		now = clock_real_ms();
		assert_int_equal(records(p).n, 1);
		assert_int_equal(records(p).kind, 0x82);
		assert_true(core_past_reserved(p->core, E164, 41, now));
		assert_false(core_past_reserved(p->core, E164, 42, now));
		assert_false(core_past_reserved(p->core, "491720000002", 41, now));
		assert_false(core_past_reserved(p->core, E164, 41, now + WINDOW_OVER_MS));
		e = core_past_find(p->core, E164, 41, now);
		assert_non_null(e);
		assert_string_equal(e->scs, "acme");
		assert_string_equal(e->external, "meter-7@a.example");
		assert_string_equal(e->accepted_by, "smssc.example");
		assert_true(e->reported);
		assert_null(core_past_find(p->core, E164, 41, now + WINDOW_OVER_MS));
		if (i) {
			assert_non_null(core_drr_dup_find(&p->core->drrs.dup, digest, now));
		}
		core_play_restart(p);
	}
}

/* After a 201 the report is told to nobody, and its outcome is not kept; the next core knows a copy all the same. */
static void test_a_report_after_a_201_is_known_after_a_restart(void **state)
{
	struct core_play *p = *state;
	uint64_t number, now;
	struct trg *t = ending(p, 41, &number);

	reported(t);
	t->has_outcome = t->accepted = false;
	t->reported_ms = 0;
	t->answer_status = TSP_STATUS_TEMPORARYERROR;
	assert_true(core_past_keep(p->core, t));
	trg_free(t);
	assert_int_equal(jrn_flush(p->core->journal.jrn), 0);
	for (int i = 0; i < 2; i++) {
		now = clock_real_ms();
		assert_null(core_past_find(p->core, E164, 41, now));
		assert_non_null(core_past_reported(p->core, E164, 41, now));
		assert_null(core_past_reported(p->core, E164, 41, now + WINDOW_OVER_MS));
		if (i) {
			assert_non_null(core_drr_dup_find(&p->core->drrs.dup, digest, now));
		}
		core_play_restart(p);
	}
}

static void test_what_the_sms_sc_has_no_more_leaves_its_number_free(void **state)
{
	struct core_play *p = *state;
	uint64_t number;
	struct trg *t = ending(p, 41, &number);

	assert_true(core_past_keep(p->core, t)); /* taken back: may_report is not set */
	trg_free(t);
	assert_false(core_past_reserved(p->core, E164, 41, clock_real_ms()));
	assert_non_null(core_past_find(p->core, E164, 41, clock_real_ms())); /* it may be named */
	t = ending(p, 42, &number);
	t->accepted = false; /* refused */
	assert_false(core_past_keep(p->core, t));
	t->may_report = true; /* answered 201, and nobody knows */
	assert_true(core_past_keep(p->core, t));
	trg_free(t);
	assert_true(core_past_reserved(p->core, E164, 42, clock_real_ms()));
	assert_null(core_past_find(p->core, E164, 42, clock_real_ms())); /* it was never accepted */
}

static void test_the_oldest_goes_when_there_are_too_many(void **state)
{
	struct core_play *p = *state;
	uint64_t number;

	p->core->past.max = 2;
	for (uint32_t reference = 41; reference <= 43; reference++) {
		struct trg *t = ending(p, reference, &number);

		reported(t);
		assert_true(core_past_keep(p->core, t));
		trg_free(t);
	}
	assert_int_equal(p->core->past.n, 2);
	assert_int_equal(p->core->st.v[ST_REPORT_DUPLICATES_FULL], 1);
	assert_false(core_past_reserved(p->core, E164, 41, clock_real_ms()));
	assert_true(core_past_reserved(p->core, E164, 43, clock_real_ms()));
	assert_int_equal(records(p).n, 2);
}

/* A journal that is full of them takes no new trigger whose end would make one go. */
static void test_what_is_over_goes_without_a_new_one(void **state)
{
	struct core_play *p = *state;
	uint64_t number;

	for (uint32_t reference = 41; reference <= 43; reference++) {
		struct trg *t = ending(p, reference, &number);

		reported(t);
		assert_true(core_past_keep(p->core, t));
		trg_free(t);
	}
	assert_int_equal(core_drrs_restore(p->core, digest, core_now_ms(p->core)), 0);
	core_play_turns(p, 3);
	assert_int_equal(records(p).n, 3);
	p->core->past.keep_ms = p->core->drrs.dup.window_ms = 0;
	net_timer_start(p->core->time.look.timer, 0); /* as every five seconds */
	core_play_turns(p, 3);
	assert_int_equal(p->core->past.n, 0);
	assert_int_equal(p->core->drrs.dup.by_digest.n, 0);
	assert_int_equal(records(p).n, 0);
}

static void test_half_of_the_journal_is_for_what_is_under_way(void **state)
{
	struct core_play *p = *state;

	assert_int_equal(p->core->past.max, p->cfg->limits.report_duplicates_max); /* as it comes */
	p->cfg->journal.size_max = 1 << 20;
	core_play_restart(p);
	assert_int_equal(p->core->past.max, 512);
	assert_int_equal(p->core->drrs.records_max, 256);
}

static void test_a_number_that_was_used_again_is_that_of_the_newer(void **state)
{
	struct core_play *p = *state;
	uint64_t number;
	struct trg *t = ending(p, 41, &number);

	assert_true(core_past_keep(p->core, t));
	trg_free(t);
	t = ending(p, 41, &number);
	reported(t);
	assert_true(core_past_keep(p->core, t));
	trg_free(t);
	core_play_restart(p);
	assert_true(core_past_find(p->core, E164, 41, clock_real_ms())->reported);
	assert_int_equal(records(p).n, 2);
}

/* The record of an answer as older versions wrote it. */
static size_t old_answer(uint8_t *out, size_t cap, uint64_t received_ms)
{
	struct ipc_device_action_answer a = { .result_code = 2001, .request_status = TSP_STATUS_TEMPORARYERROR };
	uint8_t answer[IPC_REC_MAX];
	struct buf b = buf_over(out, cap);

	buf_u8(&b, 0x81);
	buf_be64(&b, received_ms);
	buf_be32(&b, 9);
	buf_bytes(&b, digest, sizeof digest);
	buf_u8(&b, (uint8_t)strlen(HOST));
	buf_bytes(&b, HOST, strlen(HOST));
	buf_bytes(&b, answer, ipc_device_action_answer_put(answer, 0, 0, &a));
	assert_false(b.full);
	return b.len;
}

static void test_an_answer_of_an_older_version_is_still_known(void **state)
{
	struct core_play *p = *state;
	struct ipc_device_action_answer a = { 0 };
	uint8_t record[1024];
	size_t len = old_answer(record, sizeof record, clock_real_ms());

	assert_int_equal(jrn_add(p->core->journal.jrn, 5, record, len, NULL, NULL), 0);
	len = old_answer(record, sizeof record, clock_real_ms() - 240001);
	assert_int_equal(jrn_add(p->core->journal.jrn, 6, record, len, NULL, NULL), 0); /* past its window */
	assert_int_equal(jrn_add(p->core->journal.jrn, 7, record, len - 1, NULL, NULL), 0);
	assert_int_equal(jrn_add(p->core->journal.jrn, 8, "\x82\xff", 2, NULL, NULL), 0); /* damaged */
	assert_int_equal(jrn_add(p->core->journal.jrn, 9, "\x83\xff", 2, NULL, NULL), 0);
	core_play_restart(p);
	assert_true(core_dup_answer_of(p->core->dup, HOST, 9, clock_real_ms(), &a));
	assert_int_equal(a.request_status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(records(p).n, 1);
}

static void test_a_record_cut_anywhere_is_dropped(void **state)
{
	struct core_play *p = *state;
	uint8_t record[1024];
	size_t len = old_answer(record, sizeof record, clock_real_ms());

	for (size_t cut = 1; cut < len; cut++) {
		assert_int_equal(core_past_restore(p->core, 5, record, cut), 0);
	}
	record[0] = 0x82;
	for (size_t cut = 1; cut < len; cut++) {
		record[1] = (uint8_t)cut;
		assert_int_equal(core_past_restore(p->core, 5, record, cut), 0);
	}
	assert_int_equal(p->core->past.n, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, start, end)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_a_reported_trigger_keeps_its_number_and_its_report_through_a_restart),
		T(test_a_report_after_a_201_is_known_after_a_restart),
		T(test_what_the_sms_sc_has_no_more_leaves_its_number_free),
		T(test_the_oldest_goes_when_there_are_too_many),
		T(test_what_is_over_goes_without_a_new_one),
		T(test_half_of_the_journal_is_for_what_is_under_way),
		T(test_a_number_that_was_used_again_is_that_of_the_newer),
		T(test_an_answer_of_an_older_version_is_still_known),
		T(test_a_record_cut_anywhere_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
