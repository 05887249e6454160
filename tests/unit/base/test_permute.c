/* Identifiers made of a count: unique as the count is, and nothing of it can be seen. */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "base/permute.h"

#define N 100000u

static const struct sip_key key = { { 0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull } };

static int order32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int order64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void test_no_two_numbers_give_the_same(void **state)
{
	uint32_t *small = malloc(N * sizeof *small);
	uint64_t *large = malloc(N * sizeof *large);

	(void)state;
	assert_true(small && large);
	for (uint32_t i = 0; i < N; i++) {
		small[i] = permute32(&key, UINT32_MAX - N / 2 + i); /* also where the count begins again */
		large[i] = permute64(&key, i);
	}
	qsort(small, N, sizeof *small, order32);
	qsort(large, N, sizeof *large, order64);
	for (uint32_t i = 1; i < N; i++) {
		assert_int_not_equal(small[i], small[i - 1]);
		assert_true(large[i] != large[i - 1]);
	}
	free(small);
	free(large);
}

/* A count shows itself in three ways: the next is larger, it is near, or it has the same upper half. */
static void test_no_count_shows(void **state)
{
	uint32_t larger32 = 0, larger64 = 0, near = 0, same_half = 0;

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		uint32_t a = permute32(&key, i), b = permute32(&key, i + 1);
		uint64_t c = permute64(&key, i), d = permute64(&key, i + 1);

		larger32 += b > a;
		larger64 += d > c;
		near += b - a < 1u << 16;
		same_half += a >> 16 == b >> 16 || c >> 32 == d >> 32;
	}
	assert_in_range(larger32, N / 2 - N / 50, N / 2 + N / 50); /* 12 standard deviations: the key is the same each time */
	assert_in_range(larger64, N / 2 - N / 50, N / 2 + N / 50);
	assert_true(near < 20); /* one or two are expected of chance */
	assert_true(same_half < 20);
}

static void test_another_key_gives_something_else(void **state)
{
	struct sip_key other = key;
	uint32_t same = 0;

	(void)state;
	other.k[1] ^= 1;
	for (uint32_t i = 0; i < N; i++) {
		same += permute32(&key, i) == permute32(&other, i);
		same += permute64(&key, i) == permute64(&other, i);
		same += permute32(&key, i) == (uint32_t)permute64(&key, i);
	}
	assert_true(same < 5);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_two_numbers_give_the_same),
		cmocka_unit_test(test_no_count_shows),
		cmocka_unit_test(test_another_key_gives_something_else),
	};

	return cmocka_run_group_tests_name("base permute", tests, NULL, NULL);
}
