/* What is written is what is read, and a file that lies is refused in words. */
#include "tests/unit/test.h"

#include "trace/trc_pcapng.h"
#include "trace/trc_read.h"

static const uint8_t dwr[20] = { 1, 0, 0, 20, 0x80, 0, 1, 0x18, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2 };

struct file {
	uint8_t octets[8192];
	size_t len;
};

static struct file trace(const char *word)
{
	struct file f = { .len = 0 };
	struct buf b = buf_over(f.octets, sizeof f.octets);

	trc_put_begin(&b, "mtc-iwf", word);
	for (int i = 0; i < 2; i++) {
		trc_put_packet(&b, &(struct trc_packet){ .time_us = 1790000000123456,
							 .from = { i ? "[2001:db8::7]:40000" : "192.0.2.7:40000", 0 },
							 .to = { "0.0.0.0", 3868 },
							 .out = i,
							 .comment = "scs acme",
							 .message = dwr,
							 .len = sizeof dwr,
							 .len_before = i ? 400 : sizeof dwr });
	}
	trc_put_counts(&b, 1790000001000000, 5, 3, "ended: enough; messages lost: 3");
	assert_false(b.full);
	f.len = b.len;
	return f;
}

/* Reads all blocks. Returns the number of messages, or a negative code. */
static int read_all(struct trc_read *r, const struct file *f, struct trc_message *first)
{
	size_t at = 0, size;
	int n = 0;

	trc_read_init(r);
	while (f->len - at >= TRC_READ_HEAD) {
		struct trc_message m;
		int err = trc_read_size(r, f->octets + at, &size);

		if (err || size > f->len - at) {
			return err ? err : ERR_LIMIT;
		}
		err = trc_read_block(r, f->octets + at, size, &m);
		if (err) {
			return err;
		}
		if (m.p && !n++) {
			*first = m;
		}
		at += size;
	}
	return at == f->len ? n : ERR_LIMIT;
}

static void test_what_is_written_is_read(void **state)
{
	struct file f = trace(TRC_WORD_UNREDACTED ": scs acme");
	struct trc_message m;
	struct trc_read r;

	(void)state;
	assert_int_equal(f.len % 4, 0);
	assert_int_equal(read_all(&r, &f, &m), 1); /* the second is cut, so it is no whole message */
	assert_int_equal(r.skipped, 1);
	assert_int_equal(r.blocks, 5);
	assert_true(r.marked && !r.redacted);
	assert_int_equal(m.len, sizeof dwr);
	assert_memory_equal(m.p, dwr, sizeof dwr);
	assert_int_equal(m.time_us, 1790000000123456);
}

static void test_a_redacted_file_says_so(void **state)
{
	struct file f = trace(TRC_WORD_REDACTED ": scs acme");
	struct trc_message m;
	struct trc_read r;

	(void)state;
	assert_int_equal(read_all(&r, &f, &m), 1);
	assert_true(r.marked && r.redacted);
	f = trace("somebody else's words");
	assert_int_equal(read_all(&r, &f, &m), 1);
	assert_false(r.marked || r.redacted);
}

/* Nothing that is cut or changed in one octet makes the reader leave its block, which a sanitizer sees. */
static void test_every_cut_and_every_changed_octet_is_survived(void **state)
{
	struct file whole = trace(TRC_WORD_UNREDACTED);
	struct trc_message m;
	struct trc_read r;

	(void)state;
	for (size_t n = 0; n < whole.len; n++) {
		struct file f = whole;
		int got;

		f.len = n;
		got = read_all(&r, &f, &m);
		assert_true(got <= 1);
		f = whole;
		f.octets[n] ^= 0xff;
		got = read_all(&r, &f, &m);
		assert_true(got <= 2);
		assert_true(got != ERR_PROTO || r.why[0]);
	}
}

static void refused(struct file *f, size_t at, uint8_t octet, const char *words)
{
	struct trc_message m;
	struct trc_read r;
	uint8_t before = f->octets[at];

	f->octets[at] = octet;
	assert_int_equal(read_all(&r, f, &m), ERR_PROTO);
	assert_non_null(strstr(r.why, words));
	f->octets[at] = before;
}

static void test_a_file_that_lies_is_refused_in_words(void **state)
{
	struct file f = trace(TRC_WORD_UNREDACTED);
	size_t packet = 0;

	(void)state;
	while (f.octets[packet] != 6 || f.octets[packet + 1] || f.octets[packet + 2]) {
		packet += 4;
	}
	refused(&f, 0, 1, "no section header");
	refused(&f, 8, 0, "no byte order");
	refused(&f, 12, 9, "version");
	refused(&f, 4, 7, "multiple of 4");
	refused(&f, packet + 7, 0x7f, "from 12 to");
	refused(&f, packet + 8, 3, "interface 3");
	refused(&f, packet + 23, 0x7f, "longer than its block");
	refused(&f, f.len - 4, 0xfc, "two lengths differ");
}

static void test_no_room_writes_nothing_that_counts(void **state)
{
	uint8_t little[64];
	struct buf b = buf_over(little, sizeof little);

	(void)state;
	trc_put_packet(
	    &b,
	    &(struct trc_packet){
		.from = { "", 0 }, .to = { "", 0 }, .comment = "", .message = dwr, .len = sizeof dwr, .len_before = sizeof dwr });
	assert_true(b.full);
}

/* The bounds that callers reserve hold for the longest texts. */
static void test_a_block_has_the_bound_that_is_reserved(void **state)
{
	char text[4000];
	uint8_t room[TRC_BLOCK_MAX + TRC_PACKET_OVERHEAD];
	struct buf b = buf_over(room, TRC_BLOCK_MAX);

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	trc_put_begin(&b, text, text);
	assert_false(b.full);
	b = buf_over(room, TRC_BLOCK_MAX);
	trc_put_counts(&b, 1, 2, 3, text);
	assert_false(b.full);
	b = buf_over(room, TRC_PACKET_OVERHEAD + sizeof dwr);
	trc_put_packet(&b, &(struct trc_packet){ .from = { "[2001:db8::7]:40000", 0 },
						 .to = { "[2001:db8::8]:40000", 0 },
						 .comment = text,
						 .message = dwr,
						 .len = sizeof dwr,
						 .len_before = sizeof dwr });
	assert_false(b.full);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_a_redacted_file_says_so),
		cmocka_unit_test(test_every_cut_and_every_changed_octet_is_survived),
		cmocka_unit_test(test_a_file_that_lies_is_refused_in_words),
		cmocka_unit_test(test_no_room_writes_nothing_that_counts),
		cmocka_unit_test(test_a_block_has_the_bound_that_is_reserved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
