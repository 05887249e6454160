/* One door to a state: changes of the table pass and are counted and traced, every other one ends the process. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../test.h"
#include "base/machine.h"

enum { NEW, OPEN, OVER, N };

static const char *const words[] = { "new", "open", "over" };
static const uint32_t next[] = {
	[NEW] = MACHINE_TO(OPEN) | MACHINE_TO(OVER), [OPEN] = MACHINE_TO(OVER), [OVER] = MACHINE_TO(OVER)
};
static const struct machine machine = { "base", "thing", words, next, N };

static void test_changes_of_the_table_move_the_gauge(void **state)
{
	uint32_t in[N] = { 0 };

	(void)state;
	machine_begin(&machine, in, NEW);
	machine_begin(&machine, in, NEW);
	assert_int_equal(in[NEW], 2);
	assert_int_equal(machine_go(&machine, in, NEW, OPEN), OPEN);
	assert_int_equal(machine_go(&machine, in, OPEN, OVER), OVER);
	assert_int_equal(machine_go(&machine, in, OVER, OVER), OVER);
	assert_int_equal(machine_go(&machine, NULL, NEW, OPEN), OPEN);
	assert_int_equal(in[NEW], 1);
	assert_int_equal(in[OPEN], 0);
	assert_int_equal(in[OVER], 1);
	machine_end(&machine, in, OVER);
	assert_int_equal(in[OVER], 0);
	assert_string_equal(machine_word(&machine, OPEN), "open");
	assert_string_equal(machine_word(&machine, N), "unknown");
}

static void test_a_change_is_one_line_at_debug_level(void **state)
{
	int fds[2];
	struct log log;
	char text[512];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	log_init(&log, fds[1], LOG_LEVEL_DEBUG, "test");
	(void)machine_go_traced(&machine, NULL, &log, "number 7", NEW, OPEN);
	(void)machine_go_traced(&machine, NULL, &log, "number 7", OVER, OVER); /* no change, no line */
	log.level = LOG_LEVEL_INFO;
	(void)machine_go_traced(&machine, NULL, &log, "number 8", NEW, OPEN);
	close(fds[1]);
	n = read(fds[0], text, sizeof text - 1);
	assert_true(n > 0);
	text[n] = 0;
	close(fds[0]);
	assert_non_null(strstr(text, "debug base: thing number 7: new -> open\n"));
	assert_null(strstr(text, "number 8"));
	assert_ptr_equal(strchr(text, '\n'), text + n - 1);
}

/* The signal that ended a process which did that; 0: it ended by itself. */
static int signal_of_go(unsigned from, unsigned to, uint32_t n_from)
{
	pid_t pid = fork();
	uint32_t in[N + 1] = { 0 };
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		close(STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		in[from < N ? from : N] = n_from;
		(void)machine_go(&machine, in, from, to);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_every_change_outside_the_table_ends_the_process(void **state)
{
	(void)state;
	for (unsigned from = 0; from <= N; from++) {
		for (unsigned to = 0; to <= N; to++) {
			assert_int_equal(signal_of_go(from, to, 1), machine_may(&machine, from, to) ? 0 : SIGABRT);
		}
	}
	assert_int_equal(signal_of_go(NEW, OPEN, 0), SIGABRT); /* it was never counted in */
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_of_the_table_move_the_gauge),
		cmocka_unit_test(test_a_change_is_one_line_at_debug_level),
		cmocka_unit_test(test_every_change_outside_the_table_ends_the_process),
	};

	return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
