/* Against a plain array that is searched: whatever is set, set again and deleted, the first is the earliest. */
#include "tests/unit/test.h"

#include "base/container.h"
#include "base/heap.h"

#define N 200

static struct heap_node nodes[N];
static bool in[N];

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void check_first(const struct heap *h)
{
	uint64_t earliest = UINT64_MAX;
	size_t n = 0;

	for (size_t i = 0; i < N; i++) {
		n += in[i];
		assert_true(in[i] == (nodes[i].place != 0));
		if (in[i] && nodes[i].at < earliest) {
			earliest = nodes[i].at;
		}
	}
	assert_int_equal(h->n, n);
	if (n) {
		assert_true(heap_first(h)->at == earliest);
	} else {
		assert_null(heap_first(h));
	}
}

static void test_the_first_is_always_the_earliest(void **state)
{
	struct heap h = { 0 };
	uint32_t random = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t i = next_random(&random) % N;

		if (next_random(&random) % 3) {
			assert_int_equal(heap_set(&h, &nodes[i], next_random(&random) % 50), 0);
			in[i] = true;
		} else {
			heap_del(&h, &nodes[i]);
			in[i] = false;
		}
		check_first(&h);
	}
	while (heap_first(&h)) {
		struct heap_node *first = heap_first(&h);

		heap_del(&h, first);
		in[first - nodes] = false;
		check_first(&h);
	}
	heap_fini(&h);
}

/* -- in the order of what its owner compares */

struct word {
	struct heap_node node;
	char text[4];
};

static bool word_before(const struct heap_node *x, const struct heap_node *y)
{
	return strcmp(CONTAINER_OF(x, struct word, node)->text, CONTAINER_OF(y, struct word, node)->text) < 0;
}

static void test_the_order_may_be_that_of_the_owner(void **state)
{
	struct word words[N] = { 0 };
	struct heap h = { .before = word_before };
	uint32_t random = 7;
	char last[4] = "";
	unsigned left = 0;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct word *w = &words[next_random(&random) % N];

		snprintf(w->text, sizeof w->text, "%03u",
			 next_random(&random) % 1000u); /* new, or another key of one that is in it */
		assert_int_equal(heap_set(&h, &w->node, next_random(&random)), 0);
	}
	for (struct heap_node *node; (node = heap_first(&h));) {
		const struct word *first = CONTAINER_OF(node, struct word, node);

		assert_true(strcmp(last, first->text) <= 0);
		memcpy(last, first->text, sizeof last);
		heap_del(&h, node);
		left++;
	}
	assert_true(left > N / 2);
	assert_null(heap_first(&h));
	heap_fini(&h);
}

static void test_another_node_takes_the_place_of_one(void **state)
{
	struct heap_node nine[9] = { { 0 } }, other = { 0 }, none = { .at = 4 };
	struct heap h = { 0 };
	uint64_t last = 0;

	(void)state;
	for (uint64_t i = 0; i < 9; i++) {
		assert_int_equal(heap_set(&h, &nine[i], 10 * ((i * 4) % 9)), 0);
	}
	heap_replace(&h, &nine[5], &other);
	assert_int_equal(nine[5].place, 0);
	assert_true(other.at == nine[5].at);
	heap_replace(&h, &none, &nine[5]); /* was in no heap, and is in none */
	assert_int_equal(nine[5].place, 0);
	assert_int_equal(h.n, 9);
	other.at = 85; /* from 20 */
	heap_settle(&h, &other);
	for (unsigned i = 0; i < 9; i++) {
		struct heap_node *first = heap_first(&h);

		assert_true(first->at >= last);
		assert_true((first == &other) == (i == 8));
		last = first->at;
		heap_del(&h, first);
	}
	heap_settle(&h, &other); /* in no heap */
	assert_int_equal(other.place, 0);
	heap_fini(&h);
}

static void test_what_is_reserved_does_not_move(void **state)
{
	struct heap h = { 0 };
	struct heap_node **table;

	(void)state;
	memset(nodes, 0, sizeof nodes);
	assert_int_equal(heap_reserve(&h, N), 0);
	assert_true(h.cap >= N);
	table = h.nodes;
	for (uint32_t i = 0; i < N; i++) {
		assert_int_equal(heap_set(&h, &nodes[i], i), 0);
	}
	assert_int_equal(heap_reserve(&h, 1), 0);
	assert_ptr_equal(h.nodes, table);
	assert_int_equal(heap_reserve(&h, UINT32_MAX), ERR_NOMEM);
	assert_int_equal(h.n, N);
	heap_fini(&h);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_is_always_the_earliest),
		cmocka_unit_test(test_the_order_may_be_that_of_the_owner),
		cmocka_unit_test(test_another_node_takes_the_place_of_one),
		cmocka_unit_test(test_what_is_reserved_does_not_move),
	};

	return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
