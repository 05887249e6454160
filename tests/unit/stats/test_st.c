/* Counters: the table, sums, and the delta that crosses from a process that is not trusted. */
#include "tests/unit/test.h"

#include <ctype.h>

#include "stats/st.h"

static void test_every_row_has_a_unique_name_and_help(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ST_COUNTERS; i++) {
		for (unsigned before = 0; before < i; before++) {
			assert_string_not_equal(st_name(before), st_name(i));
		}
		assert_true(strlen(st_help(i)) > 5);
		for (const char *p = st_name(i); *p; p++) {
			assert_true(islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '_');
		}
	}
	assert_null(st_name(ST_COUNTERS));
}

static void test_a_row_is_named_after_its_owner(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ST_COUNTERS; i++) {
		assert_int_equal(st_owner(i), strncmp(st_name(i), "edge_", 5) ? ST_CORE : ST_EDGE);
	}
}

/* A bucket for each power of two, the first for all below, the last for all above; nothing but its own rows changes. */
static void test_a_time_is_in_one_bucket_of_its_row(void **state)
{
	(void)state;
	for (unsigned which = 0; which < ST_TIMES; which++) {
		const struct st_time_row *row = &st_times[which];

		for (unsigned bit = 0; bit < 50; bit++) {
			struct st_counters c = { { 0 } };
			uint64_t us = UINT64_C(1) << bit, n = 0;
			unsigned bucket = bit < row->low ? 0 : bit - row->low + 1;

			st_took(&c, (enum st_time)which, us * 1000);
			bucket = bucket < ST_TIME_BUCKETS - 1 ? bucket : ST_TIME_BUCKETS - 1;
			assert_int_equal(c.v[row->first + bucket], 1);
			assert_int_equal(c.v[row->first + ST_TIME_BUCKETS], us);
			for (unsigned i = 0; i < ST_COUNTERS; i++) {
				n += c.v[i];
			}
			assert_int_equal(n, us + 1);
		}
	}
}

static void test_the_parts_of_a_time_are_known(void **state)
{
	unsigned parts = 0;

	(void)state;
	for (unsigned i = 0; i < ST_COUNTERS; i++) {
		const struct st_time_row *row = st_time_of(i);

		parts += row != NULL;
		assert_true(!row || strncmp(st_name(i), row->name, strlen(row->name)) == 0);
	}
	assert_int_equal(parts, ST_TIMES * ST_TIME_PARTS);
	assert_null(st_time_of(ST_REQUESTS));
	assert_null(st_time_of(ST_COUNTERS));
}

static void test_nobody_counts_without_counters(void **state)
{
	(void)state;
	st_took(NULL, ST_TIME_DECIDING, 1);
	st_count(NULL, ST_REQUESTS);
}

static void test_a_delta_arrives_as_it_was_sent(void **state)
{
	struct st_counters before = { { 0 } }, now = { { 0 } }, delta, got = { { 9 } }, sum = { { 0 } };
	uint8_t room[ST_PACKED_MAX];
	struct buf b = buf_over(room, sizeof room);

	(void)state;
	st_count_n(&before, ST_EDGE_ACCEPTED, 5);
	now = before;
	st_count(&now, ST_EDGE_ACCEPTED);
	st_count_n(&now, ST_EDGE_REQUESTS, UINT64_C(1) << 40);
	st_diff(&delta, &now, &before);
	st_pack(&b, &delta);
	assert_false(b.full);
	assert_int_equal(b.len, 20);
	assert_int_equal(st_unpack(&got, room, b.len), 0);
	assert_memory_equal(&got, &delta, sizeof got);
	st_add(&sum, &before);
	st_add(&sum, &got);
	assert_memory_equal(&sum, &now, sizeof sum);
}

static void test_every_counter_at_once_fits(void **state)
{
	struct st_counters all;
	uint8_t room[ST_PACKED_MAX];
	struct buf b = buf_over(room, sizeof room);

	(void)state;
	memset(&all, 0xff, sizeof all);
	st_pack(&b, &all);
	assert_false(b.full);
}

static void test_a_bad_delta_changes_nothing(void **state)
{
	static const uint8_t torn[] = { 1, 0, 1, 0, 0, 0, 0, 0, 0 };
	static const uint8_t foreign[] = { 0xff, 0xff, 1, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t twice[] = { 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t back[] = { 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0 };
	struct st_counters out = { { 7 } }, was = out;

	(void)state;
	assert_int_equal(st_unpack(&out, torn, sizeof torn), ERR_PROTO);
	assert_int_equal(st_unpack(&out, foreign, sizeof foreign), ERR_PROTO);
	assert_int_equal(st_unpack(&out, twice, sizeof twice), ERR_PROTO);
	assert_int_equal(st_unpack(&out, back, sizeof back), ERR_PROTO);
	assert_memory_equal(&out, &was, sizeof out);
}

static void test_a_sum_never_wraps(void **state)
{
	struct st_counters a = { { UINT64_MAX - 1 } }, b = { { 5 } };

	(void)state;
	st_add(&a, &b);
	assert_true(a.v[0] == UINT64_MAX);
}

static void test_a_gauge_is_what_there_is_now_and_goes_with_its_edge(void **state)
{
	struct st_counters now = { { 0 } }, before, delta, sum = { { 0 } };
	struct st_gauges one = { { 0 } }, other = { { 0 } };

	(void)state;
	now.v[ST_EDGE_IN_OPEN] = 7;
	now.v[ST_EDGE_ACCEPTED] = 9;
	before = now;
	st_diff(&delta, &now, &before);
	assert_int_equal(delta.v[ST_EDGE_IN_OPEN], 7);
	assert_int_equal(delta.v[ST_EDGE_ACCEPTED], 0);
	st_add(&sum, &delta);
	assert_int_equal(sum.v[ST_EDGE_IN_OPEN], 0);
	st_gauges_move(&sum, &one, &delta);
	st_gauges_move(&sum, &other, &delta);
	st_gauges_move(&sum, &other, &delta);
	assert_int_equal(sum.v[ST_EDGE_IN_OPEN], 14);
	delta.v[ST_EDGE_IN_OPEN] = 2;
	st_gauges_move(&sum, &one, &delta);
	assert_int_equal(sum.v[ST_EDGE_IN_OPEN], 9);
	st_gauges_move(&sum, &other, NULL);
	assert_int_equal(sum.v[ST_EDGE_IN_OPEN], 2);
	st_gauges_move(&sum, &one, NULL);
	assert_int_equal(sum.v[ST_EDGE_IN_OPEN], 0);
	for (unsigned i = 0; i < ST_COUNTERS; i++) {
		assert_int_equal(st_is_gauge(i), strstr(st_name(i), "_in_") != NULL);
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_has_a_unique_name_and_help),
		cmocka_unit_test(test_a_row_is_named_after_its_owner),
		cmocka_unit_test(test_a_time_is_in_one_bucket_of_its_row),
		cmocka_unit_test(test_the_parts_of_a_time_are_known),
		cmocka_unit_test(test_nobody_counts_without_counters),
		cmocka_unit_test(test_a_delta_arrives_as_it_was_sent),
		cmocka_unit_test(test_every_counter_at_once_fits),
		cmocka_unit_test(test_a_bad_delta_changes_nothing),
		cmocka_unit_test(test_a_sum_never_wraps),
		cmocka_unit_test(test_a_gauge_is_what_there_is_now_and_goes_with_its_edge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
