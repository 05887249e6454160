/* The search in the latest decisions, and the commands of the console: each exists here with the role that the console knows. */
#include "tests/unit/admin/adm_play.h"

#include "console/csl_command.h"

static const struct ctl_answer *search(struct play *p, const char *args)
{
	return ask(p, "decisions.search", args);
}

static void decide(struct play *p, const char *scs, const char *device)
{
	core_decide_provisioning(p->core.core, "alice by the console, uid 7", "assoc.add {}", scs, device);
}

static void test_the_newest_come_first_and_filters_hold(void **state)
{
	struct play *p = *state;
	const struct ctl_answer *a;
	json_int_t newest;

	decide(p, "acme", "a@b");
	decide(p, "beta", "a@b");
	decide(p, "acme", "c@b");
	a = search(p, "{\"action\":\"provisioning\"}");
	assert_true(a->ok);
	assert_int_equal(json_array_size(a->rows), 3);
	assert_string_equal(json_of(json_array_get(a->rows, 0), "device"), "\"c@b\"");
	assert_string_equal(json_of(json_array_get(a->rows, 0), "address"), "\"alice by the console, uid 7\"");
	newest = json_integer_value(json_object_get(json_array_get(a->rows, 0), "number"));
	a = search(p, "{\"scs\":\"acme\",\"action\":\"provisioning\"}");
	assert_int_equal(json_array_size(a->rows), 2);
	a = search(p, "{\"scs\":\"acme\",\"device\":\"a@b\"}");
	assert_int_equal(json_array_size(a->rows), 1);
	a = search(p, "{\"verdict\":\"refused\",\"scs\":\"acme\"}");
	assert_int_equal(json_array_size(a->rows), 0);
	assert_string_equal(json_of(a->last, "more"), "false");
	a = search(p, "{\"limit\":1,\"action\":\"provisioning\"}");
	assert_int_equal(json_array_size(a->rows), 1);
	assert_string_equal(json_of(a->last, "more"), "true");
	{
		char args[64];

		snprintf(args, sizeof args, "{\"before\":%lld,\"action\":\"provisioning\"}", (long long)newest);
		a = search(p, args);
		assert_int_equal(json_array_size(a->rows), 2);
		assert_string_equal(json_of(json_array_get(a->rows, 0), "scs"), "\"beta\"");
	}
}

static const struct ctl_command *command_of(const char *name)
{
	for (const struct ctl_command *const *t = adm_tables; *t; t++) {
		for (const struct ctl_command *c = *t; c->name; c++) {
			if (!strcmp(c->name, name)) {
				return c;
			}
		}
	}
	return NULL;
}

static void test_the_console_knows_the_roles(void **state)
{
	char name[64];

	(void)state;
	for (const struct csl_command *c = csl_commands; c->name; c++) {
		const struct ctl_command *of = command_of(c->name);

		if (!of || ctl_command_role(of) != c->role || of->args != c->args) {
			fail_msg("%s: the console has another row", c->name);
		}
	}
	for (const char *const *k = csl_import_kinds; *k; k++) {
		snprintf(name, sizeof name, "%s.import", *k);
		assert_non_null(command_of(name));
		assert_int_equal(ctl_command_role(command_of(name)), CTL_ROLE_ADMIN);
	}
}

static void test_commands_for_operators_exist_and_change_something(void **state)
{
	(void)state;
	for (const char *const *name = ctl_operate_commands; *name; name++) {
		assert_non_null(command_of(*name));
		assert_true(command_of(*name)->changes);
	}
}

TEST_GROUP()
{
	static const struct CMUnitTest tests[] = {
		PLAY_TEST(test_the_newest_come_first_and_filters_hold),
		cmocka_unit_test(test_the_console_knows_the_roles),
		cmocka_unit_test(test_commands_for_operators_exist_and_change_something),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
