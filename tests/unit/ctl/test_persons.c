/* Roles by groups; links and log-ins: once, in time, bounded. Times and random octets are made up. */
#include "tests/unit/test.h"

#include "ctl/ctl_persons.h"

static const struct ctl_persons_conf conf = { .max = 4, .per_person_max = 2, .session_ms = 1000, .idle_ms = 100 };
static uint8_t random_octets[CTL_SECRET_OCTETS];

/* Other octets at each call. */
static const uint8_t *draw(void)
{
	for (size_t i = 0; i < sizeof random_octets && !++random_octets[i]; i++) {
	}
	return random_octets;
}

static struct ctl_person person(const char *name, uid_t uid, enum ctl_role role)
{
	struct ctl_person p = { .uid = uid, .role = role };

	snprintf(p.name, sizeof p.name, "%s", name);
	return p;
}

static struct ctl_persons *table(void)
{
	struct ctl_persons *p;

	assert_int_equal(ctl_persons_new(&p, &conf), 0);
	return p;
}

static enum ctl_role role(uid_t uid, gid_t gid, gid_t more)
{
	const struct ctl_roles roles = { .read = 10, .operate = 20, .admin = 30 };
	struct ctl_caller c = { .uid = uid, .gid = gid, .groups = { 5, more }, .groups_n = 2 };

	return ctl_role_of(&roles, &c);
}

static void test_the_highest_role_counts(void **state)
{
	const struct ctl_roles none = { CTL_NO_GROUP, CTL_NO_GROUP, CTL_NO_GROUP }, roles = { 10, 20, 30 };
	struct ctl_caller odd = { .uid = 1000, .gid = CTL_NO_GROUP, .groups = { CTL_NO_GROUP }, .groups_n = 1 };

	(void)state;
	assert_int_equal(role(0, 0, 0), CTL_ROLE_ADMIN);
	assert_int_equal(role(1000, 1000, 1000), CTL_ROLE_NONE);
	assert_int_equal(role(1000, 10, 1000), CTL_ROLE_READ);
	assert_int_equal(role(1000, 1000, 10), CTL_ROLE_READ);
	assert_int_equal(role(1000, 10, 20), CTL_ROLE_OPERATE);
	assert_int_equal(role(1000, 30, 10), CTL_ROLE_ADMIN);
	assert_int_equal(ctl_role_of(&none, &odd), CTL_ROLE_NONE);
	odd.groups[1] = 30; /* of more groups than it has */
	assert_int_equal(ctl_role_of(&roles, &odd), CTL_ROLE_NONE);
}

static void test_a_link_becomes_one_log_in(void **state)
{
	struct ctl_person alice = person("alice", 1, CTL_ROLE_OPERATE), who;
	char link[CTL_SECRET_MAX], other[CTL_SECRET_MAX], ticket[CTL_SECRET_MAX];
	struct ctl_persons *p = table();

	(void)state;
	assert_int_equal(ctl_persons_link(p, &alice, draw(), 60, 1000, link), 0);
	assert_int_equal(strlen(link), 32);
	memcpy(other, link, sizeof other);
	other[31] = other[31] == '0' ? '1' : '0';
	assert_int_equal(ctl_persons_enter(p, other, draw(), 1001, ticket, &who), ERR_AUTH);
	assert_int_equal(ctl_persons_enter(p, "", draw(), 1001, ticket, &who), ERR_AUTH);
	assert_int_equal(ctl_persons_find(p, link, 1001, &who), ERR_AUTH); /* a link is no ticket */
	assert_int_equal(ctl_persons_enter(p, link, draw(), 1059, ticket, &who), 0);
	assert_string_equal(who.name, "alice");
	assert_int_equal(who.role, CTL_ROLE_OPERATE);
	assert_string_not_equal(ticket, link);
	assert_int_equal(ctl_persons_enter(p, link, draw(), 1059, other, &who), ERR_AUTH);   /* once */
	assert_int_equal(ctl_persons_enter(p, ticket, draw(), 1059, other, &who), ERR_AUTH); /* a ticket is no link */
	assert_int_equal(ctl_persons_find(p, ticket, 1100, &who), 0);
	assert_string_equal(who.name, "alice");
	assert_int_equal(ctl_persons_link(p, &alice, draw(), 60, 2000, link), 0);
	assert_int_equal(ctl_persons_enter(p, link, draw(), 2060, other, &who), ERR_AUTH); /* in time */
	assert_int_equal(ctl_persons_link(p, &alice, draw(), 500, 3000, link), 0);
	ctl_persons_leave(p, link); /* ends no link */
	assert_int_equal(ctl_persons_enter(p, link, draw(), 3499, other, &who),
			 0); /* its time is its own, not that of idle log-ins */
	ctl_persons_free(p);
}

static void enter(struct ctl_persons *p, const struct ctl_person *who, uint64_t now_ms, char ticket[CTL_SECRET_MAX])
{
	char link[CTL_SECRET_MAX];
	struct ctl_person same;

	assert_int_equal(ctl_persons_link(p, who, draw(), 60, now_ms, link), 0);
	assert_int_equal(ctl_persons_enter(p, link, draw(), now_ms, ticket, &same), 0);
}

static void test_a_log_in_ends(void **state)
{
	struct ctl_person alice = person("alice", 1, CTL_ROLE_READ), who;
	char ticket[CTL_SECRET_MAX];
	struct ctl_persons *p = table();

	(void)state;
	enter(p, &alice, 0, ticket);
	assert_int_equal(ctl_persons_find(p, ticket, 99, &who), 0);
	assert_int_equal(ctl_persons_find(p, ticket, 199, &who), ERR_AUTH); /* idle */
	assert_int_equal(ctl_persons_open(p, 199), 0);
	enter(p, &alice, 0, ticket);
	for (uint64_t now = 50; now < 1000; now += 50) {
		assert_int_equal(ctl_persons_find(p, ticket, now, &who), 0);
	}
	assert_int_equal(ctl_persons_find(p, ticket, 1000, &who), ERR_AUTH); /* its longest time */
	enter(p, &alice, 2000, ticket);
	ctl_persons_leave(p, "");
	assert_int_equal(ctl_persons_find(p, ticket, 2001, &who), 0);
	ctl_persons_leave(p, ticket);
	assert_int_equal(ctl_persons_find(p, ticket, 2001, &who), ERR_AUTH);
	ctl_persons_free(p);
}

static void test_nobody_keeps_others_out(void **state)
{
	struct ctl_person alice = person("alice", 1, CTL_ROLE_READ), bob = person("bob", 2, CTL_ROLE_READ),
			  carol = person("carol", 3, CTL_ROLE_ADMIN), nobody = person("nobody", 4, CTL_ROLE_NONE),
			  odd = person("a b", 5, CTL_ROLE_READ), who;
	char tickets[3][CTL_SECRET_MAX], link[CTL_SECRET_MAX];
	struct ctl_persons *p = table();

	(void)state;
	assert_int_equal(ctl_persons_link(p, &nobody, draw(), 60, 0, link), ERR_INVAL);
	assert_int_equal(ctl_persons_link(p, &odd, draw(), 60, 0, link), ERR_INVAL);
	enter(p, &alice, 0, tickets[0]);
	enter(p, &alice, 1, tickets[1]);
	assert_int_equal(ctl_persons_find(p, tickets[0], 2, &who), 0);
	enter(p, &alice, 3, tickets[2]); /* takes the place of the one that was used longest ago */
	assert_int_equal(ctl_persons_find(p, tickets[0], 3, &who), 0);
	assert_int_equal(ctl_persons_find(p, tickets[1], 3, &who), ERR_AUTH);
	assert_int_equal(ctl_persons_find(p, tickets[2], 3, &who), 0);
	assert_int_equal(ctl_persons_link(p, &bob, draw(), 60, 3, link), 0);
	assert_int_equal(ctl_persons_link(p, &bob, draw(), 60, 3, link), 0);
	assert_int_equal(ctl_persons_open(p, 3), 4);
	assert_int_equal(ctl_persons_link(p, &carol, draw(), 60, 3, link), ERR_BUSY);
	assert_int_equal(ctl_persons_link(p, &bob, draw(), 60, 3, link), 0);    /* in place of one of his */
	assert_int_equal(ctl_persons_link(p, &carol, draw(), 60, 63, link), 0); /* those of bob ran out */
	ctl_persons_free(p);
}

/* Whoever has a place keeps one when all places are taken, also with fewer than a person may have. */
static void test_a_full_table_gives_a_person_its_own_place(void **state)
{
	struct ctl_person alice = person("alice", 1, CTL_ROLE_READ), bob = person("bob", 2, CTL_ROLE_READ),
			  carol = person("carol", 3, CTL_ROLE_READ), who;
	char ticket[CTL_SECRET_MAX], first[CTL_SECRET_MAX], second[CTL_SECRET_MAX];
	struct ctl_persons *p = table();

	(void)state;
	enter(p, &alice, 0, ticket);
	enter(p, &alice, 0, ticket);
	enter(p, &bob, 0, ticket);
	enter(p, &carol, 0, first);
	enter(p, &carol, 1, second);
	assert_int_equal(ctl_persons_find(p, first, 2, &who), ERR_AUTH);
	assert_int_equal(ctl_persons_find(p, second, 2, &who), 0);
	assert_int_equal(ctl_persons_find(p, ticket, 2, &who), 0);
	assert_string_equal(who.name, "bob");
	ctl_persons_free(p);
}

TEST_GROUP()
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_highest_role_counts),
		cmocka_unit_test(test_a_link_becomes_one_log_in),
		cmocka_unit_test(test_a_log_in_ends),
		cmocka_unit_test(test_nobody_keeps_others_out),
		cmocka_unit_test(test_a_full_table_gives_a_person_its_own_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
