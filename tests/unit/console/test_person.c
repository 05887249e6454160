/* Roles by groups, names by a password file. */
#include "tests/unit/test.h"

#include <unistd.h>

#include "console/csl_person.h"

static enum ctl_role role(uid_t uid, gid_t gid, gid_t more)
{
	const struct csl_roles roles = { .read = 10, .operate = 20, .admin = 30 };
	struct ctl_caller c = { .uid = uid, .gid = gid, .groups = { 5, more }, .groups_n = 2 };

	return csl_role_of(&roles, &c);
}

static void test_the_highest_role_counts(void **state)
{
	const struct csl_roles none = { CSL_NO_GROUP, CSL_NO_GROUP, CSL_NO_GROUP };
	struct ctl_caller odd = { .uid = 1000, .gid = CSL_NO_GROUP, .groups = { CSL_NO_GROUP }, .groups_n = 1 };

	(void)state;
	assert_int_equal(role(0, 0, 0), CTL_ROLE_ADMIN);
	assert_int_equal(role(1000, 1000, 1000), CTL_ROLE_NONE);
	assert_int_equal(role(1000, 10, 1000), CTL_ROLE_READ);
	assert_int_equal(role(1000, 1000, 10), CTL_ROLE_READ);
	assert_int_equal(role(1000, 10, 20), CTL_ROLE_OPERATE);
	assert_int_equal(role(1000, 30, 10), CTL_ROLE_ADMIN);
	assert_int_equal(csl_role_of(&none, &odd), CTL_ROLE_NONE);
}

/* The groups of this machine: root's is there on each. */
static void test_groups_of_the_machine(void **state)
{
	struct csl_groups conf = { .read = "", .operate = "root", .admin = "" };
	struct csl_roles roles;
	const char *missing;

	(void)state;
	assert_int_equal(csl_roles_find(&roles, &conf, &missing), 0);
	assert_int_equal(roles.read, CSL_NO_GROUP);
	assert_int_equal(roles.operate, 0);
	assert_int_equal(roles.admin, CSL_NO_GROUP);
	conf = (struct csl_groups){ .read = "root", .admin = "root" };
	assert_int_equal(csl_roles_find(&roles, &conf, &missing), 0);
	assert_true(roles.read == 0 && roles.operate == CSL_NO_GROUP && roles.admin == 0);
	conf = (struct csl_groups){ .read = "no-such-group" };
	assert_int_equal(csl_roles_find(&roles, &conf, &missing), ERR_NOTFOUND);
	assert_ptr_equal(missing, conf.read);
	conf = (struct csl_groups){ .operate = "no-such-group" };
	assert_int_equal(csl_roles_find(&roles, &conf, &missing), ERR_NOTFOUND);
	assert_ptr_equal(missing, conf.operate);
	conf = (struct csl_groups){ .admin = "no-such-group" };
	assert_int_equal(csl_roles_find(&roles, &conf, &missing), ERR_NOTFOUND);
	assert_ptr_equal(missing, conf.admin);
}

static void test_names(void **state)
{
	static const char text[] = "root:x:0:0::/:/bin/sh\nalice:x:1001:1001::/:/bin/sh\na b:x:1002:1002::/:/bin/sh\nbroken\n";
	char path[] = "/tmp/test_console_passwd_XXXXXX", name[CTL_NAME_MAX];
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
	close(fd);
	csl_name_of(name, path, 1001);
	assert_string_equal(name, "alice");
	csl_name_of(name, path, 1002); /* no name that can stand in a log */
	assert_string_equal(name, "uid-1002");
	csl_name_of(name, path, 7);
	assert_string_equal(name, "uid-7");
	unlink(path);
	csl_name_of(name, path, 1001);
	assert_string_equal(name, "uid-1001");
}

TEST_GROUP()
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_highest_role_counts),
		cmocka_unit_test(test_groups_of_the_machine),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
