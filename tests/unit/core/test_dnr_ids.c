/* The identifiers of DNRs: what one SCS sees of them tells nothing of the others, and they outlive the core. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <unistd.h>

#include "core/core_int.h"
#include "tests/unit/core/core_play.h"

#define FIRST 5u /* number of a trigger of now: the key of a fresh journal has a smaller one */

static void test_the_session_outlives_the_core(void **state)
{
	struct core_play *p = *state;
	uint64_t before[8];

	assert_true(p->core->dnr_ids.number > 0 && p->core->dnr_ids.number < FIRST);
	for (uint64_t i = 0; i < 8; i++) {
		before[i] = core_dnr_session(p->core, FIRST + i);
		assert_true(before[i] != FIRST + i);
	}
	core_play_restart(p);
	for (uint64_t i = 0; i < 8; i++) {
		assert_true(core_dnr_session(p->core, FIRST + i) == before[i]);
	}
}

/* Whether a report was in the journal or not, the next core sends its DNR under the same ids. */
static void test_the_end_to_end_id_outlives_the_core(void **state)
{
	struct core_play *p = *state;
	uint32_t ids[1000];

	core_play_turns(p, 10);
	assert_true(p->core->dnr_ids.durable);
	for (uint64_t i = 0; i < 1000; i++) {
		ids[i] = core_dnr_end_to_end(p->core, FIRST + i);
		assert_int_not_equal(ids[i], 0);
		for (uint64_t k = 0; k < i; k++) {
			assert_int_not_equal(ids[i], ids[k]);
		}
	}
	core_play_restart(p);
	assert_true(p->core->dnr_ids.durable);
	for (uint64_t i = 0; i < 1000; i++) {
		assert_int_equal(core_dnr_end_to_end(p->core, FIRST + i), ids[i]);
	}
}

/* The counts of the core peers and the number of a trigger are in no identifier. */
static void test_what_one_scs_sees_does_not_move_with_what_others_do(void **state)
{
	struct core_play *p = *state;
	uint32_t larger = 0, last = core_dnr_end_to_end(p->core, FIRST);
	uint64_t larger_sessions = 0, last_session = core_dnr_session(p->core, FIRST);

	for (uint32_t i = 1; i <= 1000; i++) {
		uint32_t id = core_dnr_end_to_end(p->core, FIRST + i);
		uint64_t session = core_dnr_session(p->core, FIRST + i);

		larger += id > last;
		larger_sessions += session > last_session;
		last = id;
		last_session = session;
	}
	assert_in_range(larger, 350, 650); /* a count that only rises: 1000 */
	assert_in_range(larger_sessions, 350, 650);
}

/* -- triggers of a program without a key */

static void test_a_trigger_from_before_the_key_keeps_its_session(void **state)
{
	struct core_play *p = *state;
	struct jrn *jrn = p->core->journal.jrn;
	uint64_t old = jrn_next(jrn);

	assert_int_equal(jrn_del(jrn, p->core->dnr_ids.number), 0); /* a journal as that program left it */
	assert_int_equal(jrn_flush(jrn), 0);
	core_play_restart(p);
	assert_true(p->core->dnr_ids.number > old);
	assert_true(core_dnr_session(p->core, old) == old); /* its DNR may have been sent */
	assert_true(core_dnr_session(p->core, p->core->dnr_ids.number + 1) != p->core->dnr_ids.number + 1);
	core_play_restart(p);
	assert_true(core_dnr_session(p->core, old) == old);
}

static void test_a_damaged_key_is_left_alone_and_another_made(void **state)
{
	struct core_play *p = *state;
	struct jrn *jrn = p->core->journal.jrn;
	uint64_t number = p->core->dnr_ids.number;

	assert_int_equal(jrn_put(jrn, number, "\x85short", 6, NULL, NULL), 0);
	assert_int_equal(jrn_flush(jrn), 0);
	core_play_restart(p);
	assert_true(p->core->dnr_ids.number > number);
	number = p->core->dnr_ids.number;
	core_play_restart(p);
	assert_true(p->core->dnr_ids.number == number);
}

/* The journal of a backup knows nothing of the numbers that were given since then. An SCS would take a report under the ids of another for
 * a repeated one, and the report would be lost. */
static void test_after_a_restore_no_ids_of_after_the_backup_come_again(void **state)
{
	struct core_play *p = *state;
	uint64_t since = jrn_next(p->core->journal.jrn) + 100000;
	uint32_t before = core_dnr_end_to_end(p->core, FIRST);
	char path[sizeof p->dir + sizeof "/" CORE_RESTORED_FILE];
	FILE *f;

	snprintf(path, sizeof path, "%s/" CORE_RESTORED_FILE, p->dir);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs("0 2027-01-01T00:00:00Z\n", f) >= 0);
	assert_int_equal(fclose(f), 0);
	core_play_restart(p);
	assert_true(jrn_next(p->core->journal.jrn) > since);
	assert_true(p->core->triggers.conf.first_number > since);      /* what the backup has is of an earlier core */
	assert_int_equal(core_dnr_end_to_end(p->core, FIRST), before); /* and keeps its ids */
	assert_false(p->core->dnr_ids.durable);                        /* the commit is not done, and no DNR may leave early: */
	assert_int_equal(access(path, F_OK), 0); /* a core that dies now has a next one that passes numbers, too */
	assert_int_equal(jrn_flush(p->core->journal.jrn), 0);
	assert_true(p->core->dnr_ids.durable);
	assert_int_not_equal(access(path, F_OK), 0);
	core_play_restart(p); /* no trigger came */
	assert_true(jrn_next(p->core->journal.jrn) > since);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, core_play_setup, core_play_teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_session_outlives_the_core),
		TEST(test_the_end_to_end_id_outlives_the_core),
		TEST(test_what_one_scs_sees_does_not_move_with_what_others_do),
		TEST(test_a_trigger_from_before_the_key_keeps_its_session),
		TEST(test_a_damaged_key_is_left_alone_and_another_made),
		TEST(test_after_a_restore_no_ids_of_after_the_backup_come_again),
	};

	return cmocka_run_group_tests_name("core dnr ids", tests, NULL, NULL);
}
