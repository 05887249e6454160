/* Precedence of rules (CONTRACTS section 2): rows by hand, then every small set of rules against an evaluator that follows the words. */
#include "tests/unit/test.h"

#include "policy/pol_assoc.h"

#define NOW 1000
#define TRIGGER ASSOC_RIGHT_TRIGGER

enum {
	EXACT = ASSOC_DEVICE_EXACT,
	SET = ASSOC_DEVICE_SET,
	RANGE = ASSOC_DEVICE_RANGE,
	DOMAIN = ASSOC_DEVICE_DOMAIN,
	ANY = ASSOC_DEVICE_ANY
};
enum { SCS = ASSOC_WHO_SCS, GROUP = ASSOC_WHO_GROUP, ANYONE = ASSOC_WHO_ANY };
enum { DENY = ASSOC_DENY, ALLOW = ASSOC_ALLOW, BLOCK = ASSOC_BLOCK };

struct small { /* a rule in one row */
	uint8_t verdict, device_axis, who_axis;
	uint64_t width;
	uint8_t rights;
	int64_t from, until;
	uint8_t mode;
};

static const struct row {
	const char *what;
	struct small rules[4];
	uint8_t n;
	bool allow;
	enum pol_reason reason;
	int winner;
} rows[] = {
	{ "no rule is deny", { { 0 } }, 0, false, POL_NO_ASSOCIATION, -1 },
	{ "one allow", { { ALLOW, DOMAIN, SCS, 0, TRIGGER, 0, 0, 0 } }, 1, true, POL_NONE, 0 },
	{ "exact deny beats domain allow",
	  { { ALLOW, DOMAIN, SCS, 0, TRIGGER, 0, 0, 0 }, { DENY, EXACT, SCS, 1, TRIGGER, 0, 0, 0 } },
	  2,
	  false,
	  POL_DENIED,
	  1 },
	{ "exact allow beats domain deny",
	  { { DENY, DOMAIN, SCS, 0, TRIGGER, 0, 0, 0 }, { ALLOW, EXACT, SCS, 1, TRIGGER, 0, 0, 0 } },
	  2,
	  true,
	  POL_NONE,
	  1 },
	{ "set beats range",
	  { { DENY, RANGE, SCS, 1, TRIGGER, 0, 0, 0 }, { ALLOW, SET, SCS, 0, TRIGGER, 0, 0, 0 } },
	  2,
	  true,
	  POL_NONE,
	  1 },
	{ "range beats domain",
	  { { DENY, DOMAIN, SCS, 0, TRIGGER, 0, 0, 0 }, { ALLOW, RANGE, SCS, 9000, TRIGGER, 0, 0, 0 } },
	  2,
	  true,
	  POL_NONE,
	  1 },
	{ "the narrower range",
	  { { ALLOW, RANGE, SCS, 1000, TRIGGER, 0, 0, 0 }, { DENY, RANGE, SCS, 10, TRIGGER, 0, 0, 0 } },
	  2,
	  false,
	  POL_DENIED,
	  1 },
	{ "the narrower range, other order",
	  { { ALLOW, RANGE, SCS, 10, TRIGGER, 0, 0, 0 }, { DENY, RANGE, SCS, 1000, TRIGGER, 0, 0, 0 } },
	  2,
	  true,
	  POL_NONE,
	  0 },
	{ "SCS beats group within an axis",
	  { { DENY, EXACT, GROUP, 1, TRIGGER, 0, 0, 0 }, { ALLOW, EXACT, SCS, 1, TRIGGER, 0, 0, 0 } },
	  2,
	  true,
	  POL_NONE,
	  1 },
	{ "the device axis comes before the who axis",
	  { { ALLOW, DOMAIN, SCS, 0, TRIGGER, 0, 0, 0 }, { DENY, EXACT, GROUP, 1, TRIGGER, 0, 0, 0 } },
	  2,
	  false,
	  POL_DENIED,
	  1 },
	{ "deny wins ties",
	  { { ALLOW, EXACT, SCS, 1, TRIGGER, 0, 0, 0 }, { DENY, EXACT, SCS, 1, TRIGGER, 0, 0, 0 } },
	  2,
	  false,
	  POL_DENIED,
	  1 },
	{ "deny wins ties of equal ranges",
	  { { DENY, RANGE, SCS, 10, TRIGGER, 0, 0, 0 }, { ALLOW, RANGE, SCS, 10, TRIGGER, 0, 0, 0 } },
	  2,
	  false,
	  POL_DENIED,
	  0 },
	{ "block of every device beats an exact allow",
	  { { ALLOW, EXACT, SCS, 1, TRIGGER, 0, 0, 0 }, { BLOCK, ANY, SCS, 0, 7, 0, 0, 0 } },
	  2,
	  false,
	  POL_BLOCKED,
	  1 },
	{ "block of the device for anyone",
	  { { ALLOW, EXACT, SCS, 1, TRIGGER, 0, 0, 0 }, { BLOCK, DOMAIN, ANYONE, 0, 7, 0, 0, 0 } },
	  2,
	  false,
	  POL_BLOCKED,
	  1 },
	{ "block beats deny, so it is what is named",
	  { { DENY, EXACT, SCS, 1, TRIGGER, 0, 0, 0 }, { BLOCK, ANY, SCS, 0, 7, 0, 0, 0 } },
	  2,
	  false,
	  POL_BLOCKED,
	  1 },
	{ "a block without the right stops it all the same",
	  { { ALLOW, EXACT, SCS, 1, TRIGGER, 0, 0, 0 }, { BLOCK, ANY, SCS, 0, 0, 0, 0, 0 } },
	  2,
	  false,
	  POL_BLOCKED,
	  1 },
	{ "another right is no rule",
	  { { ALLOW, EXACT, SCS, 1, ASSOC_RIGHT_RECALL, 0, 0, 0 } },
	  1,
	  false,
	  POL_NO_ASSOCIATION,
	  -1 },
	{ "a deny of another right stops nothing",
	  { { DENY, EXACT, SCS, 1, ASSOC_RIGHT_RECALL, 0, 0, 0 }, { ALLOW, DOMAIN, SCS, 0, TRIGGER, 0, 0, 0 } },
	  2,
	  true,
	  POL_NONE,
	  1 },
	{ "not yet", { { ALLOW, EXACT, SCS, 1, TRIGGER, NOW + 1, 0, 0 } }, 1, false, POL_NO_ASSOCIATION, -1 },
	{ "from now on", { { ALLOW, EXACT, SCS, 1, TRIGGER, NOW, 0, 0 } }, 1, true, POL_NONE, 0 },
	{ "its last second", { { ALLOW, EXACT, SCS, 1, TRIGGER, 0, NOW, 0 } }, 1, true, POL_NONE, 0 },
	{ "over", { { ALLOW, EXACT, SCS, 1, TRIGGER, 0, NOW - 1, 0 } }, 1, false, POL_NO_ASSOCIATION, -1 },
	{ "a block that is over",
	  { { BLOCK, EXACT, SCS, 1, 7, 0, NOW - 1, 0 }, { ALLOW, EXACT, SCS, 1, TRIGGER, 0, 0, 0 } },
	  2,
	  true,
	  POL_NONE,
	  1 },
};

static void make(struct assoc_found *f, const struct small *rules, uint8_t n)
{
	*f = (struct assoc_found){ .n = n };
	for (uint8_t i = 0; i < n; i++) {
		f->rules[i] = (struct assoc_rule){ .verdict = rules[i].verdict,
						   .device_axis = rules[i].device_axis,
						   .who_axis = rules[i].who_axis,
						   .width = rules[i].width,
						   .rights = rules[i].rights,
						   .not_before_s = rules[i].from,
						   .not_after_s = rules[i].until,
						   .mode = rules[i].mode };
	}
}

static void test_each_row_of_the_precedence(void **state)
{
	static struct assoc_found f;
	struct pol_assoc a;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		make(&f, rows[i].rules, rows[i].n);
		pol_assoc_judge(&a, &f, TRIGGER, NOW);
		if (a.allow != rows[i].allow || a.reason != rows[i].reason || a.winner != rows[i].winner) {
			fail_msg("%s: allow %d, reason %s, winner %d", rows[i].what, a.allow, pol_reason_str(a.reason), a.winner);
		}
	}
}

static void test_beaten_rules_are_listed_strongest_first(void **state)
{
	static const struct small rules[] = {
		{ ALLOW, DOMAIN, SCS, 0, TRIGGER, 0, 0, 0 },
		{ ALLOW, EXACT, SCS, 1, ASSOC_RIGHT_RECALL, 0, 0, 0 }, /* not in force for this right */
		{ DENY, EXACT, SCS, 1, TRIGGER, 0, 0, 0 },
		{ DENY, RANGE, SCS, 100, TRIGGER, 0, 0, 0 },
	};
	static struct assoc_found f;
	struct pol_assoc a;

	(void)state;
	make(&f, rules, 4);
	pol_assoc_judge(&a, &f, TRIGGER, NOW);
	assert_int_equal(a.winner, 2);
	assert_int_equal(a.beaten_n, 2);
	assert_int_equal(a.beaten[0], 3);
	assert_int_equal(a.beaten[1], 0);
}

static void test_more_rules_than_can_be_judged_are_a_refusal(void **state)
{
	static const struct small allow = { ALLOW, EXACT, SCS, 1, TRIGGER, 0, 0, 0 };
	static struct assoc_found f;
	struct pol_assoc a;

	(void)state;
	make(&f, &allow, 1);
	f.overflow = true;
	pol_assoc_judge(&a, &f, TRIGGER, NOW);
	assert_false(a.allow);
	assert_int_equal(a.reason, POL_TOO_MANY_RULES);
	pol_assoc_judge_again(&a, &f, TRIGGER, NOW);
	assert_false(a.allow);
}

static void test_judging_a_number_again_refuses_only_deny_and_block(void **state)
{
	static const struct small allow = { ALLOW, EXACT, SCS, 1, TRIGGER, 0, 0, 0 },
				  deny = { DENY, RANGE, SCS, 5, TRIGGER, 0, 0, 0 },
				  block = { BLOCK, EXACT, ANYONE, 1, 7, 0, 0, 0 };
	static struct assoc_found f;
	struct pol_assoc a;

	(void)state;
	make(&f, NULL, 0);
	pol_assoc_judge_again(&a, &f, TRIGGER, NOW);
	assert_true(a.allow);
	make(&f, &allow, 1);
	pol_assoc_judge_again(&a, &f, TRIGGER, NOW);
	assert_true(a.allow);
	make(&f, &deny, 1);
	pol_assoc_judge_again(&a, &f, TRIGGER, NOW);
	assert_false(a.allow);
	make(&f, &block, 1);
	pol_assoc_judge_again(&a, &f, TRIGGER, NOW);
	assert_int_equal(a.reason, POL_BLOCKED);
}

static void test_detect_only_rules_decide_nothing_and_are_named_strongest_first(void **state)
{
	static const struct small rules[] = {
		{ DENY, DOMAIN, SCS, 0, TRIGGER, 0, 0, ASSOC_DETECT }, /* weaker than the allow: would change nothing */
		{ ALLOW, RANGE, SCS, 10, TRIGGER, 0, 0, ASSOC_ENFORCE },
		{ DENY, EXACT, SCS, 1, TRIGGER, 0, 0, ASSOC_DETECT },
		{ DENY, RANGE, SCS, 10, TRIGGER, 0, 0, ASSOC_DETECT }, /* a tie: deny would win it */
		{ BLOCK, ANY, SCS, 0, 7, 0, 0, ASSOC_DETECT },
		{ DENY, EXACT, SCS, 1, TRIGGER, NOW + 1, 0, ASSOC_DETECT }, /* not yet */
		{ DENY, EXACT, SCS, 1, ASSOC_RIGHT_RECALL, 0, 0, ASSOC_DETECT },
		{ DENY, DOMAIN, SCS, 0, TRIGGER, 0, 0, ASSOC_ENFORCE },
	};
	static struct assoc_found f;
	struct pol_assoc a;

	(void)state;
	make(&f, rules, 8);
	pol_assoc_judge(&a, &f, TRIGGER, NOW);
	assert_true(a.allow && a.winner == 1 && a.beaten_n == 1 && a.beaten[0] == 7);
	assert_int_equal(a.detected_n, 3);
	assert_true(a.detected[0] == 4 && a.detected[1] == 2 && a.detected[2] == 3);
	f.rules[1].mode = ASSOC_DETECT; /* the store keeps no such rule: it allows nothing here either */
	pol_assoc_judge(&a, &f, TRIGGER, NOW);
	assert_false(a.allow);
	assert_int_equal(a.winner, 7);
	assert_int_equal(a.detected_n, 0); /* the answer is no without them */
}

static void test_a_detect_only_rule_on_a_number_judged_again(void **state)
{
	static const struct small rules[] = { { DENY, RANGE, SCS, 5, TRIGGER, 0, 0, ASSOC_DETECT },
					      { BLOCK, EXACT, ANYONE, 1, 7, 0, 0, ASSOC_ENFORCE } };
	static struct assoc_found f;
	struct pol_assoc a;

	(void)state;
	make(&f, rules, 1);
	pol_assoc_judge_again(&a, &f, TRIGGER, NOW);
	assert_true(a.allow && a.detected_n == 1 && a.detected[0] == 0);
	make(&f, rules, 2);
	pol_assoc_judge_again(&a, &f, TRIGGER, NOW);
	assert_true(!a.allow && a.detected_n == 0);
	assert_int_equal(a.reason, POL_BLOCKED);
}

struct asked {
	uint8_t right;
	int64_t at_s;
};

static bool counts(const struct assoc_rule *r, const struct asked *q)
{
	return r->mode == ASSOC_ENFORCE && (r->verdict == BLOCK || (r->rights & q->right)) &&
	       (!r->not_before_s || r->not_before_s <= q->at_s) && (!r->not_after_s || r->not_after_s >= q->at_s);
}

static bool any(const struct assoc_found *f, const struct asked *q, int verdict, int device_axis, uint64_t width, int who_axis)
{
	for (uint8_t i = 0; i < f->n; i++) {
		const struct assoc_rule *r = &f->rules[i];

		if (counts(r, q) && r->verdict == verdict && (device_axis < 0 || r->device_axis == device_axis) &&
		    (device_axis != RANGE || r->width == width) && (who_axis < 0 || r->who_axis == who_axis)) {
			return true;
		}
	}
	return false;
}

/* The words of CONTRACTS, one after the other; widths of the generator are 1 to 3. */
static bool naive(const struct assoc_found *f, const struct asked *q)
{
	static const struct {
		int axis;
		uint64_t width;
	} steps[] = { { EXACT, 0 }, { SET, 0 }, { RANGE, 1 }, { RANGE, 2 }, { RANGE, 3 }, { DOMAIN, 0 }, { ANY, 0 } };

	if (any(f, q, BLOCK, -1, 0, -1)) {
		return false;
	}
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		for (int who = SCS; who <= ANYONE; who++) {
			if (any(f, q, DENY, steps[i].axis, steps[i].width, who)) {
				return false;
			}
			if (any(f, q, ALLOW, steps[i].axis, steps[i].width, who)) {
				return true;
			}
		}
	}
	return false;
}

/* A detect-only rule is named exactly when enforcing it alone would make no out of yes. 1 when it is. */
static uint32_t check_detected(const struct pol_assoc *a, struct assoc_found *f, uint8_t i, const struct asked *q)
{
	bool named = false, changes;

	for (uint8_t k = 0; k < a->detected_n; k++) {
		named = named || a->detected[k] == i;
	}
	if (f->rules[i].mode == ASSOC_ENFORCE) {
		assert_false(named);
		return 0;
	}
	f->rules[i].mode = ASSOC_ENFORCE;
	changes = a->allow && !naive(f, q);
	f->rules[i].mode = ASSOC_DETECT;
	assert_int_equal(named, changes);
	return changes;
}

static void test_random_rules_agree_with_the_words(void **state)
{
	static struct assoc_found f;
	struct pol_assoc a;
	uint32_t seed = 7, allowed = 0, detected = 0;
	struct asked q;

	(void)state;
#define PICK(n) ((seed = seed * 1664525u + 1013904223u) >> 16) % (n)
	for (int round = 0; round < 100000; round++) {
		f = (struct assoc_found){ .n = (uint8_t)(PICK(7)) };
		for (uint8_t i = 0; i < f.n; i++) {
			struct assoc_rule *r = &f.rules[i];

			r->verdict = PICK(16) ? PICK(2) : BLOCK;
			r->device_axis = (uint8_t)(PICK(5));
			r->who_axis = (uint8_t)(PICK(3));
			r->width = r->device_axis == RANGE ? 1 + PICK(3) : 0;
			r->rights = (uint8_t)(PICK(8));
			r->mode = r->verdict != ALLOW && PICK(3) == 0 ? ASSOC_DETECT : ASSOC_ENFORCE;
			r->not_before_s = PICK(4) ? 0 : NOW - 1 + PICK(3);
			r->not_after_s = PICK(4) ? 0 : NOW - 1 + PICK(3);
		}
		q.right = (uint8_t)(1u << PICK(3)); /* one by one: an initialiser list has no order */
		q.at_s = NOW - 2 + PICK(5);
		pol_assoc_judge(&a, &f, q.right, q.at_s);
		assert_int_equal(a.allow, naive(&f, &q));
		allowed += a.allow;
		for (uint8_t i = 0; i < f.n; i++) {
			detected += check_detected(&a, &f, i, &q);
		}
	}
	assert_in_range(allowed, 10000, 90000);
	assert_in_range(detected, 1000, 100000);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_row_of_the_precedence),
		cmocka_unit_test(test_beaten_rules_are_listed_strongest_first),
		cmocka_unit_test(test_more_rules_than_can_be_judged_are_a_refusal),
		cmocka_unit_test(test_judging_a_number_again_refuses_only_deny_and_block),
		cmocka_unit_test(test_detect_only_rules_decide_nothing_and_are_named_strongest_first),
		cmocka_unit_test(test_a_detect_only_rule_on_a_number_judged_again),
		cmocka_unit_test(test_random_rules_agree_with_the_words),
	};

	return cmocka_run_group_tests_name("pol_assoc", tests, NULL, NULL);
}
