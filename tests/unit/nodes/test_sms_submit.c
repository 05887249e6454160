/* test_sms_submit.c - SMS-SUBMIT: octets written by hand from TS 23.040, sizes at their edges, hostile octets. */
#include "tests/unit/test.h"

#include "nodes/sms/sms_rp.h"
#include "nodes/sms/sms_submit.h"

static struct sms_submit read_hex(const char *hex)
{
	static uint8_t octets[256];
	struct sms_submit s;
	size_t len;

	assert_int_equal(str_unhex(octets, sizeof octets, &len, hex), 0);
	assert_int_equal(sms_submit_parse(&s, octets, len), 0);
	return s;
}

static void refused(const char *hex)
{
	uint8_t octets[256];
	struct sms_submit s;
	size_t len;

	assert_int_equal(str_unhex(octets, sizeof octets, &len, hex), 0);
	if (sms_submit_parse(&s, octets, len) != ERR_PROTO) {
		fail_msg("%s is taken", hex);
	}
}

static void test_a_plain_one(void **state)
{
	struct sms_submit s = read_hex("01010c919471020000100004020102");

	(void)state;
	assert_string_equal(s.destination, "491720000001");
	assert_true(s.international && s.eight_bit && !s.ucs2 && !s.has_header && !s.wants_report);
	assert_int_equal(s.reference, 1);
	assert_int_equal(s.pid, 0);
	assert_int_equal(s.validity_s, 0);
	assert_int_equal(s.payload_len, 2);
	assert_memory_equal(s.payload, "\1\2", 2);
}

static void test_a_text_of_seven_bits(void **state)
{
	/* the example that is everywhere: hellohello to +46708251358, valid for four days */
	struct sms_submit s = read_hex("11000b916407281553f80000aa0ae8329bfd4697d9ec37");
	uint8_t text[SMS_SEPTETS_MAX];

	(void)state;
	assert_string_equal(s.destination, "46708251358");
	assert_true(s.international && !s.eight_bit && !s.ucs2);
	assert_int_equal(s.validity_s, 4 * 86400);
	assert_null(s.payload);
	assert_int_equal(s.packed.n, 10);
	sms_unpack(text, &s.packed);
	assert_memory_equal(text, "hellohello", 10);
	/* behind a header of six octets and one fill bit */
	s = read_hex("41010c91947102000010000009050003"
		     "2a0201"
		     "9069");
	assert_true(s.has_header && s.header_len == 5 && s.packed.n == 2);
	sms_unpack(text, &s.packed);
	assert_memory_equal(text, "Hi", 2);
	s = read_hex("01010c919471020000100020ff0102030405"); /* compressed: not looked into */
	assert_true(!s.payload && !s.packed.p && !s.header);
}

/* The length of text counts characters: as many octets as they need. */
static void test_damaged_texts(void **state)
{
	(void)state;
	refused("01010c919471020000100000"
		"0ae8329bfd4697d9ec"); /* an octet too few */
	refused("01010c919471020000100000"
		"0ae8329bfd4697d9ec3700"); /* one too many */
	refused("41010c919471020000100000"
		"06050003"
		"2a0201"); /* the header takes seven characters */
	refused("41010c919471020000100000"
		"08090003"
		"2a020190"); /* the header is longer than all */
	refused("41010c919471020000100000"
		"00"); /* none */
}

static void test_text_is_built(void **state)
{
	static uint8_t payload[161];
	struct sms_submit s = { .reference = 9,
				.destination = "4242",
				.wants_report = true,
				.payload = payload,
				.payload_len = 160 },
			  got;
	uint8_t octets[200], text[SMS_SEPTETS_MAX];
	struct buf b = buf_over(octets, sizeof octets);

	(void)state;
	for (unsigned i = 0; i < sizeof payload; i++) {
		payload[i] = (uint8_t)(i * 3 % 128);
	}
	assert_int_equal(sms_submit_build(&b, &s), 0);
	assert_int_equal(sms_submit_parse(&got, b.p, b.len), 0);
	assert_true(got.wants_report && !got.international && got.packed.n == 160 && got.address_len == 4);
	sms_unpack(text, &got.packed);
	assert_memory_equal(text, payload, 160);
	s.payload_len = 161;
	assert_int_equal(sms_submit_build(&b, &s), ERR_LIMIT);
	s.header = (const uint8_t *)"\0\3\1\2\1";
	s.header_len = 5;
	s.payload_len = 154;
	assert_int_equal(sms_submit_build(&b, &s), ERR_LIMIT);
	s.payload_len = 153;
	b.len = 0;
	assert_int_equal(sms_submit_build(&b, &s), 0);
	assert_int_equal(sms_submit_parse(&got, b.p, b.len), 0);
	assert_true(got.header_len == 5 && got.packed.n == 153);
	payload[7] = 0x80;
	assert_int_equal(sms_submit_build(&b, &s), ERR_INVAL);
}

static void test_header_pid_and_validity(void **state)
{
	struct sms_submit s = read_hex("71070c91947102000010480800080605043e80000041");

	(void)state;
	assert_true(s.has_header && s.ucs2 && s.wants_report);
	assert_int_equal(s.pid, 0x48);
	assert_int_equal(s.validity_s, 300);
	assert_int_equal(s.header_len, 6);
	assert_memory_equal(s.header, "\x05\x04\x3e\x80\x00\x00", 6);
	assert_int_equal(s.payload_len, 1);
	s = read_hex("19070c919471020000100004111213141516170100"); /* absolute: not used, but passed over */
	assert_int_equal(s.validity_s, 0);
	assert_int_equal(s.payload_len, 1);
	assert_int_equal(read_hex("11070c9194710200001000048f00").validity_s, 43200);
	assert_int_equal(read_hex("11070c919471020000100004a700").validity_s, 86400);
	assert_int_equal(read_hex("11070c919471020000100004c400").validity_s, 30 * 86400);
	assert_int_equal(read_hex("11070c919471020000100004ff00").validity_s, 63 * 604800);
}

static void test_what_is_no_number(void **state)
{
	(void)state;
	assert_string_equal(read_hex("010107d0c171bb0c000400").destination, ""); /* a name */
	assert_string_equal(read_hex("0101049194fa000400").destination, "");     /* not a digit */
	assert_string_equal(read_hex("0101049194f2000400").destination, "");     /* fewer than it counts */
	assert_false(read_hex("01010c8194710200001000040101").international);    /* of an unknown type */
}

static void test_damaged_ones(void **state)
{
	static const char *const bad[] = { "",
					   "00010c91947102000010000400",           /* SMS-DELIVER */
					   "02010c91947102000010000400",           /* SMS-COMMAND */
					   "01010c919471020000100004030102",       /* a byte too few */
					   "01010c91947102000010000401010203",     /* too many */
					   "010115910102030405060708091011000400", /* 21 digits */
					   "41010c919471020000100004020500",       /* header past the end */
					   "41010c91947102000010000400" };         /* header without its length */
	uint8_t octets[200] = { 0x01, 0x01, 0x0c, 0x91, 0x94, 0x71, 0x02, 0x00, 0x00, 0x10, 0x00, 0x04, 141 };
	struct sms_submit s;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		refused(bad[i]);
	}
	assert_int_equal(sms_submit_parse(&s, octets, 13 + 141), ERR_PROTO); /* more than 140 octets */
	octets[12] = 140;
	assert_int_equal(sms_submit_parse(&s, octets, 13 + 140), 0);
	for (size_t n = 0; n < 13 + 140; n++) {
		assert_int_equal(sms_submit_parse(&s, octets, n), ERR_PROTO);
	}
}

static void test_what_is_built_is_read(void **state)
{
	static uint8_t payload[140];
	struct sms_submit s = { .reference = 9,
				.destination = "49172000001",
				.pid = 0x48,
				.dcs = 8,
				.payload = payload,
				.payload_len = 133 },
			  got;
	uint8_t octets[200], rpdu[SMS_RPDU_MAX];
	struct buf b = buf_over(octets, sizeof octets), r = buf_over(rpdu, sizeof rpdu);
	struct sms_rp rp;

	(void)state;
	s.header = (const uint8_t *)"\x05\x04\x3e\x80\x00\x00";
	s.header_len = 6;
	assert_int_equal(sms_submit_build(&b, &s), 0);
	assert_int_equal(sms_submit_parse(&got, b.p, b.len), 0);
	assert_string_equal(got.destination, s.destination);
	assert_true(got.international && got.has_header && got.pid == 0x48 && got.reference == 9);
	assert_int_equal(got.payload_len, 133);
	assert_int_equal(sms_rp_submit_build(&r, 7, "0", b.p, b.len), 0);
	assert_int_equal(sms_rp_parse(&rp, r.p, r.len), 0);
	assert_true(rp.type == SMS_RP_DATA_FROM_MS && rp.reference == 7 && rp.user_data_len == b.len);
	s.payload_len = 134;
	assert_int_equal(sms_submit_build(&b, &s), ERR_LIMIT);
	s.destination[0] = 0;
	assert_int_equal(sms_submit_build(&b, &s), ERR_INVAL);
}

static void test_answers_of_the_network(void **state)
{
	uint8_t octets[8];
	struct buf b = buf_over(octets, sizeof octets);
	struct sms_rp rp;

	(void)state;
	sms_rp_result_build(&b, 42, 0);
	assert_int_equal(b.len, 2);
	assert_memory_equal(octets, "\x03\x2a", 2);
	b.len = 0;
	sms_rp_result_build(&b, 42, 21);
	assert_memory_equal(octets, "\x05\x2a\x01\x15", 4);
	assert_int_equal(sms_rp_parse(&rp, octets, b.len), 0);
	assert_true(rp.type == SMS_RP_ERROR_TO_MS && rp.cause == 21);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_plain_one),
		cmocka_unit_test(test_a_text_of_seven_bits),
		cmocka_unit_test(test_damaged_texts),
		cmocka_unit_test(test_text_is_built),
		cmocka_unit_test(test_header_pid_and_validity),
		cmocka_unit_test(test_what_is_no_number),
		cmocka_unit_test(test_damaged_ones),
		cmocka_unit_test(test_what_is_built_is_read),
		cmocka_unit_test(test_answers_of_the_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
