/* What an SMS-SC supports is known of that SMS-SC, not of the core or of a relay before several. */
#include "tests/unit/test.h"

#include "apps/t4_dtr.h"
#include "core/core_int.h"
#include "tests/unit/core/core_play.h"

#define ONE "smssc1.core.operator.example"
#define TWO "smssc2.core.operator.example"

static int setup(void **state)
{
	struct core_play *p = calloc(1, sizeof *p);

	assert_non_null(p);
	core_play_start(p);
	p->cfg->t4.destination_host[0] = 0;
	p->cfg->t4.recall_replace = CFG_RECALL_LEARN;
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	core_play_end(*state);
	free(*state);
	return 0;
}

static struct core_peer *peer_of(struct core_play *p)
{
	return &p->core->peers.row[p->cfg->t4.peer_index];
}

static void says(struct core_play *p, const char *host, bool knows)
{
	struct app_head head = { .origin_host = dia_text(host), .result_code = dia_u32_of(DIA_RESULT_SUCCESS) };

	if (knows) {
		head.features[0] = (struct app_features){ DIA_VENDOR_3GPP, T4_FEATURE_LIST_ID, T4_FEATURE_RECALL_REPLACE, false };
		head.features_n = 1;
	}
	(void)core_features_learn(peer_of(p), &head);
}

static void test_what_one_lacks_the_other_may_have(void **state)
{
	struct core_play *p = *state;
	struct core *c = p->core;

	assert_int_equal(core_feature_of(c, ONE), CORE_FEATURE_UNKNOWN);
	says(p, ONE, true);
	assert_int_equal(core_feature_of(c, NULL), CORE_FEATURE_THERE); /* the only one that is known */
	says(p, "SMSSC2.core.operator.example", false);
	assert_int_equal(core_feature_of(c, ONE), CORE_FEATURE_THERE);
	assert_int_equal(core_feature_of(c, TWO), CORE_FEATURE_MISSING);
	assert_int_equal(core_feature_of(c, "other.core.operator.example"), CORE_FEATURE_UNKNOWN);
	assert_int_equal(core_feature_of(c, NULL), CORE_FEATURE_UNKNOWN); /* they differ */
	assert_false(core_t4_target(c, NULL).present);
	assert_int_equal(core_t4_target(c, ONE).v, TSP_TARGET_RECALL_REPLACE);
	says(p, TWO, true);
	assert_int_equal(core_feature_of(c, NULL), CORE_FEATURE_THERE);
	strcpy(p->cfg->t4.destination_host, TWO);
	says(p, ONE, false);
	assert_int_equal(core_feature_of(c, NULL), CORE_FEATURE_THERE); /* requests name it */
	p->cfg->t4.recall_replace = CFG_RECALL_OFF;
	assert_int_equal(core_feature_of(c, TWO), CORE_FEATURE_MISSING);
}

/* Of an answer that teaches something, the host in canonical form: one text for each host. */
static void test_the_host_of_an_answer_is_known_by_one_text(void **state)
{
	struct core_play *p = *state;
	struct app_head head = { .origin_host = dia_text("SMSSC1.Core.Operator.Example"),
				 .result_code = dia_u32_of(DIA_RESULT_SUCCESS) };
	const char *first = core_features_learn(peer_of(p), &head);

	assert_non_null(first);
	assert_string_equal(first, "smssc1.core.operator.example");
	head.origin_host = dia_text("smssc1.core.operator.example");
	assert_ptr_equal(core_features_learn(peer_of(p), &head), first);
	head.features[0] = (struct app_features){ DIA_VENDOR_3GPP, T4_FEATURE_LIST_ID, T4_FEATURE_RECALL_REPLACE, false };
	head.features_n = 1;
	assert_ptr_equal(core_features_learn(peer_of(p), &head), first); /* it knows more now */
	head.features_n = 0;
	head.result_code = dia_u32_of(5012);
	assert_null(core_features_learn(peer_of(p), &head));
	head.result_code = dia_u32_of(DIA_RESULT_SUCCESS);
	head.origin_host = dia_text("-no host-");
	assert_null(core_features_learn(peer_of(p), &head));
}

static void test_so_many_are_known_and_no_more(void **state)
{
	struct core_play *p = *state;
	char host[64];

	for (int i = 0; i < 100; i++) {
		snprintf(host, sizeof host, "smssc%d.core.operator.example", i);
		says(p, host, true);
	}
	assert_int_equal(peer_of(p)->features.n, TRG_NAMES_MAX);
	assert_int_equal(core_feature_of(p->core, "smssc0.core.operator.example"), CORE_FEATURE_THERE);
	assert_int_equal(core_feature_of(p->core, "smssc99.core.operator.example"), CORE_FEATURE_UNKNOWN);
}

static void test_a_refusal_says_nothing_and_5011_says_no(void **state)
{
	struct core_play *p = *state;
	struct app_head head = { .origin_host = dia_text(ONE), .result_code = dia_u32_of(5012) };

	(void)core_features_learn(peer_of(p), &head);
	assert_int_equal(core_feature_of(p->core, ONE), CORE_FEATURE_UNKNOWN);
	head.result_code.present = false;
	head.experimental_result = (struct app_experimental_result){ DIA_VENDOR_3GPP, APP_ERROR_FEATURE_UNSUPPORTED, true };
	(void)core_features_learn(peer_of(p), &head);
	assert_int_equal(core_feature_of(p->core, ONE), CORE_FEATURE_MISSING);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_one_lacks_the_other_may_have, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_host_of_an_answer_is_known_by_one_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_so_many_are_known_and_no_more, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_refusal_says_nothing_and_5011_says_no, setup, teardown),
	};

	return cmocka_run_group_tests_name("core features", tests, NULL, NULL);
}
