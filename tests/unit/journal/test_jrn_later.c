/* The records of a start are read again as they were, whatever happened to them meanwhile; and no segment goes before the end. */
#include "tests/unit/journal/place.h"

#include <stdio.h>
#include <string.h>

#include "journal/jrn_later.h"

#define RECORDS 40u

static struct jrn_later *begun(struct place *p)
{
	struct jrn_later *l;
	char text[32];

	for (uint32_t i = 1; i <= RECORDS; i++) {
		snprintf(text, sizeof text, "record %u", i);
		assert_int_equal(put(p, i, text, NULL), 0);
	}
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(open_again(p), 0);
	assert_int_equal(jrn_later_begin(&l, p->j), 0);
	assert_int_equal(jrn_later_count(l), RECORDS);
	return l;
}

static void is(struct jrn_later *l, size_t place, const char *text)
{
	struct read r = { .n = 0 };

	assert_int_equal(jrn_later_one(l, place, on_record, &r), 0);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.numbers[0], place + 1);
	assert_string_equal(r.texts[0], text);
}

static void test_all_of_them_come_in_order_and_single_ones_again(void **state)
{
	struct place *p = *state;
	struct jrn_later *l = begun(p);
	struct read r = { .n = 0 };

	assert_int_equal(jrn_later_all(l, on_record, &r), 0);
	assert_int_equal(r.n, RECORDS);
	for (uint32_t i = 0; i < RECORDS; i++) {
		assert_int_equal(r.numbers[i], i + 1);
	}
	is(l, 39, "record 40");
	is(l, 0, "record 1");
	is(l, 0, "record 1");
	jrn_later_end(l);
	jrn_later_end(NULL);
}

static void test_what_changes_meanwhile_is_read_as_it_was(void **state)
{
	struct place *p = *state;
	struct jrn_later *l = begun(p);

	assert_int_equal(put(p, 7, "changed", NULL), 0);
	assert_int_equal(jrn_del(p->j, 8), 0);
	assert_int_equal(put(p, RECORDS + 1, "new", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	is(l, 6, "record 7");
	is(l, 7, "record 8");
	assert_int_equal(jrn_later_count(l), RECORDS);
	jrn_later_end(l);
	assert_int_equal(replay(p).n, RECORDS);
}

/* Records that are put again and again make the first segment one that nobody needs. */
static uint64_t fill_segments(struct place *p, char *big, size_t len)
{
	for (int round = 0; round < 60; round++) {
		for (uint64_t i = 1; i <= RECORDS; i++) {
			assert_int_equal(jrn_put(p->j, i, big, len, NULL, NULL), 0);
		}
		assert_int_equal(jrn_flush(p->j), 0);
	}
	return jrn_counts(p->j).octets;
}

static void test_no_segment_is_used_again_before_the_end(void **state)
{
	static char big[4000];
	struct place *p = *state;
	uint64_t pinned, after;
	struct jrn_later *l;

	p->conf.segment_size = 128 << 10;
	l = begun(p);
	pinned = fill_segments(p, big, sizeof big);
	assert_true(pinned < 60 * RECORDS * sizeof big * 3 / 2); /* what was put, and no copies, which win nothing now */
	is(l, 0, "record 1");
	is(l, 39, "record 40");
	jrn_later_end(l);
	assert_int_equal(put(p, 1, "the next commit", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	after = jrn_counts(p->j).octets;
	assert_true(after < pinned / 2);
}

/* Nothing that is copied wins room meanwhile: the journal keeps to its size, and has room again behind the end. */
static void test_a_full_journal_keeps_to_its_size_meanwhile(void **state)
{
	static char big[4000];
	struct place *p = *state;
	struct jrn_later *l;
	int tries = 0;

	p->conf.segment_size = 128 << 10;
	p->conf.size_max = 2 << 20;
	l = begun(p);
	for (int round = 0; round < 4; round++) {
		for (uint64_t i = 1; i <= RECORDS; i++) {
			assert_int_equal(jrn_put(p->j, i, big, sizeof big, NULL, NULL), 0);
		}
		assert_int_equal(jrn_flush(p->j), 0);
	}
	assert_int_equal(jrn_state(p->j), ERR_NOSPC);
	assert_true(jrn_counts(p->j).octets <= 3 << 20); /* with the reserve */
	jrn_later_end(l);
	while (tries < 3 && jrn_state(p->j)) {
		assert_int_equal(jrn_flush(p->j), 0);
		tries++;
	}
	assert_int_equal(jrn_state(p->j), 0);
	assert_int_equal(put(p, 1, "small", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_true(jrn_counts(p->j).octets <= 2 << 20);
	assert_int_equal(replay(p).n, RECORDS);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_of_them_come_in_order_and_single_ones_again, place_setup,
						place_teardown),
		cmocka_unit_test_setup_teardown(test_what_changes_meanwhile_is_read_as_it_was, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_no_segment_is_used_again_before_the_end, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_a_full_journal_keeps_to_its_size_meanwhile, place_setup, place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
