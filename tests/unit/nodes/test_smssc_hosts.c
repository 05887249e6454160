/* How many connections of SMEs each address has. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "nodes/smssc/sme_hosts.h"

static struct sme_host *taken(struct sme_hosts *h, const char *peer, uint32_t max)
{
	struct sme_host *host = NULL;

	assert_int_equal(sme_hosts_take(&host, h, peer, max, max), 0);
	assert_non_null(host);
	return host;
}

static void test_an_address_has_its_bound(void **state)
{
	struct sme_hosts h;
	struct sme_host *a, *b, *other, *none = NULL;

	(void)state;
	assert_int_equal(sme_hosts_init(&h), 0);
	a = taken(&h, "192.0.2.7:40000", 2);
	b = taken(&h, "192.0.2.7:40001", 2);
	assert_ptr_equal(a, b);
	assert_int_equal(sme_hosts_take(&none, &h, "192.0.2.7:40002", 2, 2), ERR_LIMIT);
	assert_null(none);
	other = taken(&h, "192.0.2.8:40000", 2);
	assert_ptr_not_equal(other, a);
	sme_hosts_give(&h, b, false);
	taken(&h, "192.0.2.7:40003", 2);
	sme_hosts_give(&h, a, false);
	sme_hosts_give(&h, a, false);
	sme_hosts_give(&h, other, false);
	sme_hosts_give(&h, NULL, false);
	assert_int_equal(h.by_address.n, 0); /* nothing is kept of who has gone */
	assert_int_equal(sme_hosts_take(&none, &h, "192.0.2.7:40002", 0, 1), ERR_LIMIT);
	sme_hosts_fini(&h);
}

static void test_few_of_an_address_are_without_a_bind(void **state)
{
	struct sme_hosts h;
	struct sme_host *a = NULL, *none = NULL;

	(void)state;
	assert_int_equal(sme_hosts_init(&h), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(sme_hosts_take(&a, &h, "192.0.2.7:1", 5, 2), 0);
	}
	assert_int_equal(sme_hosts_take(&none, &h, "192.0.2.7:1", 5, 2), ERR_BUSY);
	assert_int_equal(sme_hosts_take(&none, &h, "192.0.2.8:1", 5, 0), ERR_BUSY);
	assert_int_equal(h.by_address.n, 1);
	sme_hosts_bound(a); /* makes room for the next */
	assert_int_equal(sme_hosts_take(&a, &h, "192.0.2.7:1", 5, 2), 0);
	assert_int_equal(sme_hosts_take(&none, &h, "192.0.2.7:1", 5, 2), ERR_BUSY);
	sme_hosts_give(&h, a, true); /* a bound one ends: those without a bind are as many as before */
	assert_int_equal(sme_hosts_take(&none, &h, "192.0.2.7:1", 5, 2), ERR_BUSY);
	sme_hosts_give(&h, a, false);
	assert_int_equal(sme_hosts_take(&a, &h, "192.0.2.7:1", 5, 2), 0);
	sme_hosts_bound(a);
	sme_hosts_bound(a);
	for (unsigned i = 0; i < 3; i++) { /* the whole counts before */
		assert_int_equal(sme_hosts_take(&a, &h, "192.0.2.7:1", 5, 3), 0);
	}
	assert_int_equal(sme_hosts_take(&none, &h, "192.0.2.7:1", 5, 3), ERR_LIMIT);
	assert_null(none);
	for (unsigned i = 0; i < 5; i++) {
		sme_hosts_give(&h, a, i < 2);
	}
	assert_int_equal(h.by_address.n, 0);
	sme_hosts_fini(&h);
}

/* The addresses of each pair count together, or apart. */
static void test_what_counts_of_an_address(void **state)
{
	static const struct {
		const char *one, *two;
		bool together;
	} rows[] = {
		{ "[2001:db8:0:1::1]:40000", "[2001:db8:0:1:ffff::9]:40000", true },
		{ "[2001:db8:0:1::1]:40000", "[2001:db8:0:2::1]:40000", false },
		{ "192.0.2.7:40000", "[::ffff:192.0.2.7]:40000", true },
		{ "192.0.2.7:40000", "[::ffff:192.0.2.8]:40000", false },
		{ "0.0.0.1:1", "[::]:1", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sme_hosts h;
		struct sme_host *one, *two;

		assert_int_equal(sme_hosts_init(&h), 0);
		one = taken(&h, rows[i].one, 2);
		two = taken(&h, rows[i].two, 2);
		if ((one == two) != rows[i].together) {
			fail_msg("%s and %s", rows[i].one, rows[i].two);
		}
		sme_hosts_give(&h, one, false);
		sme_hosts_give(&h, two, false);
		sme_hosts_fini(&h);
	}
}

static void test_no_address(void **state)
{
	static const char *const bad[] = { "", "unix", ":1", "[]:1", "192.0.2:1", "x:1", "[192.0.2.7:1", "[2001:db8::1]" };
	struct sme_host *none = NULL;
	struct sme_hosts h;

	(void)state;
	assert_int_equal(sme_hosts_init(&h), 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(sme_hosts_take(&none, &h, bad[i], 1, 1), ERR_INVAL);
	}
	assert_null(none);
	sme_hosts_fini(&h);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_address_has_its_bound),
		cmocka_unit_test(test_few_of_an_address_are_without_a_bind),
		cmocka_unit_test(test_what_counts_of_an_address),
		cmocka_unit_test(test_no_address),
	};

	return cmocka_run_group_tests_name("smssc hosts", tests, NULL, NULL);
}
