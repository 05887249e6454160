/* Against a plain array that is searched: whatever is set, set again and deleted, the first is the earliest. */
#include "tests/unit/test.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_is_always_the_earliest),
	};

	return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
