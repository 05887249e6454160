/* The latest lines in memory: the room is never exceeded, and what is there is what was given. */
#include "tests/unit/test.h"

#include "audit/aud_kept.h"

static void add(struct aud_kept *k, unsigned n, size_t len)
{
	char line[512];

	assert_true(len < sizeof line);
	memset(line, 'a' + (int)(n % 26), len);
	aud_kept_add(k, line, len);
}

static void test_the_oldest_make_place(void **state)
{
	struct aud_kept *k;
	uint64_t first, next;
	size_t len, kept = 0;
	const char *p;

	(void)state;
	assert_int_equal(aud_kept_new(&k, 1000), 0);
	for (unsigned n = 0; n < 2000; n++) {
		add(k, n, 100 + n * 37 % 300);
		aud_kept_range(k, &first, &next);
		assert_int_equal(next, n + 1);
		kept = 0;
		for (uint64_t i = first; i < next; i++) {
			p = aud_kept_line(k, i, &len);
			assert_non_null(p);
			assert_int_equal(len, 100 + i * 37 % 300);
			for (size_t o = 0; o < len; o++) {
				assert_int_equal(p[o], 'a' + (int)(i % 26));
			}
			kept += len;
		}
		assert_true(kept <= 1000);
		assert_true(n < 5 || next - first >= 1);
	}
	assert_null(aud_kept_line(k, first - 1, &len));
	assert_null(aud_kept_line(k, next, &len));
	aud_kept_free(k);
}

static void test_short_lines_and_lines_that_never_fit(void **state)
{
	struct aud_kept *k;
	uint64_t first, next;
	size_t len;

	(void)state;
	assert_int_equal(aud_kept_new(&k, 256), 0);
	add(k, 0, 257);
	add(k, 0, 0);
	aud_kept_range(k, &first, &next);
	assert_int_equal(next, 0);
	for (unsigned n = 0; n < 100; n++) {
		add(k, n, 1);
	}
	aud_kept_range(k, &first, &next);
	assert_int_equal(next, 100);
	assert_true(first < 100 && next - first <= 3);
	add(k, 100, 256);
	aud_kept_range(k, &first, &next);
	assert_int_equal(next - first, 1);
	assert_non_null(aud_kept_line(k, 100, &len));
	assert_int_equal(len, 256);
	aud_kept_free(k);
}

TEST_GROUP()
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_oldest_make_place),
		cmocka_unit_test(test_short_lines_and_lines_that_never_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
