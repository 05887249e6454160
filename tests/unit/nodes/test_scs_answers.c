/* What comes back: exit codes and events of answers and reports, the summary of a load run, DNR to DNA. */
#include "tests/unit/test.h"

#include "nodes/common/node.h"
#include "nodes/scs/scs_notice.h"
#include "nodes/scs/scs_tally.h"
#include "nodes/scs/scs_words.h"

static struct tsp_daa daa(uint32_t result, uint32_t status)
{
	struct tsp_daa a = { 0 };

	a.head.result_code = dia_u32_of(result);
	a.notification.request_status = dia_u32_of(status);
	return a;
}

static struct tsp_dnr dnr(uint32_t reference, uint32_t outcome)
{
	struct tsp_dnr n = { .has_notification = true };

	n.notification.external_identifier = dia_text("m@a.example");
	n.notification.reference_number = dia_u32_of(reference);
	n.notification.action_type = dia_u32_of(TSP_ACTION_DELIVERY_REPORT);
	n.notification.delivery_outcome = dia_u32_of(outcome);
	return n;
}

static void assert_line(json_t *event, const char *expected)
{
	char *text = json_dumps(event, JSON_COMPACT);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
	json_decref(event);
}

static void test_only_2001_with_success_is_exit_0(void **state)
{
	struct tsp_daa a = daa(2001, TSP_STATUS_SUCCESS);
	char room[SCS_STATUS_MAX];

	(void)state;
	assert_int_equal(scs_answer_exit(&a), NODE_EXIT_OK);
	assert_string_equal(scs_answer_status(&a, room), "SUCCESS");
#define ROW(name, value)                                                                                                         \
	a = daa(2001, value);                                                                                                    \
	assert_int_equal(scs_answer_exit(&a), (value) == 0 ? NODE_EXIT_OK : NODE_EXIT_REFUSED);                                  \
	assert_string_equal(scs_answer_status(&a, room), #name);
	REQUEST_STATUS_TABLE(ROW)
#undef ROW
	a = daa(3004, TSP_STATUS_SUCCESS);
	assert_int_equal(scs_answer_exit(&a), NODE_EXIT_REFUSED);
	assert_string_equal(scs_answer_status(&a, room), "result-3004");
	a = daa(2001, 0);
	a.notification.request_status.present = false;
	assert_int_equal(scs_answer_exit(&a), NODE_EXIT_REFUSED);
	a = daa(0, 0);
	a.head.result_code.present = false;
	a.head.experimental_result = (struct app_experimental_result){ DIA_VENDOR_3GPP, 5011, true };
	assert_int_equal(scs_answer_exit(&a), NODE_EXIT_REFUSED);
	assert_string_equal(scs_answer_status(&a, room), "experimental-5011");
}

static void test_an_answer_as_an_event(void **state)
{
	struct tsp_daa a = daa(2001, TSP_STATUS_NOTAUTHORIZED);

	(void)state;
	assert_line(scs_answer_event(&a, 4000000000u, "m@a.example", 1500),
		    "{\"event\":\"answer\",\"reference\":4000000000,\"result_code\":2001,\"request_status\":\"NOTAUTHORIZED\","
		    "\"device\":\"m@a.example\",\"elapsed_ms\":1.5}");
	a = daa(2001, TSP_STATUS_REPLACEFAIL);
	a.notification.mtc_error_diagnostic = dia_u32_of(0);
	a.feature_supported_in_final_target = dia_u32_of(1);
	assert_line(scs_answer_event(&a, 8, "m@a.example", 1500),
		    "{\"event\":\"answer\",\"reference\":8,\"result_code\":2001,\"request_status\":\"REPLACEFAIL\","
		    "\"mtc_error_diagnostic\":0,\"feature_supported_in_final_target\":1,\"device\":\"m@a.example\","
		    "\"elapsed_ms\":1.5}");
	a = daa(2001, 999);
	a.head.error_message = (struct dia_bytes){ (const uint8_t *)"\xff\x00", 2 }; /* no UTF-8: as hex */
	assert_line(scs_answer_event(&a, 1, "m\xff", 0),
		    "{\"event\":\"answer\",\"reference\":1,\"result_code\":2001,\"request_status\":\"unknown\","
		    "\"request_status_value\":999,\"error_message\":\"ff00\",\"device\":\"6dff\",\"elapsed_ms\":0.0}");
}

static void test_only_outcome_success_is_exit_0(void **state)
{
	(void)state;
	assert_int_equal(scs_report_exit(TSP_OUTCOME_SUCCESS), NODE_EXIT_OK);
	for (uint32_t outcome = 1; outcome < 6; outcome++) {
		assert_int_equal(scs_report_exit(outcome), NODE_EXIT_OUTCOME);
	}
}

static void test_a_report_as_an_event(void **state)
{
	struct tsp_dnr n = dnr(41, TSP_OUTCOME_EXPIRED);

	(void)state;
	assert_line(scs_report_event(&n, 0),
		    "{\"event\":\"report\",\"reference\":41,\"delivery_outcome\":\"EXPIRED\",\"device\":\"m@a.example\"}");
	n.notification.external_identifier.p = NULL;
	n.notification.msisdn = (struct dia_bytes){ (const uint8_t *)"\x94\x71\x10\x32\x54\xf6", 6 };
	n.notification.delivery_outcome.v = 9;
	assert_line(scs_report_event(&n, 0), "{\"event\":\"report\",\"reference\":41,\"delivery_outcome\":\"unknown\","
					     "\"delivery_outcome_value\":9,\"device\":\"49170123456\"}");
}

static void test_a_report_needs_its_parts(void **state)
{
	struct dia_failed failed = { 0 };
	struct tsp_dnr n = dnr(41, 0);

	(void)state;
	assert_int_equal(scs_report_check(&n, &failed), 0);
	n.has_notification = false;
	assert_int_equal(scs_report_check(&n, &failed), ERR_PROTO);
	assert_int_equal(failed.result_code, DIA_RESULT_MISSING_AVP);
	n = dnr(41, 0);
	n.notification.delivery_outcome.present = false;
	assert_int_equal(scs_report_check(&n, &failed), ERR_PROTO);
	n = dnr(41, 0);
	n.notification.reference_number.present = false;
	assert_int_equal(scs_report_check(&n, &failed), ERR_PROTO);
	n = dnr(41, 0);
	n.notification.action_type.v = TSP_ACTION_MO_SMS;
	assert_int_equal(scs_report_check(&n, &failed), ERR_PROTO);
	assert_int_equal(failed.result_code, DIA_RESULT_UNABLE_TO_COMPLY);
}

static bool take(void *arg, const struct tsp_dnr *n)
{
	uint32_t *only = arg;

	return n->notification.reference_number.v == *only;
}

static uint32_t acknowledge(uint32_t reference, uint32_t *only)
{
	static const struct dia_limits limits = { 64 * 1024, 512, 8 };
	static const struct scs_options o = { .origin_host = "scs.acme.example", .realm = "acme.example" };
	uint8_t in[1024], octets[4096];
	struct buf b = buf_over(in, sizeof in), out = buf_over(octets, sizeof octets);
	struct dia_failed failed = { 0 };
	struct tsp_dnr n = dnr(reference, 0);
	struct tsp_dna a;
	struct dia_msg m;

	n.head = (struct app_head){ .request = true,
				    .session_id = dia_text("i;1"),
				    .auth_application_id = dia_u32_of(APP_TSP),
				    .auth_session_state = dia_u32_of(1),
				    .origin_host = dia_text("iwf.operator.example"),
				    .origin_realm = dia_text("operator.example"),
				    .destination_host = dia_text("scs.acme.example"),
				    .destination_realm = dia_text("acme.example") };
	tsp_dnr_build(&b, &n, 5, 6);
	assert_int_equal(dia_msg_parse(&m, b.p, b.len, &limits, &failed), 0);
	scs_notice_build(&out, &o, NULL, &m, take, only);
	assert_false(out.full);
	assert_int_equal(dia_msg_parse(&m, out.p, out.len, &limits, &failed), 0);
	assert_int_equal(m.hdr.hop_by_hop, 5);
	assert_int_equal(tsp_dna_parse(&a, &m, &failed), 0);
	return a.head.result_code.v;
}

static void test_only_what_was_taken_is_acknowledged(void **state)
{
	uint32_t only = 41;

	(void)state;
	assert_int_equal(acknowledge(41, &only), DIA_RESULT_SUCCESS);
	assert_int_equal(acknowledge(42, &only), DIA_RESULT_TOO_BUSY);
}

static void test_a_summary_counts_and_ranks(void **state)
{
	struct scs_tally t;
	json_t *event, *latency;

	(void)state;
	assert_int_equal(scs_tally_init(&t, 100), 0);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(scs_tally_answer(&t, i < 90 ? "SUCCESS" : "NOTAUTHORIZED", (100 - i) * 1000), 0);
	}
	assert_int_equal(scs_tally_answer(&t, "SUCCESS", 1), ERR_RANGE);
	assert_true(scs_tally_report(&t, 0, "SUCCESS"));
	assert_true(scs_tally_report(&t, 99, "EXPIRED"));
	assert_false(scs_tally_report(&t, 0, "SUCCESS"));
	assert_false(scs_tally_report(&t, 100, "SUCCESS"));
	event = scs_tally_event(&t, 2000000, true);
	assert_int_equal(json_integer_value(json_object_get(event, "count")), 100);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(event, "by_status"), "SUCCESS")), 90);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(event, "by_status"), "NOTAUTHORIZED")), 10);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(event, "by_outcome"), "EXPIRED")), 1);
	assert_int_equal(json_integer_value(json_object_get(event, "reports")), 2);
	assert_int_equal(json_integer_value(json_object_get(event, "duplicates")), 1);
	assert_int_equal((int)json_real_value(json_object_get(event, "elapsed_ms")), 2000);
	assert_int_equal((int)json_real_value(json_object_get(event, "per_second")), 50);
	latency = json_object_get(event, "latency_ms");
	assert_int_equal((int)json_real_value(json_object_get(latency, "min")), 1);
	assert_int_equal((int)json_real_value(json_object_get(latency, "p50")), 50);
	assert_int_equal((int)json_real_value(json_object_get(latency, "p99")), 99);
	assert_int_equal((int)json_real_value(json_object_get(latency, "max")), 100);
	json_decref(event);
	scs_tally_fini(&t);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_2001_with_success_is_exit_0),
		cmocka_unit_test(test_an_answer_as_an_event),
		cmocka_unit_test(test_only_outcome_success_is_exit_0),
		cmocka_unit_test(test_a_report_as_an_event),
		cmocka_unit_test(test_a_report_needs_its_parts),
		cmocka_unit_test(test_only_what_was_taken_is_acknowledged),
		cmocka_unit_test(test_a_summary_counts_and_ranks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
