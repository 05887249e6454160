/* core_look.c - logs and counts a step of the wall clock, and acts on everything due after a
 * step or a suspension. */
#include "core/core_look.h"
#include "core/core_int.h"

static void say_step(struct core *c, int64_t step_ms)
{
	st_count(&c->st, ST_CLOCK_STEPS);
	log_warn(c->log, "core", "the wall clock was set %s by %lld.%03lld s; waits, retention and expiry do not change",
		 step_ms > 0 ? "ahead" : "back", (long long)(step_ms > 0 ? step_ms : -step_ms) / 1000,
		 (long long)(step_ms > 0 ? step_ms : -step_ms) % 1000);
}

static void on_look(void *core)
{
	struct core *c = OBJ_OF(core, struct core, CORE_MAGIC);
	int64_t step_ms = timeline_look(&c->time.line, clock_boot_ms(), clock_real_ms());

	if (step_ms) {
		say_step(c, step_ms);
	}
	core_time_keep(c);
	core_deadlines_look(c);
	core_sessions_look(c);
	core_past_look(c);
	core_drrs_look(c);
	core_quotas_look(c);
	core_screen_save(c);
	core_seen_look(c);
	core_audit_look(c);
	core_trace_look(c);
	net_timer_start(c->time.look.timer, TIMELINE_LOOK_MS);
}

int core_look_init(struct core *c)
{
	int err = net_timer_new(&c->time.look.timer, c->loop, on_look, c);

	if (!err) {
		net_timer_start(c->time.look.timer, 0);
	}
	return err;
}

void core_look_fini(struct core *c)
{
	net_timer_free(c->time.look.timer);
}
