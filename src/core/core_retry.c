/* core_retry.c - when the SMS-SC link comes up, retries every trigger in back-off, some in each
 * loop turn.
 * A trigger for which the window is full goes back to back-off. */
#include "core/core_int.h"

#define ASKED_A_TURN 256u
#define TURN_MS 1u

/* True if the trigger is in back-off: its deadline is set and it has no outstanding request.
 * At most limits.resume triggers resume at the same time; the others stay in back-off. */
static bool pauses(const struct core_trigger *t)
{
	const struct core *c = t->core;
	const struct trg *trg = t->trg;

	if (trg->state == TRG_RESUMING && c->triggers.resuming >= c->cfg->limits.resume) {
		return false;
	}
	return !t->ask && trg->armed_ms != UINT64_MAX &&
	       (trg->state == TRG_RESUMING || trg->state == TRG_RECALLING || trg->state == TRG_REVOKING);
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

	for (uint32_t i = 0; i < ASKED_A_TURN && (t = core_park_next(&c->retry.cursor)); i++) {
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
	c->retry.cursor.awake_only = true; /* a parked trigger is in no back-off */
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
