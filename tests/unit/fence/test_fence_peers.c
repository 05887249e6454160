/* The rules for connections that we make: from our address to the port of a peer, and nothing else of its tunnel. */
#include "tests/unit/test.h"

#include "fence/fence_conf.h"
#include "fence/fence_rules.h"

static struct cfg_iwf conf;
static struct fence_conf planned;

static struct cfg_peer *peer(const char *name, int protection, int transport, const char *address, const char *local)
{
	struct cfg_peer *p = &conf.peers[conf.peers_n++];

	snprintf(p->name, sizeof p->name, "%s", name);
	snprintf(p->address, sizeof p->address, "%s", address);
	snprintf(p->local_addresses[p->local_addresses_n++], sizeof p->local_addresses[0], "%s", local);
	p->protection = protection;
	p->transport = transport;
	p->port = 3868;
	return p;
}

static int begin(void **state)
{
	(void)state;
	memset(&conf, 0, sizeof conf);
	snprintf(conf.ndsip.device, sizeof conf.ndsip.device, "ipsec0");
	return 0;
}

/* The rules of a chain, a line each. */
static const char *rules_of(enum fence_chain chain)
{
	static char out[4096];
	char why[FENCE_WHY_MAX] = "", text[FENCE_RULE_TEXT_MAX];
	struct fence_rules *rules;

	if (fence_conf_plan(&planned, &conf, why)) {
		fail_msg("%s", why);
	}
	assert_int_equal(fence_rules_new(&rules, &planned.plan), 0);
	out[0] = 0;
	for (size_t i = 0; i < rules->n; i++) {
		if (rules->rule[i].chain == chain) {
			fence_rule_text(text, &rules->rule[i]);
			snprintf(out + strlen(out), sizeof out - strlen(out), "%s # %s\n", text, rules->rule[i].comment);
		}
	}
	fence_rules_free(rules);
	return out;
}

static void test_a_connection_that_we_make_over_tcp(void **state)
{
	(void)state;
	conf.ndsip.mode = CFG_NDSIP_XFRM;
	peer("plain", PROTECTION_NONE, TRANSPORT_TCP, "10.78.2.9", "10.78.1.9");
	peer("hss", PROTECTION_NDSIP, TRANSPORT_TCP, "10.78.2.1", "10.78.1.1");
	assert_string_equal(
	    rules_of(FENCE_INPUT),
	    "ip saddr 10.78.2.1 ip daddr 10.78.1.1 tcp sport 3868 meta ipsec missing counter drop # peer hss: input from "
	    "outside the tunnel\n"
	    "ip saddr 10.78.2.1 ip daddr 10.78.1.1 tcp sport 3868 tcp flags & (syn | ack) != syn meta ipsec exists "
	    "counter accept # peer hss: input from the tunnel\n"
	    "meta ipsec exists counter drop # anything else from the tunnel\n");
	assert_string_equal(
	    rules_of(FENCE_POSTROUTING),
	    "ip saddr 10.78.1.1 ip daddr 10.78.2.1 tcp dport 3868 rt ipsec missing counter drop # peer hss: output "
	    "outside the tunnel\n");
}

static void test_an_association_that_we_make(void **state)
{
	struct cfg_peer *p;

	(void)state;
	conf.ndsip.mode = CFG_NDSIP_LIBIPSEC;
	p = peer("smssc", PROTECTION_NDSIP, TRANSPORT_SCTP, "fd00::2:1", "fd00::1:1");
	snprintf(p->more_addresses[p->more_addresses_n++], sizeof p->more_addresses[0], "fd00::2:2");
	assert_string_equal(
	    rules_of(FENCE_POSTROUTING),
	    "ip6 saddr fd00::1:1 ip6 daddr fd00::2:1 sctp dport 3868 oifname != \"ipsec0\" counter drop # peer smssc: "
	    "output outside the tunnel\n"
	    "ip6 saddr fd00::1:1 ip6 daddr fd00::2:2 sctp dport 3868 oifname != \"ipsec0\" counter drop # peer smssc: "
	    "output outside the tunnel\n");
	assert_non_null(strstr(rules_of(FENCE_INPUT),
			       "ip6 saddr fd00::2:2 ip6 daddr fd00::1:1 sctp sport 3868 @th,96,8 != 1 iifname "
			       "\"ipsec0\" counter accept # peer smssc: input from the tunnel\n"));
	assert_non_null(strstr(rules_of(FENCE_INPUT),
			       "ip6 saddr fd00::2:2 ip6 daddr fd00::1:1 meta l4proto sctp exthdr frag exists "
			       "iifname != \"ipsec0\" counter drop # peer smssc: fragments"));
}

static void test_a_peer_without_an_address_has_no_rules(void **state)
{
	char why[FENCE_WHY_MAX] = "";

	(void)state;
	peer("hss", PROTECTION_NDSIP, TRANSPORT_TCP, "hss.example", "10.78.1.1");
	assert_int_equal(fence_conf_plan(&planned, &conf, why), ERR_INVAL);
	assert_string_equal(why,
			    "peer 'hss' has the address 'hss.example', which is not numeric or one too many, expected fewer");
	begin(NULL);
	peer("hss", PROTECTION_NONE, TRANSPORT_TCP, "10.78.2.1", "10.78.1.1");
	assert_int_equal(fence_conf_plan(&planned, &conf, why), ERR_NOTFOUND);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_connection_that_we_make_over_tcp, begin),
		cmocka_unit_test_setup(test_an_association_that_we_make, begin),
		cmocka_unit_test_setup(test_a_peer_without_an_address_has_no_rules, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
