/* Files of others: both byte orders, time stamps of each resolution, lists of tags; and what is refused in words. The octets are made here. */
#include "tests/unit/test.h"

#include "base/buf.h"
#include "trace/trc_pcapng.h"
#include "trace/trc_read.h"

static struct trc_read r;
static struct trc_message m;

/* A block in big-endian order. Returns what trc_read_block() says of it. */
static int block(uint32_t type, const void *body, size_t len)
{
	static uint8_t room[1024];
	struct buf b = buf_over(room, sizeof room);
	uint32_t whole = (uint32_t)len + 12;

	buf_be32(&b, type);
	buf_be32(&b, whole);
	buf_bytes(&b, body, len);
	buf_be32(&b, whole);
	assert_false(b.full);
	return trc_read_block(&r, room, whole, &m);
}

static const uint8_t section[] = { 0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255 };

static void begin(void)
{
	trc_read_init(&r);
	assert_int_equal(block(0x0a0d0d0a, section, sizeof section), 0);
	assert_true(r.big && r.begun);
}

static void test_the_comment_of_the_section_in_the_other_order(void **state)
{
	uint8_t body[128];
	struct buf b = buf_over(body, sizeof body);
	size_t len = strlen(TRC_WORD_REDACTED);

	(void)state;
	buf_bytes(&b, section, sizeof section);
	buf_be16(&b, 4); /* another option first, of three octets */
	buf_be16(&b, 3);
	buf_bytes(&b, "abc\0", 4);
	buf_be16(&b, 1);
	buf_be16(&b, (uint16_t)len);
	buf_bytes(&b, TRC_WORD_REDACTED "\0\0\0", (len + 3) & ~(size_t)3);
	trc_read_init(&r);
	assert_int_equal(block(0x0a0d0d0a, body, b.len), 0);
	assert_true(r.marked && r.redacted);
	b.len = sizeof section; /* the end of the options comes first */
	buf_be32(&b, 0);
	buf_be16(&b, 1);
	buf_be16(&b, (uint16_t)len);
	buf_bytes(&b, TRC_WORD_REDACTED "\0\0\0", (len + 3) & ~(size_t)3);
	trc_read_init(&r);
	assert_int_equal(block(0x0a0d0d0a, body, b.len), 0);
	assert_false(r.marked || r.redacted);
	b.len = sizeof section; /* an option that is cut off */
	buf_be16(&b, 1);
	buf_be16(&b, (uint16_t)(len + 4));
	buf_bytes(&b, TRC_WORD_REDACTED "\0\0\0", (len + 3) & ~(size_t)3);
	trc_read_init(&r);
	assert_int_equal(block(0x0a0d0d0a, body, b.len), 0);
	assert_false(r.marked || r.redacted);
}

/* An interface whose time stamps have that resolution; 6 is the preset. */
static void interface(uint16_t link_type, int resolution)
{
	uint8_t body[64];
	struct buf b = buf_over(body, sizeof body);

	buf_be16(&b, link_type);
	buf_be16(&b, 0);
	buf_be32(&b, 0);
	buf_be16(&b, 2); /* its name, and its description, which needs no padding */
	buf_be16(&b, 1);
	buf_bytes(&b, "i\0\0", 4);
	buf_be16(&b, 3);
	buf_be16(&b, 4);
	buf_bytes(&b, "what", 4);
	if (resolution >= 0) {
		buf_be16(&b, 9);
		buf_be16(&b, 1);
		buf_u8(&b, (uint8_t)resolution);
		buf_bytes(&b, "\0\0", 3);
		buf_be32(&b, 0);
	}
	assert_int_equal(block(1, body, b.len), 0);
}

static const uint8_t tagged[] = { 0, 12, 0, 8, 'd', 'i', 'a', 'm', 'e', 't', 'e', 'r', 0, 0, 0, 0, 'h', 'i', '!', '!' };

static int packet(uint32_t at, uint64_t stamp, const uint8_t *data, uint32_t len, uint32_t before)
{
	uint8_t body[256];
	struct buf b = buf_over(body, sizeof body);

	buf_be32(&b, at);
	buf_be32(&b, (uint32_t)(stamp >> 32));
	buf_be32(&b, (uint32_t)stamp);
	buf_be32(&b, len);
	buf_be32(&b, before);
	buf_bytes(&b, data, len);
	buf_bytes(&b, "\0\0\0", (4 - len % 4) % 4);
	return block(6, body, b.len);
}

static void time_is(int resolution, uint64_t stamp, uint64_t us)
{
	begin();
	interface(TRC_LINKTYPE_UPPER_PDU, resolution);
	assert_int_equal(packet(0, stamp, tagged, sizeof tagged, sizeof tagged), 0);
	assert_int_equal(m.len, 4);
	assert_memory_equal(m.p, "hi!!", 4);
	assert_int_equal(m.time_us, us);
}

static void test_time_stamps_of_each_resolution(void **state)
{
	(void)state;
	time_is(-1, UINT64_C(1790000000123456), UINT64_C(1790000000123456));
	time_is(6, UINT64_C(1790000000123456), UINT64_C(1790000000123456));
	time_is(9, UINT64_C(1790000000123456789), UINT64_C(1790000000123456));
	time_is(3, UINT64_C(1790000000123), UINT64_C(1790000000123000));
	time_is(0, 1790000000, UINT64_C(1790000000000000));
	time_is(0x80, 1790000000, UINT64_C(1790000000000000));           /* 2^0 a second */
	time_is(0x81, UINT64_C(3580000001), UINT64_C(1790000000500000)); /* 2^1 */
	time_is(0x80 | 30, UINT64_C(3) << 29, 1500000);
	time_is(0x80 | 31, UINT64_C(3) << 30, 0); /* too fine */
	time_is(10, UINT64_C(17900000001234567890), 0);
	time_is(0, UINT64_MAX / 2000000 + 1, 0); /* too late */
	time_is(0, UINT64_MAX / 2000000, UINT64_MAX / 2000000 * 1000000);
}

static void skipped(const uint8_t *data, uint32_t len, bool skips)
{
	uint64_t before = r.skipped;

	assert_int_equal(packet(0, 1, data, len, len), 0);
	assert_int_equal(r.skipped, before + skips);
	assert_int_equal(m.p == NULL, skips);
}

static void test_which_lists_of_tags_are_diameter(void **state)
{
	static const uint8_t padded[] = { 0, 12, 0, 12, 'd', 'i', 'a', 'm', 'e', 't', 'e', 'r', 0, 0, 0, 0, 0, 0, 0, 0, 1 },
			     longer[] = { 0, 12, 0, 12, 'd', 'i', 'a', 'm', 'e', 't', 'e', 'r', '.', 'x', 0, 0, 0, 0, 0, 0, 1 },
			     shorter[] = { 0, 12, 0, 4, 'd', 'i', 'a', 'm', 0, 0, 0, 0, 1 },
			     other[] = { 0, 12, 0, 8, 'r', 'a', 'd', 'i', 'u', 's', 0, 0, 0, 0, 0, 0, 1 },
			     none[] = { 0, 0, 0, 0, 1 }, endless[] = { 0, 12, 0, 8, 'd', 'i', 'a', 'm', 'e', 't', 'e', 'r' },
			     cut[] = { 0, 12, 0, 9, 'd', 'i', 'a', 'm', 'e', 't', 'e', 'r' },
			     end_with_a_length[] = { 0, 12, 0, 8, 'd', 'i', 'a', 'm', 'e', 't', 'e', 'r', 0, 0, 0, 1, 1 };

	(void)state;
	begin();
	interface(TRC_LINKTYPE_UPPER_PDU, -1);
	skipped(tagged, sizeof tagged, false);
	skipped(padded, sizeof padded, false);
	assert_int_equal(m.len, 1);
	skipped(longer, sizeof longer, true);
	skipped(shorter, sizeof shorter, true);
	skipped(other, sizeof other, true);
	skipped(none, sizeof none, true);
	skipped(endless, sizeof endless, true);
	skipped(cut, sizeof cut, true);
	skipped(end_with_a_length, sizeof end_with_a_length, true);
	assert_int_equal(packet(0, 1, tagged, sizeof tagged, sizeof tagged + 1),
			 0); /* a packet that was cut when it was captured */
	assert_null(m.p);
	interface(1, -1); /* Ethernet */
	assert_int_equal(packet(1, 1, tagged, sizeof tagged, sizeof tagged), 0);
	assert_null(m.p);
	assert_int_equal(r.skipped, 9);
	assert_int_equal(r.blocks, 14);
}

static void refuses(int err, const char *words)
{
	assert_int_equal(err, ERR_PROTO);
	assert_null(m.p);
	assert_non_null(strstr(r.why, words));
	begin();
}

static void test_what_is_too_short_or_too_many(void **state)
{
	static const uint8_t head[12] = { 0, 0, 0, 6, 0, 0, 0, 16 };

	(void)state;
	begin();
	refuses(block(0x0a0d0d0a, section, sizeof section - 4), "a section header that is too short");
	refuses(block(1, section, 4), "an interface that is too short");
	refuses(block(6, section, 16), "a packet that is longer than its block");
	refuses(packet(0, 1, tagged, sizeof tagged, sizeof tagged),
		"block 2: a packet of interface 0, which the file does not have");
	refuses(trc_read_block(&r, head, 12, &m), "another length than it says");
	refuses(trc_read_block(&r, head, 8, &m), "another length than it says");
	for (unsigned i = 0; i < TRC_READ_INTERFACES_MAX; i++) {
		interface(TRC_LINKTYPE_UPPER_PDU, -1);
	}
	assert_int_equal(packet(TRC_READ_INTERFACES_MAX - 1, 1, tagged, sizeof tagged, sizeof tagged), 0);
	assert_int_equal(block(1, "\0\xfc\0\0\0\0\0", 8), ERR_PROTO);
	assert_non_null(strstr(r.why, "more than 64 interfaces"));
	begin(); /* another section has none of them */
	assert_int_equal(packet(0, 1, tagged, sizeof tagged, sizeof tagged), ERR_PROTO);
	trc_read_init(&r);
	assert_int_equal(block(6, section, sizeof section), ERR_PROTO); /* nothing before a section */
	assert_non_null(strstr(r.why, "no section header"));
}

static void test_lengths_of_a_block(void **state)
{
	uint8_t head[12] = { 0, 0, 0, 6 };
	size_t size = 0;

	(void)state;
	begin();
	be32_set(head + 4, TRC_READ_BLOCK_MAX);
	assert_int_equal(trc_read_size(&r, head, &size), 0);
	assert_int_equal(size, TRC_READ_BLOCK_MAX);
	be32_set(head + 4, 12);
	assert_int_equal(trc_read_size(&r, head, &size), 0);
	assert_int_equal(size, 12);
	be32_set(head + 4, 14);
	assert_int_equal(trc_read_size(&r, head, &size), ERR_PROTO);
	be32_set(head + 4, 8);
	assert_int_equal(trc_read_size(&r, head, &size), ERR_PROTO);
	be32_set(head + 4, TRC_READ_BLOCK_MAX + 4);
	assert_int_equal(trc_read_size(&r, head, &size), ERR_PROTO);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_comment_of_the_section_in_the_other_order),
		cmocka_unit_test(test_time_stamps_of_each_resolution),
		cmocka_unit_test(test_which_lists_of_tags_are_diameter),
		cmocka_unit_test(test_what_is_too_short_or_too_many),
		cmocka_unit_test(test_lengths_of_a_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
