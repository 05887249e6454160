/* Connections of strangers: each has a time, however busy it looks. */
#include "tests/unit/test.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "console/csl_idle.h"

struct pair {
	int ours, theirs;
	struct csl_idle_one *one;
};

static struct pair pair(struct csl_idle *i, uint64_t now_ms)
{
	int ends[2];
	struct pair p;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	p = (struct pair){ ends[0], ends[1], csl_idle_begin(i, ends[0], now_ms) };
	assert_non_null(p.one);
	return p;
}

static bool is_cut(const struct pair *p)
{
	struct pollfd other = { .fd = p->theirs, .events = POLLIN };

	return poll(&other, 1, 0) == 1 && (other.revents & POLLHUP);
}

static void end(struct pair *p)
{
	csl_idle_end(p->one);
	close(p->ours);
	close(p->theirs);
}

static struct csl_idle *idle(void)
{
	struct csl_idle *i;

	assert_int_equal(csl_idle_new(&i, 100), 0);
	return i;
}

static void test_who_asks_nothing_has_its_time(void **state)
{
	struct csl_idle *i = idle();
	struct pair a = pair(i, 1000), b = pair(i, 1050);

	(void)state;
	assert_int_equal(csl_idle_cut(i, 1099), 0);
	assert_false(is_cut(&a));
	assert_int_equal(csl_idle_cut(i, 1100), 1);
	assert_true(is_cut(&a));
	assert_false(is_cut(&b));
	assert_int_equal(csl_idle_cut(i, 1149), 0); /* once each */
	assert_int_equal(csl_idle_cut(i, 1150), 1);
	end(&a);
	end(&b);
	csl_idle_free(i);
}

static void test_a_session_has_all_the_time_for_its_request_and_no_more_after_it(void **state)
{
	struct csl_idle *i = idle();
	struct pair a = pair(i, 0), b = pair(i, 0);

	(void)state;
	csl_idle_asks(a.one, true, 90);
	csl_idle_asks(b.one, false, 90);
	assert_int_equal(csl_idle_cut(i, 189), 0);
	assert_int_equal(csl_idle_cut(i, 190), 1);
	assert_true(is_cut(&b));
	assert_int_equal(csl_idle_cut(i, 100000), 0);
	csl_idle_rests(a.one, 100000);
	assert_int_equal(csl_idle_cut(i, 100099), 0);
	assert_int_equal(csl_idle_cut(i, 100100), 1);
	assert_true(is_cut(&a));
	end(&a);
	end(&b);
	csl_idle_free(i);
}

static void test_what_has_ended_is_not_touched(void **state)
{
	struct csl_idle *i = idle();
	struct pair a = pair(i, 0);

	(void)state;
	csl_idle_end(a.one);
	assert_int_equal(csl_idle_cut(i, 1000), 0);
	assert_false(is_cut(&a)); /* the descriptor may be another one's by now */
	close(a.ours);
	close(a.theirs);
	csl_idle_end(NULL);
	csl_idle_free(i);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_asks_nothing_has_its_time),
		cmocka_unit_test(test_a_session_has_all_the_time_for_its_request_and_no_more_after_it),
		cmocka_unit_test(test_what_has_ended_is_not_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
