/* What the core network's answers mean on Tsp: a row for each. */
#include "tests/unit/test.h"

#include "policy/pol_map.h"

#define V3GPP DIA_VENDOR_3GPP

static const struct {
	uint32_t result, vendor, experimental, cause, validity_s; /* 0: absent */
	uint32_t status;
	const char *word;
	bool absent;
} sia_rows[] = {
	{ 2001, 0, 0, 0, 0, 0, "accepted", false },
	{ 0, V3GPP, 5001, 0, 60, 102, "hss-unknown-user", false },
	{ 0, V3GPP, 5510, 0, 60, 105, "hss-not-allowed", false },
	{ 0, V3GPP, 5511, 0, 60, 106, "hss-no-service", false },
	{ 0, V3GPP, 5598, 0, 60, 107, "hss-refused", false },
	{ 0, V3GPP, 4100, 0, 60, 201, "hss-trouble", false },
	{ 0, 99, 5001, 0, 60, 107, "hss-refused", false }, /* another vendor's 5001 says nothing about the device */
	{ 2001, 0, 0, 1, 60, 0, "accepted", true },
	{ 2001, 0, 0, 1, 0, 201, "hss-absent", true },
	{ 2001, 0, 0, 2, 60, 106, "hss-teleservice", false },
	{ 2001, 0, 0, 4, 60, 106, "hss-barred", false },
	{ 2001, 0, 0, 6, 60, 106, "hss-teleservice", false },
	{ 2001, 0, 0, 7, 60, 106, "hss-teleservice", true },
	{ 2001, 0, 0, 8, 60, 0, "accepted", false }, /* a bit from a later release */
	{ 5012, 0, 0, 0, 60, 201, "hss-trouble", false },
	{ 3002, 0, 0, 0, 60, 201, "hss-trouble", false },
	{ 3004, 0, 0, 0, 60, 201, "hss-trouble", false },
	{ 4002, 0, 0, 0, 60, 201, "hss-trouble", false },
	{ 5005, 0, 0, 0, 60, 107, "hss-refused", false },
	{ 0, 0, 0, 0, 60, 201, "hss-protocol", false },
	/* by their class: limited success, vendor 0, another vendor */
	{ 2002, 0, 0, 0, 60, 0, "accepted", false },
	{ 2002, 0, 0, 2, 60, 106, "hss-teleservice", false },
	{ 0, 0, 2001, 0, 60, 0, "accepted", false },
	{ 0, 0, 3002, 0, 60, 201, "hss-trouble", false },
	{ 0, 0, 4001, 0, 60, 201, "hss-trouble", false },
	{ 0, 0, 5510, 0, 60, 107, "hss-refused", false },
	{ 1001, 0, 0, 0, 60, 201, "hss-trouble", false },
	{ 6001, 0, 0, 0, 60, 201, "hss-trouble", false },
};

static void test_each_answer_of_the_hss(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof sia_rows / sizeof sia_rows[0]; i++) {
		struct s6m_sia sia = { 0 };
		struct pol_verdict v;
		bool absent;

		sia.head.result_code = (struct dia_u32){ sia_rows[i].result, sia_rows[i].result != 0 };
		sia.head.experimental_result = (struct app_experimental_result){ sia_rows[i].vendor, sia_rows[i].experimental,
										 sia_rows[i].experimental != 0 };
		sia.hss_cause = (struct dia_u32){ sia_rows[i].cause, sia_rows[i].cause != 0 };
		pol_map_sia(&v, &absent, &sia, sia_rows[i].validity_s);
		if (v.status != sia_rows[i].status || strcmp(pol_reason_str(v.reason), sia_rows[i].word) != 0 ||
		    absent != sia_rows[i].absent) {
			fail_msg("row %zu: %u %s %d", i, v.status, pol_reason_str(v.reason), absent);
		}
	}
}

static const struct {
	uint32_t result, vendor, experimental;
	enum pol_t4_meaning meaning;
	uint32_t status;
} dta_rows[] = {
	{ 2001, 0, 0, POL_T4_TAKEN, 0 },         { 0, V3GPP, 5001, POL_T4_REFUSED, 107 }, { 0, V3GPP, 5530, POL_T4_REFUSED, 107 },
	{ 0, V3GPP, 5531, POL_T4_REFUSED, 107 }, { 0, V3GPP, 5533, POL_T4_REFUSED, 110 }, { 0, V3GPP, 5534, POL_T4_REFUSED, 111 },
	{ 0, V3GPP, 5535, POL_T4_REFUSED, 112 }, { 0, V3GPP, 5999, POL_T4_REFUSED, 107 }, { 5012, 0, 0, POL_T4_REFUSED, 201 },
	{ 4001, 0, 0, POL_T4_REFUSED, 201 },     { 5005, 0, 0, POL_T4_REFUSED, 107 },     { 3002, 0, 0, POL_T4_UNHANDLED, 201 },
	{ 3004, 0, 0, POL_T4_UNHANDLED, 201 },   { 0, 0, 0, POL_T4_UNHANDLED, 201 },      { 2002, 0, 0, POL_T4_TAKEN, 0 },
	{ 0, 0, 2001, POL_T4_TAKEN, 0 },         { 0, 99, 2001, POL_T4_TAKEN, 0 },        { 0, 0, 3002, POL_T4_UNHANDLED, 201 },
	{ 0, 0, 4001, POL_T4_REFUSED, 201 },     { 0, 0, 5535, POL_T4_REFUSED, 107 },     { 0, 99, 4001, POL_T4_REFUSED, 201 },
	{ 0, V3GPP, 4001, POL_T4_REFUSED, 107 }, { 1001, 0, 0, POL_T4_REFUSED, 201 },
};

static const struct pol_t4_rules plain;

static void test_each_answer_of_the_sms_sc(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof dta_rows / sizeof dta_rows[0]; i++) {
		struct app_head head = { .result_code = { dta_rows[i].result, dta_rows[i].result != 0 },
					 .experimental_result = { dta_rows[i].vendor, dta_rows[i].experimental,
								  dta_rows[i].experimental != 0 } };
		struct pol_verdict v;
		enum pol_t4_meaning meaning = pol_map_dta(&v, &head, &plain);

		if (meaning != dta_rows[i].meaning || v.status != dta_rows[i].status) {
			fail_msg("row %zu: meaning %d, status %u", i, meaning, v.status);
		}
	}
}

static void test_congestion_can_be_made_temporary(void **state)
{
	struct app_head head = { .experimental_result = { V3GPP, T4_ERROR_SC_CONGESTION, true } };
	struct pol_verdict v;

	(void)state;
	assert_int_equal(pol_map_dta(&v, &head, &(struct pol_t4_rules){ .congestion_is_temporary = true }), POL_T4_REFUSED);
	assert_int_equal(v.status, TSP_STATUS_TEMPORARYERROR);
}

static void test_silence_is_temporary(void **state)
{
	struct pol_verdict v;

	(void)state;
	pol_map_s6m_silent(&v);
	assert_int_equal(v.status, TSP_STATUS_TEMPORARYERROR);
	assert_int_equal(v.reason, POL_HSS_SILENT);
}

static void test_each_delivery_outcome(void **state)
{
	(void)state;
	assert_int_equal(pol_map_delivery(2), TSP_OUTCOME_SUCCESS);
	assert_int_equal(pol_map_delivery(3), TSP_OUTCOME_EXPIRED);
	assert_int_equal(pol_map_delivery(0), TSP_OUTCOME_UNDELIVERABLE);
	assert_int_equal(pol_map_delivery(1), TSP_OUTCOME_UNDELIVERABLE);
	assert_int_equal(pol_map_delivery(4), TSP_OUTCOME_TEMPORARYERROR);
	assert_int_equal(pol_map_delivery(UINT32_MAX), TSP_OUTCOME_TEMPORARYERROR);
}

static void test_a_replacement_of_what_is_not_pending_is_a_new_trigger(void **state)
{
	static const struct pol_t4_rules stored = { .not_pending_is_stored = true };
	struct app_head head = { .experimental_result = { V3GPP, 5535, true } };
	struct pol_verdict v;

	(void)state;
	assert_int_equal(pol_map_dta(&v, &head, &stored), POL_T4_STORED);
	assert_int_equal(v.status, TSP_STATUS_ORIGINALMESSAGESENT);
	assert_int_equal(v.reason, POL_SMSSC_SENT);
	assert_int_equal(pol_map_dta(&v, &head, &plain), POL_T4_REFUSED); /* a recall, or an SMS-SC that does not */
	head.experimental_result.vendor_id = 0;
	assert_int_equal(pol_map_dta(&v, &head, &stored), POL_T4_REFUSED);
	head.experimental_result = (struct app_experimental_result){ V3GPP, 5533, true };
	assert_int_equal(pol_map_dta(&v, &head, &stored), POL_T4_REFUSED);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_answer_of_the_hss),
		cmocka_unit_test(test_each_answer_of_the_sms_sc),
		cmocka_unit_test(test_a_replacement_of_what_is_not_pending_is_a_new_trigger),
		cmocka_unit_test(test_congestion_can_be_made_temporary),
		cmocka_unit_test(test_silence_is_temporary),
		cmocka_unit_test(test_each_delivery_outcome),
	};

	return cmocka_run_group_tests_name("pol_map", tests, NULL, NULL);
}
