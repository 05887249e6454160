/* SHA-256 against the examples of FIPS 180-4, in pieces of a stream and at once, with one object again and again. */
#include "tests/unit/test.h"

#include "base/hash.h"
#include "base/str.h"

static const struct {
	const char *text, *digest;
} rows[] = {
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

static void test_a_stream(void **state)
{
	char text[HASH_TEXT_MAX];
	struct hash *h;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(hash_new(&h), 0);
		for (const char *p = rows[i].text; *p; p++) {
			assert_int_equal(hash_add(h, p, 1), 0);
		}
		assert_int_equal(hash_end(h, text), 0);
		assert_string_equal(text, rows[i].digest);
		hash_free(h);
	}
}

static void test_one_object_for_many_pieces(void **state)
{
	char text[HASH_TEXT_MAX];
	uint8_t octets[HASH_LEN];
	struct hash *h;

	(void)state;
	assert_int_equal(hash_new(&h), 0);
	assert_int_equal(hash_add(h, "dropped", 7), 0);
	for (size_t i = 0; i < 4 * sizeof rows / sizeof *rows; i++) {
		size_t row = i % (sizeof rows / sizeof *rows);

		assert_int_equal(hash_piece(h, rows[row].text, strlen(rows[row].text), octets), 0);
		str_hex(text, octets, sizeof octets);
		assert_string_equal(text, rows[row].digest);
	}
	hash_free(h);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stream),
		cmocka_unit_test(test_one_object_for_many_pieces),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
