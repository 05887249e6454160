/* gw_retry.c - the SMS-SC is there again: what waits to ask it once more asks now, some in each turn of the loop, instead of when its
 * pause is over. Who finds no room among the requests that wait for an answer pauses again. */
#include "gateway/gw_core_int.h"

#define ASKED_A_TURN 256u
#define TURN_MS 1u

/* Armed without a question on its way: it pauses. More than limits.resume do not resume at a time: they keep their pause. */
static bool pauses(const struct gw_trigger *t)
{
	const struct gw_core *c = t->core;
	const struct trg *g = t->trg;

	if (g->state == TRG_RESUMING && c->resuming >= c->cfg->limits.resume)
		return false;
	return !t->ask && g->armed_ms != UINT64_MAX &&
	       (g->state == TRG_RESUMING || g->state == TRG_RECALLING || g->state == TRG_REVOKING);
}

void gw_retry_turn(void *core)
{
	struct gw_core *c = core;
	struct trg_event ev = { .kind = TRG_EV_TIMER };
	struct gw_trigger *t = NULL;

	for (uint32_t i = 0; i < ASKED_A_TURN && (t = gw_walk_next(&c->retry_at)); i++) {
		if (pauses(t))
			gw_trigger_step(t, &ev);
	}
	if (t)
		net_timer_start(c->retry, TURN_MS);
	else
		gw_retry_end(c);
}

void gw_retry_begin(struct gw_core *c)
{
	gw_retry_end(c);
	gw_walk_begin(&c->retry_at, c, NULL);
	c->retrying = true;
	net_timer_start(c->retry, TURN_MS);
}

void gw_retry_end(struct gw_core *c)
{
	if (!c->retrying)
		return;
	c->retrying = false;
	net_timer_stop(c->retry);
	gw_walk_end(&c->retry_at);
}
