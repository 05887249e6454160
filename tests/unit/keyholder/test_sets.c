/* The keys of the last sets of files: none is forgotten while it is used, and none stays for ever. */
#include "tests/unit/test.h"

#include "keyholder/kh_sets.h"

static unsigned forgotten; /* a bit for each key */

static void forget(void *keys)
{
	forgotten |= 1u << *(unsigned *)keys;
}

static unsigned keys[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

static int setup(void **state)
{
	static struct kh_sets sets;

	sets = (struct kh_sets){ .forget = forget };
	forgotten = 0;
	*state = &sets;
	return 0;
}

static void a_set_stays_while_it_is_used_and_a_while_longer(void **state)
{
	struct kh_sets *s = *state;

	for (unsigned i = 1; i <= 3; i++) {
		kh_sets_add(s, i, &keys[i]);
	}
	assert_ptr_equal(kh_sets_find(s, 1), &keys[1]);
	assert_null(kh_sets_find(s, 0));
	assert_null(kh_sets_find(s, 4));
	kh_sets_used(s, 1, 100); /* an edge is two sets behind */
	assert_int_equal(kh_sets_look(s, 100 + 10 * KH_SET_GRACE_MS), 0);
	assert_int_equal(s->n, 3);
	kh_sets_used(s, 2, 1000);
	assert_int_equal(kh_sets_look(s, 1000), KH_SET_GRACE_MS);
	kh_sets_used(s, 3, 1500);
	kh_sets_used(s, 3, 2500); /* said twice: nothing begins anew */
	assert_int_equal(kh_sets_look(s, 1001), KH_SET_GRACE_MS - 1);
	assert_non_null(kh_sets_find(s, 1));
	assert_int_equal(kh_sets_look(s, 1000 + KH_SET_GRACE_MS), 500);
	assert_null(kh_sets_find(s, 1));
	assert_int_equal(forgotten, 1u << 1);
	assert_int_equal(kh_sets_look(s, 1500 + KH_SET_GRACE_MS), 0);
	assert_int_equal(forgotten, 1u << 1 | 1u << 2);
	assert_ptr_equal(kh_sets_find(s, 3), &keys[3]);
	kh_sets_fini(s);
	assert_int_equal(forgotten, 1u << 1 | 1u << 2 | 1u << 3);
}

static void the_newest_one_stays(void **state)
{
	struct kh_sets *s = *state;

	kh_sets_add(s, 5, &keys[5]);
	kh_sets_used(s, 9, 1); /* from a parent that is ahead */
	assert_int_equal(kh_sets_look(s, 1 + 2 * KH_SET_GRACE_MS), 0);
	assert_non_null(kh_sets_find(s, 5));
	kh_sets_fini(s);
}

static void without_room_the_oldest_one_goes(void **state)
{
	struct kh_sets *s = *state;

	for (unsigned i = 1; i <= KH_SETS_MAX + 1; i++) {
		kh_sets_add(s, i, &keys[i]);
	}
	assert_int_equal(s->n, KH_SETS_MAX);
	assert_int_equal(forgotten, 1u << 1);
	for (unsigned i = 2; i <= KH_SETS_MAX + 1; i++) {
		assert_ptr_equal(kh_sets_find(s, i), &keys[i]);
	}
	kh_sets_fini(s);
	assert_int_equal(s->n, 0);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_set_stays_while_it_is_used_and_a_while_longer, setup),
		cmocka_unit_test_setup(the_newest_one_stays, setup),
		cmocka_unit_test_setup(without_room_the_oldest_one_goes, setup),
	};

	return cmocka_run_group_tests_name("keyholder sets", tests, NULL, NULL);
}
