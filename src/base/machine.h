/* machine.h - the only way to change the state of an object: a table of the legal changes, a line
 * of trace for each change, and a gauge.
 * The object keeps its state in a member of its own enum. Only the functions of its machine assign
 * that member. A change that is not in the table is a mistake of ours, never input: it writes one
 * line to standard error and ends the process by abort().
 *
 * 	static const char *const words[] = { "opening", "open" };
 * 	static const uint32_t next[] = { [OPENING] = MACHINE_TO(OPEN), [OPEN] = 0 };
 * 	static const struct machine machine = { "net", "stream", words, next, 2 };
 *
 * PURE but for the failure and the trace. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"

#define MACHINE_STATES_MAX 32u
#define MACHINE_TO(state) (UINT32_C(1) << (state))

struct machine {
	const char *room;         /* of the trace, as in log.h */
	const char *what;         /* kind of object, for people: "session" */
	const char *const *words; /* by state */
	/* by state: MACHINE_TO() of each state that may follow; a state may follow itself only
	 * if listed */
	const uint32_t *next;
	unsigned n; /* states; up to MACHINE_STATES_MAX */
};

static inline bool machine_may(const struct machine *m, unsigned from, unsigned to)
{
	return from < m->n && to < m->n && (m->next[from] & MACHINE_TO(to));
}

/* "unknown" for a number that is no state. */
const char *machine_word(const struct machine *m, unsigned state);

/* An object begins in this state. `in_state` has a number for each state; NULL: not counted. */
void machine_begin(const struct machine *m, uint32_t *in_state, unsigned state);
/* Checks and counts one change. Returns `to`. A state that follows itself changes nothing. */
unsigned machine_go(const struct machine *m, uint32_t *in_state, unsigned from, unsigned to);
/* The same with a line at debug level; `who` names the object. Both log and in_state may be
 * NULL. */
unsigned machine_go_traced(const struct machine *m, uint32_t *in_state, const struct log *log, const char *who, unsigned from,
			   unsigned to);
/* The object ends in this state. */
void machine_end(const struct machine *m, uint32_t *in_state, unsigned state);
