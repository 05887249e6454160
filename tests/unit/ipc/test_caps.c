/* The counter page holds its caps over all edges. */
#include "tests/unit/test.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/ipc_caps.h"

static void two_edges(struct ipc_caps **a, struct ipc_caps **b)
{
	int fd;

	assert_int_equal(ipc_caps_make(&fd, 2), 0);
	assert_int_equal(ipc_caps_open(a, fd, 0), 0);
	assert_int_equal(ipc_caps_open(b, fd, 1), 0);
	close(fd);
}

static void test_the_total_cap_counts_all_edges(void **state)
{
	struct ipc_caps *a, *b;

	(void)state;
	two_edges(&a, &b);
	assert_int_equal(ipc_caps_enter(a, "192.0.2.1:1", 2, 100), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.2:1", 2, 100), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(a, "192.0.2.3:1", 2, 100), IPC_CAPS_TOTAL);
	ipc_caps_leave(b, "192.0.2.2:1");
	assert_int_equal(ipc_caps_enter(a, "192.0.2.3:1", 2, 100), IPC_CAPS_OK);
	ipc_caps_close(a);
	ipc_caps_close(b);
}

static void test_the_cap_of_an_address_counts_all_its_ports_on_all_edges(void **state)
{
	struct ipc_caps *a, *b;

	(void)state;
	two_edges(&a, &b);
	assert_int_equal(ipc_caps_enter(a, "192.0.2.1:1", 100, 2), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.1:2", 100, 2), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.1:3", 100, 2), IPC_CAPS_ADDRESS);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.9:3", 100, 2), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(a, "[2001:db8::1]:5", 100, 1), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(a, "[2001:db8::1]:6", 100, 1), IPC_CAPS_ADDRESS);
	ipc_caps_close(a);
	ipc_caps_close(b);
}

/* Fills the cap of two and asks whether `third` is one too many. */
static bool counts_with(struct ipc_caps_prefix prefix, const char *first, const char *second, const char *third)
{
	enum ipc_caps_verdict verdict;
	struct ipc_caps *a, *b;

	two_edges(&a, &b);
	ipc_caps_prefixes(a, prefix);
	ipc_caps_prefixes(b, prefix);
	assert_int_equal(ipc_caps_enter(a, first, 100, 2), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(b, second, 100, 2), IPC_CAPS_OK);
	verdict = ipc_caps_enter(a, third, 100, 2);
	ipc_caps_leave(a, first);
	ipc_caps_leave(b, second);
	if (verdict == IPC_CAPS_OK) {
		ipc_caps_leave(a, third);
	}
	assert_int_equal(ipc_caps_enter(b, third, 1, 1), IPC_CAPS_OK); /* all left */
	ipc_caps_close(a);
	ipc_caps_close(b);
	return verdict == IPC_CAPS_ADDRESS;
}

static void test_an_address_counts_as_its_prefix(void **state)
{
	static const struct ipc_caps_prefix usual = { 32, 64 }, whole = { 32, 128 }, wide = { 24, 56 }, odd = { 31, 63 },
					    one = { 1, 1 };

	(void)state;
	assert_true(counts_with(usual, "[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff:ffff:ffff:ffff]:2", "[2001:db8:1:2:3::]:3"));
	assert_false(counts_with(usual, "[2001:db8:1:2::1]:1", "[2001:db8:1:2::2]:2", "[2001:db8:1:3::1]:3"));
	assert_false(counts_with(whole, "[2001:db8:1:2::1]:1", "[2001:db8:1:2::1]:2", "[2001:db8:1:2::2]:3"));
	assert_true(counts_with(whole, "[2001:db8:1:2::1]:1", "[2001:DB8:1:2:0::1]:2", "[2001:db8:1:2::1]:3"));
	assert_true(counts_with(wide, "[2001:db8:1:200::1]:1", "[2001:db8:1:2ff::1]:2", "[2001:db8:1:201::2]:3"));
	assert_false(counts_with(wide, "[2001:db8:1:200::1]:1", "[2001:db8:1:2ff::1]:2", "[2001:db8:1:300::2]:3"));
	assert_true(counts_with(odd, "[2001:db8:0:2::1]:1", "[2001:db8:0:3::1]:2", "[2001:db8:0:2::2]:3"));
	assert_false(counts_with(odd, "[2001:db8:0:2::1]:1", "[2001:db8:0:3::1]:2", "[2001:db8:0:4::2]:3"));
	assert_true(counts_with(one, "[8000::1]:1", "[ffff::1]:2", "[c000::2]:3"));
	assert_false(counts_with(usual, "192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:3"));
	assert_true(counts_with(wide, "192.0.2.1:1", "192.0.2.1:2", "192.0.2.255:3"));
	assert_false(counts_with(wide, "192.0.2.1:1", "192.0.2.1:2", "192.0.3.1:3"));
	/* a listener on '::' sees IPv4 like this */
	assert_true(counts_with(usual, "192.0.2.1:1", "[::ffff:192.0.2.1]:2", "[::ffff:192.0.2.1]:3"));
	assert_false(counts_with(usual, "[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.1]:2", "[::ffff:192.0.2.2]:3"));
	assert_false(counts_with(usual, "[::1]:1", "[::2]:1", "192.0.2.1:1"));
	assert_true(counts_with(usual, "unix", "unix", "unix"));
}

static void test_a_dead_edge_counts_no_more(void **state)
{
	struct ipc_caps *a, *b;

	(void)state;
	two_edges(&a, &b);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.1:1", 1, 1), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(a, "192.0.2.1:2", 1, 1), IPC_CAPS_TOTAL);
	ipc_caps_clear(a, 1);
	assert_int_equal(ipc_caps_enter(a, "192.0.2.1:2", 1, 1), IPC_CAPS_OK);
	ipc_caps_leave(b, "192.0.2.1:1"); /* never below zero */
	ipc_caps_close(a);
	ipc_caps_close(b);
}

static void test_what_another_edge_writes_into_the_page_is_gone_with_that_edge(void **state)
{
	struct ipc_caps *a, *b;
	struct stat st;
	uint8_t *page;
	int fd;

	(void)state;
	assert_int_equal(ipc_caps_make(&fd, 2), 0);
	assert_int_equal(ipc_caps_open(&a, fd, 0), 0);
	assert_int_equal(ipc_caps_open(&b, fd, 1), 0);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.1:1", 3, 3), IPC_CAPS_OK);
	assert_int_equal(fstat(fd, &st), 0);
	page = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(page, MAP_FAILED);
	memset(page, 0xff, (size_t)st.st_size); /* the edge of slot 0, in other hands */
	ipc_caps_clear(a, 0);                   /* it is ended */
	assert_int_equal(ipc_caps_enter(b, "192.0.2.1:2", 3, 3), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.1:3", 3, 3), IPC_CAPS_OK);
	memset(page, 0, (size_t)st.st_size);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.1:4", 3, 4), IPC_CAPS_TOTAL);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.1:4", 4, 3), IPC_CAPS_ADDRESS);
	munmap(page, (size_t)st.st_size);
	ipc_caps_close(a);
	ipc_caps_close(b);
	close(fd);
}

/* The keys choose the buckets of an address: an edge that knew them could choose addresses that share a limit with an honest one. */
static void test_an_edge_leaves_no_keys_of_its_own_behind(void **state)
{
	struct ipc_caps *parent, *next;
	uint8_t keys[32], *page;
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(ipc_caps_make(&fd, 2), 0);
	assert_int_equal(ipc_caps_open(&parent, fd, 0), 0);
	assert_int_equal(fstat(fd, &st), 0);
	page = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(page, MAP_FAILED);
	memcpy(keys, page, sizeof keys);
	memset(page, 0, sizeof keys); /* the edge of slot 1, in other hands */
	ipc_caps_clear(parent, 1);    /* it is ended */
	assert_memory_equal(page, keys, sizeof keys);
	assert_int_equal(ipc_caps_open(&next, fd, 1), 0);
	munmap(page, (size_t)st.st_size);
	ipc_caps_close(next);
	ipc_caps_close(parent);
	close(fd);
}

/* Strangers have counts of their own, and knowing one does not end its connection. */
static void test_strangers_are_counted_beside(void **state)
{
	struct ipc_caps *a, *b;

	(void)state;
	two_edges(&a, &b);
	assert_int_equal(ipc_caps_enter(a, "192.0.2.1:1", 100, 100), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_stranger(a, "192.0.2.1:1", 2, 1), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_stranger(b, "192.0.2.1:2", 2, 1), IPC_CAPS_ADDRESS);
	assert_int_equal(ipc_caps_stranger(b, "192.0.2.2:1", 2, 1), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_stranger(b, "192.0.2.3:1", 2, 1), IPC_CAPS_TOTAL);
	assert_int_equal(ipc_caps_stranger(b, "192.0.2.1:3", 2, 1), IPC_CAPS_ADDRESS); /* of both, the one that is its own */
	ipc_caps_known(a, "192.0.2.1:1");
	assert_int_equal(ipc_caps_stranger(b, "192.0.2.1:2", 2, 1), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.1:4", 100, 1), IPC_CAPS_ADDRESS); /* the connection is there still */
	ipc_caps_close(a);
	ipc_caps_close(b);
}

/* One more for an edge, as in a flood. Returns how many it has then. */
static unsigned flooded(struct ipc_caps *edge, unsigned has)
{
	unsigned give;

	if (ipc_caps_stranger(edge, "192.0.2.1:1", 8, 100) == IPC_CAPS_OK) {
		return has + 1;
	}
	give = ipc_caps_room(edge, 8);
	if (give && !has) {
		return 0; /* refused */
	}
	for (; give && has; give--, has--) {
		ipc_caps_known(edge, "192.0.2.1:1");
	}
	assert_int_equal(ipc_caps_stranger(edge, "192.0.2.1:1", UINT32_MAX, UINT32_MAX), IPC_CAPS_OK);
	return has + 1;
}

static void test_an_edge_that_starts_in_a_flood_gets_its_part(void **state)
{
	unsigned old = 0, fresh = 0;
	struct ipc_caps *a, *b;

	(void)state;
	two_edges(&a, &b);
	for (int i = 0; i < 20; i++) {
		old = flooded(a, old);
	}
	assert_int_equal(old, 8);
	for (int i = 0; i < 20; i++) {
		fresh = flooded(b, fresh);
		old = flooded(a, old);
		assert_true(old + fresh <= 8 + 1);
	}
	assert_int_equal(fresh, 4);
	assert_int_equal(old, 4);
	ipc_caps_close(a);
	ipc_caps_close(b);
}

static void test_connections_that_begin_are_counted_by_the_second(void **state)
{
	struct ipc_caps *a, *b;

	(void)state;
	two_edges(&a, &b);
	assert_int_equal(ipc_caps_begin(a, "192.0.2.1:1", 7, 3, 2), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_begin(b, "192.0.2.1:2", 7, 3, 2), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_begin(b, "192.0.2.1:3", 7, 3, 2), IPC_CAPS_ADDRESS);
	assert_int_equal(ipc_caps_begin(a, "192.0.2.9:1", 7, 3, 2), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_begin(a, "192.0.2.8:1", 7, 3, 2), IPC_CAPS_TOTAL);
	assert_int_equal(ipc_caps_begin(b, "192.0.2.8:1", 8, 3, 2), IPC_CAPS_OK); /* what a counted is of the second before */
	assert_int_equal(ipc_caps_begin(a, "[2001:db8::1]:1", 8, 0, 2), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_begin(b, "[2001:db8::2]:1", 8, 0, 2), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_begin(a, "[2001:db8::3]:1", 8, 0, 2), IPC_CAPS_ADDRESS); /* one /64 */
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(ipc_caps_begin(a, "192.0.2.1:1", 9, 0, 0), IPC_CAPS_OK);
	}
	assert_int_equal(ipc_caps_enter(a, "192.0.2.1:1", 1, 1), IPC_CAPS_OK); /* they do not count elsewhere */
	ipc_caps_close(a);
	ipc_caps_close(b);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strangers_are_counted_beside),
		cmocka_unit_test(test_connections_that_begin_are_counted_by_the_second),
		cmocka_unit_test(test_an_edge_that_starts_in_a_flood_gets_its_part),
		cmocka_unit_test(test_the_total_cap_counts_all_edges),
		cmocka_unit_test(test_the_cap_of_an_address_counts_all_its_ports_on_all_edges),
		cmocka_unit_test(test_an_address_counts_as_its_prefix),
		cmocka_unit_test(test_a_dead_edge_counts_no_more),
		cmocka_unit_test(test_what_another_edge_writes_into_the_page_is_gone_with_that_edge),
		cmocka_unit_test(test_an_edge_leaves_no_keys_of_its_own_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
