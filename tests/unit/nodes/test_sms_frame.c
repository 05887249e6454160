/* test_sms_frame.c - frames of the lab link, whole, in crumbs and hostile. */
#include "tests/unit/test.h"

#include "nodes/sms/sms_frame.h"

struct seen {
	unsigned n;
	uint8_t type[8];
	uint8_t body[8][SMS_FRAME_BODY_MAX];
	size_t len[8];
	int give;
};

static int note(void *arg, uint8_t type, const uint8_t *body, size_t len)
{
	struct seen *s = arg;

	s->type[s->n] = type;
	memcpy(s->body[s->n], body, len);
	s->len[s->n++] = len;
	return s->give;
}

static size_t two_frames(uint8_t *octets, size_t cap)
{
	struct buf b = buf_over(octets, cap);

	sms_frame_imsi_build(&b, SMS_FRAME_REGISTER, "001010000000001");
	sms_frame_rpdu_build(&b, SMS_FRAME_DATA_ACK, 0x0102030405060708, (const uint8_t *)"\x02\x2a", 2);
	assert_false(b.full);
	return b.len;
}

static void test_octets_of_the_link(void **state)
{
	uint8_t octets[64];
	size_t len = two_frames(octets, sizeof octets);

	(void)state;
	assert_int_equal(len, 18 + 13);
	assert_memory_equal(octets,
			    "\x00\x10\x01"
			    "001010000000001",
			    18);
	assert_memory_equal(octets + 18, "\x00\x0b\x03\x01\x02\x03\x04\x05\x06\x07\x08\x02\x2a", 13);
}

static void test_any_crumbs_give_the_same_frames(void **state)
{
	uint8_t octets[64];
	size_t len = two_frames(octets, sizeof octets);

	(void)state;
	for (size_t crumb = 1; crumb <= len; crumb++) {
		struct sms_framer f = { 0 };
		struct seen s = { 0 };

		for (size_t at = 0; at < len; at += crumb) {
			assert_int_equal(sms_frame_feed(&f, octets + at, len - at < crumb ? len - at : crumb, note, &s), 0);
		}
		assert_int_equal(s.n, 2);
		assert_int_equal(s.type[0], SMS_FRAME_REGISTER);
		assert_int_equal(s.len[0], 15);
		assert_int_equal(s.type[1], SMS_FRAME_DATA_ACK);
		assert_int_equal(s.len[1], 10);
	}
}

static void test_lengths_that_cannot_be_end_the_stream(void **state)
{
	struct sms_framer f = { 0 };
	struct seen s = { 0 };
	const uint8_t nothing[] = { 0, 0 }, huge[] = { 0xff, 0xff, 2 },
		      above[] = { (SMS_FRAME_MAX - 1) >> 8, (SMS_FRAME_MAX - 1) & 0xff };

	(void)state;
	assert_int_equal(sms_frame_feed(&f, nothing, 2, note, &s), ERR_PROTO);
	f.len = 0;
	assert_int_equal(sms_frame_feed(&f, huge, 3, note, &s), ERR_PROTO);
	f.len = 0;
	assert_int_equal(sms_frame_feed(&f, above, 2, note, &s), ERR_PROTO);
	assert_int_equal(s.n, 0);
}

static void test_the_longest_frame_passes(void **state)
{
	static uint8_t octets[SMS_FRAME_MAX] = { (SMS_FRAME_MAX - 2) >> 8, (SMS_FRAME_MAX - 2) & 0xff, 2 };
	struct sms_framer f = { 0 };
	struct seen s = { 0 };

	(void)state;
	assert_int_equal(sms_frame_feed(&f, octets, sizeof octets, note, &s), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.len[0], SMS_FRAME_BODY_MAX);
}

static void test_the_callback_can_stop(void **state)
{
	uint8_t octets[64];
	size_t len = two_frames(octets, sizeof octets);
	struct sms_framer f = { 0 };
	struct seen s = { .give = ERR_CLOSED };

	(void)state;
	assert_int_equal(sms_frame_feed(&f, octets, len, note, &s), ERR_CLOSED);
	assert_int_equal(s.n, 1);
}

static void test_bodies_are_checked(void **state)
{
	char imsi[SMS_IMSI_MAX + 1] = "x";
	const uint8_t *rpdu;
	uint64_t id;
	size_t len;

	(void)state;
	assert_int_equal(sms_frame_imsi_parse(imsi, (const uint8_t *)"001010000000001", 15), 0);
	assert_string_equal(imsi, "001010000000001");
	assert_int_equal(sms_frame_imsi_parse(imsi, (const uint8_t *)"0010100000000012", 16), ERR_PROTO);
	assert_int_equal(sms_frame_imsi_parse(imsi, (const uint8_t *)"00101", 5), ERR_PROTO);
	assert_int_equal(sms_frame_imsi_parse(imsi, (const uint8_t *)"00101000000000\0", 15), ERR_PROTO);
	assert_string_equal(imsi, "001010000000001");
	assert_int_equal(sms_frame_rpdu_parse(&id, &rpdu, &len, (const uint8_t *)"\0\0\0\0\0\0\1\2\2\x2a", 10), 0);
	assert_int_equal(id, 258);
	assert_int_equal(len, 2);
	assert_int_equal(sms_frame_rpdu_parse(&id, &rpdu, &len, (const uint8_t *)"\0\0\0\0\0\0\1\2", 8), ERR_PROTO);
	assert_int_equal(sms_frame_rpdu_parse(&id, &rpdu, &len, (const uint8_t *)"\0\0\0", 3), ERR_PROTO);
}

static void test_messages_of_mobiles(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
	} bad[] = { { "", 0 },
		    { "\x0f", 1 },
		    { "\x0f"
		      "001010000000001",
		      16 },
		    { "\x05"
		      "12345"
		      "\x00",
		      7 },
		    { "\x10"
		      "1234567890123456"
		      "\x00",
		      18 },
		    { "\x06"
		      "12345x"
		      "\x00",
		      8 },
		    { "\x00"
		      "\x00",
		      2 } };
	uint8_t octets[64];
	struct buf b = buf_over(octets, sizeof octets);
	char imsi[SMS_IMSI_MAX + 1];
	const uint8_t *rpdu;
	size_t len;

	(void)state;
	sms_frame_submit_build(&b, SMS_FRAME_SUBMIT, "001010000000001", (const uint8_t *)"\x03\x2a", 2);
	assert_int_equal(b.len, 21);
	assert_memory_equal(octets,
			    "\x00\x13\x05\x0f"
			    "001010000000001"
			    "\x03\x2a",
			    21);
	assert_int_equal(sms_frame_submit_parse(imsi, &rpdu, &len, octets + 3, b.len - 3), 0);
	assert_string_equal(imsi, "001010000000001");
	assert_int_equal(len, 2);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(sms_frame_submit_parse(imsi, &rpdu, &len, (const uint8_t *)bad[i].octets, bad[i].len),
				 ERR_PROTO);
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_of_mobiles),
		cmocka_unit_test(test_octets_of_the_link),
		cmocka_unit_test(test_any_crumbs_give_the_same_frames),
		cmocka_unit_test(test_lengths_that_cannot_be_end_the_stream),
		cmocka_unit_test(test_the_longest_frame_passes),
		cmocka_unit_test(test_the_callback_can_stop),
		cmocka_unit_test(test_bodies_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
