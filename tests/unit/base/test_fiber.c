/* Functions on stacks of their own. */
#include "tests/unit/test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fiber.h"

struct walk {
	struct fiber *self;
	unsigned step, steps;
	char trail[16];
};

static void walk(void *arg)
{
	struct walk *w = arg;
	volatile unsigned own[64]; /* its stack must be as it was after each pause */

	for (unsigned i = 0; i < 64; i++) {
		own[i] = i * w->steps;
	}
	for (w->step = 1; w->step <= w->steps; w->step++) {
		fiber_pause(w->self);
		for (unsigned i = 0; i < 64; i++) {
			assert_int_equal(own[i], i * w->steps);
		}
	}
}

static void a_function_goes_on_where_it_paused(void **state)
{
	struct fiber_pool *p;
	struct walk w = { .steps = 3 };

	(void)state;
	assert_int_equal(fiber_pool_new(&p, 1), 0);
	assert_int_equal(fiber_new(&w.self, p, walk, &w), 0);
	assert_int_equal(fiber_pool_used(p), 1);
	for (unsigned i = 1; i <= 3; i++) {
		assert_false(fiber_run(w.self));
		assert_int_equal(w.step, i);
	}
	assert_true(fiber_run(w.self));
	assert_int_equal(fiber_pool_used(p), 0);
	fiber_pool_free(p);
}

static void many_are_interleaved_and_bounded(void **state)
{
	enum { N = 20 };
	struct fiber_pool *p;
	struct walk w[N];
	struct fiber *more;

	(void)state;
	assert_int_equal(fiber_pool_new(&p, N), 0);
	for (unsigned round = 0; round < 3; round++) { /* spares are used again */
		for (unsigned i = 0; i < N; i++) {
			w[i] = (struct walk){ .steps = i };
			assert_int_equal(fiber_new(&w[i].self, p, walk, &w[i]), 0);
		}
		assert_int_equal(fiber_new(&more, p, walk, NULL), ERR_LIMIT);
		for (unsigned turn = 0; turn < N; turn++) {
			for (unsigned i = turn; i < N; i++) {
				assert_int_equal(fiber_run(w[i].self), turn == i);
			}
		}
		assert_int_equal(fiber_pool_used(p), 0);
	}
	fiber_pool_free(p);
	fiber_pool_free(NULL);
}

static unsigned deep(unsigned n)
{
	volatile char much[4096];

	much[0] = (char)n;
	return n ? deep(n - 1) + (unsigned)much[0] : 0;
}

static void too_deep(void *arg)
{
	*(unsigned *)arg = deep(100000);
}

/* The guard page ends the process; nothing beside the stack is written. */
static void an_overflow_ends_the_process(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		struct fiber_pool *p;
		struct fiber *f;
		unsigned sum;

		signal(SIGSEGV, SIG_DFL);
		close(STDERR_FILENO);
		if (fiber_pool_new(&p, 1) || fiber_new(&f, p, too_deep, &sum)) {
			_exit(3);
		}
		_exit(fiber_run(f) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) > 1); /* a sanitizer exits */
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function_goes_on_where_it_paused),
		cmocka_unit_test(many_are_interleaved_and_bounded),
		cmocka_unit_test(an_overflow_ends_the_process),
	};

	return cmocka_run_group_tests_name("base fiber", tests, NULL, NULL);
}
