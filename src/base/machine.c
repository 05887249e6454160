/* machine.c - see machine.h. */
#include "base/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* As obj_wrong(): the log may be what is broken. */
static _Noreturn void wrong(const struct machine *m, const char *doing, unsigned from, unsigned to)
{
	char line[256];
	int n = snprintf(line, sizeof line, "%s: %s of a %s: '%s' to '%s' is not in its table\n", m->room, doing, m->what,
			 machine_word(m, from), machine_word(m, to));

	if (n > 0 && write(STDERR_FILENO, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1) < 0) {
		abort();
	}
	abort();
}

const char *machine_word(const struct machine *m, unsigned state)
{
	return state < m->n && m->words[state] ? m->words[state] : "unknown";
}

void machine_begin(const struct machine *m, uint32_t *in_state, unsigned state)
{
	if (state >= m->n) {
		wrong(m, "beginning", state, state);
	}
	if (in_state) {
		in_state[state]++;
	}
}

unsigned machine_go(const struct machine *m, uint32_t *in_state, unsigned from, unsigned to)
{
	if (!machine_may(m, from, to)) {
		wrong(m, "change", from, to);
	}
	if (in_state && from != to) {
		machine_end(m, in_state, from);
		in_state[to]++;
	}
	return to;
}

unsigned machine_go_traced(const struct machine *m, uint32_t *in_state, const struct log *log, const char *who, unsigned from,
			   unsigned to)
{
	(void)machine_go(m, in_state, from, to);
	if (from != to) {
		log_debug(log, m->room, "%s %s: %s -> %s", m->what, who, machine_word(m, from), machine_word(m, to));
	}
	return to;
}

void machine_end(const struct machine *m, uint32_t *in_state, unsigned state)
{
	if (state >= m->n || (in_state && !in_state[state])) {
		wrong(m, "end", state, state);
	}
	if (in_state) {
		in_state[state]--;
	}
}
