/* What operators see of NDS/IP: a sentence for each SCS that is not protected, the line of status, and the reasons of health. */
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/admin/adm_play.h"

static int helper = -1; /* our end of the channel */

static int ndsip_start(void **state)
{
	struct cfg_iwf *c;
	struct play *p;

	play_start(state);
	p = *state;
	c = p->core.cfg;
	c->ndsip.present = true;
	c->ndsip.reauth_ms = 86400000;
	c->ndsip.local_ike_n = 1;
	strcpy(c->ndsip.local_ike[0], "192.0.2.1");
	c->listen[0].protection = PROTECTION_NDSIP;
	strcpy(c->listen[0].address, "10.77.0.1");
	ask(p, "scs.set", "{\"name\": \"acme\", \"ndsip_hosts\": [\"10.8.0.7\"], \"ndsip_ike\": [\"192.0.2.7\"]}");
	return 0;
}

static int ndsip_end(void **state)
{
	if (helper >= 0) {
		close(helper);
	}
	helper = -1;
	return play_end(state);
}

static void join(struct play *p)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(core_ndsip_channel(p->core.core, pair[1]), 0);
	helper = pair[0];
	core_play_turns(&p->core, 2);
}

static void tell(struct play *p, const struct ns_msg *m)
{
	uint8_t octets[NS_MSG_OCTETS_MAX];
	size_t n = ns_msg_encode(octets, m);

	assert_true(n > 0);
	assert_int_equal(send(helper, octets, n, MSG_NOSIGNAL), (ssize_t)n);
	core_play_turns(&p->core, 3);
}

static void summary(struct play *p, bool charon, enum ns_rules rules, const char *words)
{
	struct ns_msg m = { .kind = NS_SUMMARY,
			    .summary = { .charon = charon, .rules = (uint8_t)rules, .open = 3, .proven = 2 } };

	strcpy(m.summary.version, "5.9.8");
	strcpy(m.summary.words, words);
	tell(p, &m);
}

static void acme_is(struct play *p, enum ns_scs_state state, const char *words)
{
	struct ns_msg m = { .kind = NS_SCS_STATE,
			    .scs_is = { .name = "acme", .state = (uint8_t)state, .children = 1, .open = 2 } };

	strcpy(m.scs_is.words, words);
	tell(p, &m);
}

/* STATE and why acme is not protected. */
static void is(struct play *p, const char *state, const char *why)
{
	const json_t *row = row_of(ask(p, "ndsip.status", "{\"scs\": \"acme\"}"));

	assert_string_equal(json_string_value(json_object_get(row, "state")), state);
	assert_string_equal(json_string_value(json_object_get(row, "why")), why);
	assert_int_equal(json_is_true(json_object_get(row, "protected")), *why == 0);
	assert_string_equal(json_of(row, "hosts"), "[\"10.8.0.7\"]");
	assert_string_equal(json_of(row, "ike"), "[\"192.0.2.7\"]");
}

/* The reason of health that begins so; NULL: none. */
static const char *reason(struct play *p, const char *begins)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(ask(p, "health", "{}")->last, "reasons"), i, one)
	{
		const char *word = json_string_value(json_object_get(one, "reason"));

		if (!strncmp(word, begins, strlen(begins))) {
			return word;
		}
	}
	return NULL;
}

#define NO_HELPER "the NDS/IP helper, which asks strongSwan, does not run: connections that need it are refused"

static void test_each_way_to_be_without_protection_is_a_sentence(void **state)
{
	struct play *p = *state;
	const struct ctl_answer *a;

	is(p, "unknown", NO_HELPER);
	assert_string_equal(reason(p, "ndsip"), "ndsip-helper-down");
	join(p);
	is(p, "waits", NO_HELPER); /* it has said nothing */
	summary(p, false, NS_RULES_UNCHECKED, "no such socket /run/charon.vici");
	is(p, "waits",
	   "strongSwan (charon) does not answer: no such socket /run/charon.vici: connections with NDS/IP are refused");
	assert_string_equal(reason(p, "charon"), "charon-away");
	summary(p, true, NS_RULES_CHANGED, "");
	is(p, "waits", "the packet filter's rules of NDS/IP are changed: nothing is read from its connections");
	assert_string_equal(reason(p, "ndsip"), "ndsip-rules");
	summary(p, true, NS_RULES_OK, "");
	is(p, "waits", "the NDS/IP helper has said nothing about it yet");
	assert_null(reason(p, "ndsip"));
	assert_null(reason(p, "charon"));
	acme_is(p, NS_SCS_DOWN, "no IKE_SA: ask the SCS to initiate");
	is(p, "down", "no IKE_SA: ask the SCS to initiate");
	acme_is(p, NS_SCS_CHILDLESS, "an IKE_SA without a child");
	is(p, "childless", "an IKE_SA without a child");
	acme_is(p, NS_SCS_UP, "");
	is(p, "up", "");
	a = ask(p, "ndsip.status", "{}");
	assert_string_equal(json_of(a->last, "count"), "1");
	assert_string_equal(json_of(a->last, "protected"), "1");
	assert_string_equal(json_of(a->last, "version"), "\"5.9.8\"");
	assert_string_equal(json_of(a->last, "trouble"), "\"\"");
	assert_string_equal(json_of(a->last, "proven"), "2");
	assert_string_equal(json_of(json_object_get(ask(p, "status", "{}")->last, "ndsip"), "rules"), "\"in force\"");
	summary(p, false, NS_RULES_OK, "");
	is(p, "up",
	   "strongSwan (charon) does not answer: connections with NDS/IP are refused"); /* what it was, and is not sure now */
}

static void test_who_has_no_ndsip_is_told_how_to_get_it(void **state)
{
	struct play *p = *state;

	assert_string_equal(ask(p, "ndsip.status", "{\"scs\": \"nobody\"}")->error,
			    "there is no SCS 'nobody'; 'mtcctl scs list' lists them");
	ask(p, "scs.set", "{\"name\": \"acme\", \"ndsip_hosts\": [], \"ndsip_ike\": []}");
	assert_string_equal(
	    ask(p, "ndsip.status", "{\"scs\": \"acme\"}")->error,
	    "SCS 'acme' has no NDS/IP: 'mtcctl scs set acme ndsip-hosts ADDRESS' names the addresses that it connects "
	    "from");
	assert_string_equal(json_of(ask(p, "ndsip.status", "{}")->last, "count"), "0");
}

static void test_without_a_listener_there_is_nothing_to_protect(void **state)
{
	struct play *p = *state;

	p->core.cfg->listen[0].protection = PROTECTION_TLS;
	is(p, "unknown", "no listener of the configuration has protection ndsip or tls+ndsip");
	assert_null(reason(p, "ndsip"));
	assert_null(json_object_get(ask(p, "status", "{}")->last, "ndsip"));
}

/* The configuration of a later start has the address of the SCS. */
static void test_an_scs_that_was_left_out_is_a_reason(void **state)
{
	struct play *p = *state;

	strcpy(p->core.cfg->listen[0].address, "10.8.0.7");
	join(p);
	summary(p, true, NS_RULES_OK, "");
	is(p, "refused", "10.8.0.7 is the address of our listener 'tsp', expected one of the SCS");
	assert_string_equal(reason(p, "ndsip"), "ndsip-left-out");
}

#define NDSIP_TEST(name) cmocka_unit_test_setup_teardown(name, ndsip_start, ndsip_end)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		NDSIP_TEST(test_each_way_to_be_without_protection_is_a_sentence),
		NDSIP_TEST(test_who_has_no_ndsip_is_told_how_to_get_it),
		NDSIP_TEST(test_without_a_listener_there_is_nothing_to_protect),
		NDSIP_TEST(test_an_scs_that_was_left_out_is_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
