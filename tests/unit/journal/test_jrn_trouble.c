/* A disk that is full or fails, without one: the seam of the journal is ours here. New triggers are refused, records of known ones and
 * deletes go on as far as they can, nothing is told that nobody can know, and the journal finds out by itself that it is over. */
#include "tests/unit/journal/place.h"

#include <errno.h>
#include <poll.h>

#include "tests/unit/journal/bad_place.h"

static struct bad_disk bad;

static int setup(void **state)
{
	return bad_place_setup(state, &bad);
}

static int teardown(void **state)
{
	bad_disk_well(&bad);
	place_teardown(state);
	bad_disk_fini(&bad);
	return 0;
}

static void healthy_as(struct place *p, enum jrn_health health)
{
	struct jrn_counts c = jrn_counts(p->j);

	for (unsigned i = 0; i < JRN_HEALTHS; i++) {
		assert_int_equal(c.in_health[i], i == health);
	}
}

/* Adds triggers until one does not fit; returns its number. */
static uint64_t fill(struct place *p, uint64_t number)
{
	static uint8_t record[8000] = { 1 };
	int err = 0;

	while (!err) {
		struct seen s = { .err = 1 };

		assert_int_equal(jrn_add(p->j, ++number, record, sizeof record, on_done, &s), 0);
		err = jrn_flush(p->j);
		assert_int_equal(s.calls, 1);
		assert_int_equal(s.err, err);
	}
	assert_int_equal(err, ERR_NOSPC);
	assert_int_equal(jrn_state(p->j), ERR_NOSPC);
	assert_int_equal(jrn_counts(p->j).troubles, 1);
	healthy_as(p, JRN_FULL);
	return number;
}

static void refused_at_once(struct place *p, int err)
{
	struct seen s = { 0 };

	assert_int_equal(add(p, 7000, "refused", &s), err);
	assert_int_equal(s.calls, 0);
}

static void well_again(struct place *p, int records)
{
	struct seen s = { .err = 1 };

	assert_int_equal(jrn_state(p->j), 0);
	healthy_as(p, JRN_WELL);
	assert_int_equal(add(p, 9000, "nine", &s), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(s.err, 0);
	assert_int_equal(replay(p).n, records + 1);
	assert_int_equal(open_again(p), 0);
	assert_int_equal(replay(p).n, records + 1);
}

/* -- no space */

static void test_a_full_disk_refuses_until_there_is_room(void **state)
{
	struct place *p = *state;
	struct jrn_why why;
	uint64_t last;

	assert_int_equal(add(p, 1, "one", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0); /* with it come the first spares */
	bad.fill_errno = ENOSPC;
	last = fill(p, 1);
	jrn_trouble(p->j, &why);
	assert_non_null(strstr(why.text, "No space left on device"));
	assert_true(last < 40); /* of the 60 that would have fitted */
	refused_at_once(p, ERR_NOSPC);
	assert_int_equal(jrn_flush(p->j), 0);
	refused_at_once(p, ERR_NOSPC);
	bad_disk_well(&bad);
	assert_int_equal(jrn_flush(p->j), 0); /* without a thread this is what tries */
	well_again(p, (int)last - 1);
}

static void test_without_space_a_known_trigger_goes_on_and_deletes_make_room(void **state)
{
	struct place *p = *state;
	struct seen s = { 0 };
	uint64_t last;

	last = fill(p, 0);
	assert_int_equal(put(p, 1, "report", &s), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.err, 0);
	assert_string_equal(replay(p).texts[0], "report");
	for (uint64_t i = 2; i <= 20; i++) {
		assert_int_equal(jrn_del(p->j, i), 0);
	}
	assert_int_equal(jrn_flush(p->j), 0);
	for (int i = 0; i < 5 && jrn_state(p->j); i++) {
		assert_int_equal(jrn_flush(p->j), 0);
	}
	well_again(p, (int)last - 1 - 19);
}

/* Nothing but one trigger changes: what that leaves behind is won back, however long it goes on. */
static void test_the_reserve_lasts_without_any_room_for_new_ones(void **state)
{
	struct place *p = *state;
	struct seen report = { 0 };
	uint64_t last = fill(p, 0);

	for (int more = 0; more < 1000; more++) {
		assert_int_equal(put(p, 1, more % 2 ? "odd" : "even", &report), 0);
		assert_int_equal(jrn_flush(p->j), 0);
		assert_int_equal(report.err, 0);
	}
	assert_true(jrn_counts(p->j).octets <= p->conf.size_max);
	assert_int_equal(replay(p).n, last - 1);
	assert_int_equal(open_again(p), 0);
	assert_string_equal(replay(p).texts[0], "odd");
	assert_int_equal(replay(p).n, last - 1);
}

static void test_what_was_promised_before_goes_first(void **state)
{
	static uint8_t large[16000] = { 1 };
	struct place *p = *state;
	struct seen intent = { 0 }, report = { 0 };
	char text[16] = "";
	uint64_t i = 0;
	int err = 0;

	p->conf.size_max = 2u << 20;
	assert_int_equal(open_again(p), 0);
	assert_int_equal(add(p, 1, "intent", NULL), 0);
	for (i = 2; i < 400; i++) {
		assert_int_equal(add(p, i, "old", NULL), 0);
	}
	for (i = 2; i < 400 && !err; i++) { /* all three kinds in one commit, until it does not fit */
		snprintf(text, sizeof text, "report %d", (int)i);
		assert_int_equal(jrn_add(p->j, 1000 + i, large, sizeof large, on_done, &intent), 0);
		assert_int_equal(put(p, 1, text, &report), 0);
		assert_int_equal(jrn_del(p->j, i), 0);
		err = jrn_flush(p->j);
	}
	assert_int_equal(err, ERR_NOSPC);
	assert_int_equal(intent.err, ERR_NOSPC);
	assert_int_equal(report.err, 0);
	assert_string_equal(replay(p).texts[0], text);
	assert_true(replay(p).numbers[1] == i);  /* those before it are deleted */
	for (int more = 0; more < 300; more++) { /* and it goes on so, without any room for new ones */
		assert_int_equal(put(p, 1, more % 2 ? "odd" : "even", &report), 0);
		(void)jrn_flush(p->j);
		assert_int_equal(report.err, 0);
	}
}

/* A delete that found no room is done when there is room again, although nothing else is put then. */
static void test_a_delete_without_space_waits_for_nothing_but_room(void **state)
{
	struct place *p = *state;

	assert_int_equal(add(p, 1, "one", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(open_again(p), 0); /* no file is open: the first commit needs one */
	bad.commit_errno = ENOSPC;
	assert_int_equal(jrn_del(p->j, 1), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(jrn_state(p->j), ERR_NOSPC);
	bad_disk_well(&bad);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(jrn_state(p->j), 0);
	assert_int_equal(open_again(p), 0);
	assert_int_equal(replay(p).n, 0);
}

static void test_a_group_with_a_new_trigger_is_given_up_whole(void **state)
{
	static uint8_t large[8000] = { 1 };
	struct place *p = *state;
	struct seen s = { 0 };
	uint64_t last = fill(p, 0);

	assert_int_equal(put(p, 1, "one", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	for (uint64_t i = 2; i < 12; i++) { /* so that adds are taken again, for a while */
		assert_int_equal(jrn_del(p->j, i), 0);
	}
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(jrn_state(p->j), 0);
	jrn_group_begin(p->j);
	assert_int_equal(put(p, 1, "replaced", &s), 0);
	for (uint64_t i = 0; i < 14; i++) { /* more than fit */
		assert_int_equal(jrn_add(p->j, 300 + i, large, sizeof large, on_done, &s), 0);
	}
	assert_int_equal(jrn_del(p->j, 1), 0);
	jrn_group_end(p->j);
	assert_int_equal(put(p, 13, "beside", NULL), 0);
	assert_int_equal(jrn_flush(p->j), ERR_NOSPC);
	assert_int_equal(s.calls, 15);
	assert_int_equal(s.err, ERR_NOSPC);
	assert_int_equal(replay(p).n, last - 1 - 10); /* its delete is not one that is tried again */
	assert_string_equal(replay(p).texts[0], "one");
	assert_string_equal(replay(p).texts[2], "beside");
}

/* -- a disk that fails */

static void test_one_write_that_fails_goes_to_another_place_and_nobody_notices(void **state)
{
	struct place *p = *state;
	struct seen s = { .err = 1 };
	struct read r;

	for (int left = 0; left < 3; left++) { /* the commit, the next header, the commit again */
		for (uint64_t i = 1; i <= 3; i++) {
			assert_int_equal(put(p, i, "before", NULL), 0);
		}
		assert_int_equal(jrn_flush(p->j), 0);
		s = (struct seen){ .err = 1 };
		assert_int_equal(put(p, 2, "after", &s), 0);
		assert_int_equal(jrn_del(p->j, 3), 0);
		bad.commits_left = 0;
		assert_int_equal(jrn_flush(p->j), 0);
		assert_int_equal(s.calls, 1);
		assert_int_equal(s.err, 0);
		assert_int_equal(jrn_state(p->j), 0);
		assert_int_equal(jrn_counts(p->j).commits_failed, left + 1);
	}
	r = replay(p);
	assert_int_equal(r.n, 2);
	assert_string_equal(r.texts[1], "after");
	assert_int_equal(open_again(p), 0);
	r = replay(p);
	assert_int_equal(r.n, 2);
	assert_string_equal(r.texts[0], "before");
	assert_string_equal(r.texts[1], "after");
}

/* Nobody can know whether the write is on the disk: nothing is told until it stands elsewhere. */
static void nothing_is_told_until_it_is_well(struct place *p, atomic_int *what)
{
	struct seen s = { .err = 1 }, later = { .err = 1 };

	assert_int_equal(add(p, 1, "one", NULL), 0);
	assert_int_equal(add(p, 2, "two", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	bad.commits_left = 0;
	*what = EIO;
	assert_int_equal(add(p, 3, "three", &s), 0);
	assert_int_equal(jrn_flush(p->j), ERR_IO);
	assert_int_equal(s.calls, 0);
	assert_int_equal(jrn_state(p->j), ERR_IO);
	healthy_as(p, JRN_FAILING);
	assert_int_equal(jrn_counts(p->j).troubles, 1);
	refused_at_once(p, ERR_IO);
	assert_int_equal(put(p, 1, "report", &later), 0); /* waits behind it */
	assert_int_equal(jrn_del(p->j, 2), 0);
	assert_int_equal(jrn_flush(p->j), ERR_IO);
	assert_int_equal(s.calls + later.calls, 0);
	assert_int_equal(jrn_pending(p->j), 3);
	bad_disk_well(&bad);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.err, 0);
	assert_int_equal(later.err, 0);
	assert_int_equal(jrn_counts(p->j).troubles, 1);
	well_again(p, 2);
	assert_string_equal(replay(p).texts[0], "report");
}

static void test_a_failing_write_holds_all_until_it_is_well(void **state)
{
	nothing_is_told_until_it_is_well(*state, &bad.commit_errno);
}

static void test_a_name_that_cannot_be_given_holds_all_until_it_is_well(void **state)
{
	nothing_is_told_until_it_is_well(*state, &bad.name_errno);
}

static void test_closing_ends_what_the_disk_does_not_take(void **state)
{
	struct place *p = *state;
	struct seen s = { 0 };

	assert_int_equal(add(p, 1, "one", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	bad.commit_errno = EIO;
	assert_int_equal(add(p, 2, "two", &s), 0);
	assert_int_equal(add(p, 3, "three", &s), 0);
	assert_int_equal(jrn_flush(p->j), ERR_IO);
	assert_int_equal(put(p, 1, "report", &s), 0);
	jrn_close(p->j);
	p->j = NULL;
	assert_int_equal(s.calls, 3);
	assert_int_equal(s.err, ERR_IO);
	bad_disk_well(&bad);
	assert_int_equal(open_again(p), 0);
	assert_int_equal(replay(p).n, 1);
}

static void test_the_thread_finds_out_by_itself_that_it_is_over(void **state)
{
	struct place *p = *state;
	struct seen s = { .err = 1 };

	p->conf.threaded = true;
	assert_int_equal(open_again(p), 0);
	assert_int_equal(add(p, 1, "one", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	bad.commit_errno = EIO;
	assert_int_equal(add(p, 2, "two", &s), 0);
	jrn_submit(p->j);
	while (jrn_state(p->j) == 0) {
		wait_complete(p); /* told when the state changes */
	}
	assert_int_equal(jrn_state(p->j), ERR_IO);
	healthy_as(p, JRN_FAILING);
	assert_int_equal(s.calls, 0);
	bad_disk_well(&bad);
	while (jrn_state(p->j)) {
		wait_complete(p);
	}
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.err, 0);
	well_again(p, 2);
}

static void test_a_damaged_record_that_lives_stops_new_triggers(void **state)
{
	static uint8_t record[8000] = { 1 };
	struct place *p = *state;
	struct jrn_why why;
	int fd;

	assert_int_equal(add(p, 1, "stays", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	fd = bad.real.open(bad.real.arg, "0000000001.log", JRN_OPEN_WRITE);
	assert_true(fd >= 0);
	assert_int_equal(bad.real.pwrite(bad.real.arg, fd, "X", 1, 4096 + 64 + 24), 0); /* its first octet */
	bad.real.close(bad.real.arg, fd);
	for (uint64_t i = 2; i < 200 && jrn_state(p->j) == 0; i++) { /* until it would be copied */
		assert_int_equal(jrn_add(p->j, i, record, sizeof record, NULL, NULL), 0);
		assert_int_equal(jrn_del(p->j, i), 0);
		assert_int_equal(jrn_flush(p->j), 0);
	}
	assert_int_equal(jrn_state(p->j), ERR_IO);
	healthy_as(p, JRN_FAILING);
	jrn_trouble(p->j, &why);
	assert_non_null(strstr(why.text, "0000000001.log is damaged at byte 4160"));
	assert_int_equal(jrn_del(p->j, 1), 0);
	assert_int_equal(jrn_flush(p->j), 0); /* it goes on with what it has */
	assert_int_equal(jrn_state(p->j), ERR_IO);
	healthy_as(p, JRN_FAILING);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_a_full_disk_refuses_until_there_is_room),
		T(test_without_space_a_known_trigger_goes_on_and_deletes_make_room),
		T(test_the_reserve_lasts_without_any_room_for_new_ones),
		T(test_what_was_promised_before_goes_first),
		T(test_a_delete_without_space_waits_for_nothing_but_room),
		T(test_a_group_with_a_new_trigger_is_given_up_whole),
		T(test_one_write_that_fails_goes_to_another_place_and_nobody_notices),
		T(test_a_failing_write_holds_all_until_it_is_well),
		T(test_a_name_that_cannot_be_given_holds_all_until_it_is_well),
		T(test_closing_ends_what_the_disk_does_not_take),
		T(test_the_thread_finds_out_by_itself_that_it_is_over),
		T(test_a_damaged_record_that_lives_stops_new_triggers),
	};

	return cmocka_run_group_tests_name("jrn_trouble", tests, NULL, NULL);
}
