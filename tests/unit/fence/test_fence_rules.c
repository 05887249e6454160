/* What is made of a plan: the text for nft, and the plans of which nothing is made. */
#include "tests/unit/fence/fence_test.h"

static void text_is_the_file(enum fence_mode mode, const char *name)
{
	struct fence_rules *rules = test_rules(mode);
	char *text = NULL;
	size_t text_len = 0, len;
	FILE *out = open_memstream(&text, &text_len);
	uint8_t *wanted;

	assert_non_null(out);
	fence_rules_print(out, rules);
	assert_int_equal(fclose(out), 0);
	if (getenv("FENCE_PRINT")) { /* to make the file anew */
		fputs(text, stdout);
	}
	wanted = test_file(name, &len);
	assert_int_equal(len, text_len);
	assert_memory_equal(text, wanted, len);
	free(wanted);
	free(text);
	fence_rules_free(rules);
}

/* The files were given to nft for the recordings. */
static void test_the_text_is_what_nft_was_given(void **state)
{
	(void)state;
	text_is_the_file(FENCE_LIBIPSEC, "libipsec.nft");
	text_is_the_file(FENCE_XFRM, "xfrm.nft");
}

static void test_what_holds_for_the_rules_of_every_plan(void **state)
{
	(void)state;
	for (unsigned mode = FENCE_LIBIPSEC; mode <= FENCE_XFRM; mode++) {
		struct fence_rules *rules = test_rules((enum fence_mode)mode);
		char text[FENCE_RULE_TEXT_MAX];
		size_t drops[FENCE_CHAINS] = { 0 };

		for (size_t i = 0; i < rules->n; i++) {
			const struct fence_rule *r = &rules->rule[i];

			fence_rule_text(text, r);
			assert_true(r->terms > 0 && r->comment[0] && !r->foreign[0]);
			assert_true(strlen(text) + 1 < FENCE_RULE_TEXT_MAX && strstr(text, r->drop ? " drop" : " accept"));
			assert_true(fence_rule_equal(r, r));
			drops[r->chain] += r->drop;
			for (size_t j = 0; j < i; j++) {
				assert_false(fence_rule_equal(r, &rules->rule[j]));
			}
		}
		/* three addresses, one of them IPv6, and what else comes from a tunnel */
		assert_int_equal(drops[FENCE_INPUT], 3 + 1 + 1);
		assert_int_equal(drops[FENCE_FORWARD], 1);
		assert_int_equal(drops[FENCE_POSTROUTING], 3);
		fence_rules_free(rules);
	}
}

static const char *refused(const struct fence_plan *plan)
{
	static char why[FENCE_WHY_MAX];

	why[0] = 0;
	assert_int_equal(fence_plan_check(plan, why), ERR_INVAL);
	assert_true(why[0]);
	return why;
}

static void test_plans_without_rules_are_named(void **state)
{
	struct fence_plan plan = test_plan(FENCE_LIBIPSEC), good = plan;
	struct fence_selector s[3], many[FENCE_SELECTORS_MAX + 1];
	char why[FENCE_WHY_MAX];

	(void)state;
	assert_int_equal(fence_plan_check(&good, why), 0);
	plan.n = 0;
	assert_non_null(strstr(refused(&plan), "expected 1 to 64"));
	memset(many, 0, sizeof many);
	plan.selector = many;
	plan.n = FENCE_SELECTORS_MAX + 1;
	assert_non_null(strstr(refused(&plan), "expected 1 to 64"));

	plan.n = 3;
	plan.selector = s;
	memcpy(s, good.selector, sizeof s);
	s[1].port = 0;
	assert_non_null(strstr(refused(&plan), "listener 'scs' has protection ndsip and port 0"));
	memcpy(s, good.selector, sizeof s);
	memset(s[0].address.octets, 0, sizeof s[0].address.octets);
	assert_non_null(strstr(refused(&plan), "every address"));
	memcpy(s, good.selector, sizeof s);
	s[2].protocol = SA_UDP;
	assert_non_null(strstr(refused(&plan), "expected tcp or sctp"));
	memcpy(s, good.selector, sizeof s);
	s[1] = s[0];
	assert_non_null(strstr(refused(&plan), "twice"));
	memcpy(s, good.selector, sizeof s);
	s[2].hosts_n = FENCE_HOSTS_MAX + 1; /* only counted: their families are looked at first */
	s[2].hosts = calloc(s[2].hosts_n, sizeof *s[2].hosts);
	for (size_t i = 0; i < s[2].hosts_n; i++) {
		((struct sa_address *)s[2].hosts)[i] = good.selector[0].address;
	}
	assert_non_null(strstr(refused(&plan), "257 peers, expected at most 256"));
	free((void *)s[2].hosts);
}

/* Nothing of a plan may become more than a name in the language of nft. */
static void test_names_are_only_names(void **state)
{
	static const char *const bad[] = { "", "ipsec0\" accept", "a b", "ipsec*", "a\nb", "0123456789abcdef", NULL };
	struct fence_plan plan = test_plan(FENCE_LIBIPSEC);
	struct fence_selector s[3];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		plan.device = bad[i];
		assert_non_null(strstr(refused(&plan), "TUN device"));
	}
	plan.device = "ipsec0";
	memcpy(s, plan.selector, sizeof s);
	plan.selector = s;
	s[0].name = "x\"; drop";
	assert_non_null(strstr(refused(&plan), "no name"));
	s[0].name = NULL;
	assert_non_null(strstr(refused(&plan), "no name"));
	plan = test_plan(FENCE_XFRM); /* has no device */
	plan.device = NULL;
	assert_int_equal(fence_plan_check(&plan, (char[FENCE_WHY_MAX]){ 0 }), 0);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_text_is_what_nft_was_given),
		cmocka_unit_test(test_what_holds_for_the_rules_of_every_plan),
		cmocka_unit_test(test_plans_without_rules_are_named),
		cmocka_unit_test(test_names_are_only_names),
	};

	test_folder = test_argument();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
