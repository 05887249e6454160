/* The journal's own thread: the owner is told, completions run on the owner's side and in order, a commit begins when it should, what
 * belongs together is durable together. No test waits for time to pass: each waits for the journal to say something. */
#include "tests/unit/journal/place.h"

#include <poll.h>
#include <sched.h>

#include "journal/jrn_int.h"
#include "tests/unit/machine_check.h"

static int setup(void **state)
{
	struct place *p;

	place_setup(state);
	p = *state;
	p->conf.threaded = true;
	assert_int_equal(open_again(p), 0);
	return 0;
}

static void complete_until(struct place *p, const struct seen *s, int calls)
{
	while (s->calls < calls) {
		wait_complete(p);
	}
}

static bool awake(const struct place *p)
{
	struct pollfd fd = { .fd = jrn_wake_fd(p->j), .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

static void test_the_owner_is_told_and_completions_run_when_it_asks(void **state)
{
	struct seen s = { .err = 1 };
	struct place *p = *state;

	assert_int_equal(add(p, 1, "intent", &s), 0);
	assert_false(awake(p)); /* it only gathers */
	jrn_submit(p->j);
	assert_int_equal(s.calls, 0);
	wait_complete(p);
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.err, 0);
	assert_false(awake(p));
	assert_int_equal(jrn_pending(p->j), 0);
	assert_int_equal(replay(p).n, 1);
}

struct order {
	uint64_t last;
	int calls;
};

static void in_order(void *arg, uint64_t number, int err)
{
	struct order *o = arg;

	assert_int_equal(err, 0);
	assert_true(number == o->last + 1);
	o->last = number;
	o->calls++;
}

static void test_completions_keep_the_order_over_many_turns(void **state)
{
	struct place *p = *state;
	struct order o = { 0 };

	for (uint64_t number = 1; number <= 3000; number++) {
		assert_int_equal(jrn_add(p->j, number, "x", 1, in_order, &o), 0);
		if (number % 7 == 0) {
			jrn_submit(p->j);
		}
		if (number % 500 == 0) {
			wait_complete(p);
		}
	}
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(o.calls, 3000);
	assert_int_equal(jrn_counts(p->j).records, 3000);
	assert_true(jrn_counts(p->j).commits <= 3000 / 7 + 1);
}

static void test_a_flush_does_not_wait_for_the_window(void **state)
{
	struct place *p = *state;
	struct seen s = { .err = 1 };

	p->conf.batch_window_ms = 3600000; /* a test that waited for it would not end */
	assert_int_equal(open_again(p), 0);
	assert_int_equal(add(p, 1, "x", &s), 0);
	jrn_submit(p->j);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.err, 0);
	assert_int_equal(add(p, 2, "x", &s), 0);
	jrn_submit(p->j);
	assert_int_equal(open_again(p), 0); /* nor does closing */
	assert_int_equal(s.calls, 2);
}

static void test_a_full_batch_does_not_wait_for_the_window(void **state)
{
	struct place *p = *state;
	struct seen s = { 0 };

	p->conf.batch_window_ms = 3600000;
	p->conf.batch_max = 3;
	assert_int_equal(open_again(p), 0);
	for (uint64_t number = 1; number <= 2; number++) {
		assert_int_equal(add(p, number, "x", &s), 0);
		jrn_submit(p->j);
	}
	assert_int_equal(jrn_counts(p->j).records, 0); /* two of three: they wait */
	assert_int_equal(add(p, 3, "x", &s), 0);
	jrn_submit(p->j);
	complete_until(p, &s, 3);
	assert_int_equal(jrn_counts(p->j).records, 3);
}

static void test_a_window_ends_by_itself(void **state)
{
	struct place *p = *state;
	struct seen s = { 0 };

	p->conf.batch_window_ms = 1;
	assert_int_equal(open_again(p), 0);
	assert_int_equal(add(p, 1, "x", &s), 0);
	jrn_submit(p->j);
	complete_until(p, &s, 1);
}

static void test_waiting_is_bounded_until_completion(void **state)
{
	struct place *p = *state;
	struct seen s = { 0 };

	p->conf.pending_max = 2;
	assert_int_equal(open_again(p), 0);
	assert_int_equal(add(p, 1, "x", &s), 0);
	jrn_submit(p->j);
	assert_int_equal(add(p, 2, "x", &s), 0);
	assert_int_equal(add(p, 3, "x", &s), ERR_BUSY); /* handed over counts too */
	assert_int_equal(put(p, 1, "y", &s), ERR_BUSY);
	assert_int_equal(jrn_del(p->j, 1), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(s.calls, 2);
	assert_int_equal(add(p, 3, "x", &s), 0);
	assert_int_equal(jrn_flush(p->j), 0);
}

static void test_a_group_is_whole_or_not_there(void **state)
{
	struct place *p = *state;
	struct seen s = { 0 };
	struct read r;

	assert_int_equal(add(p, 1, "old", NULL), 0);
	assert_int_equal(add(p, 5, "other", NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
	jrn_group_begin(p->j);
	assert_int_equal(jrn_del(p->j, 1), 0);
	assert_int_equal(add(p, 7, "new", &s), 0);
	jrn_group_end(p->j);
	assert_int_equal(jrn_flush(p->j), 0);
	r = replay(p);
	assert_int_equal(s.calls, 1);
	assert_int_equal(r.n, 2);
	assert_true(r.numbers[0] == 5 && r.numbers[1] == 7);
}

/* -- what nobody waits for */

static void test_what_nobody_waits_for_goes_with_the_next_that_somebody_does(void **state)
{
	struct place *p = *state;
	struct pollfd wake = { .events = POLLIN };
	struct seen s = { 0 };
	uint64_t before;

	p->conf.lazy_ms = 3600000; /* a test that waited for it would not end */
	assert_int_equal(open_again(p), 0);
	wake.fd = jrn_wake_fd(p->j);
	before = jrn_counts(p->j).commits;
	for (uint64_t i = 1; i <= 20; i++) {
		assert_int_equal(put(p, i, "acceptance", NULL), 0);
		jrn_submit(p->j);
	}
	assert_int_equal(jrn_del(p->j, 20), 0);
	jrn_submit(p->j);
	assert_int_equal(jrn_pending(p->j), 21);
	assert_int_equal(poll(&wake, 1, 100), 0); /* nothing was committed */
	assert_int_equal(add(p, 100, "intent", &s), 0);
	jrn_submit(p->j);
	complete_until(p, &s, 1);
	assert_int_equal(jrn_pending(p->j), 0);
	assert_int_equal(jrn_counts(p->j).commits, before + 1); /* all in one */
	assert_int_equal(replay(p).n, 20);
}

static void test_what_nobody_waits_for_is_committed_in_time(void **state)
{
	struct place *p = *state;

	p->conf.lazy_ms = 1;
	assert_int_equal(open_again(p), 0);
	assert_int_equal(put(p, 1, "acceptance", NULL), 0);
	jrn_submit(p->j);
	while (jrn_counts(p->j).records == 0) {
		wait_complete(p); /* the owner is woken to hand it over, then as it is done */
	}
	assert_int_equal(replay(p).n, 1);
}

/* Waits until the thread sleeps, for at least so long. */
static void until_asleep(struct jrn *j, uint64_t at_least_us)
{
	bool asleep = false;

	while (!asleep) {
		sched_yield();
		pthread_mutex_lock(&j->lock);
		asleep = j->asleep && j->wakes_us >= jrn_now_us() + at_least_us;
		pthread_mutex_unlock(&j->lock);
	}
}

static void put_lazily(struct place *p, uint64_t number)
{
	assert_int_equal(put(p, number, "acceptance", NULL), 0);
	jrn_submit(p->j);
}

static void test_behind_a_commit_the_thread_is_not_woken_for_it(void **state)
{
	struct place *p = *state;
	struct seen s = { 0 };
	uint64_t before;

	p->conf.lazy_ms = 2000;
	assert_int_equal(open_again(p), 0);
	for (int i = 1; i <= 20; i++) {
		assert_int_equal(add(p, 100 + (uint64_t)i, "intent", &s), 0);
		jrn_submit(p->j);
		complete_until(p, &s, i);
		until_asleep(p->j, 0);
		before = p->j->roused;
		put_lazily(p, (uint64_t)i);
		assert_int_equal(p->j->roused, before);
	}
}

static void test_in_a_long_sleep_the_thread_is_woken_for_it(void **state)
{
	struct place *p = *state;
	uint64_t before;

	p->conf.lazy_ms = 1;
	assert_int_equal(open_again(p), 0);
	until_asleep(p->j, JRN_LOOK_MS * 1000u / 2);
	before = p->j->roused;
	put_lazily(p, 1);
	assert_int_equal(p->j->roused, before + 1);
	while (jrn_counts(p->j).records == 0) {
		wait_complete(p);
	}
}

static void test_a_flush_and_the_end_commit_what_nobody_waits_for(void **state)
{
	struct place *p = *state;

	p->conf.lazy_ms = 3600000;
	assert_int_equal(open_again(p), 0);
	assert_int_equal(put(p, 1, "acceptance", NULL), 0);
	jrn_submit(p->j);
	assert_int_equal(jrn_flush(p->j), 0);
	assert_int_equal(replay(p).n, 1);
	assert_int_equal(put(p, 2, "acceptance", NULL), 0);
	jrn_submit(p->j);
	assert_int_equal(open_again(p), 0);
	assert_int_equal(replay(p).n, 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, place_teardown)

/* Its thread for the next file: Idle, Asked, Made. */
static void test_the_maker_of_spares_is_counted_by_its_state(void **state)
{
	static const char *const next_of[] = { "A", "M", "I" };
	struct place *p = *state;
	struct jrn_counts c = jrn_counts(p->j);

	machine_check(&jrn_maker_machine, "IAM", next_of);
	assert_int_equal(c.in_maker[JRN_MAKER_IDLE] + c.in_maker[JRN_MAKER_ASKED] + c.in_maker[JRN_MAKER_MADE], 1);
	p->conf.threaded = false;
	assert_int_equal(open_again(p), 0);
	c = jrn_counts(p->j);
	assert_int_equal(c.in_maker[JRN_MAKER_IDLE] + c.in_maker[JRN_MAKER_ASKED] + c.in_maker[JRN_MAKER_MADE], 0);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_the_owner_is_told_and_completions_run_when_it_asks),
		T(test_completions_keep_the_order_over_many_turns),
		T(test_a_flush_does_not_wait_for_the_window),
		T(test_a_full_batch_does_not_wait_for_the_window),
		T(test_a_window_ends_by_itself),
		T(test_waiting_is_bounded_until_completion),
		T(test_a_group_is_whole_or_not_there),
		T(test_what_nobody_waits_for_goes_with_the_next_that_somebody_does),
		T(test_what_nobody_waits_for_is_committed_in_time),
		T(test_behind_a_commit_the_thread_is_not_woken_for_it),
		T(test_in_a_long_sleep_the_thread_is_woken_for_it),
		T(test_a_flush_and_the_end_commit_what_nobody_waits_for),
		T(test_the_maker_of_spares_is_counted_by_its_state),
	};

	return cmocka_run_group_tests_name("jrn_thread", tests, NULL, NULL);
}
