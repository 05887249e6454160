/* Judging again before the DTR (CONTRACTS section 2): the verdict on the given names is kept while the store and the time of its rules
 * are the same. A seeded property test compares each verdict that was reached so with the one of the whole way. */
#include "tests/unit/test.h"

#include "core/core_int.h"
#include "core/core_rights.h"
#include "tests/support/asc_wait.h"
#include "tests/unit/core/core_play.h"

#define NOW_S INT64_C(1790000000)
#define SPAN 40 /* seconds around NOW_S in which rules and the proof begin and end */
#define PROOF_S (NOW_S + 7)

static uint64_t seed;

static uint32_t draw(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % n;
}

static const char *const askers[] = { "acme", "group:fleet", "group:yard" };
static const char *const devices[] = { "meter-1@a.example", "*@a.example", "msisdn:491700000001",
				       "msisdn:491700000000-491700000009", "msisdn:491700000001-491700000005" };
static const char *const numbers[] = { "", "491700000001", "491700000004", "491800000000" };

/* A second at which a rule begins or ends; 0: it does not. */
static int64_t bound(void)
{
	return draw(2) ? 0 : NOW_S - SPAN + draw(2 * SPAN);
}

static void change_rule(struct asc *a)
{
	uint8_t verdict = draw(4) ? ASSOC_ALLOW : draw(2) ? ASSOC_DENY : ASSOC_BLOCK;
	struct asc_rule_new r = {
		.who = askers[draw(3)], .device = devices[draw(5)], .verdict = verdict, .not_before_s = bound()
	};
	struct asc_why why;

	r.rights = verdict == ASSOC_BLOCK ? 0 : (uint8_t)(1 + draw(7));
	r.not_after_s = bound();
	if (r.not_after_s && r.not_after_s < r.not_before_s) {
		r.not_after_s = 0;
	}
	r.mode = verdict != ASSOC_ALLOW && draw(2) ? ASSOC_DETECT : ASSOC_ENFORCE;
	if (draw(4) == 0 && asc_rule_del(a, r.who, r.device, -1, &why) == 0) {
		return;
	}
	if (asc_rule_add(a, &r, &why)) {
		fail_msg("%s", why.text);
	}
}

static struct core_trigger *trigger_of(struct core_play *p, const char *external, const char *msisdn)
{
	struct trg_request r = { .scs = "acme",
				 .scs_e164 = "491720000001",
				 .origin_host = "scs.acme.example",
				 .origin_realm = "acme.example",
				 .external = external,
				 .msisdn = msisdn,
				 .action = TSP_ACTION_TRIGGER,
				 .reference = 1,
				 .groups = "fleet yard",
				 .groups_not_after_s = PROOF_S };
	struct core_trigger *t;

	assert_int_equal(core_trigger_new(&t, p->core, core_scs_get(p->core, "acme"), &r), 0);
	t->input = calloc(1, sizeof *t->input);
	assert_non_null(t->input);
	return t;
}

/* As the request was judged when it came. True: allowed. */
static bool judge_first(struct core_trigger *t, uint64_t when_ms)
{
	struct core_proven proven;
	struct core_judged j;

	core_proven_from(&proven, t->trg->req.groups, t->trg->req.groups_not_after_s);
	t->input->given.allowed = false;
	t->trg->sub.msisdn = "";
	core_trigger_judge(t, &j, when_ms);
	if (j.verdict.status == TSP_STATUS_SUCCESS) {
		core_given_allowed(&t->input->given, t->core, &j.given, &proven, when_ms);
		t->detected = j.verdict.detected != NULL;
	}
	return t->input->given.allowed;
}

static const char *text(char out[ASSOC_RULE_TEXT_MAX], const struct assoc_rule *r)
{
	out[0] = 0;
	return r ? assoc_rule_text(out, r) : out;
}

/* The number was judged, and is not denied: the same question asks nothing. */
static void assert_known(struct core_trigger *t, uint64_t when_ms)
{
	struct core_judged again;

	again.given.n = again.number.n = ASSOC_FOUND_MAX + 1;
	core_trigger_judge(t, &again, when_ms);
	assert_int_equal(again.verdict.status, TSP_STATUS_SUCCESS);
	assert_true(again.given.n > ASSOC_FOUND_MAX && again.number.n > ASSOC_FOUND_MAX);
}

/* Both ways, and whether the first asked for the given names. */
static bool compare(struct core_trigger *t, uint64_t when_ms)
{
	char kept_text[ASSOC_RULE_TEXT_MAX], whole_text[ASSOC_RULE_TEXT_MAX];
	struct core_judged kept, whole;
	bool asked, said = t->detected;

	kept.given.n = ASSOC_FOUND_MAX + 1;
	core_trigger_judge(t, &kept, when_ms);
	t->detected |= kept.verdict.detected != NULL;
	asked = kept.given.n <= ASSOC_FOUND_MAX;
	t->input->given.allowed = false;
	core_trigger_judge(t, &whole, when_ms);
	t->input->given.allowed = true;
	assert_int_equal(kept.verdict.status, whole.verdict.status);
	assert_int_equal(kept.verdict.reason, whole.verdict.reason);
	if (whole.verdict.status != TSP_STATUS_SUCCESS) {
		assert_string_equal(text(kept_text, kept.verdict.rule), text(whole_text, whole.verdict.rule));
	}
	if (!said) { /* a transaction has one such line */
		assert_string_equal(text(kept_text, kept.verdict.detected), text(whole_text, whole.verdict.detected));
	}
	if (!asked && kept.verdict.status == TSP_STATUS_SUCCESS && (said || !kept.verdict.detected)) {
		assert_known(t, when_ms);
	}
	return asked;
}

static void judge_some(struct core_play *p, struct core_trigger *t, uint32_t n[2])
{
	for (int i = 0; i < 30; i++) {
		uint64_t first_ms = 1000u * (uint64_t)(NOW_S - SPAN + draw(2 * SPAN));

		if (i % 10 == 9) {
			change_rule(p->core->store.asc);
		}
		if (!judge_first(t, first_ms)) {
			continue;
		}
		for (int k = 0; k < 5; k++) {
			t->trg->sub.msisdn = numbers[draw(4)];
			n[compare(t, 1000u * (uint64_t)(NOW_S - SPAN + draw(2 * SPAN)) + draw(1000))]++;
		}
		t->trg->sub.msisdn = numbers[draw(4)];
		n[compare(t, first_ms)]++;
		change_rule(p->core->store.asc);
		assert_true(compare(t, first_ms)); /* the store has changed */
	}
}

static void test_a_kept_verdict_is_that_of_the_whole_way(void **state)
{
	struct asc_group fleet = { .name = "fleet", .anchor = "anchor-a" }, yard = { .name = "yard", .anchor = "anchor-b" };
	struct core_play *p = *state;
	struct core_trigger *t[3];
	uint32_t n[2] = { 0 };
	struct asc_why why;

	assert_int_equal(asc_group_put(p->core->store.asc, &fleet, &why), 0);
	assert_int_equal(asc_group_put(p->core->store.asc, &yard, &why),
			 0); /* its anchor is not that of the SCS: it proves nothing */
	t[0] = trigger_of(p, "meter-1@a.example", "");
	t[1] = trigger_of(p, "", "491700000001");
	t[2] = trigger_of(p, "meter-1@a.example", "491700000004");
	seed = 1;
	for (int i = 0; i < 15; i++) {
		judge_some(p, t[i % 3], n);
	}
	assert_true(n[0] > 100); /* both ways were taken */
	assert_true(n[1] > 100);
	for (int i = 0; i < 3; i++) {
		core_trigger_free(t[i]);
	}
}

static void test_an_scs_that_loses_the_action_is_seen(void **state)
{
	struct core_play *p = *state;
	struct asc_scs scs = *asc_scs_find(p->core->store.asc, "acme");
	struct core_trigger *t = trigger_of(p, "meter-1@a.example", "");
	struct core_judged j;
	struct asc_why why;

	assert_true(judge_first(t, 1000u * NOW_S));
	scs.actions = ASSOC_RIGHT_RECALL;
	assert_int_equal(asc_scs_put(p->core->store.asc, &scs, &why), 0);
	core_trigger_judge(t, &j, 1000u * NOW_S);
	assert_int_equal(j.verdict.reason, POL_ACTION_NOT_ALLOWED);
	core_trigger_free(t);
}

/* A number that is denied is not reached by a name that is allowed. */
static void test_the_number_of_the_hss_is_always_judged(void **state)
{
	struct asc_rule_new deny = { "acme", "msisdn:491700000001", ASSOC_DENY, ASSOC_RIGHT_ALL, 0, 0, ASSOC_ENFORCE };
	struct core_play *p = *state;
	struct core_trigger *t;
	struct core_judged j;
	struct asc_why why;

	assert_int_equal(asc_rule_add(p->core->store.asc, &deny, &why), 0);
	t = trigger_of(p, "meter-1@a.example", "");
	assert_true(judge_first(t, 1000u * NOW_S));
	t->trg->sub.msisdn = "491700000002";
	core_trigger_judge(t, &j, 1000u * NOW_S);
	assert_int_equal(j.verdict.status, TSP_STATUS_SUCCESS);
	t->trg->sub.msisdn = "491700000001";
	core_trigger_judge(t, &j, 1000u * NOW_S);
	assert_int_equal(j.verdict.reason, POL_DENIED);
	t->trg->sub.msisdn = "";
	core_trigger_judge_name(t, &j, NULL, "491700000001", 1000u * NOW_S);
	assert_int_equal(j.verdict.reason, POL_DENIED);
	core_trigger_free(t);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_kept_verdict_is_that_of_the_whole_way, core_play_setup,
						core_play_teardown),
		cmocka_unit_test_setup_teardown(test_an_scs_that_loses_the_action_is_seen, core_play_setup, core_play_teardown),
		cmocka_unit_test_setup_teardown(test_the_number_of_the_hss_is_always_judged, core_play_setup, core_play_teardown),
	};

	return cmocka_run_group_tests_name("core rights", tests, NULL, NULL);
}
