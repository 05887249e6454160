/* The users and groups that configurations name, and the answers about them. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/cfg_names.h"
#include "conf/cfg_users.h"

static struct cfg_iwf *configuration(void)
{
	struct cfg_iwf *c = calloc(1, sizeof *c);

	assert_non_null(c);
	strcpy(c->user, "mtc");
	strcpy(c->user_edge, "edge");
	strcpy(c->console_user, "edge");
	strcpy(c->console.read, "edge"); /* a group of the same name */
	strcpy(c->console.admin, "wheel");
	return c;
}

static void each_name_is_asked_for_once(void **state)
{
	struct cfg_iwf *c = configuration();
	struct cfg_names n = { .n = 0 };

	(void)state;
	cfg_names_add(&n, c);
	assert_int_equal(n.n, 4);
	strcpy(c->console.admin, "staff"); /* of a file that is read again */
	cfg_names_add(&n, c);
	assert_int_equal(n.n, 5);
	assert_string_equal(n.of[2].name, "edge");
	assert_true(n.of[2].group && !n.of[1].group);
	free(c);
}

static void answers_are_taken_for_these_names_only(void **state)
{
	struct cfg_iwf *c = configuration();
	struct cfg_names n = { .n = 0 }, answers, other;
	struct user user;
	gid_t gid;

	(void)state;
	cfg_names_add(&n, c);
	answers = n;
	answers.of[1] = (struct cfg_named){ "edge", false, true, 4711, 12 };
	answers.of[2] = (struct cfg_named){ "edge", true, true, 0, 13 };
	other = answers;
	other.n--;
	assert_int_equal(cfg_names_take(&n, &other), ERR_PROTO);
	other = answers;
	strcpy(other.of[0].name, "root");
	assert_int_equal(cfg_names_take(&n, &other), ERR_PROTO);
	other = answers;
	other.of[2].group = false;
	assert_int_equal(cfg_names_take(&n, &other), ERR_PROTO);
	assert_false(n.asked);
	assert_int_equal(cfg_names_take(&n, &answers), 0);
	assert_int_equal(cfg_names_user(&user, &n, "edge"), 0);
	assert_true(user.uid == 4711 && user.gid == 12);
	assert_int_equal(cfg_names_group(&gid, &n, "edge"), 0);
	assert_int_equal(gid, 13);
	assert_int_equal(cfg_names_user(&user, &n, "mtc"), ERR_NOTFOUND);
	/* this machine has it, and is not asked */
	assert_int_equal(cfg_names_user(&user, &n, "root"), ERR_NOTFOUND);
	assert_int_equal(cfg_names_group(&gid, &n, "root"), ERR_NOTFOUND);
	free(c);
}

static void this_machine_is_asked(void **state)
{
	struct cfg_names n = { .n = 3,
			       .of = { { .name = "root" }, { .name = "4294967295" }, { .name = "root", .group = true } } };
	struct user user = { 1, 1 };
	gid_t gid = 1;

	(void)state;
	assert_int_equal(cfg_names_user(&user, &n, "root"), 0); /* nobody has asked: the caller does */
	assert_int_equal(user.uid, 0);
	cfg_names_ask(&n);
	user.uid = 1;
	assert_true(n.asked);
	assert_int_equal(cfg_names_user(&user, &n, "root"), 0);
	assert_int_equal(user.uid, 0);
	assert_int_equal(cfg_names_user(&user, &n, "4294967295"), ERR_NOTFOUND);
	assert_int_equal(cfg_names_group(&gid, &n, "root"), 0);
	assert_int_equal(gid, 0);
}

static void the_processes_of_a_configuration_have_its_answers(void **state)
{
	struct cfg_iwf *c = configuration();
	struct cfg_user u;

	(void)state;
	if (geteuid() != 0) {
		skip(); /* only root asks for them */
	}
	cfg_names_add(&c->names, c);
	c->names.of[1].found = true;
	c->names.of[1].uid = 77;
	c->names.asked = true;
	assert_int_equal(cfg_user_find(&u, c, CFG_PROCESS_EDGE), 0);
	assert_int_equal(u.id.uid, 77);
	assert_int_equal(cfg_user_find(&u, c, CFG_PROCESS_CORE), ERR_NOTFOUND);
	assert_string_equal(u.name, "mtc");
	free(c);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_name_is_asked_for_once),
		cmocka_unit_test(answers_are_taken_for_these_names_only),
		cmocka_unit_test(this_machine_is_asked),
		cmocka_unit_test(the_processes_of_a_configuration_have_its_answers),
	};

	return cmocka_run_group_tests_name("conf names", tests, NULL, NULL);
}
