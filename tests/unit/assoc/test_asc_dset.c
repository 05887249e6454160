/* Named sets in the store: a rule on a set speaks about its members, by whatever name each was put into it; what is gone stays gone. */
#include "tests/unit/assoc/store_place.h"

#include "assoc/asc.h"
#include "tests/support/asc_wait.h"

static int setup(void **state)
{
	struct asc_group fleet = { .name = "fleet" };
	struct place *p;

	place_setup(state);
	p = *state;
	place_put(p, "acme", "49170123456", "scs.acme.example");
	assert_int_equal(asc_group_put(p->a, &fleet, &p->why), 0);
	assert_int_equal(asc_group_member_add(p->a, "fleet", "acme", &p->why), 0);
	assert_int_equal(asc_dset_add(p->a, "trial", &p->why), 0);
	assert_int_equal(asc_dset_add(p->a, "alarm", &p->why), 0);
	return 0;
}

static int join(void *arg, const char *device)
{
	strcat(arg, device);
	strcat(arg, ";");
	return 0;
}

static void test_a_member_is_found_by_the_rules_on_its_set(void **state)
{
	struct place *p = *state;
	char members[256];

	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "set:trial"), 0);
	assert_int_equal(place_add(p, ASSOC_DENY, "group:fleet", "set:alarm"), 0);
	assert_int_equal(place_add(p, ASSOC_BLOCK, "*", "set:alarm"), 0);
	assert_string_equal(place_found(p, "acme", "m1@a.example", NULL), "");
	assert_int_equal(asc_dset_member_add(p->a, "trial", "m1@A.example", &p->why), 0);
	assert_int_equal(asc_dset_member_add(p->a, "alarm", "msisdn:491700000001", &p->why), 0);
	assert_int_equal(asc_dset_member_add(p->a, "alarm", "msisdn:491700000001", &p->why), 0); /* again: the same */
	for (int round = 0; round < 2; round++) {
		assert_string_equal(place_found(p, "acme", "m1@a.example", NULL), "allow acme set:trial trigger");
		assert_string_equal(place_found(p, "acme", NULL, "491700000001"),
				    "block * set:alarm;deny group:fleet set:alarm trigger");
		assert_string_equal(place_found(p, "acme", "m1@a.example", "491700000001"),
				    "block * set:alarm;allow acme set:trial trigger;deny group:fleet set:alarm trigger");
		assert_string_equal(place_found(p, "acme", "m2@a.example", "491700000002"), "");
		assert_int_equal(asc_dset_members(p->a, "alarm"), 1);
		assert_int_equal(asc_dset_rules(p->a, "alarm"), 2);
		assert_int_equal(asc_rule_count(p->a), 3);
		members[0] = 0;
		assert_int_equal(asc_dset_member_each(p->a, "alarm", join, members), 0);
		assert_string_equal(members, "msisdn:491700000001;");
		assert_int_equal(place_open(p), 0);
	}
	assert_int_equal(asc_dset_member_del(p->a, "trial", "m1@a.example", &p->why), 0);
	assert_string_equal(place_found(p, "acme", "m1@a.example", NULL), "");
	assert_int_equal(place_open(p), 0);
	assert_string_equal(place_found(p, "acme", "m1@a.example", NULL), "");
	assert_int_equal(asc_dset_members(p->a, "trial"), 0);
}

static int count_rule(void *arg, const struct assoc_rule *r)
{
	(void)r;
	(*(int *)arg)++;
	return 0;
}

static void test_rules_and_memberships_of_one_device_stand_together_and_apart(void **state)
{
	struct place *p = *state;
	int n = 0;

	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "set:trial"), 0);
	assert_int_equal(place_add(p, ASSOC_DENY, "acme", "m1@a.example"), 0);
	assert_int_equal(asc_dset_member_add(p->a, "trial", "m1@a.example", &p->why), 0);
	assert_int_equal(asc_dset_member_add(p->a, "alarm", "m1@a.example", &p->why), 0);
	assert_string_equal(place_found(p, "acme", "m1@a.example", NULL),
			    "deny acme m1@a.example trigger;allow acme set:trial trigger");
	assert_int_equal(asc_rule_each(p->a, NULL, count_rule, &n), 0);
	assert_int_equal(n, 2); /* a membership is no rule */
	assert_int_equal(asc_rule_del(p->a, "acme", "m1@a.example", -1, &p->why), 0);
	assert_string_equal(place_found(p, "acme", "m1@a.example", NULL), "allow acme set:trial trigger");
	assert_int_equal(asc_dset_member_del(p->a, "alarm", "m1@a.example", &p->why), 0);
	assert_string_equal(place_found(p, "acme", "m1@a.example", NULL), "allow acme set:trial trigger");
	assert_int_equal(asc_rule_del(p->a, "acme", "set:trial", -1, &p->why), 0);
	assert_string_equal(place_found(p, "acme", "m1@a.example", NULL), "");
}

static void test_a_deleted_set_takes_the_rules_on_it_and_its_memberships_never_return(void **state)
{
	struct place *p = *state;

	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "set:trial"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "group:fleet", "set:trial"), 0);
	assert_int_equal(place_add(p, ASSOC_BLOCK, "*", "set:trial"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "set:alarm"), 0);
	assert_int_equal(asc_dset_member_add(p->a, "trial", "m1@a.example", &p->why), 0);
	assert_int_equal(asc_dset_member_add(p->a, "alarm", "m2@a.example", &p->why), 0);
	assert_int_equal(asc_dset_del(p->a, "trial", &p->why), 0);
	assert_int_equal(asc_rule_count(p->a), 1);
	assert_int_equal(place_open(p), 0);
	assert_int_equal(asc_rule_count(p->a), 1);
	assert_int_equal(asc_dset_add(p->a, "trial", &p->why), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "set:trial"), 0);
	assert_string_equal(place_found(p, "acme", "m1@a.example", NULL), "");
	assert_string_equal(place_found(p, "acme", "m2@a.example", NULL), "allow acme set:alarm trigger");
	assert_int_equal(asc_dset_members(p->a, "trial"), 0);
	assert_int_equal(asc_dset_del(p->a, "nothing", &p->why), ERR_NOTFOUND);
}

static void test_what_cannot_be_is_refused_in_words(void **state)
{
	struct place *p = *state;

	assert_int_equal(asc_dset_add(p->a, "trial", &p->why), ERR_EXISTS);
	assert_int_equal(asc_dset_add(p->a, "Trial", &p->why), ERR_INVAL);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "set:nothing"), ERR_NOTFOUND);
	assert_string_equal(p->why.text, "no device set 'nothing'; 'mtcctl set list' lists them");
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "set:No Name"), ERR_INVAL);
	assert_int_equal(asc_dset_member_add(p->a, "nothing", "m1@a.example", &p->why), ERR_NOTFOUND);
	assert_int_equal(asc_dset_member_add(p->a, "trial", "*@a.example", &p->why), ERR_INVAL);
	assert_int_equal(asc_dset_member_add(p->a, "trial", "set:alarm", &p->why), ERR_INVAL);
	assert_int_equal(asc_dset_member_add(p->a, "trial", "msisdn:491700000001-491700000002", &p->why), ERR_INVAL);
	assert_int_equal(asc_dset_member_del(p->a, "trial", "m1@a.example", &p->why), ERR_NOTFOUND);
	assert_string_equal(p->why.text, "device 'm1@a.example': is not in the set");
}

static void test_more_sets_than_a_look_up_takes_are_a_refusal(void **state)
{
	struct asc_asker asker = { .scs = "acme" };
	struct asc_device device = { "m1@a.example", NULL };
	static struct assoc_found f;
	struct place *p = *state;
	char name[16];

	for (unsigned i = 0; i <= ASC_DSETS_PER_LOOKUP_MAX; i++) {
		snprintf(name, sizeof name, "s%u", i);
		assert_int_equal(asc_find_rules(p->a, &asker, &device, &f), 0);
		assert_false(f.overflow);
		assert_int_equal(asc_dset_add(p->a, name, &p->why), 0);
		assert_int_equal(asc_dset_member_add(p->a, name, "m1@a.example", &p->why), 0);
	}
	assert_int_equal(asc_find_rules(p->a, &asker, &device, &f), 0);
	assert_true(f.overflow);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, place_teardown)

static void test_a_set_keeps_its_members_and_rules_under_a_new_name(void **state)
{
	struct place *p = *state;

	assert_int_equal(asc_dset_member_add(p->a, "trial", "m1@a.example", &p->why), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "set:trial"), 0);
	assert_int_equal(place_add(p, ASSOC_DENY, "group:fleet", "set:trial"), 0);
	assert_int_equal(place_add(p, ASSOC_BLOCK, "*", "set:alarm"), 0);
	assert_int_equal(asc_dset_rename(p->a, "trial", "alarm", &p->why), ERR_EXISTS);
	assert_int_equal(asc_dset_rename(p->a, "none", "other", &p->why), ERR_NOTFOUND);
	assert_int_equal(asc_dset_rename(p->a, "trial", "Other*", &p->why), ERR_INVAL);
	assert_int_equal(asc_dset_rename(p->a, "trial", "other", &p->why), 0);
	for (int i = 0; i < 2; i++) {
		assert_false(asc_dset_there(p->a, "trial"));
		assert_int_equal(asc_dset_members(p->a, "other"), 1);
		assert_int_equal(asc_dset_rules(p->a, "other"), 2);
		assert_string_equal(place_found(p, "acme", "m1@a.example", NULL),
				    "allow acme set:other trigger;deny group:fleet set:other trigger");
		assert_int_equal(place_open(p), 0);
	}
	assert_int_equal(asc_rule_del(p->a, "acme", "set:other", ASSOC_ALLOW, &p->why), 0);
	assert_int_equal(asc_dset_add(p->a, "trial", &p->why), 0); /* the name is free again, and means another set */
	assert_int_equal(asc_dset_rules(p->a, "trial"), 0);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_a_set_keeps_its_members_and_rules_under_a_new_name),
		T(test_a_member_is_found_by_the_rules_on_its_set),
		T(test_rules_and_memberships_of_one_device_stand_together_and_apart),
		T(test_a_deleted_set_takes_the_rules_on_it_and_its_memberships_never_return),
		T(test_what_cannot_be_is_refused_in_words),
		T(test_more_sets_than_a_look_up_takes_are_a_refusal),
	};

	return cmocka_run_group_tests_name("asc sets", tests, NULL, NULL);
}
