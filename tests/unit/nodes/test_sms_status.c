/* test_sms_status.c - SMS-STATUS-REPORT: octets written by hand from TS 23.040 9.2.2.3. */
#include "tests/unit/test.h"

#include "base/str.h"
#include "nodes/sms/sms_status.h"

/* 15 January 2024, 12:30:00 and a minute later, UTC */
#define SENT "42105121030000"
#define DONE "42105121130000"
#define WHOLE "064d04812424" SENT DONE "46"

static void test_octets(void **state)
{
	struct sms_status s = { .reference = 0x4d,
				.status = SMS_STATUS_EXPIRED,
				.recipient = { 4, 0x81, 0x24, 0x24 },
				.recipient_len = 4,
				.sent_s = 1705321800,
				.done_s = 1705321860 },
			  got;
	uint8_t octets[64], expected[64];
	struct buf b = buf_over(octets, sizeof octets);
	size_t len;

	(void)state;
	assert_int_equal(str_unhex(expected, sizeof expected, &len, WHOLE), 0);
	assert_int_equal(sms_status_build(&b, &s), 0);
	assert_int_equal(b.len, len);
	assert_memory_equal(octets, expected, len);
	assert_int_equal(sms_status_parse(&got, octets, len), 0);
	assert_true(got.reference == 0x4d && got.status == 0x46 && !got.more && got.sent_s == s.sent_s && got.done_s == s.done_s);
	assert_int_equal(got.recipient_len, 4);
	assert_memory_equal(got.recipient, s.recipient, 4);
	octets[len] = 0x07; /* TP-Parameter-Indicator and what follows are passed over */
	assert_int_equal(sms_status_parse(&got, octets, len + 1), 0);
	for (size_t n = 0; n < len; n++) {
		assert_int_equal(sms_status_parse(&got, octets, n), ERR_PROTO);
	}
	for (unsigned first = 0; first < 4; first++) {
		octets[0] = (uint8_t)(4 + first);
		assert_int_equal(sms_status_parse(&got, octets, len), first == 2 ? 0 : ERR_PROTO);
	}
	octets[0] = 0x26; /* about an SMS-COMMAND */
	assert_int_equal(sms_status_parse(&got, octets, len), ERR_PROTO);
}

static void test_what_cannot_be_written(void **state)
{
	struct sms_status s = {
		.recipient = { 4, 0x81, 0x24, 0x24 }, .recipient_len = 4, .sent_s = 1705321800, .done_s = 1705321860
	};
	uint8_t octets[20];
	struct buf b = buf_over(octets, sizeof octets);

	(void)state;
	assert_int_equal(sms_status_build(&b, &s), ERR_LIMIT);
	s.done_s = 0;
	assert_int_equal(sms_status_build(&b, &s), ERR_INVAL);
	s.recipient_len = SMS_ADDRESS_MAX + 1;
	assert_int_equal(sms_status_build(&b, &s), ERR_INVAL);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_octets),
		cmocka_unit_test(test_what_cannot_be_written),
	};

	return cmocka_run_group_tests_name("sms status", tests, NULL, NULL);
}
