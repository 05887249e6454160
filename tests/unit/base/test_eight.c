/* eight: what is said of eight octets at once is what is true of each of them. */
#include "tests/unit/test.h"

#include "base/eight.h"

/* Each octet at each place, among the others of `rest`. */
static void each(const char *rest, void (*check)(const uint8_t *p, uint8_t octet))
{
	uint8_t octets[8];

	for (unsigned octet = 0; octet < 256; octet++) {
		for (unsigned at = 0; at < 8; at++) {
			memcpy(octets, rest, 8);
			octets[at] = (uint8_t)octet;
			check(octets, (uint8_t)octet);
		}
	}
}

static void check_outside(const uint8_t *p, uint8_t octet)
{
	assert_int_equal(eight_outside(eight_at(p), 0x21, 0x7e) != 0, octet < 0x21 || octet > 0x7e);
	assert_int_equal(eight_outside(eight_at(p), '0', '9') != 0, octet < '0' || octet > '9');
}

static void octets_outside_of_a_range_are_seen_at_each_place(void **state)
{
	(void)state;
	each("01234567", check_outside);
	each("99999999", check_outside);
}

static void check_has(const uint8_t *p, uint8_t octet)
{
	if (octet < 0x80) {
		assert_int_equal(eight_has(eight_at(p), '"') != 0, octet == '"');
	}
}

static void one_octet_is_found_at_each_place(void **state)
{
	(void)state;
	each("########", check_has); /* one above it */
	each("!!!!!!!!", check_has); /* one below it */
	each("\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f", check_has);
	each("\0\0\0\0\0\0\0\0", check_has);
}

static void texts_of_each_length_are_graphic_as_a_whole(void **state)
{
	static const uint8_t foreign[] = { 0, 0x20, 0x7f, 0x80, 0xa1, 0xff };
	uint8_t text[40];

	(void)state;
	for (size_t n = 0; n < sizeof text; n++) {
		memset(text, ' ', sizeof text); /* what stands behind counts for nothing */
		memset(text, '~', n);
		assert_true(eight_graphic(text, n));
		for (size_t at = 0; at < n; at++) {
			for (size_t i = 0; i < sizeof foreign; i++) {
				text[at] = foreign[i];
				assert_false(eight_graphic(text, n));
			}
			text[at] = '!';
			assert_true(eight_graphic(text, n));
		}
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(octets_outside_of_a_range_are_seen_at_each_place),
		cmocka_unit_test(one_octet_is_found_at_each_place),
		cmocka_unit_test(texts_of_each_length_are_graphic_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
