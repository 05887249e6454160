/* Looking at all triggers while they come and go. */
#include "tests/unit/test.h"

#include "core/core_int.h"

#define N 6

struct world {
	struct core core;
	struct core_scs scs[2];
	struct core_trigger t[N]; /* the even ones are of scs[0] */
};

static void add(struct world *w, int i)
{
	w->t[i].core = &w->core;
	w->t[i].scs = &w->scs[i % 2];
	TAILQ_INSERT_TAIL(&w->core.triggers.list, &w->t[i].seat, entry);
	TAILQ_INSERT_TAIL(&w->t[i].scs->triggers, &w->t[i].seat, of_scs);
}

static void end(struct world *w, int i)
{
	core_cursors_pass(&w->core, &w->t[i].seat);
	TAILQ_REMOVE(&w->core.triggers.list, &w->t[i].seat, entry);
	TAILQ_REMOVE(&w->t[i].scs->triggers, &w->t[i].seat, of_scs);
}

static struct world *world_new(int n)
{
	struct world *w = calloc(1, sizeof *w);

	assert_non_null(w);
	TAILQ_INIT(&w->core.triggers.list);
	TAILQ_INIT(&w->core.triggers.cursors);
	TAILQ_INIT(&w->scs[0].triggers);
	TAILQ_INIT(&w->scs[1].triggers);
	for (int i = 0; i < n; i++) {
		add(w, i);
	}
	return w;
}

static int next_of(struct world *w, struct core_cursor *walk)
{
	struct core_trigger *t = core_park_next(walk);

	return t ? (int)(t - w->t) : -1;
}

static void test_all_are_seen_once_oldest_first(void **state)
{
	struct world *w = world_new(N);
	struct core_cursor all, of_one;

	(void)state;
	core_cursor_begin(&all, &w->core, NULL);
	core_cursor_begin(&of_one, &w->core, &w->scs[1]);
	for (int i = 0; i < N; i++) {
		assert_int_equal(next_of(w, &all), i);
	}
	for (int i = 1; i < N; i += 2) {
		assert_int_equal(next_of(w, &of_one), i);
	}
	assert_int_equal(next_of(w, &all), -1);
	assert_int_equal(next_of(w, &all), -1);
	assert_int_equal(next_of(w, &of_one), -1);
	core_cursor_end(&all);
	core_cursor_end(&of_one);
	assert_true(TAILQ_EMPTY(&w->core.triggers.cursors));
	free(w);
}

static void test_what_ends_before_it_is_seen_is_passed_over(void **state)
{
	struct world *w = world_new(N);
	struct core_cursor all, of_one;

	(void)state;
	core_cursor_begin(&all, &w->core, NULL);
	core_cursor_begin(&of_one, &w->core, &w->scs[0]);
	assert_int_equal(next_of(w, &all), 0);
	assert_int_equal(next_of(w, &of_one), 0);
	end(w, 0); /* seen already */
	end(w, 1); /* the next one of all */
	end(w, 2); /* the next one of both */
	assert_int_equal(next_of(w, &all), 3);
	assert_int_equal(next_of(w, &of_one), 4);
	end(w, 5);
	assert_int_equal(next_of(w, &all), 4);
	assert_int_equal(next_of(w, &all), -1);
	assert_int_equal(next_of(w, &of_one), -1);
	core_cursor_end(&of_one);
	core_cursor_end(&all);
	free(w);
}

static void test_what_comes_meanwhile_is_seen(void **state)
{
	struct world *w = world_new(N - 1);
	struct core_cursor all;

	(void)state;
	core_cursor_begin(&all, &w->core, NULL);
	assert_int_equal(next_of(w, &all), 0);
	add(w, N - 1);
	for (int i = 1; i < N; i++) {
		assert_int_equal(next_of(w, &all), i);
	}
	assert_int_equal(next_of(w, &all), -1);
	core_cursor_end(&all);
	free(w);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_are_seen_once_oldest_first),
		cmocka_unit_test(test_what_ends_before_it_is_seen_is_passed_over),
		cmocka_unit_test(test_what_comes_meanwhile_is_seen),
	};

	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
