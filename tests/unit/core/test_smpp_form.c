/* How a trigger is written as submit_sm, and what receipts say. */
#include "tests/unit/test.h"

#include <string.h>

#include "apps/tsp.h"
#include "conf/cfg_iwf.h"
#include "core/core_smpp.h"
#include "smpp/smpp_content.h"
#include "smpp/smpp_receipt.h"
#include "trigger/trg_parts.h"

static struct trg trigger(const char *payload, uint32_t len)
{
	struct trg t = { .dtr_end_to_end = 0xabcd1234 };

	t.req.scs_e164 = "49170123456";
	t.req.msisdn = "491720000001";
	t.req.payload = (const uint8_t *)payload;
	t.req.payload_len = len;
	t.req.has_port = true;
	t.req.port = 0x1234;
	t.req.has_validity = true;
	t.req.validity_s = 3600;
	t.req.expires_ms = 3600 * 1000;
	t.sub.imsi = t.sub.msisdn = "";
	return t;
}

static uint8_t octets[CORE_SMPP_OCTETS_MAX];

static void test_a_port_stands_where_the_configuration_says(void **state)
{
	struct cfg_smssc conf = { .ports = CFG_SMSSC_PORTS_HEADER };
	struct trg t = trigger("abc", 3);
	struct smpp_pdu pdu;

	(void)state;
	assert_null(core_smpp_fill(&pdu, octets, &t, 0, &conf, 0));
	assert_int_equal(pdu.protocol_id, 0x48);
	assert_int_equal(pdu.esm_class, 0x40);
	assert_int_equal(pdu.short_message.len, 10);
	assert_memory_equal(pdu.short_message.p, "\x06\x05\x04\x12\x34\0\0abc", 10);
	assert_string_equal(pdu.validity_period, "000000010000000R");
	assert_int_equal(pdu.number[SMPP_TLV_USER_MESSAGE_REFERENCE], 0x1234);
	assert_false(smpp_has(&pdu, SMPP_TLV_DESTINATION_PORT));
	conf.ports = CFG_SMSSC_PORTS_PARAMETERS;
	assert_null(core_smpp_fill(&pdu, octets, &t, 0, &conf, 0));
	assert_int_equal(pdu.esm_class, 0);
	assert_int_equal(pdu.short_message.len, 3);
	assert_int_equal(pdu.number[SMPP_TLV_DESTINATION_PORT], 0x1234);
}

static void test_one_sms_and_more_than_one(void **state)
{
	static const char zeros[4096];
	struct cfg_smssc conf = { .ports = CFG_SMSSC_PORTS_HEADER };
	struct trg t = trigger(zeros, 133);
	struct smpp_pdu pdu;

	(void)state;
	assert_null(core_smpp_fill(&pdu, octets, &t, 0, &conf, 0));
	assert_int_equal(pdu.short_message.len, 140);
	t = trigger(zeros, 134);
	assert_null(core_smpp_fill(&pdu, octets, &t, 0, &conf, 0));
	assert_int_equal(pdu.short_message.len, 0);
	assert_int_equal(pdu.octets[SMPP_TLV_MESSAGE_PAYLOAD].len, 141);
	t = trigger(zeros, 4096);
	assert_null(core_smpp_fill(&pdu, octets, &t, 0, &conf, 0));
	conf.long_form = CFG_SMSSC_LONG_REFUSE;
	assert_non_null(core_smpp_fill(&pdu, octets, &t, 0, &conf, 0));
	t.req.payload_len = 4097;
	conf.long_form = CFG_SMSSC_LONG_PAYLOAD;
	assert_non_null(core_smpp_fill(&pdu, octets, &t, 0, &conf, 0));
}

union parts { /* of a trigger that is only written */
	struct trg_parts head;
	uint8_t octets[sizeof(struct trg_parts) + TRG_PARTS_MAX * sizeof(struct trg_part)];
};

/* The pieces together are the payload, each in one SMS, each with its own number. */
static void join(struct trg *t, const struct cfg_smssc *conf, uint32_t n)
{
	struct smpp_content content;
	uint8_t whole[4096];
	struct smpp_pdu pdu;
	uint32_t len = 0;

	for (uint32_t i = 0; i < n; i++) {
		assert_null(core_smpp_fill(&pdu, octets, t, i, conf, 0));
		assert_in_range(pdu.short_message.len, 1, 140);
		assert_int_equal(pdu.protocol_id, 0x48);
		assert_int_equal(smpp_content_of(&content, &pdu), SMPP_ROK);
		assert_int_equal(content.part_reference, 0x1234);
		assert_int_equal(content.parts, n);
		assert_int_equal(content.part_number, i + 1);
		assert_int_equal(content.port, conf->ports == CFG_SMSSC_PORTS_NONE ? 0 : 0x1234);
		memcpy(whole + len, content.payload.p, content.payload.len);
		len += content.payload.len;
	}
	assert_int_equal(len, t->req.payload_len);
	assert_memory_equal(whole, t->req.payload, len);
}

static void test_parts_have_a_header_or_parameters(void **state)
{
	static char text[4096];
	static const struct {
		int ports, form;
		uint32_t len, parts;
	} rows[] = {
		{ CFG_SMSSC_PORTS_HEADER, CFG_SMSSC_LONG_HEADER, 133, 1 },
		{ CFG_SMSSC_PORTS_HEADER, CFG_SMSSC_LONG_HEADER, 134, 2 },
		{ CFG_SMSSC_PORTS_HEADER, CFG_SMSSC_LONG_HEADER, 254, 2 },
		{ CFG_SMSSC_PORTS_HEADER, CFG_SMSSC_LONG_HEADER, 255, 3 },
		{ CFG_SMSSC_PORTS_HEADER, CFG_SMSSC_LONG_HEADER, 4096, 33 },
		{ CFG_SMSSC_PORTS_NONE, CFG_SMSSC_LONG_HEADER, 140, 1 },
		{ CFG_SMSSC_PORTS_NONE, CFG_SMSSC_LONG_HEADER, 266, 2 },
		{ CFG_SMSSC_PORTS_NONE, CFG_SMSSC_LONG_HEADER, 267, 3 },
		{ CFG_SMSSC_PORTS_PARAMETERS, CFG_SMSSC_LONG_PARAMETERS, 140, 1 },
		{ CFG_SMSSC_PORTS_PARAMETERS, CFG_SMSSC_LONG_PARAMETERS, 280, 2 },
		{ CFG_SMSSC_PORTS_PARAMETERS, CFG_SMSSC_LONG_PARAMETERS, 281, 3 },
		{ CFG_SMSSC_PORTS_HEADER, CFG_SMSSC_LONG_PAYLOAD, 4096, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof text; i++) {
		text[i] = (char)(i * 7);
	}
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cfg_smssc conf = { .ports = rows[i].ports, .long_form = rows[i].form };
		struct trg t = trigger(text, rows[i].len);
		union parts parts = { .head = { .n = (uint8_t)rows[i].parts, .form = (uint8_t)rows[i].form } };

		assert_int_equal(core_smpp_parts(&t.req, &conf), rows[i].parts);
		if (rows[i].parts > 1) {
			t.parts = &parts.head;
			join(&t, &conf, rows[i].parts);
		}
	}
}

/* A reload between the plan and the first submit_sm: what does not fit any more is not sent. */
static void test_parts_that_do_not_fit_any_more(void **state)
{
	static const char zeros[4096];
	struct cfg_smssc conf = { .ports = CFG_SMSSC_PORTS_HEADER, .long_form = CFG_SMSSC_LONG_HEADER };
	struct trg t = trigger(zeros, 266); /* two parts without a port */
	union parts parts = { .head = { .n = 2, .form = CFG_SMSSC_LONG_HEADER } };
	struct smpp_pdu pdu;

	(void)state;
	t.parts = &parts.head;
	assert_non_null(core_smpp_fill(&pdu, octets, &t, 0, &conf, 0));
}

static void test_a_device_without_a_number_cannot_be_reached(void **state)
{
	struct cfg_smssc conf = { .ports = CFG_SMSSC_PORTS_NONE };
	struct trg t = trigger("", 0);
	struct smpp_pdu pdu;

	(void)state;
	t.req.msisdn = "";
	assert_non_null(core_smpp_fill(&pdu, octets, &t, 0, &conf, 0));
}

static struct smpp_pdu receipt(const char *text)
{
	struct smpp_pdu pdu = { .header.command = SMPP_DELIVER_SM, .esm_class = SMPP_ESM_TYPE_RECEIPT };

	strcpy(pdu.source.digits, "+491720000001");
	pdu.short_message = (struct smpp_octets){ (const uint8_t *)text, (uint32_t)strlen(text) };
	return pdu;
}

static void test_parameters_win_and_the_text_fills_in(void **state)
{
	struct smpp_pdu pdu =
	    receipt("id:77 sub:001 dlvrd:000 submit date:2611300000 done date:2611300000 stat:EXPIRED err:000 text:");
	struct core_smpp_receipt r;

	(void)state;
	assert_true(core_smpp_read(&r, &pdu));
	assert_string_equal(r.id, "77");
	assert_string_equal(r.device, "491720000001");
	assert_int_equal(r.state, SMPP_STATE_EXPIRED);
	assert_int_equal(core_smpp_outcome(r.state), TSP_OUTCOME_EXPIRED);
	smpp_set_octets(&pdu, SMPP_TLV_RECEIPTED_MESSAGE_ID, "88", 2);
	smpp_set_number(&pdu, SMPP_TLV_MESSAGE_STATE, SMPP_STATE_DELIVERED);
	assert_true(core_smpp_read(&r, &pdu));
	assert_string_equal(r.id, "88");
	assert_int_equal(r.state, SMPP_STATE_DELIVERED);
	pdu.esm_class = 0;
	assert_false(core_smpp_read(&r, &pdu));
	pdu = receipt("hello");
	assert_true(core_smpp_read(&r, &pdu));
	assert_string_equal(r.id, "");
	assert_false(smpp_state_final(r.state));
}

static void test_no_cancel_without_an_id(void **state)
{
	struct cfg_smssc conf = { .source = "4242" };
	struct trg t = trigger("", 0);
	struct smpp_pdu pdu;

	(void)state;
	core_smpp_fill_cancel(&pdu, &t, &conf, "12");
	assert_string_equal(pdu.message_id, "12");
	assert_string_equal(pdu.source.digits, "4242");
	t.req.msisdn = "123456789012345678901"; /* does not fit */
	core_smpp_fill_cancel(&pdu, &t, &conf, "12");
	assert_string_equal(pdu.message_id, "");
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_port_stands_where_the_configuration_says),
		cmocka_unit_test(test_one_sms_and_more_than_one),
		cmocka_unit_test(test_parts_have_a_header_or_parameters),
		cmocka_unit_test(test_parts_that_do_not_fit_any_more),
		cmocka_unit_test(test_a_device_without_a_number_cannot_be_reached),
		cmocka_unit_test(test_parameters_win_and_the_text_fills_in),
		cmocka_unit_test(test_no_cancel_without_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
