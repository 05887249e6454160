/* Groups in the store: who is in one is stored, or proven under the group's own trust anchor; a rule on a group speaks about its members. */
#include "tests/unit/assoc/store_place.h"

#include "assoc/asc.h"
#include "tests/support/asc_wait.h"

static void put_scs(struct place *p, const char *name, const char *e164, const char *anchor)
{
	struct asc_scs s;

	asc_scs_init(&s);
	snprintf(s.name, sizeof s.name, "%s", name);
	snprintf(s.e164, sizeof s.e164, "%s", e164);
	snprintf(s.origin_host, sizeof s.origin_host, "scs.%s.example", name);
	snprintf(s.realm, sizeof s.realm, "%s.example", name);
	snprintf(s.anchor, sizeof s.anchor, "%s", anchor);
	assert_int_equal(asc_scs_put(p->a, &s, &p->why), 0);
}

static int put_group(struct place *p, const char *name, const char *anchor)
{
	struct asc_group g = { .name = "" };

	snprintf(g.name, sizeof g.name, "%s", name);
	snprintf(g.anchor, sizeof g.anchor, "%s", anchor);
	return asc_group_put(p->a, &g, &p->why);
}

static int setup(void **state)
{
	struct place *p;

	place_setup(state);
	p = *state;
	put_scs(p, "acme", "49170123456", "anchor-a");
	put_scs(p, "beta", "49170123457", "anchor-b");
	assert_int_equal(put_group(p, "fleet", ""), 0);
	assert_int_equal(put_group(p, "partners", "anchor-a"), 0);
	return 0;
}

/* The rules found for an SCS whose certificate carries the URI of `proven` (NULL: none), joined by ";". */
static const char *found(struct place *p, const char *who, const char *proven, const char *external)
{
	struct asc_asker asker = { .scs = who, .proven = &proven, .proven_n = proven ? 1 : 0 };
	struct asc_device device = { external, NULL };
	static struct assoc_found f;
	static char out[4096];
	char text[ASSOC_RULE_TEXT_MAX];

	assert_int_equal(asc_find_rules(p->a, &asker, &device, &f), 0);
	out[0] = 0;
	for (uint8_t i = 0; i < f.n; i++) {
		if (i) {
			strcat(out, ";");
		}
		strcat(out, assoc_rule_text(text, &f.rules[i]));
		assert_int_equal(f.rules[i].who_axis, strncmp(f.rules[i].who, "group:", 6) ? ASSOC_WHO_SCS : ASSOC_WHO_GROUP);
	}
	return out;
}

static void test_a_stored_member_is_found_by_the_rules_of_its_group(void **state)
{
	struct place *p = *state;

	assert_int_equal(place_add(p, ASSOC_ALLOW, "group:fleet", "*@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_DENY, "group:fleet", "m1@a.example"), 0);
	assert_string_equal(found(p, "acme", NULL, "m1@a.example"), "");
	assert_int_equal(asc_group_member_add(p->a, "fleet", "acme", &p->why), 0);
	for (int round = 0; round < 2; round++) {
		assert_string_equal(found(p, "acme", NULL, "m1@a.example"),
				    "allow group:fleet *@a.example trigger;deny group:fleet m1@a.example trigger");
		assert_string_equal(found(p, "beta", NULL, "m1@a.example"), "");
		assert_int_equal(asc_rule_count(p->a), 2);
		assert_int_equal(place_open(p), 0);
	}
	assert_int_equal(asc_group_member_del(p->a, "fleet", "acme", &p->why), 0);
	assert_string_equal(found(p, "acme", NULL, "m1@a.example"), "");
	assert_int_equal(place_open(p), 0);
	assert_string_equal(found(p, "acme", NULL, "m1@a.example"), "");
}

static void test_a_certificate_proves_a_group_only_under_the_anchor_of_that_group(void **state)
{
	struct place *p = *state;

	assert_int_equal(place_add(p, ASSOC_ALLOW, "group:partners", "*@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "group:fleet", "*@a.example"), 0);
	assert_string_equal(found(p, "acme", "partners", "m@a.example"), "allow group:partners *@a.example trigger");
	assert_string_equal(found(p, "beta", "partners", "m@a.example"), ""); /* another CA's word */
	assert_string_equal(found(p, "acme", "fleet", "m@a.example"), "");    /* no certificate proves this one */
	assert_string_equal(found(p, "gamma", "partners", "m@a.example"), "");
	assert_string_equal(found(p, "acme", "nothing", "m@a.example"), "");
	assert_int_equal(put_group(p, "partners", "anchor-b"), 0); /* live: the anchor of the group changes */
	assert_string_equal(found(p, "acme", "partners", "m@a.example"), "");
	assert_string_equal(found(p, "beta", "partners", "m@a.example"), "allow group:partners *@a.example trigger");
}

static void test_stored_and_proven_at_once_is_found_once(void **state)
{
	struct place *p = *state;

	assert_int_equal(place_add(p, ASSOC_ALLOW, "group:partners", "m@a.example"), 0);
	assert_int_equal(asc_group_member_add(p->a, "partners", "acme", &p->why), 0);
	assert_string_equal(found(p, "acme", "partners", "m@a.example"), "allow group:partners m@a.example trigger");
}

static void test_a_deleted_group_takes_its_rules_and_memberships_and_they_never_return(void **state)
{
	struct place *p = *state;

	assert_int_equal(asc_group_member_add(p->a, "fleet", "acme", &p->why), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "group:fleet", "*@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "group:fleet", "m@a.example"), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m@a.example"), 0);
	assert_int_equal(asc_group_del(p->a, "fleet", &p->why), 0);
	assert_int_equal(asc_rule_count(p->a), 1);
	assert_int_equal(put_group(p, "fleet", ""), 0);
	assert_string_equal(found(p, "acme", NULL, "m@a.example"), "allow acme m@a.example trigger");
	assert_int_equal(asc_group_member_add(p->a, "fleet", "acme", &p->why), 0);
	assert_int_equal(place_open(p), 0);
	assert_string_equal(found(p, "acme", NULL, "m@a.example"), "allow acme m@a.example trigger");
	assert_int_equal(asc_group_del(p->a, "nothing", &p->why), ERR_NOTFOUND);
}

static int count_member(void *arg, const char *scs)
{
	(void)scs;
	(*(int *)arg)++;
	return 0;
}

static void test_a_deleted_scs_leaves_its_groups(void **state)
{
	struct place *p = *state;
	int n = 0;

	assert_int_equal(asc_group_member_add(p->a, "fleet", "acme", &p->why), 0);
	assert_int_equal(asc_group_member_add(p->a, "fleet", "beta", &p->why), 0);
	assert_int_equal(asc_scs_del(p->a, "acme", &p->why), 0);
	assert_int_equal(place_open(p), 0);
	assert_int_equal(asc_group_member_each(p->a, "fleet", count_member, &n), 0);
	assert_int_equal(n, 1);
	put_scs(p, "acme", "49170123456", "anchor-a");
	assert_int_equal(place_add(p, ASSOC_ALLOW, "group:fleet", "m@a.example"), 0);
	assert_string_equal(found(p, "acme", NULL, "m@a.example"), "");
}

static void test_what_cannot_be_is_refused_in_words(void **state)
{
	struct place *p = *state;
	char name[16];

	assert_int_equal(put_group(p, "Fleet", ""), ERR_INVAL);
	assert_int_equal(put_group(p, "a", "Anchor"), ERR_INVAL);
	assert_int_equal(asc_group_member_add(p->a, "nothing", "acme", &p->why), ERR_NOTFOUND);
	assert_string_equal(p->why.text, "no group 'nothing'; 'mtcctl group list' lists them");
	assert_int_equal(asc_group_member_add(p->a, "fleet", "nobody", &p->why), ERR_NOTFOUND);
	assert_string_equal(p->why.text, "no SCS 'nobody'; 'mtcctl scs list' lists them");
	assert_int_equal(asc_group_member_del(p->a, "fleet", "acme", &p->why), ERR_NOTFOUND);
	assert_int_equal(asc_group_member_add(p->a, "fleet", "acme", &p->why), 0);
	assert_int_equal(asc_group_member_add(p->a, "fleet", "acme", &p->why), ERR_EXISTS);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "group:nothing", "m@a.example"), ERR_NOTFOUND);
	assert_string_equal(p->why.text, "no group 'group:nothing'; 'mtcctl group list' lists them");
	for (unsigned i = 1; i < ASC_GROUPS_PER_SCS_MAX; i++) {
		snprintf(name, sizeof name, "g%u", i);
		assert_int_equal(put_group(p, name, ""), 0);
		assert_int_equal(asc_group_member_add(p->a, name, "acme", &p->why), 0);
	}
	assert_int_equal(asc_group_member_add(p->a, "partners", "acme", &p->why), ERR_LIMIT);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, place_teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_a_stored_member_is_found_by_the_rules_of_its_group),
		T(test_a_certificate_proves_a_group_only_under_the_anchor_of_that_group),
		T(test_stored_and_proven_at_once_is_found_once),
		T(test_a_deleted_group_takes_its_rules_and_memberships_and_they_never_return),
		T(test_a_deleted_scs_leaves_its_groups),
		T(test_what_cannot_be_is_refused_in_words),
	};

	return cmocka_run_group_tests_name("asc groups", tests, NULL, NULL);
}
