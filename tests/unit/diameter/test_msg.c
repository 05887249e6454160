/* Header and windows: the order of the header's checks, and the bounds on count and depth. */
#include "tests/unit/test.h"

#include "diameter/dia_failed.h"
#include "tests/vectors/compose.h"
#include "tests/vectors/vec.h"

static const struct dia_limits limits = { 1024, 10, 3 };

static int parse(uint8_t *octets, size_t len, struct dia_msg *m, struct dia_failed *failed)
{
	return dia_msg_parse(m, octets, len, &limits, failed);
}

static void twenty_octets_are_a_header(void **state)
{
	uint8_t octets[20] = { 1, 0, 0, 20, 0xf0, 0x80, 0, 0x1f, 1, 0, 0, 0x5d, 1, 2, 3, 4, 0xff, 0, 0, 1 };
	struct dia_hdr h;

	(void)state;
	assert_int_equal(dia_hdr_parse(&h, octets, 19), ERR_AGAIN);
	assert_int_equal(dia_hdr_parse(&h, octets, 20), 0);
	assert_int_equal(h.version, 1);
	assert_int_equal(h.length, 20);
	assert_int_equal(h.flags, 0xf0);
	assert_int_equal(h.code, 8388639);
	assert_int_equal(h.app_id, 16777309);
	assert_int_equal(h.hop_by_hop, 0x01020304);
	assert_true(h.end_to_end == 0xff000001);
}

static void header_faults_in_their_order(void **state)
{
	static const struct {
		uint8_t version, length, flags;
		size_t len;
		uint32_t result;
	} rows[] = {
		{ 1, 20, 0x80, 20, 0 },    { 2, 19, 0xa0, 20, 5011 }, /* the version comes first */
		{ 0, 20, 0x80, 20, 5011 }, { 1, 19, 0xa0, 20, 5015 }, /* then the length */
		{ 1, 21, 0x80, 21, 5015 }, { 1, 24, 0x80, 20, 5015 }, { 1, 20, 0x80, 24, 5015 },
		{ 1, 0, 0x80, 20, 5015 },  { 1, 20, 0xa0, 20, 3008 }, /* R and E */
		{ 1, 20, 0x20, 20, 0 },    { 1, 20, 0x8f, 20, 0 },    /* reserved bits are ignored */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t octets[24] = { rows[i].version, 0, 0, rows[i].length, rows[i].flags };
		uint8_t *copy = vec_copy(octets, rows[i].len);
		struct dia_failed failed = { .result_code = 0 };
		struct dia_msg m;

		if (parse(copy, rows[i].len, &m, &failed) != (rows[i].result ? ERR_PROTO : 0) ||
		    failed.result_code != rows[i].result) {
			fail_msg("row %zu: %u %s", i, failed.result_code, failed.text);
		}
		free(copy);
	}
}

static void a_message_above_the_limit_is_refused(void **state)
{
	static uint8_t octets[1028] = { 1, 0, 4, 4 };
	struct dia_failed failed;
	struct dia_msg m;

	(void)state;
	assert_int_equal(parse(octets, sizeof octets, &m, &failed), ERR_PROTO);
	assert_int_equal(failed.result_code, DIA_RESULT_INVALID_MESSAGE_LENGTH);
	octets[3] = 0;
	assert_int_equal(parse(octets, 1024, &m, &failed), 0);
}

static void avps_are_counted_over_all_windows(void **state)
{
	uint8_t octets[1024];
	struct buf b = buf_over(octets, sizeof octets);
	struct dia_failed failed;
	struct dia_avp avp;
	struct dia_msg m;
	struct dia_win top, inside;
	uint16_t left;

	(void)state;
	compose_message(&b, 0x80, 257, 0,
			"279:0 40 { 1:0 40 - 1:0 40 - 1:0 40 - 1:0 40 - 1:0 40 - } "
			"1:0 40 - 1:0 40 - 1:0 40 - 1:0 40 - 1:0 40 -");
	assert_int_equal(parse(octets, b.len, &m, &failed), 0);
	assert_int_equal(dia_msg_check(&m, &failed), 0); /* six at the top */
	top = dia_msg_win(&m, &left);
	assert_int_equal(dia_win_next(&top, &avp, &failed), DIA_MORE);
	assert_int_equal(dia_win_enter(&inside, &top, &avp, &failed), 0);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(dia_win_next(&inside, &avp, &failed), DIA_MORE);
	}
	assert_int_equal(dia_win_next(&inside, &avp, &failed), DIA_END);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(dia_win_next(&top, &avp, &failed), DIA_MORE);
	}
	assert_int_equal(dia_win_next(&top, &avp, &failed), ERR_PROTO); /* the eleventh */
	assert_int_equal(failed.result_code, DIA_RESULT_RESOURCES_EXCEEDED);
}

static void groups_are_entered_to_the_limit(void **state)
{
	uint8_t octets[1024];
	struct buf b = buf_over(octets, sizeof octets);
	struct dia_failed failed;
	struct dia_avp avp;
	struct dia_msg m;
	struct dia_win w;
	uint16_t left;

	(void)state;
	compose_message(&b, 0x80, 257, 0, "279:0 40 { 279:0 40 { 279:0 40 { 279:0 40 { 1:0 40 - } } } }");
	assert_int_equal(parse(octets, b.len, &m, &failed), 0);
	w = dia_msg_win(&m, &left);
	for (int depth = 0; depth < 3; depth++) {
		assert_int_equal(dia_win_next(&w, &avp, &failed), DIA_MORE);
		assert_int_equal(dia_win_enter(&w, &w, &avp, &failed), 0);
	}
	assert_int_equal(dia_win_next(&w, &avp, &failed), DIA_MORE);
	assert_int_equal(dia_win_enter(&w, &w, &avp, &failed), ERR_PROTO);
	assert_int_equal(failed.result_code, DIA_RESULT_RESOURCES_EXCEEDED);
}

static void the_first_of_a_kind_is_found_before_anything_unreadable(void **state)
{
	uint8_t octets[256];
	struct buf b = buf_over(octets, sizeof octets);
	struct dia_failed failed;
	struct dia_avp avp;
	struct dia_msg m;

	(void)state;
	compose_message(&b, 0x80, 257, 0, "264:0 40 'a' 264:10415 c0 'b' 264:0 40 'c' 1:0 40 =7 - 296:0 40 'r'");
	assert_int_equal(parse(octets, b.len, &m, &failed), 0);
	assert_true(dia_msg_find(&m, 264, 0, &avp));
	assert_memory_equal(avp.data, "a", 1);
	assert_true(dia_msg_find(&m, 264, 10415, &avp));
	assert_memory_equal(avp.data, "b", 1);
	assert_false(dia_msg_find(&m, 296, 0, &avp));
	assert_int_equal(dia_msg_check(&m, &failed), ERR_PROTO);
	assert_int_equal(failed.result_code, DIA_RESULT_INVALID_AVP_LENGTH);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twenty_octets_are_a_header),
		cmocka_unit_test(header_faults_in_their_order),
		cmocka_unit_test(a_message_above_the_limit_is_refused),
		cmocka_unit_test(avps_are_counted_over_all_windows),
		cmocka_unit_test(groups_are_entered_to_the_limit),
		cmocka_unit_test(the_first_of_a_kind_is_found_before_anything_unreadable),
	};

	return cmocka_run_group_tests_name("diameter msg", tests, NULL, NULL);
}
