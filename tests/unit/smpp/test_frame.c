/* smpp_frame: pieces of every size make the same PDUs; a length that none can have ends the stream at once. */
#include "tests/unit/test.h"

#include "smpp/smpp_frame.h"

struct seen {
	unsigned n;
	uint32_t sum;
	int result;
};

static int on_pdu(void *arg, const uint8_t *pdu, size_t len)
{
	struct seen *s = arg;

	s->n++;
	for (size_t i = 0; i < len; i++) {
		s->sum = s->sum * 31 + pdu[i];
	}
	return s->result;
}

static void test_pieces(void **state)
{
	uint8_t stream[400] = { 0 };
	struct seen whole = { 0 };
	struct smpp_frame f;
	struct buf b = buf_over(stream, sizeof stream);

	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		uint32_t len = SMPP_HEADER_LEN + 13 * i;
		size_t at = b.len;

		assert_non_null(buf_take(&b, len));
		be32_set(stream + at, len);
		stream[at + len - 1] = (uint8_t)i;
	}
	smpp_frame_init(&f, 1000);
	assert_int_equal(smpp_frame_feed(&f, stream, b.len, on_pdu, &whole), 0);
	assert_int_equal(whole.n, 5);
	assert_int_equal(smpp_frame_pending(&f), 0);
	smpp_frame_fini(&f);
	for (size_t piece = 1; piece < b.len; piece++) {
		struct seen s = { 0 };

		smpp_frame_init(&f, 1000);
		for (size_t at = 0; at < b.len; at += piece) {
			size_t n = b.len - at < piece ? b.len - at : piece;

			assert_int_equal(smpp_frame_feed(&f, stream + at, n, on_pdu, &s), 0);
		}
		assert_int_equal(s.n, 5);
		assert_int_equal(s.sum, whole.sum);
		assert_null(f.held); /* an idle one holds no memory */
		smpp_frame_fini(&f);
	}
}

static int fed(struct smpp_frame *f, uint32_t length, size_t n, struct seen *s)
{
	uint8_t head[SMPP_HEADER_LEN] = { 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 7 };

	smpp_frame_init(f, 100);
	be32_set(head, length);
	return smpp_frame_feed(f, head, n, on_pdu, s);
}

static void test_lengths(void **state)
{
	struct seen s = { 0 };
	struct smpp_frame f;

	(void)state;
	assert_int_equal(fed(&f, 15, SMPP_HEADER_LEN, &s), ERR_PROTO);
	assert_int_equal(f.refused.length, 15);
	assert_int_equal(f.refused.sequence, 7);
	assert_int_equal(fed(&f, 0, 4, &s), ERR_PROTO); /* known before the header is whole */
	assert_int_equal(f.refused.sequence, 0);
	assert_int_equal(fed(&f, 101, 4, &s), ERR_LIMIT);
	assert_int_equal(smpp_frame_feed(&f, (const uint8_t *)"", 0, on_pdu, &s), ERR_LIMIT); /* for ever */
	smpp_frame_fini(&f);
	assert_int_equal(fed(&f, 0xffffffff, SMPP_HEADER_LEN, &s), ERR_LIMIT);
	smpp_frame_fini(&f);
	assert_int_equal(fed(&f, 100, SMPP_HEADER_LEN, &s), 0);
	assert_int_equal(smpp_frame_pending(&f), SMPP_HEADER_LEN);
	assert_true(f.held_cap < 100); /* memory follows what came, not what is promised */
	smpp_frame_fini(&f);
	assert_int_equal(s.n, 0);
}

/* A length is judged with its last octet, although the header comes in pieces. */
static void test_a_length_in_pieces(void **state)
{
	struct seen s = { 0 };
	struct smpp_frame f;

	(void)state;
	smpp_frame_init(&f, 100);
	assert_int_equal(smpp_frame_feed(&f, (const uint8_t *)"\0\0\0", 3, on_pdu, &s), 0);
	assert_int_equal(smpp_frame_feed(&f, (const uint8_t *)"\x65", 1, on_pdu, &s), ERR_LIMIT);
	smpp_frame_fini(&f);
	smpp_frame_init(&f, 100);
	assert_int_equal(smpp_frame_feed(&f, (const uint8_t *)"\0", 1, on_pdu, &s), 0);
	assert_int_equal(smpp_frame_feed(&f, (const uint8_t *)"\0\0\x0f\0", 4, on_pdu, &s), ERR_PROTO);
	smpp_frame_fini(&f);
	assert_int_equal(s.n, 0);
}

static void test_bounds_of_the_bound(void **state)
{
	struct smpp_frame f;

	(void)state;
	smpp_frame_init(&f, 3);
	assert_int_equal(f.pdu_max, SMPP_HEADER_LEN);
	smpp_frame_limit(&f, SMPP_HEADER_LEN + 1);
	assert_int_equal(f.pdu_max, SMPP_HEADER_LEN + 1);
	smpp_frame_limit(&f, UINT32_MAX);
	assert_int_equal(f.pdu_max, SMPP_PDU_MAX);
}

static void test_stops(void **state)
{
	struct seen s = { .result = ERR_CLOSED };
	struct smpp_frame f;

	(void)state;
	assert_int_equal(fed(&f, SMPP_HEADER_LEN, SMPP_HEADER_LEN, &s), ERR_CLOSED);
	assert_int_equal(smpp_frame_feed(&f, (const uint8_t *)"\0\0\0\x10", 4, on_pdu, &s), ERR_CLOSED);
	assert_int_equal(s.n, 1);
	smpp_frame_fini(&f);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_a_length_in_pieces),
		cmocka_unit_test(test_bounds_of_the_bound),
		cmocka_unit_test(test_stops),
	};

	return cmocka_run_group_tests_name("smpp frame", tests, NULL, NULL);
}
