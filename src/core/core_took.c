/* core_took.c - see core_took.h. */
#include "core/core_took.h"

#include "core/core_int.h"

#define EVENT(kind) (UINT32_C(1) << TRG_EV_##kind)

/* In a state of the left column, an event of the set ends the stage. */
static const struct {
	uint32_t events;
	enum st_time stage;
} ends[TRG_STATE_COUNT] = {
	[TRG_ASKING] = { EVENT(SUBSCRIBER) | EVENT(SUBSCRIBER_NO), ST_TIME_HSS_ANSWERING },
	[TRG_WRITING] = { EVENT(DURABLE) | EVENT(DISK), ST_TIME_JOURNALLING },
	[TRG_SUBMITTING] = { EVENT(DTA_OK) | EVENT(DTA_NO) | EVENT(DTA_UNHANDLED) | EVENT(DTA_SILENT) | EVENT(DTA_STORED),
			     ST_TIME_SMSSC_ANSWERING },
};
_Static_assert(TRG_EVENT_COUNT <= 32, "a bit for each event");

void core_took_decision(struct core *c, struct core_trigger *t, uint64_t came_ns)
{
	uint64_t now_ns = clock_mono_ns();

	st_took(&c->st, ST_TIME_DECIDING, now_ns - came_ns);
	if (t) {
		t->stage_ns = now_ns;
	}
}

void core_took_stage(struct core_trigger *t, const struct trg_event *ev)
{
	enum trg_state state = t->trg->state;
	uint64_t now_ns;

	if (!(ends[state].events >> ev->kind & 1)) {
		return;
	}
	now_ns = clock_mono_ns();
	if (t->stage_ns) {
		st_took(&t->core->st, ends[state].stage, now_ns - t->stage_ns);
	}
	t->stage_ns = now_ns;
}

void core_took_report(const struct core_trigger *t)
{
	uint64_t now_ms = core_now_ms(t->core), since_ms = t->trg->req.received_ms;

	st_took(&t->core->st, ST_TIME_REPORTING, now_ms > since_ms ? (now_ms - since_ms) * UINT64_C(1000000) : 0);
}
