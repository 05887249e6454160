/* smpp_receipt: texts that are built, texts of other SMS-SCs, and texts that are none. */
#include "tests/unit/test.h"

#include "smpp/smpp_receipt.h"

static const struct smpp_receipt good = { .id = "1234567890",
					  .submitted = 1,
					  .delivered = 1,
					  .submit_s = 1737290040,
					  .done_s = 1737290100,
					  .state = SMPP_STATE_DELIVERED,
					  .err = "000",
					  .text = "" };

static int parse(struct smpp_receipt *out, const char *text)
{
	return smpp_receipt_parse(out, (const uint8_t *)text, strlen(text));
}

static void test_built(void **state)
{
	char octets[SMPP_RECEIPT_MAX + 1] = "";
	struct buf b = buf_over(octets, SMPP_RECEIPT_MAX);
	struct smpp_receipt got;

	(void)state;
	assert_int_equal(smpp_receipt_build(&b, &good), 0);
	assert_string_equal(
	    octets, "id:1234567890 sub:001 dlvrd:001 submit date:2501191234 done date:2501191235 stat:DELIVRD err:000 text:");
	assert_int_equal(parse(&got, octets), 0);
	assert_string_equal(got.id, good.id);
	assert_int_equal(got.submitted, 1);
	assert_int_equal(got.delivered, 1);
	assert_true(got.submit_s == good.submit_s && got.done_s == good.done_s);
	assert_int_equal(got.state, SMPP_STATE_DELIVERED);
	assert_string_equal(got.err, "000");
}

/* Each state, the longest id and the longest text fit. */
static void test_states(void **state)
{
	(void)state;
	for (unsigned s = 0; s < 12; s++) {
		uint8_t octets[SMPP_RECEIPT_MAX];
		struct buf b = buf_over(octets, sizeof octets);
		struct smpp_receipt r = good, got;

		memset(r.id, '7', SMPP_MESSAGE_ID_MAX);
		memset(r.text, 'x', SMPP_RECEIPT_TEXT_MAX);
		r.state = (uint8_t)s;
		if (s < 1 || s > 8) {
			assert_int_equal(smpp_receipt_build(&b, &r), ERR_INVAL);
			assert_false(smpp_state_final((uint8_t)s));
			continue;
		}
		assert_int_equal(smpp_receipt_build(&b, &r), 0);
		assert_int_equal(smpp_receipt_parse(&got, octets, b.len), 0);
		assert_int_equal(got.state, s);
		assert_string_equal(got.text, r.text);
		assert_int_equal(smpp_state_final((uint8_t)s), s != 1 && s != 6 && s != 7);
	}
}

static void test_of_others(void **state)
{
	struct smpp_receipt got;

	(void)state;
	assert_int_equal(parse(&got, "id:ab-1 sub:001 dlvrd:000 submit date:250119123456 done date:250119123456 stat:UNDELIV "
				     "err:07 Text:hello world and more"),
			 0);
	assert_int_equal(got.state, SMPP_STATE_UNDELIVERABLE);
	assert_string_equal(got.err, "07");
	assert_string_equal(got.text, "hello world and more");
	assert_true(got.done_s == 1737290096);
	assert_int_equal(parse(&got, "id:1 stat:EXPIRED"), 0);
	assert_string_equal(got.err, "");
	assert_true(got.done_s == 0);
}

static void test_of_nobody(void **state)
{
	static const char *const texts[] = {
		"",
		"id:",
		"id: stat:DELIVRD",
		"hello",
		"id:1",
		"id:1 stat:DELIVERED",
		"id:1 stat:delivrd",
		"id:1 stat:DELIVRD err: text:",
		"id:1 stat:DELIVRD err:0000 text:",
		"id:1 stat:DELIVRD more",
		"id:1  stat:DELIVRD",
		"id:1 sub:1000 stat:DELIVRD",
		"id:1 sub:-01 stat:DELIVRD",
		"id:1 dlvrd:001 sub:001 stat:DELIVRD",
		"id:1 submit date:2513191234 stat:DELIVRD",
		"id:1 submit date:25011912345 stat:DELIVRD",
		"id:1 done date:25-1191234 stat:DELIVRD",
		"id:1 done date:250:191234 stat:DELIVRD", /* the neighbours of the digits */
		"id:1 submit date:251/191234 stat:DELIVRD",
		"xid:1 stat:DELIVRD",
		"id:12345678901234567890123456789012345678901234567890123456789012345 stat:DELIVRD",
		"id:1\n stat:DELIVRD",
	};
	struct smpp_receipt got = { .state = 77 };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (parse(&got, texts[i]) != ERR_PROTO || got.state != 77) {
			fail_msg("'%s' is taken for a receipt", texts[i]);
		}
	}
	assert_int_equal(smpp_receipt_parse(&got, (const uint8_t *)"id:1 stat:DELIVRD text:a\0b", 26), ERR_PROTO);
}

static void test_what_cannot_be_built(void **state)
{
	uint8_t octets[SMPP_RECEIPT_MAX];
	struct buf b = buf_over(octets, sizeof octets), small = buf_over(octets, 20);
	struct smpp_receipt r = good;

	(void)state;
	assert_int_equal(smpp_receipt_build(&small, &good), ERR_LIMIT);
	r.id[2] = ' '; /* would forge fields */
	assert_int_equal(smpp_receipt_build(&b, &r), ERR_INVAL);
	r = good;
	r.id[0] = 0;
	assert_int_equal(smpp_receipt_build(&b, &r), ERR_INVAL);
	r = good;
	r.submitted = 1000;
	assert_int_equal(smpp_receipt_build(&b, &r), ERR_INVAL);
	r = good;
	r.id[0] = ' ';
	assert_int_equal(smpp_receipt_build(&b, &r), ERR_INVAL);
	r = good;
	r.delivered = 1000;
	assert_int_equal(smpp_receipt_build(&b, &r), ERR_INVAL);
	r = good;
	r.submit_s = -1;
	assert_int_equal(smpp_receipt_build(&b, &r), ERR_RANGE);
	r = good;
	r.done_s = -1;
	assert_int_equal(smpp_receipt_build(&b, &r), ERR_RANGE);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_built),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_of_others),
		cmocka_unit_test(test_of_nobody),
		cmocka_unit_test(test_what_cannot_be_built),
	};

	return cmocka_run_group_tests_name("smpp receipt", tests, NULL, NULL);
}
