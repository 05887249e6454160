/* buf: the first overrun is remembered and nothing is written or read past the end. */
#include "tests/unit/test.h"

#include "base/buf.h"

static void writer_refuses_after_the_first_overrun(void **state)
{
	uint8_t room[5] = { 0, 0, 0, 0, 0xee };
	struct buf b = buf_over(room, 4);

	(void)state;
	buf_be16(&b, 0x0102);
	buf_be24(&b, 0x030405);
	assert_true(b.full);
	assert_int_equal(b.len, 2);
	buf_u8(&b, 9); /* would fit, but the record is broken already */
	assert_int_equal(b.len, 2);
	assert_int_equal(room[4], 0xee);
}

static void both_orders_are_read_back(void **state)
{
	uint8_t room[64];
	struct buf b = buf_over(room, sizeof room);
	struct rd r;

	(void)state;
	buf_u8(&b, 0xfe);
	buf_be16(&b, 0x1234);
	buf_be24(&b, 0x123456);
	buf_be32(&b, 0x12345678);
	buf_be64(&b, 0x123456789abcdef0u);
	buf_le16(&b, 0x1234);
	buf_le32(&b, 0x12345678);
	buf_le64(&b, 0x123456789abcdef0u);
	assert_false(b.full);
	assert_int_equal(room[1], 0x12);
	assert_int_equal(room[18], 0x34);
	r = rd_over(room, b.len);
	assert_int_equal(rd_u8(&r), 0xfe);
	assert_int_equal(rd_be16(&r), 0x1234);
	assert_memory_equal(rd_take(&r, 3), "\x12\x34\x56", 3);
	assert_int_equal(rd_be32(&r), 0x12345678);
	assert_true(rd_be64(&r) == 0x123456789abcdef0u);
	assert_int_equal(rd_le16(&r), 0x1234);
	assert_int_equal(rd_le32(&r), 0x12345678);
	assert_true(rd_le64(&r) == 0x123456789abcdef0u);
	assert_int_equal(rd_left(&r), 0);
	assert_false(r.bad);
}

static void reader_gives_zero_past_the_end(void **state)
{
	static const uint8_t three[] = { 1, 2, 3 };
	struct rd r = rd_over(three, sizeof three);

	(void)state;
	assert_int_equal(rd_be32(&r), 0);
	assert_true(r.bad);
	assert_int_equal(rd_u8(&r), 0); /* bad stays bad */
	assert_null(rd_take(&r, 0));
}

static void numbers_of_any_size_are_read_back(void **state)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 300, 16383, 16384, UINT32_MAX, UINT64_MAX >> 1, UINT64_MAX };
	static const size_t lengths[] = { 1, 1, 1, 2, 2, 2, 3, 5, 9, 10 };
	uint8_t room[16];

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct buf b = buf_over(room, sizeof room);
		struct rd r;

		buf_var64(&b, values[i]);
		assert_int_equal(b.len, lengths[i]);
		r = rd_over(room, b.len);
		assert_true(rd_var64(&r) == values[i] && !r.bad && rd_left(&r) == 0);
		r = rd_over(room, b.len - 1);
		assert_true(rd_var64(&r) == 0 && r.bad);
	}
}

static void a_number_is_written_in_one_way_only(void **state)
{
	static const uint8_t padded[] = { 0x81, 0x00 };
	static const uint8_t large[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02 };
	static const uint8_t endless[] = { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x81, 0x01 };
	struct rd r = rd_over(padded, sizeof padded);

	(void)state;
	assert_true(rd_var64(&r) == 0 && r.bad);
	r = rd_over(large, sizeof large);
	assert_true(rd_var64(&r) == 0 && r.bad);
	r = rd_over(endless, sizeof endless);
	assert_true(rd_var64(&r) == 0 && r.bad);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writer_refuses_after_the_first_overrun), cmocka_unit_test(both_orders_are_read_back),
		cmocka_unit_test(reader_gives_zero_past_the_end),         cmocka_unit_test(numbers_of_any_size_are_read_back),
		cmocka_unit_test(a_number_is_written_in_one_way_only),
	};

	return cmocka_run_group_tests_name("base buf", tests, NULL, NULL);
}
