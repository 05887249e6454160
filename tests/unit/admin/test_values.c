/* Values of SCSs, groups and rules: one is changed and the others stay, an overwrite says what it reset, what is in force is shown beside what is
 * stored, and a reply says all of a rule. */
#include "tests/unit/admin/adm_play.h"

static void test_one_value_of_an_scs_changes_and_the_others_stay(void **state)
{
	struct play *p = *state;
	const struct ctl_answer *a;
	const json_t *scs;

	a = ask(p, "scs.set",
		"{\"name\": \"acme\", \"quota_per_day\": 500, \"actions\": [\"recall\"], \"priority_allowed\": false}");
	assert_true(a->ok);
	assert_string_equal(json_of(a->last, "sessions_cut"), "0");
	a = ask(p, "scs.set", "{\"name\": \"acme\", \"port_min\": 1000}");
	assert_string_equal(json_of(a->last, "changed"), "[{\"key\":\"port_min\",\"before\":0,\"now\":1000,\"named\":true}]");
	scs = row_of(ctl_fake_run("scs.show", "{\"name\": \"acme\"}"));
	assert_string_equal(json_of(scs, "quota_per_day"), "500");
	assert_string_equal(json_of(scs, "actions"), "[\"recall\"]");
	assert_string_equal(json_of(scs, "priority_allowed"), "false");
	assert_string_equal(json_of(scs, "port_min"), "1000");
	assert_string_equal(json_of(scs, "e164"), "\"491720000001\"");
	a = ask(p, "scs.set", "{\"name\": \"acme\", \"port_max\": 999}");
	assert_non_null(strstr(a->error, "SCS 'acme': ports"));
	assert_non_null(strstr(ask(p, "scs.set", "{\"name\": \"acme\"}")->error, "nothing to set"));
	assert_non_null(strstr(ask(p, "scs.set", "{\"name\": \"nobody\", \"burst\": 1}")->error, "no SCS 'nobody'"));
	assert_non_null(
	    strstr(ask(p, "scs.set", "{\"name\": \"acme\", \"anchor\": \"anchor-z\"}")->error, "trust anchor 'anchor-z'"));
}

static void test_sessions_end_when_the_peer_would_be_another(void **state)
{
	struct play *p = *state;
	struct ipc_session_open open = core_play_session("scs.acme.example", "anchor-a");

	core_play_open(&p->core, 5, &open);
	assert_string_equal(json_of(ask(p, "scs.set", "{\"name\": \"acme\", \"rate_per_s\": 5}")->last, "sessions_cut"), "0");
	assert_string_equal(
	    json_of(ask(p, "scs.set", "{\"name\": \"acme\", \"realm\": \"other.example\"}")->last, "sessions_cut"), "1");
}

#define ACME                                                                                                                     \
	"\"name\": \"acme\", \"e164\": \"491720000001\", \"origin_host\": \"scs.acme.example\", \"realm\": \"acme.example\", "   \
	"\"anchor\": \"anchor-a\""

static void test_an_overwrite_says_what_it_reset(void **state)
{
	struct play *p = *state;
	const struct ctl_answer *a;

	ask(p, "scs.set", "{\"name\": \"acme\", \"quota_per_day\": 500, \"burst\": 7}");
	assert_non_null(strstr(ask(p, "scs.add", "{" ACME "}")->error, "'scs set' changes values of it"));
	a = ask(p, "scs.add", "{" ACME ", \"replace\": true, \"burst\": 9}");
	assert_string_equal(json_of(a->last, "changed"), "[{\"key\":\"burst\",\"before\":7,\"now\":9,\"named\":true},"
							 "{\"key\":\"quota_per_day\",\"before\":500,\"now\":0,\"named\":false},"
							 "{\"key\":\"connections_max\",\"before\":2,\"now\":0,\"named\":false}]");
}

/* A configuration with one listener under NDS/IP, at 10.77.0.1. */
static void serve_ndsip(struct play *p)
{
	struct cfg_iwf *c = p->core.cfg;

	c->ndsip.present = true;
	c->ndsip.local_ike_n = 1;
	strcpy(c->ndsip.local_ike[0], "192.0.2.1");
	c->listen[0].protection = PROTECTION_NDSIP;
	strcpy(c->listen[0].name, "tunnels");
	strcpy(c->listen[0].address, "10.77.0.1");
	c->listen_n = c->listen_n ? c->listen_n : 1;
}

static void test_the_addresses_of_an_scs_under_ndsip(void **state)
{
	struct play *p = *state;
	const struct ctl_answer *a;
	const json_t *scs;

	scs = row_of(ctl_fake_run("scs.show", "{\"name\": \"acme\"}"));
	assert_string_equal(json_of(scs, "ndsip_hosts"), "[]");
	a = ask(p, "scs.set", "{\"name\": \"acme\", \"ndsip_hosts\": [\"10.8.0.8\", \"10.8.0.7\"]}");
	assert_string_equal(json_of(a->last, "changed"),
			    "[{\"key\":\"ndsip_hosts\",\"before\":[],\"now\":[\"10.8.0.7\",\"10.8.0.8\"],\"named\":true}]");
	assert_non_null(strstr(json_of(a->last, "warnings"), "no listener with protection ndsip"));
	serve_ndsip(p);
	a = ask(p, "scs.set", "{\"name\": \"acme\", \"ndsip_ike\": [\"192.0.2.7\"]}");
	assert_string_equal(json_of(a->last, "warnings"), "");
	scs = row_of(ctl_fake_run("scs.show", "{\"name\": \"acme\"}"));
	assert_string_equal(json_of(scs, "ndsip_ike"), "[\"192.0.2.7\"]");
	assert_string_equal(json_of(scs, "ndsip_hosts"), "[\"10.8.0.7\",\"10.8.0.8\"]");
	assert_string_equal(ask(p, "scs.set", "{\"name\": \"acme\", \"ndsip_hosts\": [\"gw\"]}")->error,
			    "ndsip_hosts: 'gw' is no numeric address");
	assert_string_equal(ask(p, "scs.set", "{\"name\": \"acme\", \"ndsip_hosts\": []}")->error,
			    "SCS 'acme': ndsip-ike: expected ndsip-hosts too, the addresses that it connects from");
	a = ask(p, "scs.set", "{\"name\": \"acme\", \"ndsip_hosts\": [], \"ndsip_ike\": []}");
	assert_true(a->ok);
}

/* Our own addresses, and those that no listener can reach. */
static void test_addresses_that_do_not_go_with_the_configuration(void **state)
{
	struct play *p = *state;

	serve_ndsip(p);
	assert_string_equal(ask(p, "scs.set", "{\"name\": \"acme\", \"ndsip_hosts\": [\"10.77.0.1\"]}")->error,
			    "SCS 'acme': 10.77.0.1 is the address of our listener 'tunnels', expected one of the SCS");
	assert_string_equal(ask(p, "scs.set", "{\"name\": \"acme\", \"ndsip_hosts\": [\"192.0.2.1\"]}")->error,
			    "SCS 'acme': 192.0.2.1 is an address of ours (ndsip.local_ike), expected one of the SCS");
	assert_string_equal(ask(p, "scs.set", "{\"name\": \"acme\", \"ndsip_hosts\": [\"fd00::7\"]}")->error,
			    "SCS 'acme': fd00::7 cannot be reached: no listener with NDS/IP has an IPv6 address");
	assert_string_equal(
	    ask(p, "scs.set", "{\"name\": \"acme\", \"ndsip_hosts\": [\"10.8.0.7\"], \"ndsip_ike\": [\"fd00::7\"]}")->error,
	    "SCS 'acme': fd00::7 cannot be reached: no entry of ndsip.local_ike has an IPv6 address");
}

static void test_what_is_in_force_is_the_smaller_limit(void **state)
{
	struct play *p = *state;
	struct cfg_limits *l = &p->core.cfg->limits;
	const json_t *scs;

	l->payload_max = 800;
	l->validity_max_s = 60;
	l->connections_per_scs = 3;
	l->pending_per_scs = 70;
	ask(p, "scs.set",
	    "{\"name\": \"acme\", \"payload_max\": 4000, \"validity_max_s\": 50, \"connections_max\": 9, \"pending_max\": 80}");
	scs = row_of(ctl_fake_run("scs.show", "{\"name\": \"acme\"}"));
	assert_string_equal(json_of(scs, "payload_max"), "4000");
	assert_string_equal(
	    json_of(scs, "in_force"),
	    "{\"payload_max\":800,\"validity_max_s\":50,\"connections_max\":3,\"pending_max\":70,\"absent_max\":20}");
}

static void test_the_anchor_of_a_group_is_set_and_taken_away(void **state)
{
	struct play *p = *state;
	const struct ctl_answer *a;

	assert_non_null(strstr(ask(p, "group.set", "{\"name\": \"fleet\", \"anchor\": \"\"}")->error, "no group 'fleet'"));
	ask(p, "group.add", "{\"name\": \"fleet\", \"anchor\": \"anchor-a\"}");
	assert_non_null(strstr(ask(p, "group.add", "{\"name\": \"fleet\"}")->error, "'group set'"));
	a = ask(p, "group.add", "{\"name\": \"fleet\", \"replace\": true}");
	assert_string_equal(json_of(a->last, "changed"),
			    "[{\"key\":\"anchor\",\"before\":\"anchor-a\",\"now\":\"\",\"named\":false}]");
	a = ask(p, "group.set", "{\"name\": \"fleet\", \"anchor\": \"anchor-a\"}");
	assert_string_equal(json_of(a->last, "changed"),
			    "[{\"key\":\"anchor\",\"before\":\"\",\"now\":\"anchor-a\",\"named\":true}]");
	assert_string_equal(json_of(row_of(ctl_fake_run("group.show", "{\"name\": \"fleet\"}")), "anchor"), "\"anchor-a\"");
	assert_non_null(strstr(ask(p, "group.set", "{\"name\": \"fleet\"}")->error, "nothing to set"));
}

static void test_a_set_gets_another_name(void **state)
{
	struct play *p = *state;

	ask(p, "set.add", "{\"name\": \"trial\"}");
	ask(p, "assoc.add", "{\"scs\": \"acme\", \"device\": \"set:trial\"}");
	assert_non_null(strstr(ask(p, "set.set", "{\"name\": \"trial\"}")->error, "nothing to set"));
	assert_string_equal(json_of(ask(p, "set.set", "{\"name\": \"trial\", \"new_name\": \"other\"}")->last, "changed"),
			    "[{\"key\":\"name\",\"before\":\"trial\",\"now\":\"other\",\"named\":true}]");
	assert_true(ask(p, "assoc.show", "{\"scs\": \"acme\", \"device\": \"set:other\"}")->ok);
	assert_false(ask(p, "set.show", "{\"name\": \"trial\"}")->ok);
}

static void test_a_reply_says_all_of_a_rule_and_how_it_was(void **state)
{
	struct play *p = *state;
	const struct ctl_answer *a;

	a = ask(p, "assoc.add",
		"{\"scs\": \"acme\", \"device\": \"m-1@a.example\", \"effect\": \"deny\", \"mode\": \"detect-only\", "
		"\"rights\": [\"recall\"], \"not_after\": 4102444800}");
	assert_string_equal(json_of(a->last, "mode"), "\"detect-only\"");
	assert_string_equal(json_of(a->last, "rights"), "[\"recall\"]");
	assert_string_equal(json_of(a->last, "not_before"), "");
	assert_string_equal(json_of(a->last, "before"), "");
	assert_string_equal(json_of(a->last, "warnings"), "");
	a = ask(p, "assoc.add", "{\"scs\": \"acme\", \"device\": \"m-1@a.example\", \"effect\": \"deny\"}");
	assert_string_equal(json_of(a->last, "mode"), "\"enforce\"");
	assert_string_equal(json_of(json_object_get(a->last, "before"), "mode"), "\"detect-only\"");
	assert_string_equal(json_of(json_object_get(a->last, "before"), "rights"), "[\"recall\"]");
	assert_non_null(strstr(json_of(json_object_get(a->last, "before"), "not_after"), "2100-01-01"));
	a = ask(p, "assoc.add",
		"{\"scs\": \"*\", \"device\": \"M-1@a.example\", \"effect\": \"block\", \"rights\": [\"recall\"]}");
	assert_string_equal(json_of(a->last, "rights"), "[\"trigger\",\"recall\",\"replace\"]");
	assert_non_null(strstr(json_of(a->last, "warnings"), "'m-1@a.example' has entries already and differs only in case"));
}

static void test_a_pattern_inside_a_name_is_refused_by_every_command(void **state)
{
	struct play *p = *state;

	ask(p, "set.add", "{\"name\": \"trial\"}");
	assert_non_null(
	    strstr(ask(p, "assoc.add", "{\"scs\": \"*\", \"device\": \"meter-7*@a.example\", \"effect\": \"block\"}")->error,
		   "are no patterns inside a name"));
	assert_non_null(strstr(ask(p, "set.member.add", "{\"set\": \"trial\", \"device\": \"m?@a.example\"}")->error,
			       "are no patterns inside a name"));
	assert_non_null(
	    strstr(ask(p, "assoc.check", "{\"scs\": \"acme\", \"device\": \"*@a.example\"}")->error, "about one device"));
	assert_non_null(
	    strstr(ask(p, "assoc.check", "{\"scs\": \"acme\", \"device\": \"meter-7*@a.example\"}")->error, "about one device"));
	assert_non_null(
	    strstr(ask(p, "assoc.del", "{\"scs\": \"*\", \"device\": \"meter-7*@a.example\"}")->error, "no such rule"));
	assert_non_null(
	    strstr(ask(p, "assoc.list", "{\"device\": \"meter-7*@a.example\"}")->error, "are no patterns inside a name"));
	assert_true(ask(p, "assoc.list", "{\"device\": \"*@b.example\"}")->ok);
	assert_non_null(
	    strstr(ask(p, "triggers.list", "{\"device\": \"meter-7*@a.example\"}")->error, "device selects one device"));
	assert_non_null(strstr(ask(p, "triggers.list", "{\"device\": \"*@a.example\"}")->error, "device selects one device"));
	assert_non_null(
	    strstr(ask(p, "triggers.list", "{\"device\": \"msisdn:491700000001-491700000002\"}")->error, "one device"));
	assert_true(ask(p, "triggers.list", "{\"device\": \"meter-7@a.example\"}")->ok);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		PLAY_TEST(test_one_value_of_an_scs_changes_and_the_others_stay),
		PLAY_TEST(test_sessions_end_when_the_peer_would_be_another),
		PLAY_TEST(test_an_overwrite_says_what_it_reset),
		PLAY_TEST(test_the_addresses_of_an_scs_under_ndsip),
		PLAY_TEST(test_addresses_that_do_not_go_with_the_configuration),
		PLAY_TEST(test_what_is_in_force_is_the_smaller_limit),
		PLAY_TEST(test_the_anchor_of_a_group_is_set_and_taken_away),
		PLAY_TEST(test_a_set_gets_another_name),
		PLAY_TEST(test_a_reply_says_all_of_a_rule_and_how_it_was),
		PLAY_TEST(test_a_pattern_inside_a_name_is_refused_by_every_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
