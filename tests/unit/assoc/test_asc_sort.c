/* The external sort: whatever goes in comes out in order, whole, however little memory there is. */
#include "tests/unit/test.h"

#include "assoc/asc_sort.h"

static uint32_t seed = 1;

static uint32_t any(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

struct record {
	uint8_t key[ASC_SORT_KEY_MAX];
	size_t key_len;
	uint8_t value[4];
};

/* Names of fleets: long common beginnings; ended by NUL and a number, so that none is the beginning of another. */
static void make(struct record *r, uint32_t i)
{
	static const char *const fleets[] = { "meter-", "m", "a-very-long-beginning-that-many-share-", "" };
	static const char *const domains[] = { "@fleet.example", "@a", "@b.example" };
	int n = snprintf((char *)r->key, sizeof r->key, "%s%0*u%s", fleets[any(4)], (int)any(9), any(200000), domains[any(3)]);

	r->key_len = (size_t)n + 5;
	r->key[n] = 0;
	memcpy(r->key + n + 1, &i, 4);
	memcpy(r->value, &i, 4);
}

static int order(const void *x, const void *y)
{
	const struct record *a = x, *b = y;
	size_t len = a->key_len < b->key_len ? a->key_len : b->key_len;
	int c = memcmp(a->key, b->key, len);

	return c ? c : (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

static void play(uint32_t n, size_t memory)
{
	struct record *all = calloc(n + 1, sizeof *all);
	struct asc_sort_row row;
	struct asc_sort *s;

	assert_non_null(all);
	assert_int_equal(asc_sort_new(&s, "/tmp", memory), 0);
	for (uint32_t i = 0; i < n; i++) {
		make(&all[i], i);
		assert_int_equal(asc_sort_add(s, all[i].key, all[i].key_len, all[i].value, 4), 0);
	}
	assert_int_equal(asc_sort_count(s), n);
	assert_int_equal(asc_sort_end(s), 0);
	qsort(all, n, sizeof *all, order);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(asc_sort_next(s, &row), 0);
		assert_int_equal(row.key_len, all[i].key_len);
		assert_memory_equal(row.key, all[i].key, row.key_len);
		assert_int_equal(row.value_len, 4);
		assert_memory_equal(row.value, all[i].value, 4);
	}
	assert_int_equal(asc_sort_next(s, &row), ERR_NOTFOUND);
	asc_sort_free(s);
	free(all);
}

static void test_sorted_whatever_the_memory(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 40; n++) {
		play(n, 0);
	}
	play(1000, 0);          /* one run and the rest */
	play(20000, 0);         /* dozens */
	play(20000, 64u << 20); /* none */
}

static void test_what_is_too_long_ends_it(void **state)
{
	static uint8_t key[ASC_SORT_KEY_MAX + 1];
	struct asc_sort *s;

	(void)state;
	assert_int_equal(asc_sort_new(&s, "/tmp", 0), 0);
	assert_int_equal(asc_sort_add(s, key, sizeof key, NULL, 0), ERR_LIMIT);
	assert_int_equal(asc_sort_add(s, key, 1, NULL, 0), ERR_LIMIT);
	asc_sort_free(s);
	assert_int_equal(asc_sort_new(&s, "/no/such/place", 0), ERR_IO);
}

static void test_it_can_be_dropped_at_any_time(void **state)
{
	struct asc_sort *s;
	struct record r;

	(void)state;
	for (uint32_t n = 0; n < 3000; n += 700) {
		assert_int_equal(asc_sort_new(&s, "/tmp", 0), 0);
		for (uint32_t i = 0; i < n; i++) {
			make(&r, i);
			assert_int_equal(asc_sort_add(s, r.key, r.key_len, r.value, 4), 0);
		}
		asc_sort_free(s);
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sorted_whatever_the_memory),
		cmocka_unit_test(test_what_is_too_long_ends_it),
		cmocka_unit_test(test_it_can_be_dropped_at_any_time),
	};

	return cmocka_run_group_tests_name("asc_sort", tests, NULL, NULL);
}
