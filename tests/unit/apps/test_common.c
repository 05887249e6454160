/* What commands share: SM-RP-SMEA, the head of an answer, words for values. */
#include "tests/unit/test.h"

#include "apps/tsp.h"
#include "base/str.h"

static void smea_is_count_type_and_swapped_digits(void **state)
{
	static const uint8_t expected[] = { 0x0b, 0x91, 0x94, 0x71, 0x10, 0x32, 0x54, 0xf6 };
	uint8_t out[APP_SMEA_MAX];
	char digits[STR_DIGITS_MAX + 1];
	size_t len;

	(void)state;
	assert_int_equal(app_smea(out, &len, "49170123456"), 0);
	assert_int_equal(len, sizeof expected);
	assert_memory_equal(out, expected, len);
	assert_int_equal(app_unsmea(digits, out, len), 0);
	assert_string_equal(digits, "49170123456");
	assert_int_equal(app_smea(out, &len, "12345678901234567890"), 0);
	assert_int_equal(len, APP_SMEA_MAX);
	assert_int_equal(app_unsmea(digits, out, len), 0);
	assert_string_equal(digits, "12345678901234567890");
	assert_int_equal(app_smea(out, &len, "123456789012345678901"), ERR_INVAL);
	assert_int_equal(app_smea(out, &len, ""), ERR_INVAL);
	assert_int_equal(app_smea(out, &len, "+49"), ERR_INVAL);
}

static void other_addresses_are_refused(void **state)
{
	static const struct {
		uint8_t octets[14];
		size_t len;
	} rows[] = {
		{ { 0 }, 0 },
		{ { 2, 0x91 }, 2 },
		{ { 2, 0x81, 0x94 }, 3 },                              /* not international */
		{ { 3, 0x91, 0x94 }, 3 },                              /* another count */
		{ { 2, 0x91, 0x94, 0x11 }, 4 },                        /* more digits than counted */
		{ { 2, 0x91, 0xa4 }, 3 },                              /* no digit */
		{ { 3, 0x91, 0xf4, 0x01 }, 4 },                        /* fill in the middle */
		{ { 22, 0x91, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, 13 }, /* too long */
	};
	char digits[STR_DIGITS_MAX + 1] = "untouched";

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(app_unsmea(digits, rows[i].octets, rows[i].len), ERR_INVAL);
	}
	assert_string_equal(digits, "untouched");
}

static void an_answer_borrows_what_must_return(void **state)
{
	struct app_head request = {
		.request = true,
		.retransmitted = true,
		.session_id = dia_text("s;1;2"),
		.origin_host = dia_text("scs"),
		.destination_host = dia_text("iwf"),
		.auth_application_id = dia_u32_of(APP_TSP),
		.proxy_info = { dia_text("one"), dia_text("two") },
		.proxy_info_n = 2,
		.route_record_n = 1,
	};
	struct app_head answer;

	(void)state;
	app_answer_head(&answer, &request, "iwf", "realm");
	assert_false(answer.request);
	assert_false(answer.retransmitted);
	assert_ptr_equal(answer.session_id.p, request.session_id.p);
	assert_memory_equal(answer.origin_host.p, "iwf", 3);
	assert_memory_equal(answer.origin_realm.p, "realm", 5);
	assert_null(answer.destination_host.p);
	assert_int_equal(answer.auth_application_id.v, APP_TSP);
	assert_int_equal(answer.auth_session_state.v, 1);
	assert_int_equal(answer.proxy_info_n, 2);
	assert_ptr_equal(answer.proxy_info[1].p, request.proxy_info[1].p);
	assert_int_equal(answer.route_record_n, 0);
}

static void values_have_words(void **state)
{
	(void)state;
	assert_string_equal(tsp_request_status_str(TSP_STATUS_NOTAUTHORIZED), "NOTAUTHORIZED");
	assert_string_equal(tsp_request_status_str(112), "ORIGINALMESSAGESENT");
	assert_string_equal(tsp_request_status_str(1), "unknown");
	assert_string_equal(tsp_delivery_outcome_str(4), "UNCONFIRMED");
	assert_string_equal(tsp_delivery_outcome_str(5), "unknown");
	assert_string_equal(tsp_action_str(TSP_ACTION_TRIGGER), "trigger");
	assert_string_equal(tsp_action_str(TSP_ACTION_MO_SMS), "mo-sms");
	assert_string_equal(tsp_action_str(0), "unknown");
	assert_string_equal(tsp_action_str(UINT32_MAX), "unknown");
}

static void lapses_have_words(void **state)
{
	char text[APP_LAPSES_TEXT_MAX];

	(void)state;
	app_lapses_text(text, 0);
	assert_string_equal(text, "");
	app_lapses_text(text, APP_LAPSE_ALL);
	assert_string_equal(text, "no Auth-Application-Id, no Auth-Session-State, no Origin-Realm, Session-Id not first");
}

static void an_answer_comes_from_whom_was_asked(void **state)
{
	static const struct {
		const char *session, *host, *realm; /* of the answer */
		uint32_t result, experimental;
		const char *asked_host;
		bool foreign;
	} rows[] = {
		{ "s;1", "hss.core", "core", 2001, 0, "hss.core", false },
		{ "s;1", "HSS.core", NULL, 2001, 0, "hss.core", false },
		{ "s;2", "hss.core", "core", 2001, 0, "hss.core", true },
		{ "s;11", "hss.core", "core", 2001, 0, "hss.core", true },
		{ "s;2", "hss.core", "core", 5012, 0, "hss.core", true },
		{ NULL, "dra.core", "core", 3002, 0, "hss.core", false }, /* an error that a relay answers */
		{ "s;1", "dra.core", "core", 5012, 0, "hss.core", false },
		{ "s;1", "dra.core", "core", 0, 5001, "hss.core", false },
		{ "s;1", "hss2.core", "core", 2001, 0, "hss.core", true },
		{ "s;1", "hss2.core", "core", 0, 2001, "hss.core", true },
		{ "s;1", "hss2.core", "core", 2001, 0, NULL, false }, /* behind the peer, in the realm that was asked */
		{ "s;1", "peer.core", NULL, 2001, 0, NULL, false },
		{ "s;1", "hss2.core", NULL, 2001, 0, NULL, true },
		{ "s;1", "hss.other", "other", 2001, 0, NULL, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct app_request request = { .session_id = "s;1", .session_id_len = 3, .host = rows[i].asked_host };
		struct app_head answer = { .origin_host = dia_text(rows[i].host) };

		if (!request.host) {
			request.peer = "peer.core";
			request.realm = "core";
		}
		if (rows[i].session) {
			answer.session_id = dia_text(rows[i].session);
		}
		if (rows[i].realm) {
			answer.origin_realm = dia_text(rows[i].realm);
		}
		if (rows[i].result) {
			answer.result_code = dia_u32_of(rows[i].result);
		}
		if (rows[i].experimental) {
			answer.experimental_result = (struct app_experimental_result){ 10415, rows[i].experimental, true };
		}
		if ((app_foreign(&answer, &request) != NULL) != rows[i].foreign) {
			fail_msg("row %zu", i);
		}
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lapses_have_words),
		cmocka_unit_test(an_answer_comes_from_whom_was_asked),
		cmocka_unit_test(smea_is_count_type_and_swapped_digits),
		cmocka_unit_test(other_addresses_are_refused),
		cmocka_unit_test(an_answer_borrows_what_must_return),
		cmocka_unit_test(values_have_words),
	};

	return cmocka_run_group_tests_name("apps common", tests, NULL, NULL);
}
