/* reserve: it is given up before the memory is, and taken back by itself; never a part of it, and nothing is left behind. */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "base/reserve.h"

#define OCTETS (10 * RESERVE_PIECE)

/* A machine with so many octets. */
struct machine {
	size_t total, used;
	bool mean; /* says that there is no room although a heap has free pieces */
};

static void *take(void *arg, size_t octets)
{
	struct machine *m = arg;

	if (m->used + octets > m->total) {
		return NULL;
	}
	m->used += octets;
	return malloc(octets);
}

static void give(void *arg, void *piece)
{
	struct machine *m = arg;

	m->used -= RESERVE_PIECE;
	free(piece);
}

static bool room(void *arg, size_t octets)
{
	const struct machine *m = arg;

	return !m->mean && m->used + octets <= m->total;
}

static void it_is_given_up_before_memory_is_gone_and_taken_back(void **state)
{
	struct machine m = { .total = 30 * RESERVE_PIECE };
	const struct reserve_source source = { take, give, room, &m };
	struct reserve r;
	uint64_t now = 1000;

	(void)state;
	reserve_init(&r, OCTETS, &source, now);
	assert_false(r.is_short);
	assert_int_equal(m.used, OCTETS);
	assert_int_equal(r.look_ms, now + RESERVE_LOOK_MS);

	m.used += 10 * RESERVE_PIECE; /* others; as much as the reserve is still free */
	assert_false(reserve_look(&r, now += RESERVE_LOOK_MS));
	assert_false(r.is_short);
	m.used++;
	assert_true(reserve_look(&r, now += RESERVE_LOOK_MS));
	assert_true(r.is_short);
	assert_int_equal(m.used, 10 * RESERVE_PIECE + 1); /* it is theirs now */

	for (int i = 0; i < 20; i++) { /* as long as there is less than twice the reserve */
		now = r.look_ms;
		assert_false(reserve_look(&r, now));
		assert_true(r.is_short);
		assert_int_equal(m.used, 10 * RESERVE_PIECE + 1);
	}
	assert_int_equal(r.look_ms, now + RESERVE_WAIT_MAX_MS);
	m.used--;
	assert_true(reserve_look(&r, now = r.look_ms));
	assert_false(r.is_short);
	assert_int_equal(m.used, 20 * RESERVE_PIECE);
	assert_int_equal(r.look_ms, now + RESERVE_LOOK_MS);
	reserve_fini(&r);
	assert_int_equal(m.used, 10 * RESERVE_PIECE);
}

static void an_allocation_that_failed_gets_it_at_once_and_only_once(void **state)
{
	struct machine m = { .total = 20 * RESERVE_PIECE };
	const struct reserve_source source = { take, give, room, &m };
	struct reserve r;

	(void)state;
	reserve_init(&r, OCTETS, &source, 0);
	assert_false(r.is_short);
	assert_true(reserve_spend(&r, 50));
	assert_true(r.is_short);
	assert_int_equal(m.used, 0);
	assert_false(reserve_spend(&r, 60)); /* there is nothing more to give */
	assert_int_equal(r.look_ms, 50 + RESERVE_LOOK_MS);
	assert_true(reserve_look(&r, r.look_ms));
	assert_false(r.is_short);
	reserve_fini(&r);
	assert_int_equal(m.used, 0);
}

/* What a heap has free between what is in use counts, although the system gives nothing more. */
static void free_pieces_of_a_heap_are_room(void **state)
{
	struct machine m = { .total = 20 * RESERVE_PIECE, .mean = true };
	const struct reserve_source source = { take, give, room, &m };
	struct reserve r;

	(void)state;
	reserve_init(&r, OCTETS, &source, 0);
	assert_false(r.is_short);
	assert_false(reserve_look(&r, r.look_ms));
	assert_false(r.is_short);
	assert_int_equal(m.used, OCTETS);
	reserve_fini(&r);
}

static void a_beginning_without_memory_is_short(void **state)
{
	struct machine m = { .total = 19 * RESERVE_PIECE };
	const struct reserve_source source = { take, give, room, &m };
	struct reserve r;

	(void)state;
	reserve_init(&r, OCTETS, &source, 0);
	assert_true(r.is_short);
	assert_int_equal(m.used, 0);
	m.total++;
	m.total += RESERVE_PIECE;
	assert_true(reserve_look(&r, r.look_ms));
	assert_false(r.is_short);
	reserve_fini(&r);
}

static void the_heap_of_the_process_has_one(void **state)
{
	struct reserve r, none = { .source = NULL };

	(void)state;
	reserve_init(&r, 1u << 20, NULL, 0);
	assert_false(r.is_short);
	assert_false(reserve_look(&r, 100));
	reserve_fini(&r);
	assert_false(reserve_look(&none, 100));
	assert_false(reserve_spend(&none, 100));
	reserve_fini(&none);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_given_up_before_memory_is_gone_and_taken_back),
		cmocka_unit_test(an_allocation_that_failed_gets_it_at_once_and_only_once),
		cmocka_unit_test(free_pieces_of_a_heap_are_room),
		cmocka_unit_test(a_beginning_without_memory_is_short),
		cmocka_unit_test(the_heap_of_the_process_has_one),
	};

	return cmocka_run_group_tests_name("base reserve", tests, NULL, NULL);
}
