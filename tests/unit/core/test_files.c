/* The days that a certificate has left: whole ones, and negative once it is over. */
#include "tests/unit/test.h"

#include "core/core.h"

#define DAY UINT64_C(86400)

static void whole_days_count(void **state)
{
	static const struct {
		int64_t s, days;
	} rows[] = { { 0, 0 },   { 1, 0 },       { 86399, 0 },   { 86400, 1 },          { 86401, 1 },
		     { -1, -1 }, { -86400, -1 }, { -86401, -2 }, { 30 * 86400 - 1, 29 } };
	static const uint64_t now = 2000000000;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(core_files_days_left(now + (uint64_t)rows[i].s, now), rows[i].days);
	}
	assert_int_equal(core_files_days_left(0, now), -(int64_t)((now + DAY - 1) / DAY));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_days_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
