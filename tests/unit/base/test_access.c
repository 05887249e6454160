/* access: what another user may do is asked in his place, and what we may in ours. */
#include "tests/unit/test.h"

#include <errno.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/access.h"

static void we_are_asked_for_ourselves(void **state)
{
	struct access_ask asks[] = { { "/", R_OK | X_OK, -1 }, { "/nonexistent/x", F_OK, -1 } };

	(void)state;
	assert_int_equal(access_as(geteuid(), getegid(), asks, 2), 0);
	assert_int_equal(asks[0].error, 0);
	assert_int_equal(asks[1].error, ENOENT);
}

static void another_user_is_asked_in_his_place(void **state)
{
	char dir[] = "/tmp/test_access_XXXXXX", inside[64];
	struct access_ask asks[] = { { dir, R_OK | X_OK, -1 }, { inside, F_OK, -1 }, { "/", X_OK, -1 } };
	const struct passwd *pw = getpwnam("nobody");

	(void)state;
	if (geteuid() != 0 || !pw) {
		skip(); /* only root becomes somebody else */
	}
	assert_non_null(mkdtemp(dir)); /* mode 0700 */
	snprintf(inside, sizeof inside, "%s/inside", dir);
	assert_int_equal(mkdir(inside, 0777), 0);
	assert_int_equal(access_as(pw->pw_uid, pw->pw_gid, asks, 3), 0);
	assert_int_equal(asks[0].error, EACCES);
	assert_int_equal(asks[1].error, EACCES); /* the way there counts */
	assert_int_equal(asks[2].error, 0);
	assert_int_equal(access_as(0, 0, asks, 3), 0);
	assert_int_equal(asks[1].error, 0);
	assert_int_equal(rmdir(inside), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void there_is_a_bound(void **state)
{
	struct access_ask ask = { "/", F_OK, -1 };

	(void)state;
	assert_int_equal(access_as(geteuid(), getegid(), &ask, ACCESS_ASKS_MAX + 1), ERR_LIMIT);
	assert_int_equal(ask.error, -1);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(we_are_asked_for_ourselves),
		cmocka_unit_test(another_user_is_asked_in_his_place),
		cmocka_unit_test(there_is_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
