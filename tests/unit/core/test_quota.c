/* The used quota of an SCS: what counts, what is given back, what a restart knows, and what days that are over cost. */
#include "tests/unit/test.h"

#include "base/buf.h"
#include "core/core_ports.h"
#include "tests/unit/core/core_play.h"
#include "tests/unit/trigger/trg_put.h"
#include "tests/support/asc_wait.h"

static struct core_scs *acme(struct core_play *p)
{
	return core_scs_get(p->core, "acme");
}

static uint64_t used(struct core_play *p)
{
	struct core_scs_view v;

	core_scs_view(p->core, "acme", &v);
	assert_int_equal(v.quota_day, clock_real_ms() / POL_QUOTA_DAY_MS);
	return v.quota_used;
}

static struct core_trigger *trigger(struct core_play *p, uint32_t reference, uint32_t action)
{
	struct trg_request r = { .scs = "acme",
				 .scs_e164 = "491720000001",
				 .origin_host = "scs.acme.example",
				 .origin_realm = "acme.example",
				 .external = "meter-1@a.example",
				 .groups = "",
				 .action = action,
				 .reference = reference,
				 .end_to_end = reference,
				 .has_validity = true,
				 .validity_s = 600,
				 .received_ms = core_now_ms(p->core),
				 .expires_ms = core_now_ms(p->core) + 600000 };
	struct core_trigger *t;

	(void)core_quota_of(p->core, acme(p), core_now_ms(p->core)); /* as the judge does */
	assert_int_equal(core_trigger_new(&t, p->core, acme(p), &r), 0);
	core_quota_ask(t);
	return t;
}

/* Its intent is in the journal. */
static struct core_trigger *intent(struct core_play *p, uint32_t reference)
{
	struct core_trigger *t = trigger(p, reference, TSP_ACTION_TRIGGER);

	trg_put(t->trg, TRG_WRITING);
	assert_int_equal(core_trigger_ports.store(p->core, t->trg), 0);
	t->trg->stored = true;
	return t;
}

static void answer(struct core_play *p, struct core_trigger *t, uint32_t status)
{
	struct trg_answer a = { .status = status };

	t->trg->answered = true;
	t->trg->answer_status = status;
	core_trigger_ports.answer(p->core, t->trg, &a);
}

static void test_a_trigger_counts_from_its_intent_on_until_it_is_refused(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = trigger(p, 1, TSP_ACTION_TRIGGER);

	assert_int_equal(used(p), 0);
	assert_int_equal(core_quota_of(p->core, acme(p), core_now_ms(p->core)), 1); /* it asks */
	answer(p, t, TSP_STATUS_NOTAUTHORIZED);
	assert_int_equal(core_quota_of(p->core, acme(p), core_now_ms(p->core)), 0);
	t = intent(p, 2);
	assert_int_equal(used(p), 1);
	assert_int_equal(core_quota_of(p->core, acme(p), core_now_ms(p->core)), 1);
	answer(p, t, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(used(p), 0);
	t = intent(p, 3);
	answer(p, t, TSP_STATUS_SUCCESS);
	assert_int_equal(used(p), 1);
	core_quota_give_back(t); /* an edge said 201 */
	core_quota_give_back(t);
	assert_int_equal(used(p), 0);
}

static void test_a_recall_takes_nothing(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = trigger(p, 1, TSP_ACTION_RECALL);

	assert_int_equal(core_quota_of(p->core, acme(p), core_now_ms(p->core)), 0);
	assert_int_equal(core_quota_take(t), 0);
	answer(p, t, TSP_STATUS_SUCCESS);
	assert_int_equal(used(p), 0);
}

static void test_a_turn_full_of_triggers_is_one_commit_with_one_record_of_the_quota(void **state)
{
	struct core_play *p = *state;
	struct jrn_counts before, now;

	assert_int_equal(jrn_flush(p->core->journal.jrn), 0); /* what the start of the core wrote */
	before = jrn_counts(p->core->journal.jrn);
	for (uint32_t i = 0; i < 100; i++) {
		intent(p, 1 + i);
	}
	assert_int_equal(jrn_pending(p->core->journal.jrn), 101);
	assert_int_equal(jrn_flush(p->core->journal.jrn), 0);
	now = jrn_counts(p->core->journal.jrn);
	assert_int_equal(now.commits - before.commits, 1);
	assert_int_equal(now.operations - before.operations, 101);
}

static void test_the_next_core_knows_what_was_used(void **state)
{
	struct core_play *p = *state;

	for (uint32_t i = 0; i < 5; i++) {
		answer(p, intent(p, 1 + i), TSP_STATUS_SUCCESS);
	}
	for (uint32_t i = 0; i < 2; i++) {
		answer(p, intent(p, 10 + i), TSP_STATUS_TEMPORARYERROR);
	}
	core_play_restart(p);
	assert_int_equal(used(p), 5);
	core_play_restart(p); /* nothing new: it stays so */
	assert_int_equal(used(p), 5);
	answer(p, intent(p, 20), TSP_STATUS_SUCCESS);
	core_play_restart(p);
	assert_int_equal(used(p), 6);
}

static void test_what_is_undecided_counts_until_the_next_core_knows_better(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t;

	intent(p, 1);
	intent(p, 2);
	intent(p, 3);
	core_play_restart(p);
	assert_int_equal(used(p), 3);
	t = core_trigger_find(p->core, "491720000001", 1);
	assert_int_equal(t->trg->state, TRG_RESUMING);
	answer(p, t, TSP_STATUS_INVEXTID); /* the SMS-SC says no: nobody was told yes */
	assert_int_equal(used(p), 2);
	answer(p, core_trigger_find(p->core, "491720000001", 2), TSP_STATUS_TEMPORARYERROR); /* the dead core may have said yes */
	assert_int_equal(used(p), 2);
	answer(p, core_trigger_find(p->core, "491720000001", 3), TSP_STATUS_SUCCESS);
	assert_int_equal(used(p), 2);
}

static void test_what_was_told_201_before_a_restart_is_given_back_once(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = intent(p, 1);

	answer(p, intent(p, 2), TSP_STATUS_SUCCESS);
	answer(p, t, TSP_STATUS_TEMPORARYERROR);
	trg_put(t->trg, TRG_RECALLING);
	t->trg->gave_up = true;
	core_trigger_ports.note(p->core, t->trg);
	assert_int_equal(used(p), 1);
	core_play_restart(p);
	t = core_trigger_find(p->core, "491720000001", 1);
	assert_int_equal(t->trg->state, TRG_RECALLING);
	core_quota_give_back(t);
	assert_int_equal(used(p), 1);
}

static void test_a_new_day_begins_at_0_and_takes_nothing_of_the_day_before(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *late = intent(p, 1);

	answer(p, intent(p, 2), TSP_STATUS_SUCCESS);
	acme(p)->quota.day.day--; /* it is tomorrow */
	assert_int_equal(used(p), 0);
	answer(p, intent(p, 3), TSP_STATUS_SUCCESS);
	answer(p, late, TSP_STATUS_TEMPORARYERROR); /* not given back to today */
	assert_int_equal(used(p), 1);
	core_play_restart(p);
	assert_int_equal(used(p), 1);
	assert_int_equal(p->core->quotas.n, 1);
}

static void test_a_day_that_is_over_while_no_core_runs(void **state)
{
	struct core_play *p = *state;

	answer(p, intent(p, 1), TSP_STATUS_SUCCESS);
	acme(p)->quota.day.day -= 3;
	answer(p, trigger(p, 2, TSP_ACTION_TRIGGER), TSP_STATUS_NOTAUTHORIZED); /* begins today */
	acme(p)->quota.day.day -= 3;
	acme(p)->quota.day.used = 9;
	answer(p, intent(p, 3), TSP_STATUS_SUCCESS);
	core_play_restart(p);
	assert_int_equal(used(p), 1);
}

/* The wall clock was set back: the day that counts lies ahead. */
static void test_a_clock_that_is_set_back_gives_no_fresh_quota_to_the_next_core_either(void **state)
{
	struct core_play *p = *state;
	struct core_scs_view v;

	answer(p, intent(p, 1), TSP_STATUS_SUCCESS);
	acme(p)->quota.day.day += 5;
	answer(p, intent(p, 2), TSP_STATUS_SUCCESS); /* writes the record */
	core_play_restart(p);
	core_scs_view(p->core, "acme", &v);
	assert_int_equal(v.quota_used, 2);
	assert_int_equal(v.quota_day, clock_real_ms() / POL_QUOTA_DAY_MS + 5);
	assert_int_equal(core_quota_of(p->core, acme(p), core_now_ms(p->core)), 2);
}

/* It ends while the journal has its record still: that is no walk over all that the journal has, and no completion for a trigger that is
 * gone. */
static void test_a_trigger_ends_while_its_record_waits_for_its_commit(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = intent(p, 1), *other = intent(p, 2);

	assert_int_equal(core_trigger_ports.store(p->core, t->trg), 0); /* once more */
	assert_int_equal(t->storing, 2);
	core_trigger_free(t);
	assert_null(core_trigger_find(p->core, "491720000001", 1));
	assert_int_equal(jrn_flush(p->core->journal.jrn), 0);
	assert_int_not_equal(other->trg->state, TRG_WRITING); /* told as ever */
	core_trigger_free(intent(p, 3));                      /* and at the end of the core */
}

static void on_reset(void *arg, uint64_t number, int err)
{
	(void)number;
	*(int *)arg = err;
}

static void test_a_reset_is_durable_when_it_says_so_and_gives_nothing_back_twice(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *under_way = intent(p, 1);
	int said = 1;

	assert_int_equal(core_quota_reset(p->core, "nobody", on_reset, &said), ERR_NOTFOUND);
	answer(p, intent(p, 2), TSP_STATUS_SUCCESS);
	assert_int_equal(core_quota_reset(p->core, "acme", on_reset, &said), 0);
	assert_int_equal(said, 1);
	assert_int_equal(jrn_flush(p->core->journal.jrn), 0);
	assert_int_equal(said, 0);
	assert_int_equal(used(p), 0);
	assert_int_equal(core_quota_reset(p->core, "acme", on_reset, &said), ERR_NOTFOUND);
	answer(p, intent(p, 3), TSP_STATUS_SUCCESS);
	answer(p, under_way, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(used(p), 1);
	core_play_restart(p);
	assert_int_equal(used(p), 1);
}

/* An older program wrote the journal: what it still knows of today counts. */
static void test_a_journal_without_quotas_is_counted_once(void **state)
{
	struct core_play *p = *state;

	for (uint32_t i = 0; i < 4; i++) {
		struct core_trigger *t = trigger(p, 1 + i, TSP_ACTION_TRIGGER);

		if (i == 3) { /* of yesterday */
			t->trg->req.received_ms -= POL_QUOTA_DAY_MS;
		}
		trg_put(t->trg, TRG_ACCEPTED);
		t->trg->answered = t->trg->accepted = t->trg->stored = true;
		assert_int_equal(core_trigger_keep(t, NULL, NULL), 0);
	}
	core_play_restart(p);
	assert_int_equal(used(p), 3);
	core_play_restart(p);
	assert_int_equal(used(p), 3);
	answer(p, intent(p, 20), TSP_STATUS_SUCCESS);
	assert_int_equal(used(p), 4);
}

static void test_an_scs_that_is_removed_and_added_again_goes_on(void **state)
{
	struct core_play *p = *state;
	struct asc_why why;

	answer(p, intent(p, 1), TSP_STATUS_SUCCESS);
	assert_int_equal(asc_scs_del(p->core->store.asc, "acme", &why), 0);
	core_play_restart(p);
	core_play_provision(p);
	assert_int_equal(used(p), 1);
}

#define SCSS 1000u

static void record_of(struct core_play *p, uint32_t i, uint64_t day, uint64_t began_ms)
{
	uint64_t number = jrn_next(p->core->journal.jrn);
	uint8_t record[64];
	struct buf b = buf_over(record, sizeof record);
	char name[16];

	snprintf(name, sizeof name, "scs-%u", i);
	buf_u8(&b, 0x84);
	buf_be64(&b, day);
	buf_be64(&b, began_ms);
	buf_be64(&b, 17);
	buf_be16(&b, (uint16_t)strlen(name));
	buf_bytes(&b, name, strlen(name));
	assert_int_equal(jrn_put(p->core->journal.jrn, number, record, b.len, NULL, NULL), 0);
}

static void test_records_of_days_that_are_over_go_some_at_a_time_and_no_look_is_in_vain(void **state)
{
	struct core_play *p = *state;
	uint64_t now_ms = core_now_ms(p->core), day = now_ms / POL_QUOTA_DAY_MS;

	for (uint32_t i = 0; i < SCSS; i++) {
		record_of(p, i, day - 2, now_ms - 2 * POL_QUOTA_DAY_MS);
	}
	for (uint32_t i = 0; i < SCSS; i++) {
		record_of(p, SCSS + i, day, now_ms);
	}
	core_play_restart(p);
	assert_int_equal(p->core->quotas.n, 2 * SCSS);
	p->core->time.line.sure_from_ms = 0;
	for (int i = 0; i < 4; i++) {
		core_quotas_look(p->core);
	}
	assert_int_equal(p->core->quotas.n, SCSS);
	p->core->quotas.looked_at = 0;
	for (int i = 0; i < 10; i++) {
		core_quotas_look(p->core);
	}
	assert_int_equal(p->core->quotas.looked_at, 10); /* the first of today says that there is nothing to do */
	core_play_restart(p);
	assert_int_equal(p->core->quotas.n, SCSS);
	assert_int_equal(jrn_counts(p->core->journal.jrn).records, SCSS + 1); /* and the key of core_dnr_ids.h */
}

static void test_a_damaged_record_is_left_alone(void **state)
{
	static const uint8_t damaged[] = { 0x84, 0, 0, 0, 1 };
	struct core_play *p = *state;

	assert_int_equal(jrn_put(p->core->journal.jrn, jrn_next(p->core->journal.jrn), damaged, sizeof damaged, NULL, NULL), 0);
	core_play_restart(p);
	assert_int_equal(p->core->quotas.n, 0);
	assert_int_equal(used(p), 0);
}

TEST_GROUP()
{
#define T(name) cmocka_unit_test_setup_teardown(name, core_play_setup, core_play_teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_trigger_counts_from_its_intent_on_until_it_is_refused),
		T(test_a_recall_takes_nothing),
		T(test_a_turn_full_of_triggers_is_one_commit_with_one_record_of_the_quota),
		T(test_the_next_core_knows_what_was_used),
		T(test_what_is_undecided_counts_until_the_next_core_knows_better),
		T(test_what_was_told_201_before_a_restart_is_given_back_once),
		T(test_a_new_day_begins_at_0_and_takes_nothing_of_the_day_before),
		T(test_a_day_that_is_over_while_no_core_runs),
		T(test_a_clock_that_is_set_back_gives_no_fresh_quota_to_the_next_core_either),
		T(test_a_trigger_ends_while_its_record_waits_for_its_commit),
		T(test_a_reset_is_durable_when_it_says_so_and_gives_nothing_back_twice),
		T(test_a_journal_without_quotas_is_counted_once),
		T(test_an_scs_that_is_removed_and_added_again_goes_on),
		T(test_records_of_days_that_are_over_go_some_at_a_time_and_no_look_is_in_vain),
		T(test_a_damaged_record_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
