/* Snapshots of the metrics as octets: what is written comes back, sorted and each sample once; damaged ones are refused whole. */
#include "tests/unit/test.h"

#include "metrics/mtr_snap.h"

#define ROOM 16384u

struct written {
	uint8_t octets[ROOM];
	size_t len;
};

static struct st_counters counters;

static void begin(struct mtr_writer *w, struct written *out, size_t cap)
{
	for (unsigned i = 0; i < ST_COUNTERS; i++) {
		counters.v[i] = UINT64_C(1) << 40 | i;
	}
	mtr_begin(w, out->octets, cap, &counters, 77);
}

/* Five samples in an order that is not theirs. */
static void some(struct written *out)
{
	struct mtr_writer w;

	begin(&w, out, ROOM);
	mtr_put(&w, MTR_SESSIONS, NULL, NULL, 3);
	mtr_put(&w, MTR_SCS_REFUSED, "beta", "no-association", 4);
	mtr_put(&w, MTR_SCS_REQUESTS, "beta", NULL, 2);
	mtr_put(&w, MTR_SCS_REFUSED, "acme", "rate-exceeded", 6);
	mtr_put(&w, MTR_SCS_REFUSED, "acme", "denied", 5);
	out->len = mtr_end(&w);
	assert_int_equal(w.left_out, 0);
}

static void is(const struct mtr_sample *s, enum mtr_family family, const char *a, const char *b, uint64_t value)
{
	assert_int_equal(s->family, family);
	assert_string_equal(s->labels[0], a);
	assert_string_equal(s->labels[1], b);
	assert_int_equal(s->value, value);
}

static void test_what_is_written_comes_back_sorted(void **state)
{
	struct written w;
	struct mtr_snap s;

	(void)state;
	some(&w);
	assert_int_equal(mtr_snap_read(&s, w.octets, w.len), 0);
	assert_memory_equal(&s.counters, &counters, sizeof counters);
	assert_int_equal(s.made_ms, 77);
	assert_int_equal(s.left_out, 0);
	assert_int_equal(s.samples_n, 5);
	is(&s.samples[0], MTR_SCS_REQUESTS, "beta", "", 2);
	is(&s.samples[1], MTR_SCS_REFUSED, "acme", "denied", 5);
	is(&s.samples[2], MTR_SCS_REFUSED, "acme", "rate-exceeded", 6);
	is(&s.samples[3], MTR_SCS_REFUSED, "beta", "no-association", 4);
	is(&s.samples[4], MTR_SESSIONS, "", "", 3);
	mtr_snap_fini(&s);
}

/* An SCS may be called as the sum of the others is. */
static void test_a_sample_that_comes_twice_is_one(void **state)
{
	struct mtr_writer w;
	struct written out;
	struct mtr_snap s;

	(void)state;
	begin(&w, &out, ROOM);
	mtr_put(&w, MTR_SCS_REQUESTS, MTR_OTHER, NULL, 2);
	mtr_put(&w, MTR_SCS_REQUESTS, "acme", NULL, 1);
	mtr_put(&w, MTR_SCS_REQUESTS, MTR_OTHER, NULL, 40);
	assert_int_equal(mtr_snap_read(&s, out.octets, mtr_end(&w)), 0);
	assert_int_equal(s.samples_n, 2);
	is(&s.samples[1], MTR_SCS_REQUESTS, MTR_OTHER, "", 42);
	mtr_snap_fini(&s);
}

static void test_what_does_not_fit_is_counted(void **state)
{
	char longest[MTR_LABEL_MAX + 1], longer[MTR_LABEL_MAX + 2];
	struct mtr_writer w;
	struct written out;
	struct mtr_snap s;

	(void)state;
	memset(longest, 'a', sizeof longest);
	longest[MTR_LABEL_MAX] = 0;
	memset(longer, 'a', sizeof longer);
	longer[MTR_LABEL_MAX + 1] = 0;
	begin(&w, &out, MTR_HEAD_LEN + MTR_SAMPLE_MIN + MTR_LABEL_MAX);
	mtr_put(&w, MTR_SCS_REQUESTS, longer, NULL, 1);
	mtr_put(&w, MTR_SCS_REQUESTS, longest, NULL, 1);
	mtr_put(&w, MTR_SESSIONS, NULL, NULL, 1);
	assert_int_equal(mtr_snap_read(&s, out.octets, mtr_end(&w)), 0);
	assert_int_equal(s.samples_n, 1);
	assert_int_equal(s.left_out, 2);
	is(&s.samples[0], MTR_SCS_REQUESTS, longest, "", 1);
	mtr_snap_fini(&s);
	assert_null(s.samples);
}

/* The second label has the same bound as the first. A head that does not fit is no snapshot. */
static void test_the_bound_of_the_second_label(void **state)
{
	char longest[MTR_LABEL_MAX + 1], longer[MTR_LABEL_MAX + 2];
	struct mtr_writer w;
	struct written out;
	struct mtr_snap s;

	(void)state;
	memset(longest, 'b', sizeof longest);
	longest[MTR_LABEL_MAX] = 0;
	memset(longer, 'b', sizeof longer);
	longer[MTR_LABEL_MAX + 1] = 0;
	begin(&w, &out, ROOM);
	mtr_put(&w, MTR_SCS_REFUSED, "acme", longer, 1);
	mtr_put(&w, MTR_SCS_REFUSED, "acme", longest, 2);
	assert_int_equal(mtr_snap_read(&s, out.octets, mtr_end(&w)), 0);
	assert_int_equal(s.samples_n, 1);
	assert_int_equal(s.left_out, 1);
	is(&s.samples[0], MTR_SCS_REFUSED, "acme", longest, 2);
	mtr_snap_fini(&s);
	begin(&w, &out, MTR_HEAD_LEN - 1);
	mtr_put(&w, MTR_SESSIONS, NULL, NULL, 1);
	assert_int_equal(mtr_end(&w), 0);
}

static void test_a_cut_snapshot_is_none(void **state)
{
	struct written w;
	struct mtr_snap s;
	unsigned whole = 0;

	(void)state;
	some(&w);
	for (size_t n = 0; n < w.len; n++) {
		uint8_t *cut = malloc(n ? n : 1); /* a read beyond it is seen by the sanitizer */
		int err;

		memcpy(cut, w.octets, n);
		err = mtr_snap_read(&s, cut, n);
		assert_true(err == 0 || err == ERR_PROTO);
		whole += !err;
		mtr_snap_fini(&s);
		free(cut);
	}
	assert_int_equal(whole, 5); /* the head alone, and behind each sample but the last */
}

/* Each octet of a sample, and of the head, takes every value: nothing but a snapshot comes of it. */
static void test_a_damaged_snapshot_is_refused_or_read(void **state)
{
	struct written w;
	struct mtr_snap s;

	(void)state;
	some(&w);
	for (size_t at = 0; at < w.len; at++) {
		uint8_t was = w.octets[at];

		if (at >= 20 && at < MTR_HEAD_LEN) {
			continue; /* counters may be any number */
		}
		for (unsigned v = 0; v < 256; v++) {
			w.octets[at] = (uint8_t)v;
			if (mtr_snap_read(&s, w.octets, w.len) == 0) {
				for (size_t i = 0; i < s.samples_n; i++) {
					const struct mtr_family_row *row = &mtr_families[s.samples[i].family];

					assert_int_equal(!*s.samples[i].labels[0], !row->labels[0]);
					assert_int_equal(!*s.samples[i].labels[1], !row->labels[1]);
				}
				mtr_snap_fini(&s);
			}
		}
		w.octets[at] = was;
	}
}

static void damaged(size_t at, uint8_t octet)
{
	struct written w;
	struct mtr_snap s;

	some(&w);
	w.octets[at] = octet;
	assert_int_equal(mtr_snap_read(&s, w.octets, w.len), ERR_PROTO);
	assert_null(s.samples);
}

static void test_each_rule_of_a_sample(void **state)
{
	(void)state;
	damaged(0, 0xff);                     /* another layout */
	damaged(4, 0);                        /* another number of counters */
	damaged(MTR_HEAD_LEN, 0xff);          /* no such family */
	damaged(MTR_HEAD_LEN + 2, 1);         /* a label where the family has none */
	damaged(MTR_HEAD_LEN + 12 + 2, 0);    /* no label where it has one */
	damaged(MTR_HEAD_LEN + 12 + 2, 96);   /* longer than a label is */
	damaged(MTR_HEAD_LEN + 12 + 4, '\n'); /* what would be another line */
	damaged(MTR_HEAD_LEN + 12 + 4, 0);    /* what would end the text */
	damaged(MTR_HEAD_LEN + 12 + 4, 0xe9); /* not ASCII */
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_comes_back_sorted),
		cmocka_unit_test(test_a_sample_that_comes_twice_is_one),
		cmocka_unit_test(test_what_does_not_fit_is_counted),
		cmocka_unit_test(test_the_bound_of_the_second_label),
		cmocka_unit_test(test_a_cut_snapshot_is_none),
		cmocka_unit_test(test_a_damaged_snapshot_is_refused_or_read),
		cmocka_unit_test(test_each_rule_of_a_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
