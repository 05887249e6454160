/* What a copy of an SMPP PDU shows, and that a device has one digest over both protocols. */
#include "tests/unit/test.h"

#include <string.h>

#include "base/str.h"
#include "smpp/smpp_content.h"
#include "trace/trc_digest.h"
#include "trace/trc_smpp.h"

static const struct sip_key key = { { 1, 2 } };
static uint8_t room[512];

static struct smpp_pdu submit(const char *text, uint32_t len)
{
	struct smpp_pdu p = { .header.command = SMPP_SUBMIT_SM,
			      .source = { 1, 1, "491720000001" },
			      .destination = { 1, 1, "491700000007" } };

	p.short_message = (struct smpp_octets){ (const uint8_t *)text, len };
	return p;
}

static bool has(const struct smpp_octets *o, const char *text)
{
	return memmem(o->p, o->len, text, strlen(text)) != NULL;
}

static void test_a_device_has_the_digest_of_its_msisdn(void **state)
{
	struct smpp_pdu p = submit("wake up", 7);
	char digits[STR_DIGITS_MAX + 1];
	uint8_t tbcd[STR_TBCD_MAX];
	size_t len;

	(void)state;
	assert_int_equal(str_tbcd(tbcd, &len, "491700000007"), 0);
	trc_digest_digits(&key, tbcd, len);
	assert_int_equal(str_untbcd(digits, tbcd, len), 0);
	assert_int_equal(trc_redact_smpp(&p, room, sizeof room, &key), 0);
	assert_string_equal(p.destination.digits, digits);
	assert_string_equal(p.source.digits, "491720000001");
	assert_int_equal(p.short_message.len, 7);
	assert_false(has(&p.short_message, "wake"));
	p = submit("", 0);
	p.header.command = SMPP_DELIVER_SM;
	strcpy(p.source.digits, "+491700000007");
	strcpy(p.destination.digits, "491720000001");
	assert_int_equal(trc_redact_smpp(&p, room, sizeof room, &key), 0);
	assert_string_equal(p.source.digits + 1, digits);
	assert_string_equal(p.destination.digits, "491720000001");
}

static void test_headers_ids_and_receipts_stay(void **state)
{
	static const char receipt[] = "id:77 stat:DELIVRD err:000 text:secret";
	struct smpp_pdu p = submit("\x06\x05\x04\x12\x34\0\0secret", 13);

	(void)state;
	p.esm_class = SMPP_ESM_UDHI;
	smpp_set_octets(&p, SMPP_TLV_MESSAGE_PAYLOAD, "\x02\x70\0payload", 10);
	smpp_set_octets(&p, SMPP_TLV_SOURCE_SUBADDRESS, "where", 5);
	assert_int_equal(trc_redact_smpp(&p, room, sizeof room, &key), 0);
	assert_memory_equal(p.short_message.p, "\x06\x05\x04\x12\x34\0\0", 7);
	assert_false(has(&p.short_message, "secret"));
	assert_memory_equal(p.octets[SMPP_TLV_MESSAGE_PAYLOAD].p, "\x02\x70\0", 3);
	assert_false(has(&p.octets[SMPP_TLV_MESSAGE_PAYLOAD], "payload"));
	assert_false(has(&p.octets[SMPP_TLV_SOURCE_SUBADDRESS], "where"));
	p = submit(receipt, sizeof receipt - 1);
	p.header.command = SMPP_DELIVER_SM;
	p.esm_class = SMPP_ESM_TYPE_RECEIPT;
	smpp_set_octets(&p, SMPP_TLV_RECEIPTED_MESSAGE_ID, "77", 2);
	smpp_set_octets(&p, SMPP_TLV_NETWORK_ERROR_CODE, "\3\0\1", 3);
	assert_int_equal(trc_redact_smpp(&p, room, sizeof room, &key), 0);
	assert_memory_equal(p.octets[SMPP_TLV_NETWORK_ERROR_CODE].p, "\3\0\1", 3);
	assert_true(has(&p.short_message, "stat:DELIVRD err:000 text:"));
	assert_false(has(&p.short_message, "secret"));
	assert_true(has(&p.octets[SMPP_TLV_RECEIPTED_MESSAGE_ID], "77"));
}

/* A header that is longer than the message is no header. */
static void test_a_wrong_header_hides_nothing_from_us(void **state)
{
	struct smpp_pdu p = submit("\xffsecret", 7);

	(void)state;
	p.esm_class = SMPP_ESM_UDHI;
	assert_int_equal(trc_redact_smpp(&p, room, sizeof room, &key), 0);
	assert_false(has(&p.short_message, "secret"));
}

static void test_no_password_and_no_more_than_the_room(void **state)
{
	struct smpp_pdu p = { .header.command = SMPP_BIND_TRANSCEIVER, .password = "geheim" };

	(void)state;
	trc_hide_password(&p);
	assert_string_equal(p.password, "******");
	p = submit("wake up", 7);
	assert_int_equal(trc_redact_smpp(&p, room, 6, &key), ERR_LIMIT);
	p = submit("wake", 4);
	smpp_set_octets(&p, SMPP_TLV_SOURCE_SUBADDRESS, "where", 5);
	assert_int_equal(trc_redact_smpp(&p, room, 8, &key), ERR_LIMIT);
	p = submit("wake", 4);
	smpp_set_octets(&p, SMPP_TLV_SOURCE_SUBADDRESS, "where", 5);
	assert_int_equal(trc_redact_smpp(&p, room, 9, &key), 0);
	assert_true(p.octets[SMPP_TLV_SOURCE_SUBADDRESS].p == p.short_message.p + 4);
}

/* An address of letters, and one too long for a number. */
static void test_a_device_without_a_number_is_hidden_too(void **state)
{
	static const char *const names[] = { "a meter", "123456789012345678901234567890" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct smpp_pdu p = submit("", 0);

		strcpy(p.destination.digits, names[i]);
		assert_int_equal(trc_redact_smpp(&p, room, sizeof room, &key), 0);
		assert_int_equal(strlen(p.destination.digits), strlen(names[i]));
		assert_string_not_equal(p.destination.digits, names[i]);
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_device_has_the_digest_of_its_msisdn),
		cmocka_unit_test(test_headers_ids_and_receipts_stay),
		cmocka_unit_test(test_a_wrong_header_hides_nothing_from_us),
		cmocka_unit_test(test_no_password_and_no_more_than_the_room),
		cmocka_unit_test(test_a_device_without_a_number_is_hidden_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
