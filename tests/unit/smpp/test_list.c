/* smpp_list: entries of submit_multi as octets, the longest texts, and what is no entry. */
#include "tests/unit/test.h"

#include "smpp/smpp_list.h"

#define LONGEST_LIST "a-list-of-20-letters"

static void test_destinations_as_octets(void **state)
{
	static const uint8_t expected[] = { 1, 1, 9, '4', '9', 0, 2, 'l', 0 };
	struct smpp_destination one = { .address = { .ton = 1, .npi = 9, .digits = "49" } }, list = { .list = true };
	uint8_t octets[64];
	struct buf b = buf_over(octets, sizeof octets);

	(void)state;
	list.address.digits[0] = 'l';
	assert_int_equal(smpp_destination_put(&b, &one), 0);
	assert_int_equal(smpp_destination_put(&b, &list), 0);
	assert_int_equal(b.len, sizeof expected);
	assert_memory_equal(octets, expected, sizeof expected);
	b = buf_over(octets, sizeof expected - 4);
	assert_int_equal(smpp_destination_put(&b, &one), ERR_LIMIT);
}

static void test_the_longest_destinations(void **state)
{
	struct smpp_destination d = { .list = true }, got;
	uint8_t octets[64];
	struct buf b = buf_over(octets, sizeof octets);
	struct rd r;

	(void)state;
	memcpy(d.address.digits, LONGEST_LIST, sizeof LONGEST_LIST);
	assert_int_equal(smpp_destination_put(&b, &d), 0);
	r = rd_over(octets, b.len);
	assert_int_equal(smpp_destination_next(&got, &r), SMPP_ROK);
	assert_true(got.list && rd_left(&r) == 0);
	assert_string_equal(got.address.digits, LONGEST_LIST);
	memset(d.address.digits, 'x', sizeof d.address.digits);
	d.address.digits[sizeof LONGEST_LIST] = 0; /* a letter more */
	b.len = 0;
	assert_int_equal(smpp_destination_put(&b, &d), ERR_INVAL);
	assert_int_equal(b.len, 0);
	d = (struct smpp_destination){ .address = { .ton = 1 } };
	memset(d.address.digits, '7', SMPP_ADDRESS_MAX);
	assert_int_equal(smpp_destination_put(&b, &d), 0);
	r = rd_over(octets, b.len);
	assert_int_equal(smpp_destination_next(&got, &r), SMPP_ROK);
	assert_string_equal(got.address.digits, d.address.digits);
	memset(d.address.digits, '7', sizeof d.address.digits); /* no end */
	assert_int_equal(smpp_destination_put(&b, &d), ERR_INVAL);
}

static void test_failures_as_octets(void **state)
{
	static const uint8_t expected[] = { 1, 9, '4', '9', 0, 0, 0, 1, 0x45 };
	struct smpp_failure f = { .address = { .ton = 1, .npi = 9, .digits = "49" }, .status = 0x145 }, got;
	uint8_t octets[64];
	struct buf b = buf_over(octets, sizeof octets);
	struct rd r;

	(void)state;
	assert_int_equal(smpp_failure_put(&b, &f), 0);
	assert_int_equal(b.len, sizeof expected);
	assert_memory_equal(octets, expected, sizeof expected);
	r = rd_over(octets, b.len);
	assert_int_equal(smpp_failure_next(&got, &r), SMPP_ROK);
	assert_int_equal(got.status, 0x145);
	assert_string_equal(got.address.digits, "49");
	for (size_t n = 0; n < sizeof expected; n++) {
		r = rd_over(expected, n);
		assert_int_equal(smpp_failure_next(&got, &r), n == 2 || n == 3 || n == 4 ? SMPP_RINVDSTADR : SMPP_RINVCMDLEN);
	}
	b = buf_over(octets, sizeof expected - 1);
	assert_int_equal(smpp_failure_put(&b, &f), ERR_LIMIT);
	b = buf_over(octets, sizeof octets);
	memset(f.address.digits, '7', SMPP_ADDRESS_MAX);
	assert_int_equal(smpp_failure_put(&b, &f), 0);
	r = rd_over(octets, b.len);
	assert_int_equal(smpp_failure_next(&got, &r), SMPP_ROK);
	memset(octets + 2, '7', SMPP_ADDRESS_MAX + 1); /* a digit more */
	octets[2 + SMPP_ADDRESS_MAX + 1] = 0;
	r = rd_over(octets, b.len + 1);
	assert_int_equal(smpp_failure_next(&got, &r), SMPP_RINVDSTADR);
	memset(f.address.digits, '7', sizeof f.address.digits);
	assert_int_equal(smpp_failure_put(&b, &f), ERR_INVAL);
}

static void is(enum smpp_status expected, const char *octets, size_t len)
{
	struct rd r = rd_over(octets, len);
	struct smpp_destination d;

	assert_int_equal(smpp_destination_next(&d, &r), expected);
}

#define IS(expected, text) is((expected), (text), sizeof(text) - 1)

static void test_what_is_no_destination(void **state)
{
	(void)state;
	IS(SMPP_RINVCMDLEN, "");
	IS(SMPP_RINVDESTFLAG, "\0\1\1"
			      "49\0");
	IS(SMPP_RINVDESTFLAG, "\3\1\1"
			      "49\0");
	IS(SMPP_RINVCMDLEN, "\1");
	IS(SMPP_RINVCMDLEN, "\1\1");
	IS(SMPP_RINVDSTADR, "\1\1\1");
	IS(SMPP_RINVDSTADR, "\1\1\1"
			    "4949");
	IS(SMPP_RINVDSTADR, "\1\1\1"
			    "123456789012345678901\0"); /* 21 digits */
	IS(SMPP_ROK, "\1\1\1"
		     "12345678901234567890\0");
	IS(SMPP_RINVDLNAME, "\2");
	IS(SMPP_RINVDLNAME, "\2" LONGEST_LIST "x\0");
	IS(SMPP_ROK, "\2" LONGEST_LIST "\0");
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_destinations_as_octets),
		cmocka_unit_test(test_the_longest_destinations),
		cmocka_unit_test(test_failures_as_octets),
		cmocka_unit_test(test_what_is_no_destination),
	};

	return cmocka_run_group_tests_name("smpp list", tests, NULL, NULL);
}
