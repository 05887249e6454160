/* Pieces come back, the last one first, are counted, and are at most as many as the bound. */
#include "tests/unit/test.h"

#include <string.h>

#include "base/obj.h"
#include "base/pool.h"

#define MAGIC 0x3b1c77a9u
#define KEEP_MAX 3

struct thing {
	struct obj obj;
	char text[37];
};

static bool keeps(const struct pool *p) /* not with AddressSanitizer */
{
	return p->keep_max > 0;
}

static void test_what_is_given_back_last_is_taken_first(void **state)
{
	struct pool p;
	void *a, *b;

	(void)state;
	pool_init(&p, sizeof(struct thing), KEEP_MAX);
	a = pool_take(&p);
	b = pool_take(&p);
	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_not_equal(a, b);
	assert_int_equal(p.made, 2);
	pool_give(&p, a);
	pool_give(&p, b);
	if (keeps(&p)) {
		assert_ptr_equal(pool_take(&p), b);
		assert_ptr_equal(pool_take(&p), a);
		assert_int_equal(p.kept, 0);
		assert_int_equal(p.made, 2);
		pool_give(&p, a);
		pool_give(&p, b);
	}
	pool_fini(&p);
	assert_null(p.first);
	assert_int_equal(p.kept, 0);
}

static void test_no_more_than_the_bound_are_kept(void **state)
{
	void *piece[2 * KEEP_MAX];
	struct pool p;

	(void)state;
	pool_init(&p, sizeof(struct thing), KEEP_MAX);
	for (size_t i = 0; i < 2 * KEEP_MAX; i++) {
		piece[i] = pool_take(&p);
		assert_non_null(piece[i]);
	}
	for (size_t i = 0; i < 2 * KEEP_MAX; i++) {
		pool_give(&p, piece[i]);
		assert_true(p.kept <= p.keep_max);
	}
	assert_int_equal(p.kept, p.keep_max);
	pool_fini(&p);
}

static void test_a_piece_is_whole_and_zeroed_when_that_is_asked_for(void **state)
{
	static const uint8_t none[sizeof(struct thing)];
	struct pool p;
	void *piece;

	(void)state;
	pool_init(&p, sizeof(struct thing), KEEP_MAX);
	assert_true(p.size >= sizeof(struct thing));
	assert_int_equal(p.size % sizeof(void *), 0);
	for (int i = 0; i < 3; i++) {
		piece = pool_take_zeroed(&p);
		assert_memory_equal(piece, none, sizeof none);
		memset(piece, 0xa5, p.size);
		pool_give(&p, piece);
	}
	pool_fini(&p);
}

static void test_an_ended_object_stays_one_while_it_is_kept(void **state)
{
	struct thing *t[2];
	struct pool p;

	(void)state;
	pool_init(&p, sizeof *t[0], KEEP_MAX);
	for (int i = 0; i < 2; i++) {
		t[i] = pool_take_zeroed(&p);
		obj_begin(&t[i]->obj, MAGIC);
	}
	for (int i = 0; i < 2; i++) { /* the second one names the first */
		OBJ_END(t[i], MAGIC);
		pool_give(&p, t[i]);
		assert_true(!keeps(&p) || t[i]->obj.magic == 0);
	}
	pool_fini(&p);
}

static void test_nothing_and_a_zeroed_pool_are_allowed(void **state)
{
	struct pool none = { 0 }, small;

	(void)state;
	pool_fini(&none);
	pool_init(&small, 0, KEEP_MAX);
	pool_give(&small, NULL);
	assert_int_equal(small.kept, 0);
	for (int i = 0; i < 2; i++) {
		pool_give(&small, pool_take(&small));
	}
	pool_fini(&small);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_given_back_last_is_taken_first),
		cmocka_unit_test(test_no_more_than_the_bound_are_kept),
		cmocka_unit_test(test_a_piece_is_whole_and_zeroed_when_that_is_asked_for),
		cmocka_unit_test(test_an_ended_object_stays_one_while_it_is_kept),
		cmocka_unit_test(test_nothing_and_a_zeroed_pool_are_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
