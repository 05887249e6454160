/* Which Host header means us. */
#include "tests/unit/test.h"

#include "metrics/mtr_host.h"

static char names[2][MTR_HOST_MAX] = { "iwf.operator.example", "metrics" };

static void test_addresses_and_configured_names(void **state)
{
	static const char *const good[] = {
		"127.0.0.1:9868",       "127.0.0.1",      "192.0.2.7:9868", "[::1]:9868",
		"[2001:db8::7]",        "localhost:9868", "LocalHost",      "iwf.operator.example:9868",
		"IWF.operator.example", "metrics:1"
	};
	const struct mtr_hosts hosts = { names, 2 };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		if (!mtr_host_ok(&hosts, good[i])) {
			fail_msg("%s is refused", good[i]);
		}
	}
}

static void test_all_else_is_refused(void **state)
{
	static const char *const bad[] = { "",
					   ":9868",
					   "evil.example",
					   "evil.example:9868",
					   "127.0.0.1.evil.example:9868",
					   "localhost.evil.example",
					   "iwf.operator.example.evil.example",
					   "wf.operator.example",
					   "127.0.0.1:9868:1",
					   "127.0.0.1:",
					   "127.0.0.1:x",
					   "127.0.0.1:123456",
					   "127.0.0.1 evil.example",
					   "127.1",
					   "[::1",
					   "[]",
					   "[::1]x",
					   "[::1]:",
					   "[evil.example]",
					   "::1",
					   "metrics/..",
					   "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]" };
	const struct mtr_hosts hosts = { names, 2 }, none = { NULL, 0 };
	char longest[400];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (mtr_host_ok(&hosts, bad[i])) {
			fail_msg("%s is taken", bad[i]);
		}
	}
	assert_false(mtr_host_ok(&hosts, NULL));
	assert_false(mtr_host_ok(&none, "metrics"));
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = 0;
	assert_false(mtr_host_ok(&hosts, longest));
	longest[MTR_HOST_MAX] = 0; /* one more than a name may have */
	assert_false(mtr_host_ok(&hosts, longest));
	longest[MTR_HOST_MAX - 1] = 0;
	assert_false(mtr_host_ok(&hosts, longest));
	assert_true(mtr_host_ok(&(struct mtr_hosts){ (char(*)[MTR_HOST_MAX])longest, 1 }, longest));
}

TEST_GROUP()
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_and_configured_names),
		cmocka_unit_test(test_all_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
