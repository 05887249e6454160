/* The octets of the log and the index over them: pure. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "journal/jrn_format.h"
#include "tests/unit/journal/sign.h"
#include "journal/jrn_index.h"

static const uint8_t nonce[JRN_NONCE] = "0123456789abcdef", other[JRN_NONCE] = "0123456789abcdeF";

/* -- octets */

static void test_a_segment_header_is_read_as_it_was_written(void **state)
{
	struct jrn_seg_head h = { .number = 7, .size = 1 << 20, .prev = 6, .prev_end = 8192, .first_seq = 99, .oldest = 3 }, got;
	uint8_t block[JRN_BLOCK];

	(void)state;
	memcpy(h.nonce, nonce, JRN_NONCE);
	jrn_put_seg_head(block, &h);
	assert_int_equal(jrn_get_seg_head(&got, block), 0);
	assert_true(got.number == 7 && got.size == 1 << 20 && got.prev == 6 && got.prev_end == 8192 && got.first_seq == 99);
	assert_int_equal(got.oldest, 3);
	assert_memory_equal(got.nonce, nonce, JRN_NONCE);
	for (size_t i = 0; i < 88; i++) { /* every octet of it counts */
		block[i] ^= 1;
		assert_int_equal(jrn_get_seg_head(&got, block), ERR_PROTO); /* a flipped version, too, is damage */
		block[i] ^= 1;
	}
	block[8] = JRN_VERSION + 1;
	assert_int_equal(jrn_get_seg_head(&got, block), ERR_PROTO);
	sign_seg_head(block); /* as a newer program writes it */
	assert_int_equal(jrn_get_seg_head(&got, block), ERR_VERSION);
	assert_int_equal(got.version, JRN_VERSION + 1);
}

static void test_a_commit_header_counts_only_in_its_segment_and_at_its_place(void **state)
{
	struct jrn_commit_head h = { .seq = 5, .reserved = 70000, .oldest = 2, .records = 3, .octets = 500 }, got;
	uint8_t p[JRN_COMMIT_HEAD];

	(void)state;
	jrn_put_commit_head(p, nonce, 8192, &h);
	assert_int_equal(jrn_get_commit_head(&got, p, nonce, 8192), 0);
	assert_memory_equal(&got, &h, sizeof h);
	assert_int_equal(jrn_get_commit_head(&got, p, nonce, 12288), ERR_PROTO);
	assert_int_equal(jrn_get_commit_head(&got, p, other, 8192), ERR_PROTO);
	assert_false(jrn_is_of_segment(p, other));
	for (size_t i = 0; i < JRN_COMMIT_HEAD; i++) {
		p[i] ^= 0x80;
		assert_int_equal(jrn_get_commit_head(&got, p, nonce, 8192), ERR_PROTO);
		p[i] ^= 0x80;
	}
	h.octets = JRN_COMMIT_MAX + 1; /* rightly signed, and still too long */
	jrn_put_commit_head(p, nonce, 8192, &h);
	assert_int_equal(jrn_get_commit_head(&got, p, nonce, 8192), ERR_PROTO);
}

static void test_a_mark_counts_only_in_its_segment_and_at_its_place(void **state)
{
	uint8_t block[JRN_BLOCK];

	(void)state;
	jrn_put_mark(block, nonce, 8192, 7);
	assert_int_equal(jrn_get_mark(block, nonce, 8192), 7);
	assert_int_equal(jrn_get_mark(block, nonce, 12288), 0);
	assert_int_equal(jrn_get_mark(block, other, 8192), 0);
	assert_false(jrn_is_of_segment(block, nonce)); /* never the beginning of a commit */
	for (size_t i = 0; i < 24; i++) {
		block[i] ^= 1;
		assert_int_equal(jrn_get_mark(block, nonce, 8192), 0);
		block[i] ^= 1;
	}
}

static void test_a_record_counts_only_in_its_segment_and_at_its_place(void **state)
{
	uint8_t p[64];
	struct jrn_record r = { .number = 4711, .content = (const uint8_t *)"content", .len = 7, .kind = JRN_RECORD_PUT }, got;
	size_t size;

	(void)state;
	memset(p, 0xff, sizeof p);
	size = jrn_put_record(p, nonce, 4160, &r);
	assert_int_equal(size, 32);
	assert_int_equal(p[31], 0); /* filling */
	assert_int_equal(jrn_get_record(&got, p, sizeof p, nonce, 4160), size);
	assert_true(got.number == 4711 && got.len == 7 && got.kind == JRN_RECORD_PUT);
	assert_memory_equal(got.content, "content", 7);
	assert_int_equal(jrn_get_record(&got, p, size, nonce, 4160), size);
	assert_int_equal(jrn_get_record(&got, p, size - 1, nonce, 4160), 0);
	assert_int_equal(jrn_get_record(&got, p, size, nonce, 4168), 0);
	assert_int_equal(jrn_get_record(&got, p, size, other, 4160), 0);
	for (size_t i = 0; i < 31; i++) {
		p[i] ^= 4;
		assert_int_equal(jrn_get_record(&got, p, sizeof p, nonce, 4160), 0);
		p[i] ^= 4;
	}
}

static void test_names_are_known_and_no_others(void **state)
{
	static const struct {
		const char *name;
		enum jrn_name kind;
		uint64_t number;
	} rows[] = {
		{ "0000000001.log", JRN_NAME_SEGMENT, 1 },
		{ "9999999999.log", JRN_NAME_SEGMENT, 9999999999 },
		{ "12345678901.log", JRN_NAME_SEGMENT, 12345678901 },
		{ "01234567890.log", JRN_NAME_FOREIGN, 0 }, /* would be the name of another */
		{ "000000001.log", JRN_NAME_FOREIGN, 0 },
		{ "0000000001.log~", JRN_NAME_FOREIGN, 0 },
		{ "spare-12.log", JRN_NAME_SPARE, 12 },
		{ "spare-012.log", JRN_NAME_FOREIGN, 0 },
		{ "spare-.log", JRN_NAME_FOREIGN, 0 },
		{ "spare-3.new", JRN_NAME_SPARE_NEW, 3 },
		{ "new-0000000007.log", JRN_NAME_TAKING_OVER, 7 },
		{ "torn-0000000007-4096", JRN_NAME_TORN, 0 },
		{ "owner.lock", JRN_NAME_OURS, 0 },
		{ "data.mdb", JRN_NAME_OURS, 0 },
		{ "data.mdb.old", JRN_NAME_FOREIGN, 0 },
		{ "", JRN_NAME_FOREIGN, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t number;
		enum jrn_name kind = jrn_name_kind(rows[i].name, &number);

		if (kind != rows[i].kind || (rows[i].number && number != rows[i].number)) {
			fail_msg("%s", rows[i].name);
		}
	}
}

/* -- the index, beside a plain array */

#define NUMBERS 40000u

static void same(const struct jrn_index *ix, const jrn_place *plain)
{
	struct jrn_index_entry *sorted = jrn_index_sorted(ix);
	size_t n = 0;

	assert_non_null(sorted);
	for (uint64_t i = 0; i < NUMBERS; i++) {
		assert_int_equal(jrn_index_get(ix, 1000 + 3 * i), plain[i]);
		if (plain[i]) {
			assert_true(sorted[n].number == 1000 + 3 * i && sorted[n].place == plain[i]);
			n++;
		}
	}
	assert_int_equal(ix->n, n);
	free(sorted);
}

static void test_the_index_is_an_array(void **state)
{
	static jrn_place plain[NUMBERS];
	struct jrn_index ix = { .dir = NULL };
	uint32_t random = 1;
	jrn_place old;

	(void)state;
	assert_int_equal(jrn_index_get(&ix, 5), 0);
	assert_int_equal(jrn_index_del(&ix, 5), 0);
	same(&ix, plain);
	for (int round = 0; round < 4; round++) {
		for (uint32_t i = 0; i < 2 * NUMBERS; i++) {
			uint32_t at = (random = random * 1103515245 + 12345) / 65536 % NUMBERS;

			if (random % 8 < (round % 2 ? 5u : 2u)) {
				assert_int_equal(jrn_index_del(&ix, 1000 + 3 * at), plain[at]);
				plain[at] = 0;
			} else {
				assert_int_equal(jrn_index_put(&ix, 1000 + 3 * at, i + 1, &old), 0);
				assert_int_equal(old, plain[at]);
				plain[at] = i + 1;
			}
		}
		same(&ix, plain);
	}
	jrn_index_fini(&ix);
}

static void test_a_place_keeps_segment_offset_and_size(void **state)
{
	static const uint64_t firsts[] = { 1, 33554430, 5000000000 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		uint64_t segment = firsts[i] + 1000;
		jrn_place p = jrn_place_of(segment, JRN_SEGMENT_MAX - 4096, 16408);

		assert_int_equal(jrn_place_segment(p, firsts[i]), segment);
		assert_int_equal(jrn_place_offset(p), JRN_SEGMENT_MAX - 4096);
		assert_int_equal(jrn_place_size(p), 16408);
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_segment_header_is_read_as_it_was_written),
		cmocka_unit_test(test_a_commit_header_counts_only_in_its_segment_and_at_its_place),
		cmocka_unit_test(test_a_mark_counts_only_in_its_segment_and_at_its_place),
		cmocka_unit_test(test_a_record_counts_only_in_its_segment_and_at_its_place),
		cmocka_unit_test(test_names_are_known_and_no_others),
		cmocka_unit_test(test_the_index_is_an_array),
		cmocka_unit_test(test_a_place_keeps_segment_offset_and_size),
	};

	return cmocka_run_group_tests_name("jrn_octets", tests, NULL, NULL);
}
