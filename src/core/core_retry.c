/* core_retry.c - the SMS-SC is there again: what waits to ask it once more asks now, some in each turn of the loop, instead of when its
 * pause is over. Who finds no room among the requests that wait for an answer pauses again. */
#include "core/core_int.h"

#define ASKED_A_TURN 256u
#define TURN_MS 1u

/* Armed without a question on its way: it pauses. More than limits.resume do not resume at a time: they keep their pause. */
static bool pauses(const struct core_trigger *t)
{
	const struct core *c = t->core;
	const struct trg *g = t->trg;

	if (g->state == TRG_RESUMING && c->triggers.resuming >= c->cfg->limits.resume) {
		return false;
	}
	return !t->ask && g->armed_ms != UINT64_MAX &&
	       (g->state == TRG_RESUMING || g->state == TRG_RECALLING || g->state == TRG_REVOKING);
}

static void end(struct core *c)
{
	if (!c->retry.running) {
		return;
	}
	c->retry.running = false;
	net_timer_stop(c->retry.timer);
	core_cursor_end(&c->retry.cursor);
}

static void on_turn(void *core)
{
	struct core *c = OBJ_OF(core, struct core, CORE_MAGIC);
	struct trg_event ev = { .kind = TRG_EV_TIMER };
	struct core_trigger *t = NULL;

	for (uint32_t i = 0; i < ASKED_A_TURN && (t = core_cursor_next(&c->retry.cursor)); i++) {
		if (pauses(t)) {
			core_trigger_step(t, &ev);
		}
	}
	if (t) {
		net_timer_start(c->retry.timer, TURN_MS);
	} else {
		end(c);
	}
}

void core_retry_begin(struct core *c)
{
	end(c);
	core_cursor_begin(&c->retry.cursor, c, NULL);
	c->retry.running = true;
	net_timer_start(c->retry.timer, TURN_MS);
}

int core_retry_init(struct core *c)
{
	return net_timer_new(&c->retry.timer, c->loop, on_turn, c);
}

void core_retry_fini(struct core *c)
{
	if (c->retry.running) {
		end(c);
	}
	net_timer_free(c->retry.timer);
}
