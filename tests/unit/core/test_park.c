/* Accepted triggers that only wait for their report are parked, and whoever looks for one finds it awake and as it was. */
#include "tests/unit/test.h"

#include "core/core_devices.h"
#include "tests/support/asc_wait.h"
#include "tests/unit/core/core_play.h"
#include "tests/unit/trigger/trg_put.h"

#define E164 "491720000001"

/* As it is when the SMS-SC has it. */
static struct core_trigger *accepted(struct core_play *p, const char *device, uint32_t reference)
{
	uint64_t now_ms = core_now_ms(p->core);
	struct trg_request r = { .scs = "acme",
				 .scs_e164 = E164,
				 .origin_host = "scs.acme.example",
				 .origin_realm = "acme.example",
				 .external = device,
				 .action = TSP_ACTION_TRIGGER,
				 .reference = reference,
				 .has_validity = true,
				 .validity_s = 600,
				 .received_ms = now_ms,
				 .expires_ms = now_ms + 600000 };
	struct core_trigger *t;

	assert_int_equal(core_trigger_new(&t, p->core, core_scs_get(p->core, "acme"), &r), 0);
	trg_put(t->trg, TRG_ACCEPTED);
	t->trg->answered = t->trg->accepted = t->trg->may_report = t->trg->stored = true;
	t->trg->answer_status = TSP_STATUS_SUCCESS;
	t->trg->taken_ms = t->accepted_ms = now_ms + 5;
	t->trg->armed_ms = now_ms + 660000;
	t->left = true;
	core_transaction_text(t->transaction, 7, reference);
	core_trigger_by_device(t);
	assert_int_equal(core_deadline_set(t, t->trg->armed_ms), 0);
	return t;
}

static unsigned parked_mask(const struct core *c)
{
	struct core_seat *seat;
	unsigned mask = 0, i = 0;

	TAILQ_FOREACH (seat, &c->triggers.list, entry) {
		mask |= (unsigned)seat->parked << i++;
	}
	return mask;
}

static void test_the_oldest_are_parked_above_the_limit(void **state)
{
	struct core_play *p = *state;
	struct core_triggers *all = &p->core->triggers;

	for (uint32_t i = 1; i <= 5; i++) {
		accepted(p, "meter-1@a.example", i);
	}
	core_play_turns(p, 3);
	assert_int_equal(all->parked, 0);
	all->awake_max = 2;
	core_play_turns(p, 3);
	assert_int_equal(all->parked, 3);
	assert_int_equal(parked_mask(p->core), 0x7);
	assert_int_equal(all->n, 5);
	assert_int_equal(all->in_state[TRG_ACCEPTED], 5);
	assert_int_equal(all->in_wait[CORE_WAIT_NOTHING], 5);
	core_trigger_free(core_trigger_find(p->core, E164, 2)); /* one of them has ended */
	core_play_turns(p, 3);
	assert_int_equal(all->n, 4);
	assert_int_equal(all->parked, 2);
	accepted(p, "meter-1@a.example", 6);
	core_play_turns(p, 3);
	assert_int_equal(parked_mask(p->core), 0x7);
	core_play_restart(p); /* parked ones end with the core */
	assert_int_equal(p->core->triggers.n, 0);
}

static void test_a_trigger_is_found_as_it_was(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = accepted(p, "meter-1@a.example", 1);
	const char *rule = trg_names_keep(&p->core->triggers.rule_texts, "acme *@a.example allow");
	uint64_t number = t->trg->number, armed_ms = t->trg->armed_ms, accepted_ms = t->accepted_ms;

	t->rule = rule;
	t->address = trg_names_keep(&p->core->triggers.rule_texts, "192.0.2.7:40000");
	t->protection = PROTECTION_TLS;
	t->detected = t->given_up = t->has_quota = t->kept = true;
	assert_true(core_trigger_park(t));
	assert_true(core_trigger_known(p->core, E164, 1));
	assert_false(core_trigger_known(p->core, E164, 2));
	assert_false(core_trigger_known(p->core, "491720000002", 1));
	assert_int_equal(p->core->triggers.parked, 1); /* knowing wakes nobody */
	t = core_trigger_find(p->core, E164, 1);
	assert_non_null(t);
	assert_int_equal(p->core->triggers.parked, 0);
	assert_true(t->trg->number == number && t->trg->armed_ms == armed_ms && t->accepted_ms == accepted_ms);
	assert_true(t->seat.deadline.at == armed_ms && t->seat.deadline.place);
	assert_string_equal(t->transaction, "7-000001");
	assert_string_equal(core_trigger_rule(t), "acme *@a.example allow");
	assert_string_equal(core_trigger_address(t), "192.0.2.7:40000");
	assert_int_equal(t->protection, PROTECTION_TLS);
	assert_true(t->detected && t->given_up && t->has_quota && t->kept && t->left);
	assert_ptr_equal(core_trigger_of(t->trg), t);
	assert_string_equal(t->trg->req.external, "meter-1@a.example");
	assert_ptr_equal(core_trigger_find(p->core, E164, 1), t);
	t->detected = t->given_up = t->has_quota = t->kept = t->left = false;
	t->accepted_ms = 0;
	assert_true(core_trigger_park(t));
	t = core_trigger_find(p->core, E164, 1);
	assert_false(t->detected || t->given_up || t->has_quota || t->kept || t->left || t->accepted_ms);
}

static void test_a_trigger_with_something_under_way_stays_awake(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = accepted(p, "meter-1@a.example", 1);

#define STAYS_WITH(member, value, before)                                                                                        \
	do {                                                                                                                     \
		t->member = (value);                                                                                             \
		assert_false(core_trigger_park(t));                                                                              \
		t->member = (before);                                                                                            \
	} while (0)
	STAYS_WITH(storing, 1, 0);
	STAYS_WITH(cancelled_ms, 1, 0);
	STAYS_WITH(stepping, true, false);
	STAYS_WITH(forgotten, true, false);
	STAYS_WITH(counted, true, false);
	STAYS_WITH(asks_quota, true, false);
	STAYS_WITH(resuming, true, false);
	STAYS_WITH(wait, CORE_WAIT_SCS, CORE_WAIT_NOTHING);
	STAYS_WITH(ask, (struct core_ask *)t, NULL);
	STAYS_WITH(notice, (struct core_notice *)t, NULL);
	STAYS_WITH(dup, (struct core_dup_entry *)t, NULL);
	STAYS_WITH(accepted_ms, 3, t->trg->taken_ms);
	trg_put(t->trg, TRG_REVOKING);
	assert_false(core_trigger_park(t));
	trg_put(t->trg, TRG_ACCEPTED);
	assert_true(core_trigger_park(t));
}

static void test_a_report_without_a_number_finds_the_parked_one(void **state)
{
	struct core_play *p = *state;
	struct app_user_identifier user = { .external_identifier = dia_text("meter-1@a.example") };
	struct core_trigger *t;

	assert_true(core_trigger_park(accepted(p, "meter-1@a.example", 1)));
	assert_true(core_trigger_park(accepted(p, "meter-2@a.example", 2)));
	t = core_device_find(p->core, E164, &user);
	assert_non_null(t);
	assert_int_equal(t->ref.reference, 1);
	assert_int_equal(p->core->triggers.parked, 1);
	assert_true(core_trigger_park(t));
	assert_true(core_trigger_park(accepted(p, "meter-1@a.example", 3)));
	assert_null(core_device_find(p->core, E164, &user)); /* two of that device */
}

static void test_the_deadline_of_a_parked_trigger_comes(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = accepted(p, "meter-1@a.example", 1);

	assert_true(core_trigger_park(accepted(p, "meter-2@a.example", 2)));
	t->trg->armed_ms = core_now_ms(p->core) + 1;
	assert_int_equal(core_deadline_set(t, t->trg->armed_ms), 0);
	assert_true(core_trigger_park(t));
	core_play_turns(p, 10);
	assert_int_equal(p->core->st.v[ST_REPORTS_UNCONFIRMED], 1);
	t = core_trigger_find(p->core, E164, 1);
	assert_non_null(t);
	assert_int_equal(t->trg->outcome, TSP_OUTCOME_UNCONFIRMED);
	assert_int_equal(p->core->triggers.parked, 1);
}

static void test_a_change_of_the_rules_is_for_parked_triggers_too(void **state)
{
	struct core_play *p = *state;
	struct asc_rule_new deny = { "acme", "meter-3@a.example", ASSOC_DENY, ASSOC_RIGHT_ALL, 0, 0, ASSOC_ENFORCE };
	char device[] = "meter-0@a.example";
	struct asc_why why;

	for (uint32_t i = 1; i <= 6; i++) {
		device[6] = (char)('0' + i);
		assert_true(core_trigger_park(accepted(p, device, i)));
	}
	assert_int_equal(asc_rule_add(p->core->store.asc, &deny, &why), 0);
	core_play_turns(p, 5);
	assert_int_equal(p->core->triggers.in_state[TRG_REVOKING], 1);
	assert_int_equal(core_trigger_find(p->core, E164, 3)->trg->state, TRG_REVOKING);
	assert_true(p->core->st.v[ST_TRIGGERS_REJUDGED] >= 6);
	core_play_turns(p, 5);
	assert_true(p->core->triggers.parked >= 4); /* but the one that the sweep gave out last */
}

static void test_a_walk_gives_them_out_awake_and_parks_them_again(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t;
	struct core_cursor w;
	uint32_t seen = 0;

	for (uint32_t i = 1; i <= 4; i++) {
		t = accepted(p, "meter-1@a.example", i);
		assert_true(i == 2 || core_trigger_park(t));
	}
	core_cursor_begin(&w, p->core, NULL);
	while ((t = core_park_next(&w))) {
		assert_int_equal(t->ref.reference, ++seen);
		assert_true(p->core->triggers.parked >= 2);
	}
	core_cursor_end(&w);
	assert_int_equal(seen, 4);
	assert_int_equal(parked_mask(p->core), 0xd); /* the second was awake before and is left alone */
	core_cursor_begin(&w, p->core, core_scs_get(p->core, "acme"));
	assert_int_equal(core_park_next(&w)->ref.reference, 1);
	core_trigger_free(core_trigger_find(p->core, E164, 1)); /* ends while the walk has it */
	core_trigger_find(p->core, E164, 3);                    /* woken by another */
	t = core_trigger_find(p->core, E164, 2);
	assert_ptr_equal(w.next, &t->seat);
	assert_true(core_trigger_park(t));
	assert_true(w.next != &t->seat && w.next->reference == 2);
	assert_int_equal(core_park_next(&w)->ref.reference, 2);
	assert_int_equal(core_park_next(&w)->ref.reference, 3);
	assert_true(core_trigger_park(core_trigger_find(p->core, E164, 3)));
	assert_int_equal(core_park_next(&w)->ref.reference, 4);
	assert_null(core_park_next(&w));
	core_cursor_end(&w);
	core_cursor_begin(&w, p->core, NULL);
	w.awake_only = true;
	assert_null(core_park_next(&w));
	core_cursor_end(&w);
}

static void journal(struct core_play *p, const struct core_trigger *t)
{
	uint8_t record[TRG_RECORD_MAX];
	struct buf b = buf_over(record, sizeof record);

	trg_record_build(&b, t->trg);
	assert_int_equal(jrn_put(p->core->journal.jrn, t->trg->number, record, b.len, NULL, NULL), 0);
	assert_int_equal(jrn_flush(p->core->journal.jrn), 0);
}

/* Whose deadline came while no core ran waits once more for the report that the SMS-SC repeats. */
static void test_a_start_gives_up_nothing_before_its_grace(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = accepted(p, "meter-1@a.example", 1);

	t->trg->req.expires_ms -= 10 * (uint64_t)p->cfg->journal.report_grace_ms;
	journal(p, t);
	core_play_restart(p);
	core_play_turns(p, 10);
	assert_int_equal(p->core->st.v[ST_REPORTS_UNCONFIRMED], 0);
	t = core_trigger_find(p->core, E164, 1);
	assert_non_null(t);
	assert_int_equal(t->trg->state, TRG_ACCEPTED);
	assert_true(t->trg->armed_ms == p->core->time.started_ms + p->cfg->journal.report_grace_ms);
	p->cfg->journal.report_grace_ms = 7 * UINT64_C(86400000);
	core_play_restart(p);
	assert_true(p->core->triggers.conf.unconfirmed_from_ms == p->core->time.started_ms + 600000);
}

/* An accepted trigger of the journal is parked from the beginning: with its deadline, its device, its place in the quota and the answer
 * for copies. */
static void test_a_start_parks_what_it_reads(void **state)
{
	struct core_play *p = *state;
	struct app_user_identifier user = { .external_identifier = dia_text("meter-1@a.example") };
	struct core_trigger *t = accepted(p, "meter-1@a.example", 1);
	uint64_t number = t->trg->number, deadline_ms = trg_report_deadline(t->trg);
	uint8_t digest[HASH_LEN] = { 0 };
	struct ipc_device_action_answer answer;

	t->trg->req.end_to_end = 77;
	memcpy(digest, t->trg->req.digest, sizeof digest);
	journal(p, t);
	t = accepted(p, "meter-2@a.example", 2);
	trg_put(t->trg, TRG_SUBMITTING); /* undecided: it is asked for again */
	t->trg->answered = t->trg->accepted = false;
	t->trg->dtr_end_to_end = 5;
	journal(p, t);
	t = accepted(p, "meter-3@a.example", 1); /* a second record of that number, whose deletion was lost */
	journal(p, t);
	core_play_restart(p);
	assert_int_equal(p->core->triggers.n, 2);
	assert_int_equal(p->core->triggers.parked, 1);
	assert_int_equal(p->core->triggers.in_state[TRG_ACCEPTED], 1);
	assert_int_equal(p->core->triggers.in_wait[CORE_WAIT_NOTHING], 2);
	assert_int_equal(p->core->st.v[ST_JOURNAL_RECOVERED], 2);
	assert_true(core_dup_answer_of(p->core->dup, "scs.acme.example", 77, core_now_ms(p->core), &answer));
	assert_int_equal(answer.request_status, TSP_STATUS_SUCCESS);
	t = core_device_find(p->core, E164, &user);
	assert_non_null(t);
	assert_true(t->trg->number == number && t->trg->stored && t->left && t->has_quota);
	assert_memory_equal(t->trg->req.digest, digest, sizeof digest);
	assert_true(t->seat.deadline.at == deadline_ms - 5); /* taken with its request: the record has no history */
	assert_string_equal(t->trg->req.external, "meter-1@a.example");
	assert_int_equal(strncmp(t->transaction, "0-", 2), 0);
	assert_ptr_equal(core_trigger_find(p->core, E164, 1), t);
}

/* They are entered some triggers after they were read (core_restore.c): none is left out, and all stand in the order of their numbers. */
static void test_a_start_enters_all_in_the_order_of_their_numbers(void **state)
{
	const uint32_t n = 21, busy = 11; /* as far from a multiple of what is read ahead as from the end */
	struct ipc_device_action_answer answer;
	struct core_play *p = *state;
	struct core_seat *seat;
	struct core_trigger *t;
	uint32_t i = 0;

	for (uint32_t k = 1; k <= n; k++) {
		t = accepted(p, "meter-1@a.example", k);
		t->trg->req.end_to_end = 1000 + k;
		if (k == busy) {
			trg_put(t->trg, TRG_SUBMITTING);
			t->trg->answered = t->trg->accepted = false;
			t->trg->dtr_end_to_end = 5;
		}
		journal(p, t);
	}
	core_play_restart(p);
	assert_int_equal(p->core->triggers.n, n);
	assert_int_equal(p->core->triggers.parked, n - 1);
	TAILQ_FOREACH (seat, &p->core->triggers.list, entry) {
		assert_int_equal(seat->reference, ++i);
		assert_int_equal(seat->parked, i != busy);
		assert_true(seat->by_ref.hash && seat->by_device.hash && (i == busy || seat->deadline.place));
		assert_ptr_equal(core_seat_find(p->core, E164, i), seat);
		assert_true(core_dup_answer_of(p->core->dup, "scs.acme.example", 1000 + i, core_now_ms(p->core), &answer) ==
			    (i != busy));
	}
	assert_int_equal(i, n);
}

/* Receipts name triggers by them, also those that a former core sent. */
static void test_a_start_knows_the_message_ids_of_what_it_parks(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = accepted(p, "meter-1@a.example", 1);
	struct multimap_node *n;

	assert_int_equal(trg_set_message_id(t->trg, "4711", false), 0);
	journal(p, t);
	core_play_restart(p);
	assert_int_equal(p->core->triggers.n, 1);
	assert_int_equal(p->core->triggers.parked, 1);
	n = core_smpp_named_id(p->core, "4711");
	assert_non_null(n);
	assert_true(core_smpp_named(n)->parked);
	assert_int_equal(core_smpp_named(n)->reference, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, core_play_setup, core_play_teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_the_oldest_are_parked_above_the_limit),
		T(test_a_trigger_is_found_as_it_was),
		T(test_a_trigger_with_something_under_way_stays_awake),
		T(test_a_report_without_a_number_finds_the_parked_one),
		T(test_the_deadline_of_a_parked_trigger_comes),
		T(test_a_change_of_the_rules_is_for_parked_triggers_too),
		T(test_a_walk_gives_them_out_awake_and_parks_them_again),
		T(test_a_start_gives_up_nothing_before_its_grace),
		T(test_a_start_parks_what_it_reads),
		T(test_a_start_knows_the_message_ids_of_what_it_parks),
		T(test_a_start_enters_all_in_the_order_of_their_numbers),
	};

	return cmocka_run_group_tests_name("core park", tests, NULL, NULL);
}
