/* trg_put.h - a trigger put into a state from outside, for tests of its surroundings: the door of trg.c asks for the way there. */
#pragma once
#include "trigger/trg.h"

static inline void trg_put(struct trg *t, enum trg_state state)
{
	machine_end(&trg_machine, t->conf->in_state, t->state);
	machine_begin(&trg_machine, t->conf->in_state, state);
	t->state = state;
}
