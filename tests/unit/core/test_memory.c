/* Out of memory is trouble, and never a decision: whichever allocation fails, nobody is refused for another reason, and nobody is taken for
 * somebody else. Each test lets the first allocation fail, then the second, and so on, until all went well. */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "audit/aud_store.h"
#include "core/core_int.h"
#include "core/core_past.h"
#include "merkle/mrk_note.h"
#include "tests/unit/core/core_play.h"
#include "tests/support/asc_wait.h"
#include "tests/unit/trigger/trg_put.h"

/* -- allocations of the product, of which one fails (the linker puts these in their place) */

void *__real_calloc(size_t n, size_t size);
void *__real_malloc(size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *p, size_t size);

static struct {
	unsigned left; /* so many more, and the last of them fails; 0: none fails */
	bool all;      /* and all behind it */
	bool failed;
} memory;

static bool fails(void)
{
	if (!memory.left || (memory.left > 1 && memory.left--)) {
		return false;
	}
	memory.left = memory.all ? 1 : 0;
	memory.failed = true;
	return true;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

static void fail_the(unsigned nth)
{
	memory.left = nth;
	memory.all = memory.failed = false;
}

static void fail_from(unsigned nth)
{
	fail_the(nth);
	memory.all = true;
}

static bool failed(void)
{
	memory.left = 0;
	return memory.failed;
}

#define MANY 200u /* allocations of one request or session, at most */

/* -- the play */

static int setup(void **state)
{
	struct core_play *p = __real_calloc(1, sizeof *p);

	assert_non_null(p);
	core_play_start(p);
	core_play_provision(p);
	core_play_add_fleet(p);
	core_play_settle(p); /* memory is not to be short meanwhile */
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	core_play_end(*state);
	free(*state);
	return 0;
}

static struct ipc_session_open in_fleet(void)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");

	strcpy(s.identity.groups[s.identity.groups_n++], "urn:mtc:group:fleet");
	return s;
}

static int64_t ask(struct core_play *p, uint64_t session, uint32_t reference, uint32_t end_to_end)
{
	static uint64_t transaction = 1000;
	struct ipc_device_action a = core_play_action(session, "meter-1@b.example", reference);

	a.end_to_end = end_to_end;
	return core_play_ask(p, transaction++, &a);
}

/* 201 is yes here, for there is no HSS to go on with; 105 is what an SCS outside the group is told. */
static void test_a_session_is_in_its_group_or_not_admitted(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_open open = in_fleet();
	unsigned nth = 1, refused = 0;

	assert_true(core_play_open(p, 999, &open).admitted); /* the SCS is known, so that each round asks for the same memory */
	core_play_send(p, ipc_session_closed_put(p->record, p->generation, 999, &(struct ipc_session_closed){ "ended" }));
	for (bool some = true; some && nth < MANY; nth++) {
		struct ipc_session_verdict v;

		fail_the(nth);
		v = core_play_open(p, nth, &open);
		some = failed();
		if (!v.admitted) {
			refused++;
			assert_int_equal(v.result_code, DIA_RESULT_TOO_BUSY);
			assert_string_equal(v.reason, pol_reason_str(POL_NOMEM));
			continue;
		}
		assert_int_equal(ask(p, nth, nth, nth), 201);
		core_play_send(p, ipc_session_closed_put(p->record, p->generation, nth, &(struct ipc_session_closed){ "ended" }));
	}
	assert_true(nth < MANY);
	assert_true(refused >= 2); /* of the session, of its groups */
}

static void test_a_request_is_trouble_or_as_ever(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_open open = in_fleet();
	unsigned nth = 1;

	assert_true(core_play_open(p, 1, &open).admitted);
	for (bool some = true; some && nth < MANY; nth++) {
		int64_t first;

		fail_the(nth);
		first = ask(p, 1, 1000 + nth, 5000 + nth);
		some = failed();
		assert_int_equal(first, 201);
		assert_int_equal(ask(p, 1, 1000 + nth, 5000 + nth), 201); /* its copy */
	}
	assert_true(nth < MANY);
}

#define HOST "scs.acme.example"

/* A copy is known, whatever fails while the first is taken: it never becomes a request of its own, which 107 would answer. */
static void test_a_request_whose_copies_could_not_be_known_is_not_taken(void **state)
{
	static const uint8_t digest[HASH_LEN] = { 1 };
	const struct core_dup_waiter waiter = { 7, 1, 1 };
	struct ipc_device_action_answer answer;
	struct core_dup_entry *entry;
	struct core_dup *d;
	unsigned nth = 1;

	(void)state;
	assert_int_equal(core_dup_new(&d, 100, 240000), 0);
	for (bool some = true; some && nth < MANY; nth++) {
		enum core_dup_verdict v;

		fail_the(nth);
		v = core_dup_look(d, HOST, nth, core_dup_hash(d, HOST, nth), digest, &waiter, 1000, &entry, &answer);
		some = failed();
		assert_true(v == (some ? CORE_DUP_NOMEM : CORE_DUP_NEW) || (v == CORE_DUP_NEW && entry));
		assert_true((entry != NULL) == (v == CORE_DUP_NEW));
	}
	assert_true(nth > 2 && nth < MANY);
	core_dup_free(d);
}

/* When there is no memory for another entry, the oldest gives its own: as when the table is full. */
static void test_the_oldest_entry_makes_room(void **state)
{
	static const uint8_t digest[HASH_LEN] = { 1 };
	const struct ipc_device_action_answer said = { .result_code = DIA_RESULT_SUCCESS };
	const struct core_dup_waiter waiter = { 7, 1, 1 };
	struct ipc_device_action_answer answer;
	struct core_dup_entry *entry;
	struct core_dup *d;

	(void)state;
	assert_int_equal(core_dup_new(&d, 100, 240000), 0);
	assert_int_equal(core_dup_restore(d, HOST, 1, digest, &said, 1000, NULL), 0);
	fail_the(1);
	assert_int_equal(core_dup_look(d, HOST, 2, core_dup_hash(d, HOST, 2), digest, &waiter, 1001, &entry, &answer),
			 CORE_DUP_NEW);
	assert_true(failed());
	assert_non_null(entry);
	assert_int_equal(core_dup_count(d), 1);
	assert_int_equal(core_dup_dropped(d), 1);
	core_dup_free(d);
}

/* Who took a trigger is who may report about it, and who is asked to take it back. */
static void test_the_name_of_an_sms_sc_needs_no_memory(void **state)
{
	struct trg_names names = { .max = 4 };
	const char *kept;

	(void)state;
	assert_int_equal(trg_names_reserve(&names), 0);
	fail_the(1);
	kept = trg_names_keep(&names, "smssc.core.operator.example");
	assert_false(failed());
	assert_non_null(kept);
	assert_string_equal(kept, "smssc.core.operator.example");
	assert_ptr_equal(trg_names_keep(&names, "smssc.core.operator.example"), kept);
	assert_non_null(trg_names_keep(&names, "b"));
	assert_non_null(trg_names_keep(&names, "c"));
	assert_non_null(trg_names_keep(&names, "d"));
	assert_null(trg_names_keep(&names, "e"));
	trg_names_fini(&names);
}

static void kept(void *arg, uint64_t number, int err)
{
	(void)arg;
	(void)number;
	assert_int_equal(err, 0);
}

/* What changes of a trigger that was taken finds its way into the journal: when there is no memory for that, the reserve is there. */
static void test_the_record_of_what_was_accepted_takes_the_reserve(void **state)
{
	struct core_play *p = *state;
	struct trg_request r = { .scs = "acme",
				 .scs_e164 = "491720000001",
				 .origin_host = "scs.acme.example",
				 .origin_realm = "acme.example",
				 .external = "meter-1@a.example",
				 .groups = "",
				 .action = TSP_ACTION_TRIGGER,
				 .reference = 1,
				 .validity_s = 600,
				 .received_ms = core_now_ms(p->core),
				 .expires_ms = core_now_ms(p->core) + 600000 };
	struct core_trigger *t;
	bool some = false;

	assert_int_equal(core_trigger_new(&t, p->core, core_scs_get(p->core, "acme"), &r), 0);
	assert_false(core_memory_short(p->core));
	for (unsigned i = 0; i < 10000 && !some; i++) { /* the room of a batch grows now and then */
		fail_the(1);
		assert_int_equal(core_trigger_keep(t, kept, NULL), 0);
		some = failed();
	}
	assert_true(some);
	assert_true(core_memory_short(p->core));
	assert_int_equal(st_get(&p->core->st, ST_MEMORY_SHORTAGES), 1);
}

/* The next trigger takes its memory from the heap. */
static void no_pieces(struct core_play *p)
{
	pool_fini(&p->core->pieces.triggers);
	pool_fini(&p->core->pieces.machines);
}

/* A parked trigger is woken with the reserve. When that is gone it stays parked, and is found once there is memory. */
static void test_a_parked_trigger_is_woken_with_the_reserve(void **state)
{
	struct core_play *p = *state;
	uint64_t now_ms = core_now_ms(p->core);
	struct trg_request r = { .scs = "acme",
				 .scs_e164 = "491720000001",
				 .origin_host = "scs.acme.example",
				 .origin_realm = "acme.example",
				 .external = "meter-1@a.example",
				 .action = TSP_ACTION_TRIGGER,
				 .reference = 1,
				 .validity_s = 600,
				 .received_ms = now_ms,
				 .expires_ms = now_ms + 600000 };
	struct core_trigger *t;

	assert_int_equal(core_trigger_new(&t, p->core, core_scs_get(p->core, "acme"), &r), 0);
	trg_put(t->trg, TRG_ACCEPTED);
	t->trg->answered = true;
	t->trg->armed_ms = now_ms + 660000;
	assert_int_equal(core_deadline_set(t, t->trg->armed_ms), 0);
	assert_true(core_trigger_park(t));
	no_pieces(p);
	fail_the(2);
	t = core_trigger_find(p->core, "491720000001", 1);
	assert_true(failed());
	assert_non_null(t);
	assert_true(core_memory_short(p->core));
	fail_the(1);
	assert_false(core_trigger_park(t)); /* no memory for that: it stays awake */
	assert_true(failed());
	assert_true(core_trigger_park(t));
	for (unsigned nth = 1; nth <= 2; nth++) {
		no_pieces(p);
		fail_the(nth);
		assert_null(core_trigger_find(p->core, "491720000001", 1));
		assert_true(failed());
		assert_int_equal(p->core->triggers.unwoken, nth);
		assert_true(core_trigger_known(p->core, "491720000001", 1));
		assert_int_equal(p->core->triggers.in_state[TRG_ACCEPTED], 1);
	}
	t = core_trigger_find(p->core, "491720000001", 1);
	assert_non_null(t);
	assert_string_equal(t->trg->req.external, "meter-1@a.example");
}

#define WAITING 60u

/* A trigger that the SMS-SC has, in the journal. */
static void journal_one(struct core_play *p, uint32_t reference)
{
	uint64_t now_ms = core_now_ms(p->core);
	struct trg_request r = { .scs = "acme",
				 .scs_e164 = "491720000001",
				 .origin_host = "scs.acme.example",
				 .origin_realm = "acme.example",
				 .end_to_end = reference,
				 .external = "meter-1@a.example",
				 .groups = "",
				 .action = TSP_ACTION_TRIGGER,
				 .reference = reference,
				 .has_validity = true,
				 .validity_s = 600,
				 .received_ms = now_ms,
				 .expires_ms = now_ms + 600000 };
	uint8_t record[TRG_RECORD_MAX];
	struct buf b = buf_over(record, sizeof record);
	struct core_trigger *t;

	assert_int_equal(core_trigger_new(&t, p->core, core_scs_get(p->core, "acme"), &r), 0);
	(void)core_quota_of(p->core, t->scs, now_ms);
	assert_int_equal(core_quota_take(t), 0);
	trg_put(t->trg, TRG_ACCEPTED);
	t->trg->answered = t->trg->accepted = t->trg->may_report = t->trg->stored = true;
	trg_record_build(&b, t->trg);
	assert_int_equal(jrn_put(p->core->journal.jrn, t->trg->number, record, b.len, NULL, NULL), 0);
}

/* The next core has triggers in its journal, and stands still before it enters them. */
static struct core_later *start_with(struct core_play *p)
{
	for (uint32_t i = 1; i <= WAITING; i++) {
		journal_one(p, i);
	}
	assert_int_equal(jrn_flush(p->core->journal.jrn), 0);
	p->cfg->limits.enter_first = 0;
	core_play_restart(p);
	net_timer_stop(p->core->later.timer);
	return &p->core->later;
}

/* Whether the audit waits for what a crash took of it. */
static bool recovering(const struct core_play *p)
{
	struct aud_view v;

	aud_store_view(p->core->audit.store, &v);
	return v.recovering;
}

/* A trigger of the journal that cannot be entered for lack of memory stays there, and is entered when it is asked for again. The audit, which
 * has no record of any, gets one of each. */
static void test_what_a_start_left_in_the_journal_is_entered_whole_or_later(void **state)
{
	static const uint8_t key[MRK_KEY] = { 1 };
	struct core_play *p = *state;
	uint32_t reference = 0;
	struct core_later *l;
	unsigned nth = 1;

	p->audit_key = key;
	p->cfg->audit.on = true;
	core_play_restart(p);
	l = start_with(p);
	for (bool some = true; some && nth < MANY; nth++) {
		size_t left = l->left;
		int err;

		fail_the(nth);
		err = core_later_reference(p->core, "491720000001", ++reference);
		some = failed();
		assert_int_equal(l->left, err ? left : left - 1);
		assert_true(!err || err == ERR_NOMEM);
		assert_int_equal(core_seat_find(p->core, "491720000001", reference) == NULL, err != 0);
		if (err) {
			reference--;
		}
	}
	assert_in_range(nth, 3, MANY - 1);
	fail_from(2); /* for its entry among the duplicates: by then it was read */
	assert_int_equal(core_later_reference(p->core, "491720000001", ++reference), ERR_NOMEM);
	assert_true(failed());
	fail_the(2); /* in a turn, which may be of somebody else */
	net_timer_start(l->timer, 0);
	assert_true(recovering(p));
	for (int i = 0; l->records && i < 5000; i++) { /* at most until the next try */
		core_play_turns(p, 1);
	}
	assert_false(recovering(p));
	assert_true(failed());
	assert_int_equal(l->left, 0);
	assert_int_equal(p->core->triggers.n, WAITING);
	assert_int_equal(p->core->audit.recovered, WAITING);
	for (uint32_t i = 1; i <= WAITING; i++) {
		struct core_seat *seat = core_seat_find(p->core, "491720000001", i);

		assert_non_null(seat);
		assert_true(seat->deadline.place);
	}
}

/* Of so many parties that there is no place for this one's names: the trigger needs a machine, and more memory. */
static void test_one_that_needs_a_machine_is_entered_whole_or_later(void **state)
{
	struct core_play *p = *state;
	struct core_later *l = start_with(p);
	struct core_seat *seat;
	unsigned nth = 1;

	p->core->triggers.parties.max = 0;
	for (bool some = true; some && nth < MANY; nth++) {
		int err;

		fail_from(nth);
		err = core_later_reference(p->core, "491720000001", 1);
		some = failed();
		seat = core_seat_find(p->core, "491720000001", 1);
		assert_int_equal(seat == NULL, err != 0);
		assert_int_equal(l->left, err ? WAITING : WAITING - 1);
		if (!err) {
			break;
		}
	}
	assert_in_range(nth, 3, MANY - 1);
	assert_false(seat->parked);
	assert_true(seat->deadline.place);
	assert_int_equal(p->core->st.v[ST_JOURNAL_RECOVERED], 1);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_session_is_in_its_group_or_not_admitted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_request_is_trouble_or_as_ever, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_record_of_what_was_accepted_takes_the_reserve, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_parked_trigger_is_woken_with_the_reserve, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_a_start_left_in_the_journal_is_entered_whole_or_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_that_needs_a_machine_is_entered_whole_or_later, setup, teardown),
		cmocka_unit_test(test_a_request_whose_copies_could_not_be_known_is_not_taken),
		cmocka_unit_test(test_the_oldest_entry_makes_room),
		cmocka_unit_test(test_the_name_of_an_sms_sc_needs_no_memory),
	};

	return cmocka_run_group_tests_name("core memory", tests, NULL, NULL);
}
