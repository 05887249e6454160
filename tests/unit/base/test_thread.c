/* A thread handles no signal, and its maker's mask is as it was. */
#include "tests/unit/test.h"

#include <signal.h>

#include "base/thread.h"

struct seen {
	sigset_t mask;
	int value;
};

static void *look(void *arg)
{
	struct seen *s = arg;

	(void)pthread_sigmask(SIG_SETMASK, NULL, &s->mask);
	s->value++;
	return s;
}

static void test_signals_are_blocked_but_the_one_of_the_sandbox(void **state)
{
	static const int blocked[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD, SIGPIPE };
	struct seen s = { .value = 1 };
	sigset_t before, after;
	pthread_t thread;
	void *result = NULL;

	(void)state;
	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
	assert_int_equal(sigaddset(&before, SIGUSR2), 0);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
	assert_int_equal(thread_start(&thread, look, &s), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, &s);
	assert_int_equal(s.value, 2);
	for (size_t i = 0; i < sizeof blocked / sizeof *blocked; i++) {
		assert_true(sigismember(&s.mask, blocked[i]));
	}
	assert_false(sigismember(&s.mask, SIGSYS));
	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
	for (size_t i = 0; i < sizeof blocked / sizeof *blocked; i++) {
		assert_int_equal(sigismember(&after, blocked[i]), sigismember(&before, blocked[i]));
	}
	assert_true(sigismember(&after, SIGUSR2));
	(void)sigdelset(&before, SIGUSR2);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals_are_blocked_but_the_one_of_the_sandbox),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
