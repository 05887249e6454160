/* Room: what is dead makes room again, however much goes through, and nothing that lives is lost. Nothing is synchronised here: it is not
 * what is tested, and takes its time. */
#include "tests/unit/journal/place.h"

#include "tests/unit/journal/bad_place.h"

static struct bad_disk disk; /* it flushes nothing */

static int setup(void **state)
{
	return bad_place_setup(state, &disk);
}

static int teardown(void **state)
{
	place_teardown(state);
	bad_disk_fini(&disk);
	return 0;
}

/* 5000 records of 2000 octets through a journal of 1 MiB, 40 of them there at a time. */
static void churn(struct place *p, uint64_t first)
{
	static uint8_t record[2000] = { 1 };

	for (uint64_t i = first; i < first + 5000; i++) {
		assert_int_equal(jrn_add(p->j, i, record, sizeof record, NULL, NULL), 0);
		if (i >= first + 40) {
			assert_int_equal(jrn_del(p->j, i - 40), 0);
		}
		if (i % 5 == 0) {
			assert_int_equal(jrn_flush(p->j), 0);
		}
	}
	assert_int_equal(jrn_flush(p->j), 0);
}

static void test_what_is_dead_makes_room_again(void **state)
{
	struct place *p = *state;
	struct jrn_counts c;

	churn(p, 1);
	c = jrn_counts(p->j);
	assert_int_equal(c.records, 40);
	assert_int_equal(c.commits_failed, 0);
	assert_true(c.octets <= p->conf.size_max);
	assert_int_equal(open_again(p), 0);
	churn(p, 10000);
	assert_int_equal(jrn_counts(p->j).commits_failed, 0);
}

/* Records that live stay in front of many that do not: they are copied, and copied again. */
static void test_what_lives_is_copied_as_often_as_it_must(void **state)
{
	struct place *p = *state;
	char text[32];
	struct read r;

	for (uint64_t i = 1; i <= 50; i++) {
		snprintf(text, sizeof text, "record %d", (int)i);
		assert_int_equal(add(p, i, text, NULL), 0);
	}
	assert_int_equal(jrn_flush(p->j), 0);
	for (int round = 0; round < 3; round++) {
		churn(p, 1000 + 10000 * (uint64_t)round);
		for (uint64_t i = 5961; i <= 6000; i++) {
			assert_int_equal(jrn_del(p->j, i + 10000 * (uint64_t)round - 1), 0);
		}
		assert_int_equal(jrn_flush(p->j), 0);
		assert_int_equal(jrn_counts(p->j).commits_failed, 0);
		assert_int_equal(open_again(p), 0);
		r = replay(p);
		assert_int_equal(r.n, 50);
		for (int i = 0; i < 50; i++) {
			snprintf(text, sizeof text, "record %d", i + 1);
			assert_int_equal(r.numbers[i], i + 1);
			assert_string_equal(r.texts[i], text);
		}
	}
}

/* A journal in which nearly nothing lives is small, and stays small over many openings. */
static void test_the_dead_take_at_most_as_much_as_the_living_and_some_files(void **state)
{
	struct place *p = *state;

	p->conf.size_max = 64u << 20;
	p->conf.segment_size = 128u << 10;
	assert_int_equal(open_again(p), 0);
	for (int i = 0; i < 40; i++) {
		assert_int_equal(put(p, 1, i % 2 ? "odd" : "even", NULL), 0);
		assert_int_equal(jrn_flush(p->j), 0);
		assert_int_equal(open_again(p), 0); /* each begins a segment */
	}
	assert_true(jrn_counts(p->j).octets <= 8 * (128u << 10));
	churn(p, 100);
	assert_true(jrn_counts(p->j).octets <= 10 * (128u << 10));
}

static void test_a_smaller_size_max_is_reached_in_time(void **state)
{
	struct place *p = *state;

	p->conf.size_max = 16u << 20;
	assert_int_equal(open_again(p), 0);
	churn(p, 1);
	p->conf.size_max = 1u << 20;
	assert_int_equal(open_again(p), 0);
	churn(p, 10000);
	assert_int_equal(jrn_counts(p->j).records, 80);
	assert_true(jrn_counts(p->j).octets <= 1u << 20);
}

static void fill(struct place *p, uint64_t records)
{
	static uint8_t record[1000] = { 1 };

	for (uint64_t i = 1; i <= records; i++) {
		assert_int_equal(jrn_add(p->j, jrn_next(p->j), record, sizeof record, NULL, NULL), 0);
		if (i % 8 == 0) {
			assert_int_equal(jrn_flush(p->j), 0);
		}
	}
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(jrn_counts(p->j).lost, 0);
}

/* Each start begins a file, and a start may put one record only: the files that this leaves must be won back. */
static void test_many_starts_do_not_use_up_the_files(void **state)
{
	struct place *p = *state;

	fill(p, 300);
	for (int i = 0; i < 100; i++) {
		struct seen s = { .calls = 0 };

		assert_int_equal(open_again(p), 0);
		assert_int_equal(put(p, 1, i % 2 ? "odd" : "even", &s), 0);
		assert_int_equal(jrn_flush(p->j), 0);
		assert_int_equal(s.calls, 1);
	}
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(jrn_state(p->j), 0);
	assert_true(jrn_counts(p->j).octets <= 2 * p->conf.size_max);
	fill(p, 40);
	assert_int_equal(jrn_counts(p->j).records, 340);
}

/* Other files than now, and as many octets as there may be: room can be won all the same. */
static void test_smaller_files_than_before_are_no_dead_end(void **state)
{
	struct place *p = *state;

	p->conf.size_max = 2u << 20;
	assert_int_equal(open_again(p), 0);
	fill(p, 300);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(open_again(p), 0);
		assert_int_equal(put(p, 1, "again", NULL), 0);
		assert_int_equal(jrn_flush(p->j), 0);
	}
	p->conf.size_max = 1u << 20;
	for (int i = 0; i < 8; i++) {
		assert_int_equal(open_again(p), 0);
		assert_int_equal(put(p, 1, "again", NULL), 0);
		assert_int_equal(jrn_flush(p->j), 0);
		assert_int_equal(jrn_counts(p->j).lost, 0);
	}
	fill(p, 40);
	assert_int_equal(jrn_counts(p->j).records, 340);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_what_is_dead_makes_room_again),
		T(test_what_lives_is_copied_as_often_as_it_must),
		T(test_the_dead_take_at_most_as_much_as_the_living_and_some_files),
		T(test_a_smaller_size_max_is_reached_in_time),
		T(test_many_starts_do_not_use_up_the_files),
		T(test_smaller_files_than_before_are_no_dead_end),
	};

	return cmocka_run_group_tests_name("jrn_space", tests, NULL, NULL);
}
