/* A parked trigger comes back as it was. */
#include "tests/unit/trigger/fake.h"

#include "trigger/trg_int.h"
#include "trigger/trg_park.h"

static uint32_t in_state_n[TRG_STATE_COUNT];

static struct trg_conf counting(void)
{
	struct trg_conf conf = fake_conf;

	memset(in_state_n, 0, sizeof in_state_n);
	conf.in_state = in_state_n;
	return conf;
}

static struct trg *accepted(struct fake *f, const struct trg_conf *conf, const struct trg_request *r)
{
	static const enum trg_event_kind way[] = { TRG_EV_START, TRG_EV_SUBSCRIBER, TRG_EV_DURABLE, TRG_EV_DTA_OK };
	struct trg *t;

	assert_int_equal(trg_new(&t, 7, r, conf, &fake_ports, f), 0);
	for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
		f->now_ms += 20 * i;
		assert_int_equal(step(t, f, way[i]), 0);
	}
	assert_int_equal(t->state, TRG_ACCEPTED);
	return t;
}

static bool can_park(const struct trg *t)
{
	uint64_t room[TRG_PARKED_MAX / sizeof(uint64_t)];

	return trg_park((struct trg_parked *)(void *)room, t) > 0;
}

static struct trg_parked *parked(const struct trg *t)
{
	uint64_t room[TRG_PARKED_MAX / sizeof(uint64_t)];
	size_t size = trg_park((struct trg_parked *)(void *)room, t);
	struct trg_parked *p = malloc(size); /* exactly as long: what is read past it shows under ASan */

	assert_true(size > 0);
	assert_non_null(p);
	memcpy(p, room, size);
	trg_parked_begin(p, t->conf);
	return p;
}

/* What the journal would hold of both is the same, octet for octet, and so is the rest. */
static void assert_same(const struct trg *a, const struct trg *b)
{
	static uint8_t x[TRG_RECORD_MAX], y[TRG_RECORD_MAX];
	struct buf bx = buf_over(x, sizeof x), by = buf_over(y, sizeof y);

	trg_record_build(&bx, a);
	trg_record_build(&by, b);
	assert_int_equal(bx.len, by.len);
	assert_memory_equal(x, y, bx.len);
	assert_int_equal(a->state, b->state);
	assert_true(a->number == b->number && a->taken_ms == b->taken_ms && a->armed_ms == b->armed_ms);
	assert_int_equal(a->answer_status, b->answer_status);
	assert_ptr_equal(a->accepted_by, b->accepted_by);
	assert_ptr_equal(a->party, b->party);
	assert_true(a->answered == b->answered && a->accepted == b->accepted && a->may_report == b->may_report &&
		    a->stored == b->stored && a->as_new == b->as_new && a->revoked == b->revoked && a->resumed == b->resumed &&
		    a->again == b->again && a->overdue == b->overdue);
	assert_true(trg_report_deadline(a) == trg_report_deadline(b));
	assert_int_equal(a->own_outcome, b->own_outcome);
}

static void assert_comes_back(const struct trg *t, const struct trg_conf *conf, struct fake *f)
{
	struct trg_parked *p = parked(t);
	struct trg *back;

	assert_ptr_equal(trg_parked_party(p), t->party);
	assert_int_equal(trg_unpark(&back, p, t->armed_ms, conf, &fake_ports, f), 0);
	trg_parked_end(p, conf);
	free(p);
	assert_same(t, back);
	trg_free(back);
}

static void test_a_parked_trigger_comes_back_as_it_was(void **state)
{
	struct trg_conf conf = counting();
	struct trg_request r = request();
	struct fake f = fake_new();
	struct trg *t = accepted(&f, &conf, &r);

	(void)state;
	assert_comes_back(t, &conf, &f);
	t->as_new = t->revoked = t->resumed = t->again = t->overdue = true;
	t->revoke_reason = WHY_GIVEN;
	t->answer_status = TSP_STATUS_TEMPORARYERROR;
	t->accepted = false;
	assert_comes_back(t, &conf, &f);
	trg_free(t);
	r.action = TSP_ACTION_REPLACE;
	r.external = "";
	r.msisdn = "491700000001";
	r.has_old_reference = true;
	r.old_reference = 40;
	r.has_port = r.has_validity = false;
	r.port = r.validity_s = 0;
	r.expires_ms = r.received_ms;
	r.groups = "fleet-a fleet-b";
	r.groups_not_after_s = 4000000000u;
	r.groups_unknown = true;
	assert_int_equal(trg_new(&t, UINT64_MAX, &r, &conf, &fake_ports, &f), 0);
	trg_set_restored(t, TRG_ACCEPTED);
	trg_shed(t);
	t->answered = true;
	t->armed_ms = 1;
	assert_comes_back(t, &conf, &f);
	trg_free(t);
}

static void test_it_counts_in_its_state_all_the_time(void **state)
{
	struct trg_conf conf = counting();
	struct trg_request r = request();
	struct fake f = fake_new();
	struct trg *t = accepted(&f, &conf, &r), *back;
	struct trg_parked *p;

	(void)state;
	assert_int_equal(in_state_n[TRG_ACCEPTED], 1);
	p = parked(t);
	trg_free(t);
	assert_int_equal(in_state_n[TRG_ACCEPTED], 1);
	assert_int_equal(trg_unpark(&back, p, T0 + 5, &conf, &fake_ports, &f), 0);
	trg_parked_end(p, &conf);
	free(p);
	assert_int_equal(in_state_n[TRG_ACCEPTED], 1);
	assert_true(back->armed_ms == T0 + 5);
	trg_free(back);
	for (size_t i = 0; i < TRG_STATE_COUNT; i++) {
		assert_int_equal(in_state_n[i], 0);
	}
}

static void test_a_report_goes_on_where_the_parked_one_was(void **state)
{
	struct trg_conf conf = counting();
	struct trg_request r = request();
	struct fake f = fake_new();
	struct trg *t = accepted(&f, &conf, &r), *back;
	struct trg_parked *p = parked(t);

	(void)state;
	assert_int_equal(trg_unpark(&back, p, t->armed_ms, &conf, &fake_ports, &f), 0);
	trg_parked_end(p, &conf);
	free(p);
	trg_free(t);
	assert_int_equal(step(back, &f, TRG_EV_DRR), 0);
	assert_int_equal(step(back, &f, TRG_EV_DURABLE), 0);
	assert_int_equal(f.acked_ok, 1);
	assert_int_equal(step(back, &f, TRG_EV_DNA_OK), 0);
	assert_int_equal(back->state, TRG_DONE);
	trg_free(back);
}

static void test_a_full_history_comes_back(void **state)
{
	struct trg_conf conf = counting();
	struct trg_request r = request();
	struct fake f = fake_new();
	struct trg *t = accepted(&f, &conf, &r);

	(void)state;
	for (unsigned i = 0; i < 40;
	     i++) { /* times that jump both ways and states that do not follow one another, with and without reasons */
		struct trg_history_packed e = { i % 3 ? i * 100000007u : 5u, (uint8_t)(i % TRG_STATE_COUNT),
						(uint8_t)((i * 5) % TRG_STATE_COUNT), (uint8_t)(i % TRG_EVENT_COUNT),
						(uint8_t)(i % 2 ? i * 6 : 0) };

		trg_history_add(t, &e);
	}
	assert_int_equal(t->history->n, TRG_HISTORY_MAX);
	assert_true(t->history->dropped > 0);
	assert_comes_back(t, &conf, &f);
	trg_free(t);
}

static void test_the_longest_names_come_back(void **state)
{
	static char external[IDENT_EXTERNAL_MAX + 1], msisdn[IDENT_MSISDN_MAX + 1], digits[STR_DIGITS_MAX + 1];
	struct trg_subscriber sub = { digits, digits, NULL, 0 };
	struct trg_conf conf = counting();
	struct trg_request r = request();
	struct fake f = fake_new();
	struct trg *t;

	(void)state;
	memset(external, 'e', IDENT_EXTERNAL_MAX);
	memset(msisdn, '4', IDENT_MSISDN_MAX);
	memset(digits, '5', STR_DIGITS_MAX);
	r.external = external;
	t = accepted(&f, &conf, &r);
	t->req.msisdn = msisdn;
	assert_int_equal(trg_set_subscriber(t, &sub), 0);
	assert_comes_back(t, &conf, &f);
	trg_free(t);
}

static void test_a_trigger_that_does_more_than_wait_stays_a_machine(void **state)
{
	struct trg_conf conf = counting();
	struct trg_request r = request();
	struct fake f = fake_new();
	struct trg *t;

	(void)state;
	for (unsigned s = 0; s < TRG_STATE_COUNT; s++) {
		struct fake other = fake_new();

		t = in_state(&other, (enum trg_state)s);
		assert_true(can_park(t) == (s == TRG_ACCEPTED));
		trg_free(t);
	}
	t = accepted(&f, &conf, &r);
#define STAYS_WITH(member, value)                                                                                                \
	do {                                                                                                                     \
		struct trg copy = *t;                                                                                            \
                                                                                                                                 \
		copy.member = (value);                                                                                           \
		assert_false(can_park(&copy));                                                                                   \
	} while (0)
	STAYS_WITH(changer, 9); /* a recall or replace names it */
	STAYS_WITH(token, 1);
	STAYS_WITH(early, true);
	STAYS_WITH(revoke_due, true);
	STAYS_WITH(has_outcome, true);
	STAYS_WITH(own_outcome, TSP_OUTCOME_UNCONFIRMED);
	STAYS_WITH(armed_ms, UINT64_MAX);
	STAYS_WITH(recall_end_to_end, 1);
	STAYS_WITH(party, NULL);
	STAYS_WITH(req.payload_len, 1);
	STAYS_WITH(sub.nodes_len, 1);
	STAYS_WITH(req.expires_ms, t->req.expires_ms + 1);
	STAYS_WITH(req.port, 65536);
	STAYS_WITH(req.action, 256);
	STAYS_WITH(req.priority, 256);
	STAYS_WITH(answer_status, 256);
	assert_true(can_park(t));
	trg_free(t);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_parked_trigger_comes_back_as_it_was),
		cmocka_unit_test(test_it_counts_in_its_state_all_the_time),
		cmocka_unit_test(test_a_report_goes_on_where_the_parked_one_was),
		cmocka_unit_test(test_a_full_history_comes_back),
		cmocka_unit_test(test_the_longest_names_come_back),
		cmocka_unit_test(test_a_trigger_that_does_more_than_wait_stays_a_machine),
	};

	return cmocka_run_group_tests_name("trg_park", tests, NULL, NULL);
}
