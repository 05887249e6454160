/* What would change an answer: each change that is told is tried here too, by hand, on the rules that `mtcctl assoc check` would show. */
#include "tests/unit/test.h"

#include "policy/pol_change.h"

#define NOW_S 1790000000

struct world {
	struct assoc_found found, groups, sets;
	struct pol_case c;
	struct pol_changes changes;
};

static struct assoc_rule *put(struct assoc_found *f, const char *text)
{
	struct assoc_rule *r = &f->rules[f->n++];
	char verdict[8], who[ASSOC_WHO_TEXT_MAX + 1], device[ASSOC_DEVICE_TEXT_MAX + 1];

	assert_int_equal(sscanf(text, "%7s %69s %253s", verdict, who, device), 3);
	*r = (struct assoc_rule){ .verdict = ASSOC_ALLOW, .rights = ASSOC_RIGHT_TRIGGER };
	if (strcmp(verdict, "allow") != 0) {
		r->verdict = strcmp(verdict, "deny") == 0 ? ASSOC_DENY : ASSOC_BLOCK;
	}
	strcpy(r->who, who);
	strcpy(r->device, device);
	r->who_axis = who[0] == '*' ? ASSOC_WHO_ANY : strncmp(who, "group:", 6) == 0 ? ASSOC_WHO_GROUP : ASSOC_WHO_SCS;
	r->device_axis = strcmp(device, "*") == 0          ? ASSOC_DEVICE_ANY
			 : strncmp(device, "set:", 4) == 0 ? ASSOC_DEVICE_SET
			 : strncmp(device, "*@", 2) == 0   ? ASSOC_DEVICE_DOMAIN
							   : ASSOC_DEVICE_EXACT;
	return r;
}

static struct world *world(void)
{
	static struct world w;

	w = (struct world){ .c = { .scs = { .name = "acme", .e164 = "49170123456", .actions = ASSOC_RIGHT_ALL, .pending_max = 8 },
				   .now_ms = NOW_S * 1000ull,
				   .request = { .action = TSP_ACTION_TRIGGER, .external = "m@a.example" } } };
	w.c.found = &w.found;
	w.c.near_groups = &w.groups;
	w.c.near_sets = &w.sets;
	return &w;
}

static const char *text_of(const struct pol_change *c)
{
	static const char *const words[] = { "add", "delete", "detect", "enforce", "right", "begin",
					     "end", "join",   "join",   "leave",   "leave" };
	static char out[ASSOC_RULE_TEXT_MAX + 80];
	char rule[ASSOC_RULE_TEXT_MAX], at[32] = "";

	if (c->at_s) {
		snprintf(at, sizeof at, "+%lld", (long long)(c->at_s - NOW_S));
	}
	snprintf(out, sizeof out, "%s%s: %s", words[c->kind], at, assoc_rule_text(rule, c->rule));
	return out;
}

/* The changes, one a line. */
static const char *found(struct world *w)
{
	static char out[65536];

	pol_changes_find(&w->changes, &w->c);
	out[0] = 0;
	for (uint8_t i = 0; i < w->changes.n; i++) {
		strcat(out, text_of(&w->changes.list[i]));
		strcat(out, "\n");
	}
	return out;
}

static void test_where_nothing_is_said_an_allow_is_missing(void **state)
{
	struct world *w = world();

	(void)state;
	assert_string_equal(found(w), "add: allow acme m@a.example trigger\n");
	strcpy(w->c.request.msisdn, "491700000001");
	assert_string_equal(found(w), "add: allow acme m@a.example trigger\nadd: allow acme msisdn:491700000001 trigger\n");
	assert_false(w->changes.more || w->changes.needs_action || w->changes.needs_quota || w->changes.needs_suffice);
}

static void test_only_what_is_in_the_way_is_named(void **state)
{
	struct world *w = world();

	(void)state;
	put(&w->found, "allow acme *@a.example");
	put(&w->found, "deny acme m@a.example");
	/* an exact allow would lose the tie against the deny: it is not told */
	assert_string_equal(found(w), "delete: deny acme m@a.example trigger\ndetect: deny acme m@a.example trigger\n");
	put(&w->found, "block * m@a.example");
	assert_string_equal(found(w), ""); /* no single change helps: two rules refuse */
	w->found.rules[1].mode = ASSOC_DETECT;
	assert_string_equal(found(w), "delete: block * m@a.example\ndetect: block * m@a.example\n");
}

static void test_rights_that_are_missing_are_given_and_not_taken_away(void **state)
{
	struct world *w = world();

	(void)state;
	put(&w->found, "allow acme m@a.example")->rights = ASSOC_RIGHT_RECALL;
	put(&w->found, "allow acme *@a.example")->rights = ASSOC_RIGHT_REPLACE;
	assert_string_equal(found(w), "add: allow acme m@a.example trigger,recall\n"
				      "right: allow acme m@a.example recall\n"
				      "right: allow acme *@a.example replace\n");
}

static void test_time_changes_answers(void **state)
{
	struct world *w = world();
	struct assoc_rule *allow = put(&w->found, "allow acme m@a.example"), *deny;

	(void)state;
	allow->not_before_s = NOW_S + 50;
	assert_string_equal(found(w), "add: allow acme m@a.example trigger\nbegin+50: allow acme m@a.example trigger\n");
	allow->not_before_s = 0;
	allow->not_after_s = NOW_S + 50;
	assert_string_equal(found(w), "add: deny acme m@a.example trigger\ndelete: allow acme m@a.example trigger\n"
				      "end+51: allow acme m@a.example trigger\n");
	deny = put(&w->found, "block acme *");
	deny->not_after_s = NOW_S + 10;
	assert_string_equal(found(w), "delete: block acme *\ndetect: block acme *\nend+11: block acme *\n");
	deny->not_after_s = NOW_S + 60; /* the allow is over by then: waiting does not help */
	assert_string_equal(found(w), "delete: block acme *\ndetect: block acme *\n");
	deny->not_after_s = NOW_S - 1;
	deny = put(&w->found, "deny acme m@a.example");
	deny->not_before_s = NOW_S + 5;
	assert_string_equal(found(w), "add: deny acme m@a.example trigger\ndelete: allow acme m@a.example trigger\n"
				      "end+51: allow acme m@a.example trigger\n"
				      "begin+5: deny acme m@a.example trigger\n");
}

static void test_a_yes_is_changed_by_what_it_hangs_on(void **state)
{
	struct world *w = world();

	(void)state;
	put(&w->found, "allow acme m@a.example");
	put(&w->found, "deny acme *@a.example")->mode = ASSOC_DETECT; /* weaker: enforcing it changes nothing */
	put(&w->found, "block * m@a.example")->mode = ASSOC_DETECT;
	assert_string_equal(found(w), "add: deny acme m@a.example trigger\ndelete: allow acme m@a.example trigger\n"
				      "enforce: block * m@a.example detect-only\n");
	put(&w->found, "allow acme *@a.example"); /* now either of them is enough */
	assert_string_equal(found(w), "add: deny acme m@a.example trigger\nenforce: block * m@a.example detect-only\n");
}

/* Deleting the rule that decides would stop the SCS for every device of the domain. */
static void test_one_device_of_a_domain_is_denied_before_the_domain_is_given_up(void **state)
{
	struct world *w = world();

	(void)state;
	put(&w->found, "allow acme *@a.example");
	assert_string_equal(found(w), "add: deny acme m@a.example trigger\ndelete: allow acme *@a.example trigger\n");
	put(&w->found, "deny acme m@a.example")->rights = ASSOC_RIGHT_RECALL;
	assert_string_equal(found(w), "add: deny acme m@a.example trigger,recall\ndelete: allow acme *@a.example trigger\n");
}

static void test_groups_and_sets_are_left_and_joined(void **state)
{
	struct world *w = world();

	(void)state;
	put(&w->found, "deny group:locals m@a.example");
	put(&w->found, "deny group:locals *@a.example");
	put(&w->found, "allow acme *@a.example");
	assert_string_equal(found(w), "add: allow acme m@a.example trigger\n"
				      "delete: deny group:locals m@a.example trigger\n"
				      "detect: deny group:locals m@a.example trigger\n"
				      "leave: deny group:locals m@a.example trigger\n");
	w->found.n = 0;
	put(&w->groups, "allow group:fleet m@a.example");
	put(&w->groups, "deny group:locals m@a.example");
	put(&w->groups, "allow group:mixed *@a.example");
	put(&w->groups, "deny group:mixed m@a.example"); /* whoever joins gets both */
	put(&w->sets, "allow acme set:trial");
	put(&w->sets, "allow acme set:both");
	put(&w->sets, "deny acme set:both");
	assert_string_equal(found(w), "add: allow acme m@a.example trigger\n"
				      "join: allow group:fleet m@a.example trigger\n"
				      "join: allow acme set:trial trigger\n");
	w->found.n = 0;
	w->groups.overflow = true;
	put(&w->found, "allow acme set:trial");
	assert_string_equal(found(w), "add: deny acme m@a.example trigger\ndelete: allow acme set:trial trigger\n"
				      "leave: allow acme set:trial trigger\n");
	w->found.n = 0;
	found(w);
	assert_true(w->changes.more);
}

static void test_what_stands_before_the_association_is_needed_besides(void **state)
{
	struct pol_verdict v;
	struct world *w = world();

	(void)state;
	w->c.request.action = TSP_ACTION_RECALL;
	w->c.scs.actions = ASSOC_RIGHT_TRIGGER;
	pol_case_judge(&v, &w->c);
	assert_int_equal(v.reason, POL_ACTION_NOT_ALLOWED);
	assert_string_equal(found(w), "add: allow acme m@a.example recall\n");
	assert_true(w->changes.needs_action && !w->changes.needs_suffice);
	put(&w->found, "allow acme m@a.example")->rights = ASSOC_RIGHT_RECALL;
	assert_string_equal(found(w), "");
	assert_true(w->changes.needs_action && w->changes.needs_suffice);
	w->c.scs.actions = ASSOC_RIGHT_ALL;
	w->c.scs.quota_per_day = 5;
	w->c.load.quota_used = 5;
	pol_case_judge(&v, &w->c);
	assert_int_equal(v.reason, POL_QUOTA);
	assert_string_equal(found(w), "");
	assert_true(!w->changes.needs_action && w->changes.needs_quota && w->changes.needs_suffice);
}

static void test_more_rules_than_the_judge_takes_are_not_guessed_about(void **state)
{
	struct world *w = world();

	(void)state;
	put(&w->found, "allow acme m@a.example");
	w->found.overflow = true;
	assert_string_equal(found(w), "");
	assert_true(w->changes.more);
	w->found.overflow = false;
	w->found.n = 0;
	for (int i = 0; i < ASSOC_FOUND_MAX; i++) {
		put(&w->found, "deny acme m@a.example");
	}
	put(&w->groups, "allow group:fleet m@a.example");
	assert_string_equal(found(w), ""); /* and nothing fits beside them */
	assert_true(w->changes.more);
}

static int pick(int n)
{
	static uint32_t seed = 11;

	seed = seed * 1664525u + 1013904223u;
	return (int)((seed >> 8) % (unsigned)n);
}

/* Whatever is told changes the answer; tried on random rules, by doing it. */
static void test_each_change_that_is_told_changes_the_answer(void **state)
{
	static const char *const whos[] = { "acme", "group:fleet", "*" }, *const devices[] = { "m@a.example", "set:trial",
											       "*@a.example" };
	uint32_t told = 0;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct world *w = world();
		struct pol_verdict before, after;
		int n = pick(6);

		for (int i = 0; i < n; i++) {
			char text[128];
			bool block = pick(5) == 0;
			const char *who = whos[pick(block ? 3 : 2)], *device = devices[pick(3)];
			struct assoc_rule *r;

			snprintf(text, sizeof text, "%s %s %s", block ? "block" : pick(2) ? "deny" : "allow", who, device);
			r = put(&w->found, text);
			r->rights = (uint8_t)(1 + pick(7));
			r->not_before_s = pick(3) ? 0 : NOW_S - 1 + pick(3);
			r->not_after_s = pick(3) ? 0 : NOW_S - 1 + pick(4);
			r->mode = r->verdict != ASSOC_ALLOW && pick(3) == 0 ? ASSOC_DETECT : ASSOC_ENFORCE;
		}
		found(w);
		pol_case_judge(&before, &w->c);
		for (uint8_t i = 0; i < w->changes.n; i++) {
			const struct pol_change *c = &w->changes.list[i];
			struct assoc_found kept = w->found;
			struct assoc_rule *r = (struct assoc_rule *)(uintptr_t)c->rule;
			struct pol_case at = w->c;

			if (c->kind == POL_CHANGE_DELETE) {
				r->rights = 0, r->mode = ASSOC_DETECT; /* as good as gone */
			} else if (c->kind == POL_CHANGE_DETECT || c->kind == POL_CHANGE_ENFORCE) {
				r->mode = c->kind == POL_CHANGE_DETECT ? ASSOC_DETECT : ASSOC_ENFORCE;
			} else if (c->kind == POL_CHANGE_RIGHT) {
				r->rights = ASSOC_RIGHT_ALL;
			} else if (c->at_s) {
				at.now_ms = (uint64_t)c->at_s * 1000;
			} else {
				continue;
			}
			pol_case_judge(&after, &at);
			assert_int_not_equal(before.status == TSP_STATUS_SUCCESS, after.status == TSP_STATUS_SUCCESS);
			w->found = kept;
			told++;
		}
	}
	assert_true(told > 1000);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where_nothing_is_said_an_allow_is_missing),
		cmocka_unit_test(test_only_what_is_in_the_way_is_named),
		cmocka_unit_test(test_rights_that_are_missing_are_given_and_not_taken_away),
		cmocka_unit_test(test_time_changes_answers),
		cmocka_unit_test(test_a_yes_is_changed_by_what_it_hangs_on),
		cmocka_unit_test(test_one_device_of_a_domain_is_denied_before_the_domain_is_given_up),
		cmocka_unit_test(test_groups_and_sets_are_left_and_joined),
		cmocka_unit_test(test_what_stands_before_the_association_is_needed_besides),
		cmocka_unit_test(test_more_rules_than_the_judge_takes_are_not_guessed_about),
		cmocka_unit_test(test_each_change_that_is_told_changes_the_answer),
	};

	return cmocka_run_group_tests_name("pol_change", tests, NULL, NULL);
}
