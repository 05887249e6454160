/* A user by name or number. */
#include "tests/unit/test.h"

#include <unistd.h>

#include "base/accounts.h"
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

static void a_group_is_found_by_its_name(void **state)
{
	gid_t gid = 7;

	(void)state;
	assert_int_equal(user_group_find(&gid, "no-such-group"), ERR_NOTFOUND);
	assert_int_equal(gid, 7);
	assert_int_equal(user_group_find(&gid, "root"), 0);
	assert_int_equal(gid, 0);
}

static void accounts_have_their_names(void **state)
{
	static const char text[] =
	    "root:x:0:0::/:/bin/sh\nalice:x:1001:1001::/:/bin/sh\nbroken\nbob:x:1001:1::/:/bin/sh\n"
	    "a-name-of-more-than-sixty-three-characters-is-not-one-that-a-log-has-room-for:x:1003:1::/:/bin/sh\n";
	char path[] = "/tmp/test_accounts_XXXXXX";
	struct accounts *a = NULL;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
	close(fd);
	assert_int_equal(accounts_load(&a, path), 0);
	unlink(path);
	assert_string_equal(accounts_name(a, 0), "root");
	assert_string_equal(accounts_name(a, 1001), "alice"); /* the first one of the number */
	assert_null(accounts_name(a, 1002));
	assert_null(accounts_name(a, 1003));
	assert_null(accounts_name(NULL, 0));
	accounts_free(a);
	accounts_free(NULL);
	assert_int_equal(accounts_load(&a, path), ERR_IO);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_and_a_number_are_found),
		cmocka_unit_test(neither_is_not_found),
		cmocka_unit_test(a_group_is_found_by_its_name),
		cmocka_unit_test(accounts_have_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
