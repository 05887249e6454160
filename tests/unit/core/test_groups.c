/* Groups on the wire path: a group is proven by the session's certificate or stored, and nothing else puts an SCS into one. 105 is no; 201
 * is yes, for there is no HSS here to go on with. */
#include "tests/unit/test.h"

#include "base/clock.h"
#include "core/core_int.h"
#include "core/core_rights.h"
#include "tests/unit/core/core_play.h"
#include "tests/support/asc_wait.h"

#define URI "urn:mtc:group:"

static int setup(void **state)
{
	struct core_play *p = calloc(1, sizeof *p);

	assert_non_null(p);
	core_play_start(p);
	core_play_provision(p);
	core_play_add_fleet(p);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	core_play_end(*state);
	free(*state);
	return 0;
}

/* Opens session 1 with a certificate that carries these URIs (NULL: no more). */
static void open_with(struct core_play *p, const char *first, const char *second)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");

	for (int i = 0; i < 2; i++) {
		const char *uri = i ? second : first;

		if (uri) {
			snprintf(s.identity.groups[s.identity.groups_n++], sizeof s.identity.groups[0], "%s", uri);
		}
	}
	assert_true(core_play_open(p, 1, &s).admitted);
}

static int64_t ask(struct core_play *p, uint32_t reference)
{
	struct ipc_device_action a = core_play_action(1, "meter-1@b.example", reference);

	a.end_to_end = reference;
	return core_play_ask(p, reference, &a);
}

static void test_a_certificate_that_names_the_group_is_in_it(void **state)
{
	open_with(*state, "https://acme.example/", URI "fleet");
	assert_int_equal(ask(*state, 41), 201);
}

static void test_without_it_the_rule_of_the_group_says_nothing(void **state)
{
	open_with(*state, NULL, NULL);
	assert_int_equal(ask(*state, 41), 105);
}

static void test_look_alikes_of_the_uri_name_no_group(void **state)
{
	static const char *const alike[] = { "urn:mtc:group",
					     URI,
					     URI "Fleet",
					     URI "fleet/x",
					     URI "fleet%20",
					     URI "fleets",
					     "xurn:mtc:group:fleet",
					     "URN:mtc:group:fleet",
					     "fleet",
					     "group:fleet",
					     URI "fle" };

	for (size_t i = 0; i < sizeof alike / sizeof *alike; i++) {
		open_with(*state, alike[i], NULL); /* announced anew: judged anew */
		assert_int_equal(ask(*state, (uint32_t)(50 + i)), 105);
	}
}

static void test_a_uri_counts_only_under_the_trust_anchor_of_the_group(void **state)
{
	struct core_play *p = *state;
	struct asc_group fleet = { .name = "fleet", .anchor = "anchor-b" };
	struct asc_why why;

	open_with(p, URI "fleet", NULL);
	assert_int_equal(ask(p, 41), 201);
	assert_int_equal(asc_group_put(p->core->store.asc, &fleet, &why), 0); /* while the session lives */
	assert_int_equal(ask(p, 42), 105);
	fleet.anchor[0] = 0;
	assert_int_equal(asc_group_put(p->core->store.asc, &fleet, &why), 0);
	assert_int_equal(ask(p, 43), 105);
}

static void test_stored_membership_holds_at_once_and_no_longer_than_it_is_stored(void **state)
{
	struct core_play *p = *state;
	struct asc_why why;

	open_with(p, NULL, NULL);
	assert_int_equal(ask(p, 41), 105);
	assert_int_equal(asc_group_member_add(p->core->store.asc, "fleet", "acme", &why), 0);
	assert_int_equal(ask(p, 42), 201);
	assert_int_equal(asc_group_member_del(p->core->store.asc, "fleet", "acme", &why), 0);
	assert_int_equal(ask(p, 43), 105);
}

static void test_a_rule_of_the_scs_itself_is_stronger_than_that_of_its_group(void **state)
{
	struct asc_rule_new deny = { "acme", "*@b.example", ASSOC_DENY, ASSOC_RIGHT_TRIGGER, 0, 0, ASSOC_ENFORCE };
	struct core_play *p = *state;
	struct asc_why why;

	open_with(p, URI "fleet", NULL);
	assert_int_equal(asc_rule_add(p->core->store.asc, &deny, &why), 0);
	assert_int_equal(ask(p, 41), 105);
}

static void test_what_a_certificate_proves_ends_with_it(void **state)
{
	struct core_play *p = *state;
	struct ipc_identity id = { .kind = IDENTITY_TLS, .groups_n = 1, .not_after_s = 1000 };
	struct core_proven *proven;

	strcpy(id.groups[0], URI "fleet");
	assert_int_equal(core_proven_of(&proven, p->core, &id), 0);
	assert_non_null(proven);
	assert_int_equal(core_asker("acme", proven, 1000000).proven_n, 1);
	assert_int_equal(core_asker("acme", proven, 1000999).proven_n, 1); /* its last second */
	assert_int_equal(core_asker("acme", proven, 1001000).proven_n, 0);
	core_proven_free(proven);
}

static void test_proven_groups_come_back_from_their_text(void **state)
{
	struct ipc_identity id = { .kind = IDENTITY_TLS, .groups_n = 3, .not_after_s = 1000 };
	char text[TRG_GROUPS_LEN_MAX + 1];
	struct core_play *p = *state;
	struct core_proven *proven, back;

	strcpy(id.groups[0], URI "fleet");
	strcpy(id.groups[1], URI "yard-2");
	strcpy(id.groups[2], URI "x");
	assert_int_equal(core_proven_of(&proven, p->core, &id), 0);
	core_proven_text(text, p->core, proven);
	assert_string_equal(text, "fleet yard-2 x");
	core_proven_from(&back, text, 1000);
	assert_int_equal(back.n, 3);
	assert_true(back.not_after_s == 1000);
	for (int i = 0; i < 3; i++) {
		assert_string_equal(back.names[i], proven->names[i]);
	}
	core_proven_text(text, p->core, NULL);
	assert_string_equal(text, "");
	core_proven_from(&back, "", 0);
	assert_int_equal(back.n, 0);
	core_proven_free(proven);
}

static void test_a_trigger_in_flight_keeps_what_its_session_proved_until_the_certificate_ends(void **state)
{
	char groups[TRG_GROUPS_LEN_MAX + 1];
	struct trg trg = { .number = 1 };
	struct core_trigger t = { .trg = &trg };
	struct core_play *p = *state;
	struct assoc_found found;
	struct core_session *s;

	open_with(p, URI "fleet", NULL);
	s = core_session_find(p->core, p->generation, 1);
	assert_non_null(s);
	t.core = p->core;
	t.scs = s->scs;
	core_proven_text(groups, p->core, s->proven);
	trg.req.groups = groups;
	core_session_free(s); /* the connection is gone, the trigger is not */
	assert_non_null(core_trigger_rules(&t, &found, "meter-1@b.example", NULL, clock_real_ms()));
	assert_int_equal(found.n, 1);
	assert_string_equal(found.rules[0].who, "group:fleet");
	trg.req.groups_not_after_s = clock_real_ms() / 1000 - 1;
	assert_non_null(core_trigger_rules(&t, &found, "meter-1@b.example", NULL, clock_real_ms()));
	assert_int_equal(found.n, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_a_certificate_that_names_the_group_is_in_it),
		T(test_without_it_the_rule_of_the_group_says_nothing),
		T(test_look_alikes_of_the_uri_name_no_group),
		T(test_a_uri_counts_only_under_the_trust_anchor_of_the_group),
		T(test_stored_membership_holds_at_once_and_no_longer_than_it_is_stored),
		T(test_a_rule_of_the_scs_itself_is_stronger_than_that_of_its_group),
		T(test_what_a_certificate_proves_ends_with_it),
		T(test_proven_groups_come_back_from_their_text),
		T(test_a_trigger_in_flight_keeps_what_its_session_proved_until_the_certificate_ends),
	};

	return cmocka_run_group_tests_name("gateway groups", tests, NULL, NULL);
}
