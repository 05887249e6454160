/* test_sms_deliver.c - SMS-DELIVER: octets as in the vectors and the worked example, sizes at their edges, hostile octets. */
#include "tests/unit/test.h"

#include "nodes/sms/sms_deliver.h"
#include "tests/unit/nodes/sms_vectors.h"

static struct sms_deliver trigger(const char *originator_key, const uint8_t *payload, size_t len, uint16_t port, int64_t sent_s)
{
	struct sms_deliver d = {
		.pid = SMS_PID_DEVICE_TRIGGER, .dcs = SMS_DCS_8BIT, .sent_s = sent_s, .has_port = true, .port = port
	};

	d.originator_len = (uint8_t)vector(d.originator, sizeof d.originator, originator_key);
	d.payload = payload;
	d.payload_len = (uint8_t)len;
	return d;
}

static void check_vector(const char *originator, const char *payload_key, const char *tpdu_key, uint16_t port, int64_t sent_s)
{
	uint8_t payload[140], want[256], octets[256];
	size_t payload_len = vector(payload, sizeof payload, payload_key), want_len = vector(want, sizeof want, tpdu_key);
	struct sms_deliver d = trigger(originator, payload, payload_len, port, sent_s), back;
	struct buf b = buf_over(octets, sizeof octets);

	assert_int_equal(sms_deliver_build(&b, &d), 0);
	assert_int_equal(b.len, want_len);
	assert_memory_equal(octets, want, want_len);
	assert_int_equal(sms_deliver_parse(&back, want, want_len), 0);
	assert_int_equal(back.pid, 0x48);
	assert_true(back.eight_bit);
	assert_false(back.more);
	assert_true(back.has_port);
	assert_int_equal(back.port, port);
	assert_int_equal(back.port_from, 0);
	assert_false(back.has_part);
	assert_int_equal(back.sent_s, sent_s);
	assert_int_equal(back.originator_len, d.originator_len);
	assert_memory_equal(back.originator, d.originator, d.originator_len);
	assert_int_equal(back.payload_len, payload_len);
	assert_memory_equal(back.payload, payload, payload_len);
}

static void test_short_trigger_as_in_the_vector(void **state)
{
	(void)state;
	check_vector("short.originator", "short.payload", "short.tpdu", 16000, 1737290096);
}

static void test_worked_example_with_an_odd_number_of_digits(void **state)
{
	(void)state;
	check_vector("worked.originator", "worked.payload", "worked.tpdu", 16001, 1705321800);
}

static void test_unknown_elements_after_the_port_are_skipped(void **state)
{
	uint8_t tpdu[256], payload[140];
	size_t len = vector(tpdu, sizeof tpdu, "secured.tpdu"), payload_len = vector(payload, sizeof payload, "secured.payload");
	struct sms_deliver d;

	(void)state;
	assert_int_equal(sms_deliver_parse(&d, tpdu, len), 0);
	assert_int_equal(d.port, 16000);
	assert_int_equal(d.payload_len, payload_len);
	assert_memory_equal(d.payload, payload, payload_len);
}

static void test_every_truncation_is_refused(void **state)
{
	uint8_t tpdu[256];
	size_t len = vector(tpdu, sizeof tpdu, "short.tpdu");
	struct sms_deliver d = { .port = 9 };

	(void)state;
	for (size_t n = 0; n < len; n++) {
		uint8_t *exact = malloc(n ? n : 1);

		memcpy(exact, tpdu, n);
		assert_int_equal(sms_deliver_parse(&d, exact, n), ERR_PROTO);
		free(exact);
	}
	tpdu[len] = 0;
	assert_int_equal(sms_deliver_parse(&d, tpdu, len + 1), ERR_PROTO);
	assert_int_equal(d.port, 9); /* untouched */
}

static void test_no_single_octet_can_do_harm(void **state)
{
	uint8_t tpdu[256];
	size_t len = vector(tpdu, sizeof tpdu, "secured.tpdu");
	struct sms_deliver d;

	(void)state;
	for (size_t i = 0; i < len; i++) {
		for (unsigned v = 0; v < 256; v++) {
			uint8_t *exact = malloc(len);

			memcpy(exact, tpdu, len);
			exact[i] = (uint8_t)v;
			if (sms_deliver_parse(&d, exact, len) == 0 && d.eight_bit) {
				assert_true(d.payload >= exact && d.payload + d.payload_len <= exact + len);
			}
			free(exact);
		}
	}
}

static void test_an_element_longer_than_its_header_is_refused(void **state)
{
	uint8_t tpdu[256];
	size_t len = vector(tpdu, sizeof tpdu, "short.tpdu");
	struct sms_deliver d;

	(void)state;
	tpdu[21] = 5; /* length of the port element: reaches past the header */
	assert_int_equal(sms_deliver_parse(&d, tpdu, len), ERR_PROTO);
	tpdu[21] = 3; /* and a length that ports do not have */
	assert_int_equal(sms_deliver_parse(&d, tpdu, len), ERR_PROTO);
}

static void test_an_impossible_part_number_is_no_part(void **state) /* TS 23.040 9.2.3.24.1 */
{
	uint8_t octets[256];
	struct buf b = buf_over(octets, sizeof octets);
	struct sms_deliver d = trigger("short.originator", (const uint8_t *)"x", 1, 1, 1705321800), back;

	(void)state;
	d.has_part = true;
	d.parts = 3;
	d.part = 3;
	d.part_reference = 0x1234;
	assert_int_equal(sms_deliver_build(&b, &d), 0);
	assert_memory_equal(octets + 18, "\x0e\x0c\x05\x04\x00\x01\x00\x00\x08\x04\x12\x34\x03\x03x", 15); /* ports before part */
	assert_int_equal(sms_deliver_parse(&back, octets, b.len), 0);
	assert_true(back.has_part);
	assert_int_equal(back.part_reference, 0x1234);
	octets[b.len - 2] = 4; /* part 4 of 3 */
	assert_int_equal(sms_deliver_parse(&back, octets, b.len), 0);
	assert_false(back.has_part);
	octets[b.len - 2] = 0;
	assert_int_equal(sms_deliver_parse(&back, octets, b.len), 0);
	assert_false(back.has_part);
}

static void test_other_codings_are_not_looked_into(void **state)
{
	uint8_t tpdu[256];
	size_t len = vector(tpdu, sizeof tpdu, "short.tpdu");
	struct sms_deliver d;

	(void)state;
	tpdu[10] = 0x00; /* GSM 7-bit: the length counts septets */
	assert_int_equal(sms_deliver_parse(&d, tpdu, len), 0);
	assert_false(d.eight_bit);
	assert_null(d.payload);
	tpdu[10] = 0xf5; /* 8-bit data, class 1 */
	assert_int_equal(sms_deliver_parse(&d, tpdu, len), 0);
	assert_true(d.eight_bit);
}

static void test_parts_at_their_edges(void **state) /* 140, 133, 127 octets: TS 23.040 9.2.3.24 */
{
	static const struct {
		size_t len;
		bool port;
		unsigned parts, last;
	} rows[] = {
		{ 0, true, 1, 0 },
		{ 0, false, 1, 0 },
		{ 133, true, 1, 133 },
		{ 134, true, 2, 7 },
		{ 140, false, 1, 140 },
		{ 141, false, 2, 8 },
		{ 254, true, 2, 127 },
		{ 255, true, 3, 1 },
		{ 266, false, 2, 133 },
		{ 267, false, 3, 1 },
		{ 255 * 127, true, 255, 127 },
		{ 255 * 127 + 1, true, 0, 0 },
		{ 255 * 133, false, 255, 133 },
		{ 255 * 133 + 1, false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t at, sum = 0;
		uint8_t n = 0;

		assert_int_equal(sms_parts(rows[i].len, rows[i].port), rows[i].parts);
		for (unsigned part = 1; part <= rows[i].parts; part++) {
			sms_part_place(&at, &n, rows[i].len, rows[i].port, rows[i].parts, part);
			assert_int_equal(at, sum);
			sum += n;
		}
		assert_int_equal(n, rows[i].last);
		assert_int_equal(sum, rows[i].parts ? rows[i].len : 0);
	}
}

static void test_a_full_message_fits_and_one_octet_more_does_not(void **state)
{
	uint8_t payload[160] = { 0 }, octets[256];
	struct buf b = buf_over(octets, sizeof octets);
	struct sms_deliver d = trigger("short.originator", payload, 133, 1, 1705321800);

	(void)state;
	assert_int_equal(sms_deliver_build(&b, &d), 0);
	assert_int_equal(octets[18], 140);
	d.payload_len = 134;
	b = buf_over(octets, sizeof octets);
	assert_int_equal(sms_deliver_build(&b, &d), ERR_LIMIT);
	d.payload_len = 1;
	d.sent_s = 4102444800; /* 2100 */
	b = buf_over(octets, sizeof octets);
	assert_int_equal(sms_deliver_build(&b, &d), ERR_INVAL);
}

static void test_time_zones_of_others_are_understood(void **state)
{
	uint8_t tpdu[256];
	size_t len = vector(tpdu, sizeof tpdu, "worked.tpdu");
	struct sms_deliver d;

	(void)state;
	tpdu[17] = 0x40; /* +1 hour: 04 quarters, swapped */
	assert_int_equal(sms_deliver_parse(&d, tpdu, len), 0);
	assert_int_equal(d.sent_s, 1705321800 - 3600);
	tpdu[17] = 0x48; /* -1 hour */
	assert_int_equal(sms_deliver_parse(&d, tpdu, len), 0);
	assert_int_equal(d.sent_s, 1705321800 + 3600);
	tpdu[12] = 0x31; /* month 13 */
	assert_int_equal(sms_deliver_parse(&d, tpdu, len), ERR_PROTO);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_trigger_as_in_the_vector),
		cmocka_unit_test(test_worked_example_with_an_odd_number_of_digits),
		cmocka_unit_test(test_unknown_elements_after_the_port_are_skipped),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_no_single_octet_can_do_harm),
		cmocka_unit_test(test_an_element_longer_than_its_header_is_refused),
		cmocka_unit_test(test_an_impossible_part_number_is_no_part),
		cmocka_unit_test(test_other_codings_are_not_looked_into),
		cmocka_unit_test(test_parts_at_their_edges),
		cmocka_unit_test(test_a_full_message_fits_and_one_octet_more_does_not),
		cmocka_unit_test(test_time_zones_of_others_are_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
