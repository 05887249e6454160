/* What the kernel shows of a process with several threads. The children are ended by the test. */
#include "tests/unit/test.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdnoreturn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/dm_pulse.h"

#define HANG_S 100

noreturn static void *computes(void *arg)
{
	_Atomic unsigned *n = arg;

	for (;;) {
		atomic_fetch_add(n, 1);
	}
}

/* The kernel shows a thread that waits for the execve() of its child as one that waits for a
 * disk. */
static void *waits_as_for_a_disk(void *arg)
{
	(void)arg;
	if (vfork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			pause();
		}
	}
	return NULL;
}

noreturn static void *looks_around(void *arg)
{
	(void)arg;
	for (;;) {
		nanosleep(&(struct timespec){ .tv_nsec = 50 * 1000 * 1000 }, NULL);
	}
}

/* A process whose main thread waits for this other one. In a group of its own. */
static pid_t process_with(void *(*other)(void *arg))
{
	static _Atomic unsigned n;
	pthread_t thread;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		setpgid(0, 0);
		alarm(HANG_S);
		if (pthread_create(&thread, NULL, other, &n)) {
			_exit(1);
		}
		pthread_join(thread, NULL);
		_exit(1);
	}
	setpgid(pid, pid);
	return pid;
}

static void end(pid_t pid)
{
	kill(-pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Whether the kernel shows it before long. */
static bool comes_to(pid_t pid, char state)
{
	for (int i = 0; i < HANG_S * 100; i++) {
		if (dm_pulse_of(pid).state == state) {
			return true;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
	}
	return false;
}

/* Its main thread may have a step to go before it waits: one change is none. */
static bool lives(pid_t pid, int looks)
{
	uint64_t life = dm_pulse_of(pid).life, now;
	int changes = 0;

	for (int i = 0; i < looks && changes < 4; i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
		now = dm_pulse_of(pid).life;
		changes += now != life;
		life = now;
	}
	return changes == 4;
}

static void a_thread_that_computes_is_life(void **state)
{
	pid_t pid = process_with(computes);
	bool waits = comes_to(pid, 'S'), alive = lives(pid, HANG_S * 100);

	(void)state;
	end(pid);
	assert_true(waits); /* its main thread */
	assert_true(alive);
}

static void a_thread_that_looks_around_is_none(void **state)
{
	pid_t pid = process_with(looks_around);
	bool waits = comes_to(pid, 'S'), alive = lives(pid, 30);

	(void)state;
	end(pid);
	assert_true(waits);
	assert_false(alive);
}

static void a_thread_that_waits_for_a_disk_excuses_its_process(void **state)
{
	pid_t pid = process_with(waits_as_for_a_disk);
	bool waits = comes_to(pid, 'D');

	(void)state;
	end(pid);
	assert_true(waits);
}

static void of_a_process_that_is_gone_nothing_is_known(void **state)
{
	pid_t pid = process_with(computes);
	struct dm_pulse s;

	(void)state;
	end(pid);
	s = dm_pulse_of(pid);
	assert_int_equal(s.life, 0);
	assert_int_equal(s.state, 0);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_that_computes_is_life),
		cmocka_unit_test(a_thread_that_looks_around_is_none),
		cmocka_unit_test(a_thread_that_waits_for_a_disk_excuses_its_process),
		cmocka_unit_test(of_a_process_that_is_gone_nothing_is_known),
	};

	return cmocka_run_group_tests_name("daemon pulse", tests, NULL, NULL);
}
