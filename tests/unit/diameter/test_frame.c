/* The framer: whatever the pieces, the same messages; what cannot be a message ends it. */
#include "tests/unit/test.h"

#include "diameter/dia_frame.h"
#include "tests/vectors/vec.h"

static const struct dia_limits limits = { 4096, 512, 8 };

struct seen {
	uint8_t octets[16384];
	size_t len, messages;
	int answer; /* what the callback returns */
};

static int on_message(void *arg, const uint8_t *message, size_t len)
{
	struct seen *s = arg;

	assert_true(s->len + len <= sizeof s->octets);
	memcpy(s->octets + s->len, message, len);
	s->len += len;
	s->messages++;
	return s->answer;
}

/* Messages of 20, 24, 1000 and 4096 octets, one after the other. */
static size_t stream(uint8_t *out)
{
	static const size_t lens[] = { 20, 24, 1000, 4096, 20, 20 };
	size_t n = 0;

	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		memset(out + n, (int)i, lens[i]);
		out[n] = 1;
		out[n + 1] = 0;
		out[n + 2] = (uint8_t)(lens[i] >> 8);
		out[n + 3] = (uint8_t)lens[i];
		n += lens[i];
	}
	return n;
}

static struct dia_frame *frame(void)
{
	struct dia_frame *f;

	assert_int_equal(dia_frame_new(&f, &limits), 0);
	return f;
}

static void pieces_of_every_size_give_the_same_messages(void **state)
{
	static uint8_t octets[8192];
	size_t len = stream(octets);

	(void)state;
	for (size_t piece = 1; piece < len + 7; piece = piece < 64 ? piece + 1 : piece + piece / 3) {
		static struct seen s;
		struct dia_frame *f = frame();

		memset(&s, 0, sizeof s);
		for (size_t at = 0; at < len; at += piece) {
			size_t n = len - at < piece ? len - at : piece;
			uint8_t *copy = vec_copy(octets + at, n);

			assert_int_equal(dia_frame_feed(f, copy, n, on_message, &s), 0);
			free(copy);
		}
		assert_int_equal(s.messages, 6);
		assert_int_equal(s.len, len);
		assert_memory_equal(s.octets, octets, len);
		assert_int_equal(dia_frame_pending(f), 0);
		assert_null(dia_frame_refused(f));
		dia_frame_free(f);
	}
}

static void what_is_not_whole_is_counted(void **state)
{
	uint8_t octets[24] = { 1, 0, 0, 24 };
	static struct seen s;
	struct dia_frame *f = frame();

	(void)state;
	assert_int_equal(dia_frame_feed(f, octets, 19, on_message, &s), 0);
	assert_int_equal(dia_frame_pending(f), 19);
	assert_int_equal(dia_frame_feed(f, octets + 19, 4, on_message, &s), 0);
	assert_int_equal(dia_frame_pending(f), 23);
	assert_int_equal(s.messages, 0);
	assert_int_equal(dia_frame_feed(f, octets + 23, 1, on_message, &s), 0);
	assert_int_equal(s.messages, 1);
	dia_frame_free(f);
	dia_frame_free(NULL);
}

static void what_cannot_be_a_message_ends_the_stream(void **state)
{
	static const struct {
		uint8_t header[4];
		int err;
	} rows[] = {
		{ { 2, 0, 0, 20 }, ERR_PROTO },                                         /* version */
		{ { 0, 0, 0, 20 }, ERR_PROTO },         { { 1, 0, 0, 16 }, ERR_PROTO }, /* shorter than a header */
		{ { 1, 0, 0, 0 }, ERR_PROTO },          { { 1, 0, 0, 22 }, ERR_PROTO }, /* no multiple of 4 */
		{ { 1, 0, 16, 4 }, ERR_LIMIT },                                         /* 4100 */
		{ { 1, 0xff, 0xff, 0xfc }, ERR_LIMIT }, { { 'G', 'E', 'T', ' ' }, ERR_PROTO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (size_t piece = 1; piece <= 20; piece++) {
			uint8_t octets[44] = { 1, 0, 0, 24 };
			static struct seen s;
			struct dia_frame *f = frame();
			int err = 0;

			s.messages = s.len = 0;
			memcpy(octets + 24, rows[i].header, 4);
			octets[24 + 7] = 0x2a;
			for (size_t at = 0; !err && at < sizeof octets; at += piece) {
				err = dia_frame_feed(f, octets + at, sizeof octets - at < piece ? sizeof octets - at : piece,
						     on_message, &s);
			}
			assert_int_equal(err, rows[i].err);
			assert_int_equal(s.messages, 1); /* the good one before it */
			assert_non_null(dia_frame_refused(f));
			assert_int_equal(dia_frame_refused(f)->code, 0x2a);
			assert_int_equal(dia_frame_feed(f, octets, 24, on_message, &s), rows[i].err); /* and nothing more */
			assert_int_equal(s.messages, 1);
			dia_frame_free(f);
		}
	}
}

static void a_callback_that_stops_is_the_last(void **state)
{
	uint8_t octets[40] = { 1, 0, 0, 20 };
	static struct seen s = { .answer = ERR_AGAIN };
	struct dia_frame *f = frame();

	(void)state;
	memcpy(octets + 20, octets, 20);
	assert_int_equal(dia_frame_feed(f, octets, 40, on_message, &s), ERR_AGAIN);
	assert_int_equal(s.messages, 1);
	s.answer = 0;
	assert_int_equal(dia_frame_feed(f, octets, 40, on_message, &s), ERR_AGAIN);
	assert_int_equal(s.messages, 1);
	dia_frame_free(f);
	/* the same for a message that came in two pieces */
	f = frame();
	s.answer = 7;
	assert_int_equal(dia_frame_feed(f, octets, 10, on_message, &s), 0);
	assert_int_equal(dia_frame_feed(f, octets + 10, 30, on_message, &s), 7);
	assert_int_equal(s.messages, 2);
	dia_frame_free(f);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_of_every_size_give_the_same_messages),
		cmocka_unit_test(what_is_not_whole_is_counted),
		cmocka_unit_test(what_cannot_be_a_message_ends_the_stream),
		cmocka_unit_test(a_callback_that_stops_is_the_last),
	};

	return cmocka_run_group_tests_name("diameter frame", tests, NULL, NULL);
}
