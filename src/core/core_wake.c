/* core_wake.c - lists the reports that wait for their SCS, and wakes them.
 * Such a trigger (trg_waits_for_scs()) is in the list of its SCS; each step adds or removes it. */
#include "core/core_int.h"

#define RING_FULL_MS 10u /* retry time when the rings are full */

/* More outstanding DNRs than a session accepts would only be refused. */
static uint32_t window(const struct core *c)
{
	return c->cfg->limits.pending_per_scs < CORE_WAKE_WINDOW ? c->cfg->limits.pending_per_scs : CORE_WAKE_WINDOW;
}

static void end(struct core_scs *scs)
{
	if (!scs->wake_left) {
		return;
	}
	scs->wake_left = 0;
	TAILQ_REMOVE(&scs->core->wakes.list, scs, wakes);
}

void core_wake_forget(struct core_trigger *t)
{
	if (t->wait != CORE_WAIT_SCS) {
		return;
	}
	core_trigger_wait(t, CORE_WAIT_NOTHING);
	TAILQ_REMOVE(&t->scs->parked, t, waiting);
	t->scs->parked_n--;
}

void core_wake_settle(struct core_trigger *t)
{
	bool waits = trg_waits_for_scs(t->trg);

	if (waits == (t->wait == CORE_WAIT_SCS)) {
		return;
	}
	if (!waits) {
		core_wake_forget(t);
		return;
	}
	/* a copy of its DTR waited for its turn: the trigger is reported, and the entry is needed
	 * here */
	core_queue_take(t);
	core_trigger_wait(t, CORE_WAIT_SCS);
	TAILQ_INSERT_TAIL(&t->scs->parked, t, waiting);
	t->scs->parked_n++;
}

void core_wake_begin(struct core_scs *scs)
{
	struct core *c = scs->core;

	if (!scs->parked_n) {
		return;
	}
	if (!scs->wake_left) {
		TAILQ_INSERT_TAIL(&c->wakes.list, scs, wakes);
	}
	scs->wake_left = scs->parked_n;
	net_timer_start(c->wakes.timer, 0);
}

void core_wake_room(struct core_scs *scs)
{
	if (scs->wake_left && scs->notices_n + 1 == window(scs->core)) {
		net_timer_start(scs->core->wakes.timer, 0);
	}
}

/* False: the report could not be sent and waits again. */
static bool wake_one(struct core_scs *scs)
{
	struct core_trigger *t = TAILQ_FIRST(&scs->parked);
	uint32_t before = scs->parked_n;

	scs->core->wakes.looked_at++;
	scs->wake_left--;
	core_trigger_step(t, &(struct trg_event){ .kind = TRG_EV_SCS_BACK });
	return scs->parked_n < before;
}

/* Returns the time in ms until the rest of this SCS can continue; UINT64_MAX: when an
 * outstanding DNR ends, or never. */
static uint64_t wake_some(struct core_scs *scs, uint32_t *budget)
{
	struct core *c = scs->core;
	bool sent = true;

	TAILQ_REMOVE(&c->wakes.list, scs, wakes);
	while (sent && *budget && scs->wake_left && scs->sessions_n && scs->notices_n < window(c) && !TAILQ_EMPTY(&scs->parked)) {
		--*budget;
		sent = wake_one(scs);
	}
	if (!scs->sessions_n || TAILQ_EMPTY(&scs->parked)) {
		scs->wake_left = 0;
	}
	if (!scs->wake_left) {
		return UINT64_MAX;
	}
	TAILQ_INSERT_TAIL(&c->wakes.list, scs, wakes);
	return !sent ? RING_FULL_MS : scs->notices_n < window(c) ? 0 : UINT64_MAX;
}

static void on_turn(void *core)
{
	struct core *c = OBJ_OF(core, struct core, CORE_MAGIC);
	struct core_scs *scs, *last = TAILQ_LAST(&c->wakes.list, core_wake_list);
	uint32_t budget = CORE_WAKE_A_TURN;
	uint64_t next_ms = UINT64_MAX, ms;

	while (budget && (scs = TAILQ_FIRST(&c->wakes.list))) {
		ms = wake_some(scs, &budget);
		next_ms = ms < next_ms ? ms : next_ms;
		if (scs == last) {
			break;
		}
	}
	if (!TAILQ_EMPTY(&c->wakes.list) && !budget) {
		next_ms = 0;
	}
	if (next_ms != UINT64_MAX) {
		net_timer_start(c->wakes.timer, next_ms);
	}
}

int core_wakes_init(struct core *c)
{
	TAILQ_INIT(&c->wakes.list);
	return net_timer_new(&c->wakes.timer, c->loop, on_turn, c);
}

void core_wakes_fini(struct core *c)
{
	struct core_scs *scs;

	while (c->wakes.timer && (scs = TAILQ_FIRST(&c->wakes.list))) {
		end(scs);
	}
	net_timer_free(c->wakes.timer);
}
