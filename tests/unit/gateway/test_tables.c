/* The hash table finds what is in it and nothing else; the counter page holds its caps over all edges. */
#include "tests/unit/test.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/gw_caps.h"
#include "gateway/gw_bag.h"
#include "gateway/gw_map.h"

#define N 5000

struct thing {
	uint32_t key;
	bool seen;
	struct gw_map_node node;
};

static void see(void *arg, struct gw_map_node *node)
{
	struct gw_map *m = arg;
	struct thing *t = GW_MAP_OF(node, struct thing, node);

	assert_false(t->seen);
	t->seen = true;
	gw_map_del(m, node); /* allowed for the one that is handed out */
}

static void test_a_table_finds_what_is_in_it_and_nothing_else(void **state)
{
	struct thing *things = calloc(N, sizeof *things);
	struct gw_map m;

	(void)state;
	assert_int_equal(gw_map_init(&m), 0);
	for (uint32_t i = 0; i < N; i++) {
		things[i].key = i;
		assert_false(gw_map_has(&things[i].node));
		gw_map_add(&m, &things[i].node, &things[i].key, sizeof things[i].key);
	}
	for (uint32_t i = 0; i < N; i += 2)
		gw_map_del(&m, &things[i].node);
	for (uint32_t i = 0; i < N + 100; i++) {
		struct thing *t = GW_MAP_OF(gw_map_find(&m, &i, sizeof i), struct thing, node);

		assert_ptr_equal(t, i < N && i % 2 ? &things[i] : NULL);
	}
	assert_int_equal(m.n, N / 2);
	gw_map_each(&m, see, &m);
	assert_int_equal(m.n, 0);
	gw_map_fini(&m);
	free(things);
}

static void test_keys_are_compared_whole(void **state)
{
	struct gw_map_node a = { 0 };
	struct gw_map m;

	(void)state;
	assert_int_equal(gw_map_init(&m), 0);
	gw_map_add(&m, &a, "abc", 3);
	assert_null(gw_map_find(&m, "abcd", 4));
	assert_null(gw_map_find(&m, "ab", 2));
	assert_ptr_equal(gw_map_find(&m, "abc", 3), &a);
	gw_map_fini(&m);
}

static void two_edges(struct gw_caps **a, struct gw_caps **b)
{
	int fd;

	assert_int_equal(gw_caps_make(&fd, 2), 0);
	assert_int_equal(gw_caps_open(a, fd, 0), 0);
	assert_int_equal(gw_caps_open(b, fd, 1), 0);
	close(fd);
}

static void test_the_total_cap_counts_all_edges(void **state)
{
	struct gw_caps *a, *b;

	(void)state;
	two_edges(&a, &b);
	assert_int_equal(gw_caps_enter(a, "192.0.2.1:1", 2, 100), GW_CAPS_OK);
	assert_int_equal(gw_caps_enter(b, "192.0.2.2:1", 2, 100), GW_CAPS_OK);
	assert_int_equal(gw_caps_enter(a, "192.0.2.3:1", 2, 100), GW_CAPS_TOTAL);
	gw_caps_leave(b, "192.0.2.2:1");
	assert_int_equal(gw_caps_enter(a, "192.0.2.3:1", 2, 100), GW_CAPS_OK);
	gw_caps_close(a);
	gw_caps_close(b);
}

static void test_the_cap_of_an_address_counts_all_its_ports_on_all_edges(void **state)
{
	struct gw_caps *a, *b;

	(void)state;
	two_edges(&a, &b);
	assert_int_equal(gw_caps_enter(a, "192.0.2.1:1", 100, 2), GW_CAPS_OK);
	assert_int_equal(gw_caps_enter(b, "192.0.2.1:2", 100, 2), GW_CAPS_OK);
	assert_int_equal(gw_caps_enter(b, "192.0.2.1:3", 100, 2), GW_CAPS_ADDRESS);
	assert_int_equal(gw_caps_enter(b, "192.0.2.9:3", 100, 2), GW_CAPS_OK);
	assert_int_equal(gw_caps_enter(a, "[2001:db8::1]:5", 100, 1), GW_CAPS_OK);
	assert_int_equal(gw_caps_enter(a, "[2001:db8::1]:6", 100, 1), GW_CAPS_ADDRESS);
	gw_caps_close(a);
	gw_caps_close(b);
}

static void test_a_dead_edge_counts_no_more(void **state)
{
	struct gw_caps *a, *b;

	(void)state;
	two_edges(&a, &b);
	assert_int_equal(gw_caps_enter(b, "192.0.2.1:1", 1, 1), GW_CAPS_OK);
	assert_int_equal(gw_caps_enter(a, "192.0.2.1:2", 1, 1), GW_CAPS_TOTAL);
	gw_caps_clear(a, 1);
	assert_int_equal(gw_caps_enter(a, "192.0.2.1:2", 1, 1), GW_CAPS_OK);
	gw_caps_leave(b, "192.0.2.1:1"); /* never below zero */
	gw_caps_close(a);
	gw_caps_close(b);
}

static void test_what_another_edge_writes_into_the_page_is_gone_with_that_edge(void **state)
{
	struct gw_caps *a, *b;
	struct stat st;
	uint8_t *page;
	int fd;

	(void)state;
	assert_int_equal(gw_caps_make(&fd, 2), 0);
	assert_int_equal(gw_caps_open(&a, fd, 0), 0);
	assert_int_equal(gw_caps_open(&b, fd, 1), 0);
	assert_int_equal(gw_caps_enter(b, "192.0.2.1:1", 3, 3), GW_CAPS_OK);
	assert_int_equal(fstat(fd, &st), 0);
	page = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(page, MAP_FAILED);
	memset(page, 0xff, (size_t)st.st_size); /* the edge of slot 0, in other hands */
	gw_caps_clear(a, 0);                    /* it is ended */
	assert_int_equal(gw_caps_enter(b, "192.0.2.1:2", 3, 3), GW_CAPS_OK);
	assert_int_equal(gw_caps_enter(b, "192.0.2.1:3", 3, 3), GW_CAPS_OK);
	memset(page, 0, (size_t)st.st_size);
	assert_int_equal(gw_caps_enter(b, "192.0.2.1:4", 3, 4), GW_CAPS_TOTAL);
	assert_int_equal(gw_caps_enter(b, "192.0.2.1:4", 4, 3), GW_CAPS_ADDRESS);
	munmap(page, (size_t)st.st_size);
	gw_caps_close(a);
	gw_caps_close(b);
	close(fd);
}

struct bagged {
	int number;
	struct gw_bag_node node;
};

static void test_a_bag_holds_many_under_one_hash(void **state)
{
	static struct bagged things[3000];
	struct gw_bag b;
	unsigned found = 0;

	(void)state;
	assert_int_equal(gw_bag_init(&b), 0);
	for (int i = 0; i < 3000; i++) {
		things[i].number = i;
		gw_bag_add(&b, &things[i].node,
			   (uint64_t)(i / 3) * 0x9e3779b97f4a7c15ull); /* three each; the first three under 0 */
	}
	assert_int_equal(b.n, 3000);
	for (uint64_t h = 0; h < 1000; h++) {
		for (struct gw_bag_node *n = gw_bag_first(&b, h * 0x9e3779b97f4a7c15ull); n; n = gw_bag_next(n))
			found++;
	}
	assert_int_equal(found, 3000);
	gw_bag_del(&b, &things[1].node);
	gw_bag_del(&b, &things[1].node); /* it is out already */
	assert_int_equal(b.n, 2999);
	found = 0;
	for (struct gw_bag_node *n = gw_bag_first(&b, 0); n; n = gw_bag_next(n))
		found++;
	assert_int_equal(found, 2);
	for (int i = 0; i < 3000; i++)
		gw_bag_del(&b, &things[i].node);
	assert_int_equal(b.n, 0);
	assert_null(gw_bag_first(&b, 0));
	gw_bag_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_table_finds_what_is_in_it_and_nothing_else),
		cmocka_unit_test(test_keys_are_compared_whole),
		cmocka_unit_test(test_the_total_cap_counts_all_edges),
		cmocka_unit_test(test_the_cap_of_an_address_counts_all_its_ports_on_all_edges),
		cmocka_unit_test(test_a_dead_edge_counts_no_more),
		cmocka_unit_test(test_what_another_edge_writes_into_the_page_is_gone_with_that_edge),
		cmocka_unit_test(test_a_bag_holds_many_under_one_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
