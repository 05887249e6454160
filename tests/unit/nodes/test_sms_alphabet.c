/* test_sms_alphabet.c - TP-DCS by the tables of TS 23.038 4, packing by hand, and the characters of both tables. */
#include "tests/unit/test.h"

#include "base/str.h"
#include "nodes/sms/sms_alphabet.h"

static void test_which_alphabet(void **state)
{
	static const struct {
		uint8_t first, last;
		enum sms_alphabet alphabet;
	} rows[] = {
		{ 0x00, 0x03, SMS_ALPHABET_DEFAULT },    { 0x04, 0x07, SMS_ALPHABET_8BIT },
		{ 0x08, 0x0b, SMS_ALPHABET_UCS2 },       { 0x0c, 0x0f, SMS_ALPHABET_DEFAULT }, /* reserved */
		{ 0x10, 0x13, SMS_ALPHABET_DEFAULT },    { 0x14, 0x17, SMS_ALPHABET_8BIT },
		{ 0x18, 0x1b, SMS_ALPHABET_UCS2 },       { 0x20, 0x23, SMS_ALPHABET_COMPRESSED },
		{ 0x24, 0x27, SMS_ALPHABET_8BIT },       { 0x28, 0x2b, SMS_ALPHABET_UCS2 },
		{ 0x30, 0x33, SMS_ALPHABET_COMPRESSED }, { 0x40, 0x43, SMS_ALPHABET_DEFAULT },
		{ 0x44, 0x47, SMS_ALPHABET_8BIT },       { 0x48, 0x4b, SMS_ALPHABET_UCS2 },
		{ 0x80, 0xdf, SMS_ALPHABET_DEFAULT },    { 0xe0, 0xef, SMS_ALPHABET_UCS2 },
		{ 0xf0, 0xf3, SMS_ALPHABET_DEFAULT },    { 0xf4, 0xf7, SMS_ALPHABET_8BIT },
		{ 0xf8, 0xfb, SMS_ALPHABET_DEFAULT },    { 0xfc, 0xff, SMS_ALPHABET_8BIT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (unsigned dcs = rows[i].first; dcs <= rows[i].last; dcs++) {
			if (sms_alphabet((uint8_t)dcs) != rows[i].alphabet) {
				fail_msg("TP-DCS %02x", dcs);
			}
		}
	}
	assert_true(sms_is_compressed(0x24) && sms_is_compressed(0x20) && sms_is_compressed(0x68));
	assert_false(sms_is_compressed(0x04) || sms_is_compressed(0xf4) || sms_is_compressed(0xa0));
}

static void test_packing(void **state)
{
	static const struct {
		const char *text, *packed;
		uint16_t first;
	} rows[] = {
		{ "", "", 0 },
		{ "1", "31", 0 },
		{ "hellohello", "e8329bfd4697d9ec37", 0 }, /* the example that is everywhere */
		{ "1234567", "31d98c56b3dd00", 0 },        /* seven bits are left over */
		{ "12345678", "31d98c56b3dd70", 0 },       /* none is */
		/* behind six octets of a header: one fill bit, then H (0x48 << 1) and i */
		{ "Hi", "0000000000009069", 49 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t octets[160] = { 0 }, expected[160], text[SMS_SEPTETS_MAX];
		struct sms_packed in = { octets, rows[i].first, (uint8_t)strlen(rows[i].text) };
		size_t len;

		assert_int_equal(str_unhex(expected, sizeof expected, &len, rows[i].packed), 0);
		sms_pack(octets, rows[i].first, (const uint8_t *)rows[i].text, in.n);
		assert_memory_equal(octets, expected, len);
		assert_int_equal((rows[i].first + 7u * in.n + 7) / 8, len);
		sms_unpack(text, &in);
		assert_memory_equal(text, rows[i].text, in.n);
	}
	assert_int_equal(sms_septets_of(0), 0);
	assert_int_equal(sms_septets_of(1), 2);
	assert_int_equal(sms_septets_of(6), 7);
	assert_int_equal(sms_septets_of(7), 8);
	assert_int_equal(sms_septets_of(8), 10);
}

/* Every character, at every place of the eight that a bit may have. */
static void test_every_character_at_every_bit(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 8; first++) {
		uint8_t text[SMS_SEPTETS_MAX], back[SMS_SEPTETS_MAX], octets[141] = { 0 };

		for (unsigned c = 0; c < 128; c++) {
			text[c] = (uint8_t)c;
		}
		sms_pack(octets, (uint16_t)first, text, 128);
		sms_unpack(back, &(struct sms_packed){ octets, (uint16_t)first, 128 });
		assert_memory_equal(back, text, 128);
	}
}

static void assert_characters(const char *text, unsigned n, const uint16_t *expected, unsigned expected_n)
{
	uint16_t got[SMS_SEPTETS_MAX];

	assert_int_equal(sms_to_ucs2(got, (const uint8_t *)text, n), expected_n);
	assert_memory_equal(got, expected, expected_n * sizeof *got);
}

static void test_characters(void **state)
{
	(void)state;
	assert_characters("\x00\x01\x02\x05", 4, (const uint16_t[]){ '@', 0xa3, '$', 0xe9 }, 4);
	assert_characters("\x10\x1a\x09\x1e\x7f", 5, (const uint16_t[]){ 0x394, 0x39e, 0xc7, 0xdf, 0xe0 }, 5);
	assert_characters("aZ0 \n", 5, (const uint16_t[]){ 'a', 'Z', '0', ' ', '\n' }, 5);
	assert_characters("\x1b\x65\x1b\x14\x1b\x3c", 6, (const uint16_t[]){ 0x20ac, '^', '[' }, 3);
	assert_characters("\x1b"
			  "A\x1b\x1b\x1b",
			  5, (const uint16_t[]){ 'A', ' ', ' ' }, 3); /* not in the table; twice; alone */
	assert_characters("", 0, NULL, 0);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_alphabet),
		cmocka_unit_test(test_packing),
		cmocka_unit_test(test_every_character_at_every_bit),
		cmocka_unit_test(test_characters),
	};

	return cmocka_run_group_tests_name("sms alphabet", tests, NULL, NULL);
}
