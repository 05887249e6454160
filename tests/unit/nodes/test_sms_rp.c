/* test_sms_rp.c - RPDUs: octets as in the vectors, and no octets that are not wholly understood. */
#include "tests/unit/test.h"

#include "nodes/sms/sms_rp.h"
#include "tests/unit/nodes/sms_vectors.h"

static void test_rp_data_is_built_as_in_the_vector(void **state)
{
	uint8_t tpdu[256], want[256], octets[256];
	size_t tpdu_len = vector(tpdu, sizeof tpdu, "short.tpdu"), want_len = vector(want, sizeof want, "short.rp_data");
	struct buf b = buf_over(octets, sizeof octets);

	(void)state;
	assert_int_equal(sms_rp_data_build(&b, 42, "491770000000", tpdu, tpdu_len), 0);
	assert_int_equal(b.len, want_len);
	assert_memory_equal(octets, want, want_len);
}

static void test_rp_data_is_read_back(void **state)
{
	uint8_t octets[256], tpdu[256];
	size_t len = vector(octets, sizeof octets, "short.rp_data"), tpdu_len = vector(tpdu, sizeof tpdu, "short.tpdu");
	struct sms_rp rp;

	(void)state;
	assert_int_equal(sms_rp_parse(&rp, octets, len), 0);
	assert_int_equal(rp.type, SMS_RP_DATA);
	assert_int_equal(rp.reference, 42);
	assert_int_equal(rp.originator_len, 7);
	assert_int_equal(rp.user_data_len, tpdu_len);
	assert_memory_equal(rp.user_data, tpdu, tpdu_len);
}

static void test_every_truncation_of_rp_data_is_refused(void **state)
{
	uint8_t octets[256];
	size_t len = vector(octets, sizeof octets, "short.rp_data");
	struct sms_rp rp = { .reference = 7 };

	(void)state;
	for (size_t n = 0; n < len; n++) {
		uint8_t *exact = malloc(n ? n : 1); /* so that the sanitizer sees one octet too far */

		memcpy(exact, octets, n);
		assert_int_equal(sms_rp_parse(&rp, exact, n), ERR_PROTO);
		free(exact);
	}
	octets[len] = 0;
	assert_int_equal(sms_rp_parse(&rp, octets, len + 1), ERR_PROTO); /* one octet too many */
	assert_int_equal(rp.reference, 7);                               /* untouched */
}

static void test_acknowledgement_and_error_round_trip(void **state)
{
	uint8_t octets[16];
	struct buf b = buf_over(octets, sizeof octets);
	struct sms_rp rp;

	(void)state;
	sms_rp_ack_build(&b, 200);
	assert_memory_equal(octets, "\x02\xc8", 2);
	assert_int_equal(sms_rp_parse(&rp, octets, b.len), 0);
	assert_int_equal(rp.type, SMS_RP_ACK);
	assert_int_equal(rp.reference, 200);
	b = buf_over(octets, sizeof octets);
	sms_rp_error_build(&b, 3, SMS_RP_CAUSE_MEMORY_FULL);
	assert_memory_equal(octets, "\x04\x03\x01\x16", 4);
	assert_int_equal(sms_rp_parse(&rp, octets, b.len), 0);
	assert_int_equal(rp.type, SMS_RP_ERROR);
	assert_int_equal(rp.cause, SMS_RP_CAUSE_MEMORY_FULL);
}

static void test_optional_user_data_and_diagnostics_are_understood(void **state)
{
	struct sms_rp rp;

	(void)state;
	assert_int_equal(sms_rp_parse(&rp, (const uint8_t *)"\x02\x05\x41\x02\x00\x00", 6), 0);
	assert_int_equal(rp.user_data_len, 2);
	assert_int_equal(sms_rp_parse(&rp, (const uint8_t *)"\x04\x05\x02\x96\x01\x41\x01\x00", 8), 0);
	assert_int_equal(rp.cause, 22); /* the extension bit is no part of the cause */
	assert_int_equal(sms_rp_parse(&rp, (const uint8_t *)"\x02\x05\x42\x01\x00", 5), ERR_PROTO); /* no such element */
	assert_int_equal(sms_rp_parse(&rp, (const uint8_t *)"\x04\x05\x00", 3), ERR_PROTO);         /* a cause without octets */
	assert_int_equal(sms_rp_parse(&rp, (const uint8_t *)"\x07\x05", 2), ERR_PROTO);             /* no such type */
	assert_int_equal(sms_rp_parse(&rp, (const uint8_t *)"\x06\x05", 2), 0);
	assert_int_equal(rp.type, SMS_RP_SMMA);
}

static void test_what_cannot_be_put_in_words_is_refused(void **state)
{
	uint8_t octets[300], tpdu[240] = { 0 };
	struct buf b = buf_over(octets, sizeof octets);

	(void)state;
	assert_int_equal(sms_rp_data_build(&b, 0, "49x", tpdu, 10), ERR_INVAL);
	assert_int_equal(sms_rp_data_build(&b, 0, "49170", tpdu, 0), ERR_INVAL);
	assert_int_equal(sms_rp_data_build(&b, 0, "49170", tpdu, 233), ERR_INVAL);
	b = buf_over(octets, 20);
	assert_int_equal(sms_rp_data_build(&b, 0, "49170", tpdu, 20), ERR_LIMIT);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rp_data_is_built_as_in_the_vector),
		cmocka_unit_test(test_rp_data_is_read_back),
		cmocka_unit_test(test_every_truncation_of_rp_data_is_refused),
		cmocka_unit_test(test_acknowledgement_and_error_round_trip),
		cmocka_unit_test(test_optional_user_data_and_diagnostics_are_understood),
		cmocka_unit_test(test_what_cannot_be_put_in_words_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
