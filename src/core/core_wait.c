/* core_wait.c - the one door of what a trigger stands in a list for. */
#include "core/core_int.h"

static const char *const wait_words[] = { [CORE_WAIT_NOTHING] = "nothing", [CORE_WAIT_TURN] = "turn", [CORE_WAIT_SCS] = "scs" };

/* A trigger never moves from one list to the other directly: it is taken out of its list first. */
static const uint32_t next_waits[] = { [CORE_WAIT_NOTHING] = MACHINE_TO(CORE_WAIT_TURN) | MACHINE_TO(CORE_WAIT_SCS),
				       [CORE_WAIT_TURN] = MACHINE_TO(CORE_WAIT_NOTHING),
				       [CORE_WAIT_SCS] = MACHINE_TO(CORE_WAIT_NOTHING) };

const struct machine core_wait_machine = { "core", "wait of transaction", wait_words, next_waits, CORE_WAITS };

void core_trigger_wait(struct core_trigger *t, enum core_wait wait)
{
	OBJ_CHECK(t, CORE_TRIGGER_MAGIC);
	t->wait = (enum core_wait)machine_go_traced(&core_wait_machine, t->core->triggers.in_wait, t->core->log, t->transaction,
						    t->wait, wait);
}
