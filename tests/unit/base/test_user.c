/* A user by name or number. */
#include "tests/unit/test.h"

#include "base/user.h"

static void a_name_and_a_number_are_found(void **state)
{
	struct user u;

	(void)state;
	assert_int_equal(user_find(&u, "root"), 0);
	assert_int_equal(u.uid, 0);
	assert_int_equal(u.gid, 0);
	assert_int_equal(user_find(&u, "0"), 0);
	assert_int_equal(u.uid, 0);
	assert_int_equal(user_find(&u, "60199"), 0); /* of no account */
	assert_int_equal(u.uid, 60199);
	assert_int_equal(u.gid, 60199);
}

static void neither_is_not_found(void **state)
{
	static const char *const words[] = { "no-such-user", "", "-1", "4294967295", "4294967296", "12x", " 1" };
	struct user u;

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		assert_int_equal(user_find(&u, words[i]), ERR_NOTFOUND); /* 4294967295 means "no change" to the kernel */
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_and_a_number_are_found),
		cmocka_unit_test(neither_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
