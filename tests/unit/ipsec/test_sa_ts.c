/* Addresses and traffic selectors, in the forms in which charon writes them. */
#include "tests/unit/test.h"

#include "ipsec/sa_ts.h"

static const struct sa_service names[] = { { "diameter", 3868 }, { "9pfs-x", 564 } };
static const struct sa_services services = { names, 2 };

static int ts_read(struct sa_ts *out, const char *text)
{
	struct vici_text t = { text, strlen(text) };

	return sa_ts_read(out, &t, services);
}

static struct sa_ts ts_of(const char *text)
{
	struct sa_ts ts;

	if (ts_read(&ts, text)) {
		fail_msg("%s", text);
	}
	return ts;
}

static struct sa_end end_of(const char *address, uint16_t port)
{
	struct sa_end end = { .port = port };

	assert_int_equal(sa_address_read(&end.address, address, strlen(address)), 0);
	return end;
}

static enum sa_hold holds(const char *ts, const char *address, uint16_t port)
{
	struct sa_ts selector = ts_of(ts);
	struct sa_end end = end_of(address, port);

	return sa_ts_holds(&selector, &end, SA_TCP);
}

static void test_selectors_hold_address_protocol_and_port(void **state)
{
	(void)state;
	assert_int_equal(holds("10.77.1.1/32", "10.77.1.1", 1), SA_INSIDE);
	assert_int_equal(holds("10.77.1.1/32", "10.77.1.2", 1), SA_OUTSIDE);
	assert_int_equal(holds("10.77.1.0/24", "10.77.1.255", 1), SA_INSIDE);
	assert_int_equal(holds("10.77.1.0/24", "10.77.2.0", 1), SA_OUTSIDE);
	assert_int_equal(holds("0.0.0.0/0", "255.255.255.255", 1), SA_INSIDE);
	assert_int_equal(holds("0.0.0.0/0", "::1", 1), SA_OUTSIDE);
	assert_int_equal(holds("10.0.0.3..10.0.0.9", "10.0.0.3", 1), SA_INSIDE);
	assert_int_equal(holds("10.0.0.3..10.0.0.9", "10.0.0.10", 1), SA_OUTSIDE);
	assert_int_equal(holds("10.77.1.1/32[tcp]", "10.77.1.1", 1), SA_INSIDE);
	assert_int_equal(holds("10.77.1.1/32[udp]", "10.77.1.1", 1), SA_OUTSIDE);
	assert_int_equal(holds("10.77.1.1/32[6/3868]", "10.77.1.1", 3868), SA_INSIDE);
	assert_int_equal(holds("10.77.1.1/32[tcp/3868]", "10.77.1.1", 3869), SA_OUTSIDE);
	assert_int_equal(holds("10.77.1.1/32[tcp/1000-2000]", "10.77.1.1", 2000), SA_INSIDE);
	assert_int_equal(holds("10.77.1.1/32[tcp/1000-2000]", "10.77.1.1", 2001), SA_OUTSIDE);
	assert_int_equal(holds("10.77.1.1/32[0/3868]", "10.77.1.1", 3868), SA_INSIDE);
	assert_int_equal(holds("2001:db8::/32[tcp/3868]", "2001:db8:ffff::1", 3868), SA_INSIDE);
	assert_int_equal(holds("2001:db8::/32", "2001:db9::", 3868), SA_OUTSIDE);
}

static void test_a_port_may_have_a_name(void **state)
{
	(void)state;
	assert_int_equal(holds("10.77.1.1/32[tcp/diameter]", "10.77.1.1", 3868), SA_INSIDE);
	assert_int_equal(holds("10.77.1.1/32[tcp/diameter]", "10.77.1.1", 3869), SA_OUTSIDE);
	assert_int_equal(holds("10.77.1.1/32[tcp/9pfs-x]", "10.77.1.1", 564), SA_INSIDE);
	assert_int_equal(holds("10.77.1.1/32[tcp/diameters]", "10.77.1.1", 3868), SA_UNKNOWN);
	assert_int_equal(holds("10.77.1.1/32[tcp/OPAQUE]", "10.77.1.1", 3868), SA_UNKNOWN);
	assert_int_equal(holds("10.77.1.1/32[udp/domain]", "10.77.1.1", 53), SA_OUTSIDE);
	assert_int_equal(holds("10.77.1.1/32[l2tp]", "10.77.1.1", 53), SA_OUTSIDE); /* a protocol by a name: not ours */
}

/* A socket of both families shows IPv4 peers in the form of IPv6. */
static void test_an_ipv4_address_in_the_form_of_ipv6(void **state)
{
	(void)state;
	assert_int_equal(holds("10.77.1.1/32", "::ffff:10.77.1.1", 1), SA_INSIDE);
	assert_int_equal(holds("10.77.1.1/32", "::10.77.1.1", 1), SA_OUTSIDE);
}

static void test_what_is_no_selector(void **state)
{
	static const char *const bad[] = { "",
					   "dynamic",
					   "10.77.1.1/33",
					   "10.77.1.1/24", /* bits behind the prefix */
					   "10.77.1.1/",
					   "10.77.1/32",
					   "10.0.0.9..10.0.0.3",
					   "10.0.0.9..::1",
					   "10.77.1.1/32[",
					   "10.77.1.1/32[]",
					   "10.77.1.1/32[tcp/]",
					   "10.77.1.1/32[tcp/3868",
					   "10.77.1.1/32[tcp/9-8]",
					   "10.77.1.1/32[tcp/1-65536]",
					   "10.77.1.1/32[tcp/a b]",
					   "10.77.1.1/32[300 x/1]",
					   "10.77.1.1/32 ",
					   "::ffff:10.0.0.1/128" };
	static char longest[SA_TS_TEXT_MAX + 1];
	struct sa_ts ts;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (ts_read(&ts, bad[i]) != ERR_INVAL) {
			fail_msg("'%s' was taken", bad[i]);
		}
	}
	memset(longest, '1', SA_TS_TEXT_MAX);
	assert_int_equal(ts_read(&ts, longest), ERR_INVAL);
}

static void test_the_written_form_is_read_as_the_same(void **state)
{
	static const char *const same[][2] = {
		{ "10.77.1.1/32[tcp/3868]", "10.77.1.1/32[6/3868]" },
		{ "10.77.1.1/32[tcp]", "10.77.1.1/32[6]" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "10.0.0.3..10.0.0.9[sctp/1-9]", "10.0.0.3..10.0.0.9[132/1-9]" },
		{ "2001:db8::/32[0/5]", "2001:db8::/32[0/5]" },
		{ "10.0.0.0..10.0.0.255", "10.0.0.0/24" },
	};
	char text[SA_TS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		struct sa_ts ts = ts_of(same[i][0]), again;

		sa_ts_text(text, &ts);
		assert_string_equal(text, same[i][1]);
		again = ts_of(text);
		assert_memory_equal(&ts.from, &again.from, sizeof ts.from);
		assert_memory_equal(&ts.to, &again.to, sizeof ts.to);
		assert_true(ts.protocol == again.protocol && ts.port_from == again.port_from && ts.port_to == again.port_to);
	}
}

static bool meet(const char *a, const char *b)
{
	struct sa_ts x = ts_of(a), y = ts_of(b);

	assert_int_equal(sa_ts_meet(&x, &y), sa_ts_meet(&y, &x));
	return sa_ts_meet(&x, &y);
}

static void test_selectors_that_meet(void **state)
{
	(void)state;
	assert_true(meet("10.0.0.0/24", "10.0.0.7/32"));
	assert_false(meet("10.0.0.0/24", "10.0.1.0/24"));
	assert_true(meet("10.0.0.1/32[tcp]", "10.0.0.1/32"));
	assert_false(meet("10.0.0.1/32[tcp]", "10.0.0.1/32[sctp]"));
	assert_true(meet("10.0.0.1/32[tcp/1-5]", "10.0.0.1/32[tcp/5-9]"));
	assert_false(meet("10.0.0.1/32[tcp/1-5]", "10.0.0.1/32[tcp/6]"));
	assert_true(meet("10.0.0.1/32[tcp/1-5]", "10.0.0.1/32[tcp/x]")); /* an unknown port may be any */
	assert_false(meet("0.0.0.0/0", "::/0"));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_selectors_hold_address_protocol_and_port), cmocka_unit_test(test_a_port_may_have_a_name),
		cmocka_unit_test(test_an_ipv4_address_in_the_form_of_ipv6),      cmocka_unit_test(test_what_is_no_selector),
		cmocka_unit_test(test_the_written_form_is_read_as_the_same),     cmocka_unit_test(test_selectors_that_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
