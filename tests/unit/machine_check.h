/* machine_check.h - for tests of machines: what a table allows, and that nothing else passes a door. */
#pragma once
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/machine.h"
#include "tests/unit/test.h"

/* The signal that ends a process which does that; 0: it ends by itself. */
static inline int machine_signal_of(void (*fn)(void *arg), void *arg)
{
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		close(STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		fn(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

struct machine_change {
	const struct machine *m;
	unsigned from, to;
};

static inline void machine_change_make(void *arg)
{
	const struct machine_change *c = arg;

	(void)machine_go(c->m, NULL, c->from, c->to);
}

/* A second table: the letters of the states in their order, and for each state the letters of those that may follow. The machine
 * allows these changes, and every other one ends the process. */
static inline void machine_check(const struct machine *m, const char *letters, const char *const *next_of)
{
	assert_int_equal(strlen(letters), m->n);
	for (unsigned from = 0; from <= m->n; from++) {
		for (unsigned to = 0; to <= m->n; to++) {
			struct machine_change c = { m, from, to };
			bool may = from < m->n && to < m->n && strchr(next_of[from], letters[to]);

			if (machine_may(m, from, to) != may ||
			    machine_signal_of(machine_change_make, &c) != (may ? 0 : SIGABRT)) {
				fail_msg("%s: '%s' to '%s'", m->what, machine_word(m, from), machine_word(m, to));
			}
		}
	}
}
