/* The plan of the packet filter rules that a configuration describes. */
#include "tests/unit/test.h"

#include "fence/fence_conf.h"

static struct cfg_iwf conf;
static struct fence_conf plan;

static struct cfg_listen *listener(const char *name, int protection, int transport, const char *address)
{
	struct cfg_listen *l = &conf.listen[conf.listen_n++];

	snprintf(l->name, sizeof l->name, "%s", name);
	snprintf(l->address, sizeof l->address, "%s", address);
	l->protection = protection;
	l->transport = transport;
	l->port = 3868;
	return l;
}

static void more(struct cfg_listen *l, const char *address)
{
	snprintf(l->more_addresses[l->more_addresses_n++], sizeof l->more_addresses[0], "%s", address);
}

static void has(size_t i, uint8_t protocol, const char *address)
{
	char text[SA_ADDRESS_TEXT_MAX];

	sa_address_text(text, &plan.selector[i].address);
	assert_string_equal(text, address);
	assert_int_equal(plan.selector[i].protocol, protocol);
	assert_int_equal(plan.selector[i].port, 3868);
}

static int begin(void **state)
{
	(void)state;
	memset(&conf, 0, sizeof conf);
	return 0;
}

static void test_each_address_of_a_listener_with_ndsip_is_fenced_in_its_protocol(void **state)
{
	char why[FENCE_WHY_MAX] = "";
	struct cfg_listen *l;

	(void)state;
	listener("plain", PROTECTION_NONE, TRANSPORT_SCTP, "10.77.9.1");
	l = listener("tsp", PROTECTION_NDSIP, TRANSPORT_SCTP, "10.77.1.1");
	more(l, "10.77.1.2");
	more(l, "fd00:77:1::1");
	listener("both", PROTECTION_TLS_NDSIP, TRANSPORT_TCP, "10.77.1.1");
	assert_int_equal(fence_conf_plan(&plan, &conf, why), 0);
	assert_int_equal(plan.plan.n, 4);
	has(0, SA_SCTP, "10.77.1.1");
	has(1, SA_SCTP, "10.77.1.2");
	has(2, SA_SCTP, "fd00:77:1::1");
	has(3, SA_TCP, "10.77.1.1");
}

static void test_what_cannot_be_fenced_is_named(void **state)
{
	char why[FENCE_WHY_MAX] = "";
	struct cfg_listen *l = listener("tsp", PROTECTION_NDSIP, TRANSPORT_SCTP, "10.77.1.1");

	(void)state;
	more(l, "10.77.1.1");
	assert_int_equal(fence_conf_plan(&plan, &conf, why), ERR_INVAL);
	assert_string_equal(why, "listener 'tsp' has an address and port that stand in the plan twice");
	snprintf(l->more_addresses[0], sizeof l->more_addresses[0], "gateway");
	assert_int_equal(fence_conf_plan(&plan, &conf, why), ERR_INVAL);
	assert_string_equal(why, "listener 'tsp' has the address 'gateway', expected a numeric one");
	l->protection = PROTECTION_NONE;
	assert_int_equal(fence_conf_plan(&plan, &conf, why), ERR_NOTFOUND);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_each_address_of_a_listener_with_ndsip_is_fenced_in_its_protocol, begin),
		cmocka_unit_test_setup(test_what_cannot_be_fenced_is_named, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
