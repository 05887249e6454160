/* The places of the parent for processes: which state may follow which. */
#include "../test.h"
#include "daemon/dm_parent_int.h"

/* A row for each state, the letters of those that may follow: none, starting, ready, killed. */
static void test_only_a_process_that_was_ready_is_killed_for_hanging(void **state)
{
	static const char letters[] = "nsrk";
	static const char *const next_of[] = { "ns", "nr", "nk", "n" };

	(void)state;
	for (unsigned from = 0; from < DM_CHILD_STATES; from++) {
		for (unsigned to = 0; to < DM_CHILD_STATES; to++) {
			assert_int_equal(machine_may(&dm_child_machine, from, to), strchr(next_of[from], letters[to]) != NULL);
		}
	}
}

static void test_a_child_goes_by_its_door(void **state)
{
	static struct dm_parent parent;
	struct dm_child *c = &parent.core;

	(void)state;
	log_init(&parent.log, -1, LOG_LEVEL_ERROR, "test");
	dm_child_init(c, &parent, DM_CORE);
	dm_child_init(&parent.edges[0], &parent, DM_EDGE);
	assert_int_equal(parent.in_state[DM_CHILD_NONE], 2);
	assert_int_equal(dm_children_ready(&parent), 0);
	assert_false(dm_child_ready(c));
	dm_child_set(c, DM_CHILD_STARTING);
	assert_false(dm_child_ready(c));
	dm_child_set(c, DM_CHILD_READY);
	assert_true(dm_child_ready(c));
	assert_int_equal(dm_children_ready(&parent), 1);
	dm_child_set(c, DM_CHILD_KILLED);
	assert_true(dm_child_ready(c)); /* what it still says counts */
	assert_int_equal(dm_children_ready(&parent), 1);
	dm_child_set(c, DM_CHILD_NONE);
	assert_false(dm_child_ready(c));
	assert_int_equal(dm_children_ready(&parent), 0);
	assert_int_equal(parent.in_state[DM_CHILD_NONE], 2);
}

/* The log names a child also when its process has ended, or none could be made. */
static void test_a_child_without_a_process_has_no_pid(void **state)
{
	struct dm_child c = { .role = DM_CORE, .pid = 4711 };
	char name[EDGE_WORDS_MAX];

	(void)state;
	assert_string_equal(dm_child_name(&c, name), "core (pid 4711)");
	c.pid = 0;
	assert_string_equal(dm_child_name(&c, name), "core");
	c.role = DM_EDGE;
	assert_string_equal(dm_child_name(&c, name), "edge-0 (generation 0)");
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_a_process_that_was_ready_is_killed_for_hanging),
		cmocka_unit_test(test_a_child_goes_by_its_door),
		cmocka_unit_test(test_a_child_without_a_process_has_no_pid),
	};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
