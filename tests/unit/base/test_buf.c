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
	assert_int_equal(rd_be24(&r), 0x123456);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writer_refuses_after_the_first_overrun),
		cmocka_unit_test(both_orders_are_read_back),
		cmocka_unit_test(reader_gives_zero_past_the_end),
	};

	return cmocka_run_group_tests_name("base buf", tests, NULL, NULL);
}
