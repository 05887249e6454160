/* Every (state, event) pair of the machine, for each action, and random walks over all of them: no order of events breaks a promise, and
 * no death of the process.
 * What the table says is written down here a second time: a change has to be made in both places, and looked at. */
#include "tests/unit/trigger/fake.h"

/* One letter a state, in the order of TRG_STATE_TABLE. */
static const char letters[] = "iawsbrckpnodvfu";
_Static_assert(sizeof letters - 1 == TRG_STATE_COUNT, "one letter a state");

/* The state after the pair, every port willing; '.': refused. A line a state, a column an event in the order of TRG_EVENT_TABLE. The heads
 * of the columns are read downwards: sta start; sub, sno subscriber known, refused; dur, dsk durable, not stored; dok, dno, dun, dsi DTA
 * ok, no, unhandled, silent; rdo, rsi recall done, silent; drr; aok, ano DNA ok, no; scs SCS back; tim timer; res restored; rno recall no;
 * uns unsent; tak, los taken back, lost; rev, can revoke, cancel; giv give up; new DTA stored as new. */
static const char *const trigger[] = {
	/*
	 sssddddddrrdaastrrutlrcgn
	 tunusonusdsronciennaoeaie
	 aborkkonioirkosmsosksvnvw
	 */
	"a........................", /* idle */
	".wd...................dd.", /* asking the HSS */
	"...sd.................wf.", /* writing the intent */
	".....kffb..p......f..sscf", /* submitting */
	".....kfcc..p......c..bbcf", /* submitting again */
	"...........p...bb....vvv.", /* resuming */
	"...cc....dcd...ccd.....cc", /* recalling */
	/*
	 sssddddddrrdaastrrutlrcgn
	 tunusonusdsronciennaoeaie
	 aborkkonioirkosmsosksvnvw
	 */
	".....kkkk..pkk.pk..dpvvvk", /* accepted */
	"...nkpppp..pppp........pp", /* writing the report */
	".....nnnn..ndon.........n", /* reporting */
	".....oooo..o..nnn.......o", /* waiting to report again */
	".........................", /* done */
	"...vv....pvpvv.vvk.dp....", /* revoking */
	"...dd......f....d......f.", /* writing the refusal */
	"...uuvd.u..puu.pu....uuuv", /* unknown */
};
static const char *const replace[] = {
	/*
	 sssddddddrrdaastrrutlrcgn
	 tunusonusdsronciennaoeaie
	 aborkkonioirkosmsosksvnvw
	 */
	"a........................", /* idle */
	".wd...................dd.", /* asking the HSS */
	"...sd.................wf.", /* writing the intent */
	".....kffb..s......f..ssck", /* submitting */
	".....kfcc..b......c..bbck", /* submitting again */
	"...........r...bb....vvv.", /* resuming */
	"...cc....dcd...ccd.....cc", /* recalling */
	/*
	 sssddddddrrdaastrrutlrcgn
	 tunusonusdsronciennaoeaie
	 aborkkonioirkosmsosksvnvw
	 */
	".....kkkk..pkk.pk..dpvvvk", /* accepted */
	"...nkpppp..pppp........pp", /* writing the report */
	".....nnnn..ndon.........n", /* reporting */
	".....oooo..o..nnn.......o", /* waiting to report again */
	".........................", /* done */
	"...vv....pvpvv.vvk.dp....", /* revoking */
	"...dd......f....d......f.", /* writing the refusal */
	"...uuvd.u..puu.pu....uuuv", /* unknown */
};
static const char *const recall[] = {
	/*
	 sssddddddrrdaastrrutlrcgn
	 tunusonusdsronciennaoeaie
	 aborkkonioirkosmsosksvnvw
	 */
	"a........................", /* idle */
	".wd....................d.", /* asking the HSS */
	"...sd..................f.", /* writing the intent */
	".....dffb.........f....cf", /* submitting */
	".....dfcc.........c....cf", /* submitting again */
	"...............bb......c.", /* resuming */
	"...cc....dc....ccd.....c.", /* recalling */
	/*
	 sssddddddrrdaastrrutlrcgn
	 tunusonusdsronciennaoeaie
	 aborkkonioirkosmsosksvnvw
	 */
	"",                          /* accepted */
	"",                          /* writing the report */
	"",                          /* reporting */
	"",                          /* waiting to report again */
	".........................", /* done */
	"",                          /* revoking */
	"...dd...........d......f.", /* writing the refusal */
	"",                          /* unknown */
};

static const struct {
	uint32_t action;
	const char *const *lines;
} actions[] = { { TSP_ACTION_TRIGGER, trigger }, { TSP_ACTION_REPLACE, replace }, { TSP_ACTION_RECALL, recall } };

#define ACTIONS_N (sizeof actions / sizeof actions[0])

/* A recall is done when the others are accepted: it never sees these states. */
static bool reached(uint32_t action, unsigned state)
{
	return action != TSP_ACTION_RECALL || state <= TRG_RECALLING || state == TRG_DONE || state == TRG_REFUSING;
}

/* The states that may follow, whatever the event: from the drawing in trg.c. */
static const char *const next_of[] = { "a",      "wdf", "spdf", "bckpvdfu", "rckpvdfu", "bckpvdfu", "kpd", "pvd",
				       "kunodf", "od",  "nd",   "",         "kpd",      "d",        "vpfd" };

static void test_only_what_is_drawn_may_follow(void **state)
{
	(void)state;
	for (unsigned from = 0; from < TRG_STATE_COUNT; from++) {
		for (unsigned to = 0; to < TRG_STATE_COUNT; to++) {
			assert_int_equal(machine_may(&trg_machine, from, to), strchr(next_of[from], letters[to]) != NULL);
		}
	}
}

static void check_pair(uint32_t action, const char *line, enum trg_state s, enum trg_event_kind e)
{
	struct trg_request r = request_for(action);
	struct fake f = fake_new(), own;
	struct trg *o = original_of(&own, &f), *t = in_state_of(&f, s, &r);
	int answered = f.answered, refused = f.refused_events, forgotten = f.forgotten, err;
	size_t entries = 0;
	struct trg_history_entry past[TRG_HISTORY_MAX];
	uint32_t dropped;

	err = step(t, &f, e);
	if (letters[t->state] != (err ? letters[s] : line[e])) {
		fail_msg("%s, action %u, %s: %c, and not %c", trg_state_str(s), action, trg_event_str(e), letters[t->state],
			 line[e]);
	}
	if (action != TSP_ACTION_RECALL) {
		assert_int_equal(trg_takes(s, e), line[e] != '.');
	}
	assert_int_equal(err, line[e] == '.' ? ERR_STATE : 0);
	if (err) { /* nothing changes */
		assert_int_equal(f.answered, answered);
		assert_int_equal(f.forgotten, forgotten);
		assert_int_equal(f.refused_events, refused + 1);
	}
	if (e == TRG_EV_DRR) { /* its DRA is given, or owed */
		assert_true(f.tokens_acked == f.tokens_given || t->token == f.tokens_given);
	}
	if (e == TRG_EV_DRR && err) {
		assert_int_equal(f.acked_no, 1); /* acknowledged as not taken */
	}
	entries = trg_history(t, past, &dropped);
	if (t->state != s && entries) {
		assert_int_equal(past[entries - 1].to, t->state);
	}
	trg_free(t);
	trg_free(o);
}

static void test_every_state_takes_or_refuses_every_event(void **state)
{
	(void)state;
	for (size_t a = 0; a < ACTIONS_N; a++) {
		for (unsigned s = 0; s < TRG_STATE_COUNT; s++) {
			if (!reached(actions[a].action, s)) {
				continue;
			}
			assert_int_equal(strlen(actions[a].lines[s]), TRG_EVENT_COUNT);
			for (unsigned e = 0; e < TRG_EVENT_COUNT; e++) {
				check_pair(actions[a].action, actions[a].lines[s], (enum trg_state)s, (enum trg_event_kind)e);
			}
		}
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Its own events come to the original, too, so that it may be reported, revoked or gone at any moment. */
static void disturb(struct fake *own, struct trg *o, uint32_t chance)
{
	static const enum trg_event_kind some[] = { TRG_EV_DRR,    TRG_EV_DURABLE,     TRG_EV_DISK,      TRG_EV_DNA_OK,
						    TRG_EV_REVOKE, TRG_EV_RECALL_DONE, TRG_EV_RECALL_NO, TRG_EV_TIMER };
	enum trg_event_kind e = some[chance % (sizeof some / sizeof some[0])];

	if (((e == TRG_EV_DURABLE || e == TRG_EV_DISK) && !own->store_pending) || (e == TRG_EV_DNA_OK && !own->dnr_out)) {
		return;
	}
	if (o->state != TRG_DONE) {
		step(o, own, e);
	}
}

/* Ports fail at random. The fakes assert exactly one answer, durable before DTR and before DRA, one End-to-End-Id a message, nothing out of
 * time, no end without an answer. */
static void walk(uint32_t action, uint32_t *seed, int *done, int *originals_told)
{
	struct fake f = fake_new(), own;
	struct trg_request r = request_for(action);
	struct trg *o = original_of(&own, &f), *t = trigger_of(&f, &r);

	if (next_random(seed) % 4 == 0) { /* it has ended */
		f.original = NULL;
		f.past = fake_past;
	}
	f.copies = (enum trg_copies)(next_random(seed) % 3);
	f.ids_last = own.ids_last = next_random(seed) & 1;
	step(t, &f, TRG_EV_START);
	for (int i = 0; i < 100 && t->state != TRG_DONE; i++) {
		uint32_t chance = next_random(seed);
		enum trg_event_kind e = (enum trg_event_kind)(next_random(seed) % TRG_EVENT_COUNT);

		f.drr_outcome = own.drr_outcome = (chance >> 20) % 4;
		f.fail_submit = chance & 1;
		f.fail_store = (chance & 6) == 6;
		f.fail_recall = chance & 8;
		f.fail_notify = chance & 16;
		f.no_feature = (chance & 0x60) == 0x60;
		own.fail_store = (chance & 0x180) == 0x180;
		if ((chance & 0x600) == 0x600) {
			disturb(&own, o, next_random(seed));
		}
		own.now_ms = f.now_ms = own.now_ms > f.now_ms ? own.now_ms : f.now_ms;
		if ((e == TRG_EV_DURABLE || e == TRG_EV_DISK) && !f.store_pending) {
			continue; /* exactly one follows a store: the port's promise */
		}
		if ((e == TRG_EV_DNA_OK || e == TRG_EV_DNA_NO) && !f.dnr_out) {
			continue; /* and a DNR */
		}
		if ((e == TRG_EV_CANCEL && (chance & 0x6000)) || (e == TRG_EV_GIVE_UP && (chance & 0x7e000))) {
			continue; /* both are rare; else few walks come far */
		}
		if (!trg_takes(t->state, e) && (chance & 0x1800)) {
			continue; /* most of what is refused */
		}
		step(t, &f, e);
	}
	if (t->state == TRG_DONE) {
		(*done)++;
		assert_int_equal(f.answered, 1);
		assert_int_equal(f.forgotten, 1);
		assert_int_equal(f.tokens_acked, f.tokens_given);             /* a DRA for each DRR */
		assert_true(o->state == TRG_DONE || o->changer != t->number); /* the original is free again */
	}
	*originals_told += f.told;
	if (f.original && f.status == TSP_STATUS_SUCCESS && action == TSP_ACTION_RECALL && f.answered && !t->resumed) {
		assert_int_equal(o->state, TRG_DONE); /* told SUCCESS: no report of it comes */
	}
	trg_free(t);
	trg_free(o);
}

static void test_no_order_of_events_breaks_a_promise(void **state)
{
	uint32_t seed = 20261123;

	(void)state;
	for (size_t a = 0; a < ACTIONS_N; a++) {
		int done = 0, told = 0;

		for (int i = 0; i < 20000; i++) {
			walk(actions[a].action, &seed, &done, &told);
		}
		assert_true(done > 4000);
		assert_int_equal(told > 30, actions[a].action != TSP_ACTION_TRIGGER);
	}
}

/* The process dies: what is durable comes back, or nothing. */
static struct trg *die(struct trg *t, struct fake *f)
{
	static struct trg_conf later;

	later = fake_conf;
	later.first_number = 8;
	trg_free(t);
	f->dnr_out = f->told_outcome = false;
	f->store_pending = false;
	f->answered = 0; /* whoever asks again is told again */
	f->armed_ms = UINT64_MAX;
	if (!f->disk->durable.len) {
		return NULL;
	}
	f->disk->given = f->disk->durable;
	assert_int_equal(trg_restore(&t, 7, f->disk->durable.bytes, f->disk->durable.len, &later, &fake_ports, f), 0);
	f->report_durable = t->has_outcome;
	step(t, f, TRG_EV_RESTORED);
	return t;
}

/* Ends a walk, or cannot be in the surroundings of walk_with_deaths(). */
static bool unwelcome(const struct trg *t, const struct fake *f, enum trg_event_kind e, uint32_t chance)
{
	if (e == TRG_EV_DISK || !trg_takes(t->state, e) || (e == TRG_EV_DURABLE && !f->store_pending)) {
		return true;
	}
	if ((e == TRG_EV_DNA_OK || e == TRG_EV_DNA_NO) && !f->dnr_out) {
		return true;
	}
	if (e == TRG_EV_RESTORED || ((e == TRG_EV_TAKEN_BACK || e == TRG_EV_LOST) && !t->answered)) { /* die() says the first */
		return true;
	}
	if (e == TRG_EV_DTA_STORED || (e == TRG_EV_DTA_NO && f->told_success)) { /* no replacement here */
		return true;
	}
	return (e == TRG_EV_CANCEL || e == TRG_EV_SUBSCRIBER_NO || e == TRG_EV_DTA_NO || e == TRG_EV_TAKEN_BACK ||
		e == TRG_EV_GIVE_UP) &&
	       (chance & 0x6000);
}

/* A trigger whose process dies at any moment. The disk does not fail, and the SMS-SC does not refuse what it has taken: who was told
 * SUCCESS in any life gets a report, unless a recall of its own took it back; and what was told 201 in any life is not submitted in a
 * later one (the port checks). */
static void walk_with_deaths(uint32_t *seed, int *deaths, int *reported)
{
	static struct fake_disk disk;
	struct fake f = fake_new();
	struct trg_request r = request();
	enum trg_event_kind e = TRG_EV_START;
	struct trg *t;

	if (next_random(seed) & 1) { /* one attempt, whenever */
		r.has_validity = false;
		r.validity_s = 0;
		r.expires_ms = T0;
	}
	t = trigger_of(&f, &r);
	disk.given.len = disk.durable.len = 0;
	f.disk = &disk;
	f.ids_last = next_random(seed) & 1;
	f.copies = (enum trg_copies)(next_random(seed) % 3);
	step(t, &f, e);
	for (int i = 0; i < 1000 && t && t->state != TRG_DONE; i++) {
		uint32_t chance = next_random(seed);

		e = (enum trg_event_kind)(next_random(seed) % TRG_EVENT_COUNT);
		f.drr_outcome = (chance >> 20) % 4;
		f.fail_submit = chance & 1;
		f.fail_recall = chance & 8;
		f.fail_notify = chance & 16;
		f.refusal.status = (chance & 0xe0) == 0xe0 ? TSP_STATUS_NOTAUTHORIZED : 0;
		if ((chance & 0x18f00) == 0x18f00) {
			(*deaths)++;
			t = die(t, &f);
		} else if (!unwelcome(t, &f, e, chance)) {
			step(t, &f, e);
		}
		if (t && !f.store_pending && (chance & 0x1000)) {
			fake_commit(&f); /* what was only noted */
		}
	}
	if (!t) {
		assert_false(f.told_success);
	}
	if (t && t->state == TRG_DONE && f.told_success && e != TRG_EV_TAKEN_BACK) {
		(*reported)++;
		assert_true(t->has_outcome);
	}
	trg_free(t);
}

static void test_no_death_breaks_a_promise(void **state)
{
	uint32_t seed = 20261126;
	int deaths = 0, reported = 0;

	(void)state;
	for (int i = 0; i < 40000; i++) {
		walk_with_deaths(&seed, &deaths, &reported);
	}
	assert_true(deaths > 10000 && reported > 1500);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_what_is_drawn_may_follow),
		cmocka_unit_test(test_every_state_takes_or_refuses_every_event),
		cmocka_unit_test(test_no_order_of_events_breaks_a_promise),
		cmocka_unit_test(test_no_death_breaks_a_promise),
	};

	return cmocka_run_group_tests_name("trg_table", tests, NULL, NULL);
}
