/* The selectors of our side, as charon gets them for every SCS. */
#include "tests/unit/test.h"

#include "daemon/dm_selectors.h"

static struct cfg_iwf conf;

static struct cfg_listen *listener(int protection, int transport, const char *address)
{
	struct cfg_listen *l = &conf.listen[conf.listen_n++];

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

static int begin(void **state)
{
	(void)state;
	memset(&conf, 0, sizeof conf);
	return 0;
}

static void is(const struct sa_ts *ts, const char *words)
{
	char text[SA_TS_TEXT_MAX];

	sa_ts_text(text, ts);
	assert_string_equal(text, words);
}

static void test_tcp(void **state)
{
	struct sa_ts ts[SA_SELECTORS_MAX];
	size_t n;

	(void)state;
	listener(PROTECTION_TLS, TRANSPORT_TCP, "10.77.9.1");
	listener(PROTECTION_NDSIP, TRANSPORT_TCP, "10.77.1.1");
	listener(PROTECTION_TLS_NDSIP, TRANSPORT_TCP, "fd00:77:1::1");
	assert_int_equal(dm_selectors(ts, &n, &conf), 0);
	assert_int_equal(n, 2);
	is(&ts[0], "10.77.1.1/32[6/3868]");
	is(&ts[1], "fd00:77:1::1/128[6/3868]");
}

static void test_every_address_of_a_listener_over_sctp(void **state)
{
	struct sa_ts ts[SA_SELECTORS_MAX];
	struct cfg_listen *l;
	size_t n;

	(void)state;
	more(listener(PROTECTION_NONE, TRANSPORT_SCTP, "10.77.9.1"), "10.77.9.2");
	l = listener(PROTECTION_NDSIP, TRANSPORT_SCTP, "10.77.1.1");
	more(l, "10.77.1.2");
	assert_int_equal(dm_selectors(ts, &n, &conf), 0);
	assert_int_equal(n, 2);
	is(&ts[0], "10.77.1.1/32[132/3868]");
	is(&ts[1], "10.77.1.2/32[132/3868]");
	snprintf(l->more_addresses[0], sizeof l->more_addresses[0], "gateway");
	assert_int_equal(dm_selectors(ts, &n, &conf), ERR_INVAL);
}

static void test_not_more_than_a_tunnel_is_understood_with(void **state)
{
	struct sa_ts ts[SA_SELECTORS_MAX];
	char address[16];
	size_t n;

	(void)state;
	for (unsigned i = 0; i < SA_SELECTORS_MAX; i++) {
		snprintf(address, sizeof address, "10.77.1.%u", i + 1);
		listener(PROTECTION_NDSIP, TRANSPORT_TCP, address);
	}
	assert_int_equal(dm_selectors(ts, &n, &conf), 0);
	assert_int_equal(n, SA_SELECTORS_MAX);
	listener(PROTECTION_NDSIP, TRANSPORT_TCP, "10.77.1.99");
	assert_int_equal(dm_selectors(ts, &n, &conf), ERR_LIMIT);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_tcp, begin),
		cmocka_unit_test_setup(test_every_address_of_a_listener_over_sctp, begin),
		cmocka_unit_test_setup(test_not_more_than_a_tunnel_is_understood_with, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
