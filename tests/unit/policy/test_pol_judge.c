/* The judge: one row for each line of CONTRACTS section 2 that is decided before the core network is asked, and their order. */
#include "tests/unit/test.h"

#include "policy/pol_judge.h"

#define NOW_MS 1790000000000ull

struct world { /* a request that is accepted, to be spoiled */
	struct tsp_device_action action;
	struct pol_scs scs;
	struct pol_rate rate;
	struct assoc_found found;
	struct pol_facts facts;
	struct pol_request request;
	struct pol_verdict screened, verdict;
};

static struct dia_bytes octets(const void *p, size_t len)
{
	return (struct dia_bytes){ p, (uint32_t)len };
}

#define TEXT(s) octets((s), sizeof(s) - 1)
#define U32(x) ((struct dia_u32){ (x), true })

static void add_rule(struct assoc_found *f, uint8_t verdict, uint8_t rights, uint8_t axis)
{
	struct assoc_rule *r = &f->rules[f->n++];

	*r = (struct assoc_rule){ .verdict = verdict, .rights = rights, .device_axis = axis, .width = 1 };
	strcpy(r->who, "acme");
	strcpy(r->device, axis == ASSOC_DEVICE_DOMAIN ? "*@a.example" : "meter-7@a.example");
}

static void world_new(struct world *w)
{
	*w = (struct world){ 0 };
	w->action = (struct tsp_device_action){ .external_identifier = TEXT("meter-7@a.example"),
						.scs_identity = TEXT("\x94\x71\x10\x32\x54\xf6"),
						.reference_number = U32(41),
						.action_type = U32(TSP_ACTION_TRIGGER),
						.trigger_data = { .present = true,
								  .payload = TEXT("wake"),
								  .priority_indication = U32(TSP_NON_PRIORITY),
								  .application_port = U32(9200) },
						.validity_time_s = U32(3600) };
	w->scs = (struct pol_scs){ .name = "acme",
				   .e164 = "49170123456",
				   .payload_max = 100,
				   .validity_max_s = 86400,
				   .port_min = 9000,
				   .port_max = 9999,
				   .priority_allowed = false,
				   .actions = ASSOC_RIGHT_TRIGGER | ASSOC_RIGHT_RECALL,
				   .rate_per_s = 10,
				   .burst = 20,
				   .quota_per_day = 1000,
				   .pending_max = 50 };
	add_rule(&w->found, ASSOC_ALLOW, ASSOC_RIGHT_ALL, ASSOC_DEVICE_DOMAIN);
	w->facts =
	    (struct pol_facts){ .payload_ceiling = 1024, .validity_ceiling_s = 604800, .now_ms = NOW_MS, .steady_ms = NOW_MS };
}

static void assert_rule(const struct assoc_rule *rule, const char *text)
{
	char is[ASSOC_RULE_TEXT_MAX];

	assert_non_null(rule);
	assert_string_equal(assoc_rule_text(is, rule), text);
}

static void judge(struct world *w)
{
	w->facts.scs = &w->scs;
	w->facts.rate = &w->rate;
	if (w->found.n != 99) {
		w->facts.found = &w->found;
	}
	pol_screen(&w->request, &w->screened, &w->action);
	pol_judge(&w->verdict, &w->request, &w->screened, &w->facts);
}

/* Names that are canonical already make the same request and the same finding as the AVPs that they came from. */
static void test_names_that_are_canonical_are_taken_as_they_are(void **state)
{
	struct world w;

	(void)state;
	for (unsigned given = 0; given < 16; given++) {
		struct pol_names_given names = { given & 1 ? "meter-7@a.example" : "", given & 2 ? "491720000001" : "",
						 given & 4 ? "49170123456" : "" };
		struct pol_request request;
		struct pol_verdict finding;

		world_new(&w);
		w.action.external_identifier = given & 1 ? TEXT("meter-7@A.Example") : octets(NULL, 0);
		w.action.msisdn = given & 2 ? TEXT("\x94\x71\x02\x00\x00\x10") : octets(NULL, 0);
		w.action.scs_identity.p = given & 4 ? w.action.scs_identity.p : NULL;
		w.action.trigger_data.present = given & 8;
		pol_screen(&w.request, &w.screened, &w.action);
		pol_screen_named(&request, &finding, &w.action, &names);
		assert_string_equal(request.external, w.request.external);
		assert_string_equal(request.msisdn, w.request.msisdn);
		assert_string_equal(request.scs_identity, w.request.scs_identity);
		assert_memory_equal(&request.action, &w.request.action, sizeof request - offsetof(struct pol_request, action));
		assert_int_equal(finding.status, w.screened.status);
		assert_int_equal(finding.reason, w.screened.reason);
	}
}

typedef void spoil_fn(struct world *w);

static void foreign_identity(struct world *w)
{
	w->action.scs_identity = TEXT("\x94\x71\x10\x32\x54\xf7");
}
static void malformed_identity(struct world *w)
{
	w->action.scs_identity = TEXT("\x94\xaa");
}
static void absent_identity(struct world *w)
{
	w->action.scs_identity.p = NULL;
}
static void replace_not_allowed(struct world *w)
{
	w->action.action_type = U32(TSP_ACTION_REPLACE);
}
static void mo_sms_asked(struct world *w)
{
	w->action.action_type = U32(TSP_ACTION_MO_SMS);
}
static void rate_used(struct world *w)
{
	w->rate = (struct pol_rate){ 0, NOW_MS, true };
}
static void quota_used(struct world *w)
{
	w->facts.load.quota_used = 1000;
}
static void no_device(struct world *w)
{
	w->action.external_identifier.p = NULL;
}
static void second_at(struct world *w)
{
	w->action.external_identifier = TEXT("a@b@a.example");
}
static void trailing_dot(struct world *w)
{
	w->action.external_identifier = TEXT("meter-7@a.example.");
}
static void inner_nul(struct world *w)
{
	w->action.external_identifier = TEXT("meter-7\0@a.example");
}
static void not_ascii(struct world *w)
{
	w->action.external_identifier = TEXT("m\xc3\xa9ter@a.example");
}
static void bad_msisdn(struct world *w)
{
	w->action.msisdn = TEXT("\x10\x32\x54\xf6"); /* leading 0 */
}
static void short_msisdn(struct world *w)
{
	w->action.msisdn = TEXT("\x21\x43");
}
static void empty_msisdn(struct world *w)
{
	w->action.msisdn = octets("", 0);
}
static void no_data(struct world *w)
{
	w->action.trigger_data.present = false;
}
static void long_payload(struct world *w)
{
	static const uint8_t payload[101];

	w->action.trigger_data.payload = octets(payload, sizeof payload);
}
static void payload_above_the_gateway(struct world *w)
{
	w->facts.payload_ceiling = 3;
}
static void long_validity(struct world *w)
{
	w->action.validity_time_s = U32(86401);
}
static void validity_above_the_gateway(struct world *w)
{
	w->facts.validity_ceiling_s = 3599;
}
static void priority(struct world *w)
{
	w->action.trigger_data.priority_indication = U32(TSP_PRIORITY);
}
static void port_low(struct world *w)
{
	w->action.trigger_data.application_port = U32(8999);
}
static void port_high(struct world *w)
{
	w->action.trigger_data.application_port = U32(10000);
}
static void port_absent(struct world *w)
{
	w->action.trigger_data.application_port.present = false;
}
static void validity_absent(struct world *w)
{
	w->action.validity_time_s.present = false;
}
static void no_rule(struct world *w)
{
	w->found.n = 0;
}
static void denied(struct world *w)
{
	add_rule(&w->found, ASSOC_DENY, ASSOC_RIGHT_TRIGGER, ASSOC_DEVICE_EXACT);
}
static void blocked(struct world *w)
{
	add_rule(&w->found, ASSOC_BLOCK, ASSOC_RIGHT_ALL, ASSOC_DEVICE_EXACT);
}
static void other_right_only(struct world *w)
{
	w->found.rules[0].rights = ASSOC_RIGHT_RECALL;
}
static void too_many_rules(struct world *w)
{
	w->found.overflow = true;
}
static void store_unreadable(struct world *w)
{
	w->found.n = 99;
}
static void reference_in_use(struct world *w)
{
	w->facts.load.reference_in_use = true;
}

static void absent_too_often(struct world *w)
{
	w->facts.load.absent_too_often = true;
}
static void pending(struct world *w)
{
	w->facts.load.pending_of_scs = 50;
}
static void overloaded(struct world *w)
{
	w->facts.load.overloaded = true;
}
static void overloaded_low(struct world *w)
{
	w->facts.load.overloaded_low = true;
}
static void memory_short(struct world *w)
{
	w->facts.load.memory_short = true;
}
static void nothing(struct world *w)
{
	(void)w;
}

static const struct row {
	spoil_fn *spoil;
	uint32_t status;
	const char *word;
} rows[] = {
	/* in the order of the checks */
	{ foreign_identity, 103, "foreign-scs-identity" },
	{ malformed_identity, 103, "malformed-scs-identity" },
	{ replace_not_allowed, 105, "action-not-allowed" },
	{ mo_sms_asked, 105, "action-not-allowed" },
	{ rate_used, 109, "rate-exceeded" },
	{ quota_used, 108, "quota-exceeded" },
	{ no_device, 102, "no-device" },
	{ second_at, 102, "malformed-device" },
	{ trailing_dot, 102, "malformed-device" },
	{ inner_nul, 102, "malformed-device" },
	{ not_ascii, 102, "malformed-device" },
	{ bad_msisdn, 102, "malformed-device" },
	{ short_msisdn, 102, "malformed-device" },
	{ empty_msisdn, 102, "malformed-device" },
	{ no_data, 101, "no-trigger-data" },
	{ long_payload, 101, "payload-too-long" },
	{ payload_above_the_gateway, 101, "payload-too-long" },
	{ long_validity, 104, "validity-too-long" },
	{ validity_above_the_gateway, 104, "validity-too-long" },
	{ priority, 105, "priority-not-allowed" },
	{ port_low, 105, "port-not-allowed" },
	{ port_high, 105, "port-not-allowed" },
	{ no_rule, 105, "no-association" },
	{ denied, 105, "denied" },
	{ blocked, 105, "blocked" },
	{ other_right_only, 105, "no-association" },
	{ too_many_rules, 105, "too-many-rules" },
	{ store_unreadable, 201, "store-unreadable" },
	{ reference_in_use, 107, "reference-in-use" },
	{ absent_too_often, 109, "absent-too-often" },
	{ pending, 201, "too-many-pending" },
	{ overloaded, 201, "overload" },
	{ overloaded_low, 201, "overload" },
	{ memory_short, 201, "out-of-memory" },
};

#define ROWS_N (sizeof rows / sizeof rows[0])

static void test_each_cause_has_its_status_and_reason(void **state)
{
	struct world w;

	(void)state;
	for (size_t i = 0; i < ROWS_N; i++) {
		world_new(&w);
		rows[i].spoil(&w);
		judge(&w);
		assert_int_equal(w.verdict.status, rows[i].status);
		assert_string_equal(pol_reason_str(w.verdict.reason), rows[i].word);
	}
}

static void test_what_is_in_order_is_accepted(void **state)
{
	static spoil_fn *const harmless[] = { nothing, absent_identity, port_absent, validity_absent };
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
		world_new(&w);
		harmless[i](&w);
		judge(&w);
		assert_int_equal(w.verdict.status, TSP_STATUS_SUCCESS);
		assert_int_equal(w.verdict.reason, POL_NONE);
		assert_rule(w.verdict.rule, "allow acme *@a.example trigger,recall,replace");
	}
}

/* Two causes at once: the one that stands first in the order answers. Causes of the same check are not compared. */
static void test_the_first_failing_check_decides(void **state)
{
	struct world w;

	(void)state;
	for (size_t i = 0; i < ROWS_N; i++) {
		for (size_t j = i + 1; j < ROWS_N; j++) {
			bool same = rows[i].status == rows[j].status || rows[j].spoil == store_unreadable ||
				    rows[i].spoil == store_unreadable;
			/* the two spoil one member: the later one overwrites */
			bool clash = (rows[i].spoil == long_payload && rows[j].spoil == no_data) || rows[i].spoil == no_data;

			if (same || clash) {
				continue;
			}
			world_new(&w);
			rows[i].spoil(&w);
			rows[j].spoil(&w);
			judge(&w);
			assert_int_equal(w.verdict.status, rows[i].status);
		}
	}
}

static void test_the_deciding_rule_is_named(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	denied(&w);
	judge(&w);
	assert_rule(w.verdict.rule, "deny acme meter-7@a.example trigger");
	world_new(&w);
	no_rule(&w);
	judge(&w);
	assert_null(w.verdict.rule);
}

static void test_a_refusal_before_the_rate_takes_no_token(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	foreign_identity(&w);
	judge(&w);
	assert_false(w.rate.started);
	world_new(&w);
	no_rule(&w);
	judge(&w);
	assert_true(w.rate.tokens_milli == 19000);
}

static void test_priority_passes_an_overload_of_the_low_kind(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	w.scs.priority_allowed = true;
	priority(&w);
	overloaded_low(&w);
	judge(&w);
	assert_int_equal(w.verdict.status, TSP_STATUS_SUCCESS);
}

static void test_a_recall_passes_when_memory_is_short_and_a_replace_does_not(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	memory_short(&w);
	w.action.action_type = U32(TSP_ACTION_RECALL);
	judge(&w);
	assert_int_equal(w.verdict.status, TSP_STATUS_SUCCESS);
	world_new(&w);
	memory_short(&w);
	w.scs.actions = ASSOC_RIGHT_ALL;
	w.found.rules[0].rights = ASSOC_RIGHT_ALL;
	w.action.action_type = U32(TSP_ACTION_REPLACE);
	w.action.old_reference_number = U32(1);
	judge(&w);
	assert_string_equal(pol_reason_str(w.verdict.reason), "out-of-memory");
}

static void test_recall_needs_neither_data_nor_the_trigger_right(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	w.action.action_type = U32(TSP_ACTION_RECALL);
	no_data(&w);
	other_right_only(&w);
	judge(&w);
	assert_int_equal(w.verdict.status, TSP_STATUS_SUCCESS);
}

static void test_screening_makes_the_one_canonical_form(void **state)
{
	struct world w;
	char device[POL_DEVICE_TEXT_MAX];

	(void)state;
	world_new(&w);
	w.action.external_identifier = TEXT("Meter%20-7@A.Example");
	w.action.msisdn = TEXT("\x94\x71\x00\x00\x00\x10");
	judge(&w);
	assert_string_equal(w.request.external, "Meter%20-7@a.example"); /* local part kept, domain lower-cased */
	assert_string_equal(w.request.msisdn, "491700000001");
	assert_string_equal(w.request.scs_identity, "49170123456");
	assert_string_equal(pol_request_device(device, &w.request), "Meter%20-7@a.example");
	w.request.external[0] = 0;
	assert_string_equal(pol_request_device(device, &w.request), "msisdn:491700000001");
}

static void test_judging_again_stops_what_changed_meanwhile(void **state)
{
	struct assoc_found allowed = { 0 }, gone = { 0 }, number_denied = { 0 }, number_unknown = { 0 };
	struct pol_verdict v;

	(void)state;
	add_rule(&allowed, ASSOC_ALLOW, ASSOC_RIGHT_TRIGGER, ASSOC_DEVICE_DOMAIN);
	add_rule(&number_denied, ASSOC_DENY, ASSOC_RIGHT_TRIGGER, ASSOC_DEVICE_RANGE);
	pol_judge_again(&v, ASSOC_RIGHT_TRIGGER, &allowed, NULL, NOW_MS);
	assert_int_equal(v.status, TSP_STATUS_SUCCESS);
	pol_judge_again(&v, ASSOC_RIGHT_TRIGGER, &allowed, &number_unknown, NOW_MS);
	assert_int_equal(v.status, TSP_STATUS_SUCCESS); /* no rule on the number: it was reached by its allowed name */
	pol_judge_again(&v, ASSOC_RIGHT_TRIGGER, &allowed, &number_denied, NOW_MS);
	assert_int_equal(v.status, TSP_STATUS_NOTAUTHORIZED);
	assert_int_equal(v.reason, POL_DENIED);
	pol_judge_again(&v, ASSOC_RIGHT_TRIGGER, &gone, &number_unknown, NOW_MS);
	assert_int_equal(v.status, TSP_STATUS_NOTAUTHORIZED);
	assert_int_equal(v.reason, POL_NO_ASSOCIATION);
	pol_judge_again(&v, ASSOC_RIGHT_TRIGGER, NULL, NULL, NOW_MS);
	assert_int_equal(v.status, TSP_STATUS_TEMPORARYERROR);
}

static void detect(struct assoc_found *f, uint8_t verdict, uint8_t axis)
{
	add_rule(f, verdict, ASSOC_RIGHT_TRIGGER, axis);
	f->rules[f->n - 1].mode = ASSOC_DETECT;
}

static void test_a_detect_only_rule_refuses_nothing_and_is_named(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	judge(&w);
	assert_null(w.verdict.detected);
	detect(&w.found, ASSOC_DENY, ASSOC_DEVICE_EXACT);
	judge(&w);
	assert_int_equal(w.verdict.status, TSP_STATUS_SUCCESS);
	assert_rule(w.verdict.rule, "allow acme *@a.example trigger,recall,replace");
	assert_rule(w.verdict.detected, "deny acme meter-7@a.example trigger detect-only");
	assert_int_equal(w.verdict.detected_reason, POL_DENIED);
	detect(&w.found, ASSOC_BLOCK, ASSOC_DEVICE_DOMAIN);
	reference_in_use(&w); /* what comes after the association does not change what that rule would have done */
	judge(&w);
	assert_int_equal(w.verdict.status, TSP_STATUS_PERMANENTERROR);
	assert_rule(w.verdict.detected, "block acme *@a.example detect-only");
	assert_int_equal(w.verdict.detected_reason, POL_BLOCKED);
	foreign_identity(&w); /* the association is not reached */
	judge(&w);
	assert_null(w.verdict.detected);
}

static void test_judging_again_names_what_detect_only_rules_would_refuse(void **state)
{
	struct assoc_found allowed = { 0 }, number = { 0 }, both = { 0 };
	struct pol_verdict v;

	(void)state;
	add_rule(&allowed, ASSOC_ALLOW, ASSOC_RIGHT_TRIGGER, ASSOC_DEVICE_DOMAIN);
	detect(&number, ASSOC_DENY, ASSOC_DEVICE_RANGE);
	pol_judge_again(&v, ASSOC_RIGHT_TRIGGER, &allowed, &number, NOW_MS);
	assert_int_equal(v.status, TSP_STATUS_SUCCESS);
	assert_rule(v.rule, "allow acme *@a.example trigger");
	assert_rule(v.detected, "deny acme meter-7@a.example trigger detect-only");
	both = allowed;
	detect(&both, ASSOC_BLOCK, ASSOC_DEVICE_DOMAIN);
	pol_judge_again(&v, ASSOC_RIGHT_TRIGGER, &both, &number, NOW_MS);
	assert_rule(v.detected, "block acme *@a.example detect-only"); /* the names come first */
	add_rule(&number, ASSOC_DENY, ASSOC_RIGHT_TRIGGER, ASSOC_DEVICE_EXACT);
	pol_judge_again(&v, ASSOC_RIGHT_TRIGGER, &both, &number, NOW_MS);
	assert_int_equal(v.status, TSP_STATUS_NOTAUTHORIZED);
	assert_null(v.detected); /* refused all the same */
}

static void test_each_reason_has_its_own_word(void **state)
{
	(void)state;
	for (unsigned i = 0; i < POL_REASON_COUNT; i++) {
		assert_true(pol_reason_words((enum pol_reason)i)[0]);
		for (unsigned j = 0; j < i; j++) {
			assert_string_not_equal(pol_reason_str((enum pol_reason)i), pol_reason_str((enum pol_reason)j));
		}
	}
	assert_string_equal(pol_reason_str(POL_REASON_COUNT), "unknown");
}

static void test_a_replace_says_what_it_replaces(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	w.scs.actions = ASSOC_RIGHT_ALL;
	w.action.action_type = U32(TSP_ACTION_REPLACE);
	judge(&w);
	assert_int_equal(w.verdict.status, TSP_STATUS_PERMANENTERROR);
	assert_int_equal(w.verdict.reason, POL_NO_OLD_REFERENCE);
	w.action.old_reference_number = U32(40);
	judge(&w);
	assert_int_equal(w.verdict.status, TSP_STATUS_SUCCESS);
}

/* The table is the one place that says it; docs/user/status-codes.md is compared with it. */
static void test_each_reason_has_one_status_and_only_acceptance_is_success(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= POL_REASON_COUNT; i++) {
		struct pol_verdict v = pol_verdict_of((enum pol_reason)i);

		assert_int_equal(v.status == TSP_STATUS_SUCCESS, i == POL_NONE);
		assert_string_not_equal(tsp_request_status_str(v.status), "unknown");
		assert_int_equal(v.reason, i);
		assert_null(v.rule);
	}
	assert_int_equal(pol_reason_status(POL_UNKNOWN_PEER), TSP_STATUS_TEMPORARYERROR); /* a session's: has none */
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_cause_has_its_status_and_reason),
		cmocka_unit_test(test_what_is_in_order_is_accepted),
		cmocka_unit_test(test_the_first_failing_check_decides),
		cmocka_unit_test(test_the_deciding_rule_is_named),
		cmocka_unit_test(test_a_refusal_before_the_rate_takes_no_token),
		cmocka_unit_test(test_priority_passes_an_overload_of_the_low_kind),
		cmocka_unit_test(test_recall_needs_neither_data_nor_the_trigger_right),
		cmocka_unit_test(test_a_recall_passes_when_memory_is_short_and_a_replace_does_not),
		cmocka_unit_test(test_screening_makes_the_one_canonical_form),
		cmocka_unit_test(test_judging_again_stops_what_changed_meanwhile),
		cmocka_unit_test(test_a_detect_only_rule_refuses_nothing_and_is_named),
		cmocka_unit_test(test_judging_again_names_what_detect_only_rules_would_refuse),
		cmocka_unit_test(test_each_reason_has_its_own_word),
		cmocka_unit_test(test_a_replace_says_what_it_replaces),
		cmocka_unit_test(test_names_that_are_canonical_are_taken_as_they_are),
		cmocka_unit_test(test_each_reason_has_one_status_and_only_acceptance_is_success),
	};

	return cmocka_run_group_tests_name("pol_judge", tests, NULL, NULL);
}
