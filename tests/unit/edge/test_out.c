/* Nothing but the allow-list is sent to an SCS, under the external identity (CONTRACTS sections 1 and 6). */
#include "tests/unit/test.h"

#include "base/str.h"
#include "edge/edge_out.h"

static const struct cfg_identity us = { "iwf.operator.example", "operator.example" };
static const struct dia_limits limits = { 64 * 1024, 512, 8 };

static uint8_t asked[2048], sent[4096];

/* A DAR as an SCS sends it; with things in it that must not come back. */
static void ask(struct dia_msg *m, struct tsp_dar *parsed)
{
	static const uint8_t tbcd[] = { 0x94, 0x71, 0x10, 0x32, 0x54, 0xf6 };
	struct buf b = buf_over(asked, sizeof asked);
	struct dia_failed why = { 0 };
	struct tsp_dar dar = { .has_action = true };

	dar.head.request = true;
	dar.head.session_id = dia_text("scs.acme.example;1;2");
	dar.head.auth_application_id = dia_u32_of(APP_TSP);
	dar.head.auth_session_state = dia_u32_of(1);
	dar.head.origin_host = dia_text("scs.acme.example");
	dar.head.origin_realm = dia_text("acme.example");
	dar.head.destination_realm = dia_text("operator.example");
	dar.action.external_identifier = dia_text("Meter-7@Fleet.Example"); /* given in a form that is not canonical */
	dar.action.scs_identity = (struct dia_bytes){ tbcd, sizeof tbcd };
	dar.action.reference_number = dia_u32_of(41);
	dar.action.action_type = dia_u32_of(TSP_ACTION_TRIGGER);
	dar.action.trigger_data.present = true;
	dar.action.trigger_data.payload = dia_text("secret payload");
	dar.action.validity_time_s = dia_u32_of(600);
	tsp_dar_build(&b, &dar, 0x11223344, 0x55667788);
	assert_false(b.full);
	assert_int_equal(dia_msg_parse(m, asked, b.len, &limits, &why), 0);
	assert_int_equal(tsp_dar_parse(parsed, m, &why), 0);
}

static const struct edge_asked *asked_of(const struct dia_msg *m, const struct tsp_dar *dar)
{
	static struct edge_asked of_dar;

	memset(&of_dar, 0x5a, sizeof of_dar); /* every member is set */
	edge_out_asked(&of_dar, m, dar);
	return &of_dar;
}

static bool contains(const uint8_t *p, size_t len, const char *text)
{
	return memmem(p, len, text, strlen(text)) != NULL;
}

static void test_a_daa_names_the_request_and_says_what_became_of_it(void **state)
{
	struct ipc_device_action_answer a = { .result_code = 2001, .request_status = TSP_STATUS_NOTAUTHORIZED };
	struct buf out = buf_over(sent, sizeof sent);
	struct dia_failed why = { 0 };
	struct dia_msg m, got;
	struct tsp_dar dar;
	struct tsp_daa daa;

	(void)state;
	ask(&m, &dar);
	edge_out_daa(&out, &us, asked_of(&m, &dar), &a);
	assert_false(out.full);
	assert_int_equal(dia_msg_parse(&got, sent, out.len, &limits, &why), 0);
	assert_int_equal(tsp_daa_parse(&daa, &got, &why), 0);
	assert_int_equal(got.hdr.hop_by_hop, 0x11223344);
	assert_int_equal(got.hdr.end_to_end, 0x55667788);
	assert_int_equal(daa.head.result_code.v, 2001);
	assert_memory_equal(daa.head.origin_host.p, us.host, strlen(us.host));
	assert_int_equal(daa.notification.request_status.v, TSP_STATUS_NOTAUTHORIZED);
	assert_int_equal(daa.notification.reference_number.v, 41);
	assert_int_equal(daa.notification.action_type.v, TSP_ACTION_TRIGGER);
	assert_memory_equal(daa.notification.external_identifier.p, "Meter-7@Fleet.Example", 21); /* as given */
	assert_false(contains(sent, out.len, "secret payload"));
}

static void test_who_requires_a_feature_is_told_which_there_are(void **state)
{
	struct buf out = buf_over(sent, sizeof sent);
	struct dia_failed why = { 0 };
	struct dia_msg m, got;
	struct tsp_dar dar;
	struct tsp_daa daa;

	(void)state;
	ask(&m, &dar);
	edge_out_no_feature(&out, &us, asked_of(&m, &dar));
	assert_false(out.full);
	assert_int_equal(dia_msg_parse(&got, sent, out.len, &limits, &why), 0);
	assert_int_equal(tsp_daa_parse(&daa, &got, &why), 0);
	assert_int_equal(got.hdr.end_to_end, 0x55667788);
	assert_false(daa.head.result_code.present);
	assert_int_equal(daa.head.experimental_result.code, 5011);
	assert_int_equal(daa.head.experimental_result.vendor_id, 10415);
	assert_int_equal(daa.head.features_n, 1);
	assert_int_equal(daa.head.features[0].list, TSP_FEATURE_RECALL_REPLACE);
	assert_false(daa.head.features[0].mandatory);
	assert_false(daa.notification.request_status.present);
	assert_int_equal(daa.notification.reference_number.v, 41);
}

static void test_unknown_and_foreign_devices_get_equal_octets(void **state)
{
	struct ipc_device_action_answer a = { .result_code = 2001, .request_status = TSP_STATUS_NOTAUTHORIZED };
	struct buf one = buf_over(sent, 2048), two = buf_over(sent + 2048, 2048);
	struct dia_msg m;
	struct tsp_dar dar;

	(void)state;
	ask(&m, &dar);
	edge_out_daa(&one, &us, asked_of(&m, &dar), &a);
	edge_out_daa(&two, &us, asked_of(&m, &dar), &a);
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.p, two.p, one.len); /* the answer is a function of request and status only */
}

static void test_an_error_answer_has_the_e_bit_and_our_external_name(void **state)
{
	struct buf out = buf_over(sent, sizeof sent);
	struct dia_failed why = { 0 };
	struct dia_msg m;
	struct dia_hdr hdr;
	struct tsp_dar dar;

	(void)state;
	ask(&m, &dar);
	dia_failed_set(&why, DIA_RESULT_UNKNOWN_PEER, "no");
	edge_out_error(&out, &us, &m, &why);
	assert_int_equal(dia_hdr_parse(&hdr, sent, out.len), 0);
	assert_true(hdr.flags & DIA_FLAG_E);
	assert_true(contains(sent, out.len, us.host));
}

static void test_a_report_and_its_copy_differ_in_the_t_flag_only(void **state)
{
	struct ipc_device_notification n = { .report = 0x100000002ull,
					     .end_to_end = 7,
					     .device = IPC_DEVICE_BOTH,
					     .external_id = "meter-7@fleet.example",
					     .msisdn = "491700000001",
					     .scs_identity = "49170123456",
					     .reference = 41,
					     .delivery_outcome = TSP_OUTCOME_SUCCESS };
	struct buf one = buf_over(sent, 2048), two = buf_over(sent + 2048, 2048);
	struct dia_failed why = { 0 };
	struct dia_msg m;
	struct tsp_dnr dnr;
	char digits[STR_DIGITS_MAX + 1];

	(void)state;
	edge_out_dnr(&one, &us, "scs.acme.example", "acme.example", &n);
	n.retransmitted = true;
	edge_out_dnr(&two, &us, "scs.acme.example", "acme.example", &n);
	assert_int_equal(one.len, two.len);
	assert_int_equal(one.p[4] ^ two.p[4], DIA_FLAG_T);
	assert_memory_equal(one.p + 5, two.p + 5, one.len - 5);

	assert_int_equal(dia_msg_parse(&m, one.p, one.len, &limits, &why), 0);
	assert_int_equal(tsp_dnr_parse(&dnr, &m, &why), 0);
	assert_int_equal(m.hdr.end_to_end, 7);
	assert_memory_equal(dnr.head.session_id.p, "iwf.operator.example;1;2;dnr", dnr.head.session_id.len);
	assert_memory_equal(dnr.head.destination_host.p, "scs.acme.example", 16);
	assert_int_equal(dnr.notification.action_type.v, TSP_ACTION_DELIVERY_REPORT);
	assert_int_equal(str_untbcd(digits, dnr.notification.msisdn.p, dnr.notification.msisdn.len), 0);
	assert_string_equal(digits, "491700000001");
	assert_int_equal(str_untbcd(digits, dnr.notification.scs_identity.p, dnr.notification.scs_identity.len), 0);
	assert_string_equal(digits, "49170123456");
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_daa_names_the_request_and_says_what_became_of_it),
		cmocka_unit_test(test_who_requires_a_feature_is_told_which_there_are),
		cmocka_unit_test(test_unknown_and_foreign_devices_get_equal_octets),
		cmocka_unit_test(test_an_error_answer_has_the_e_bit_and_our_external_name),
		cmocka_unit_test(test_a_report_and_its_copy_differ_in_the_t_flag_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
