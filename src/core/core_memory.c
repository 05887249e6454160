/* core_memory.c - checks the reserve on a timer and logs when memory becomes short and when it
 * recovers. */
#include "core/core_memory.h"

#include "core/core_int.h"
#include "core/core_view.h"

static void arm(struct core *c)
{
	struct core_memory *m = &c->memory;
	uint64_t now_ms = net_loop_now_ms(c->loop);

	net_timer_start(m->timer, m->reserve.look_ms > now_ms ? m->reserve.look_ms - now_ms : 0);
}

static void log_state(struct core *c)
{
	struct core_memory *m = &c->memory;

	m->since_ms = core_now_ms(c);
	if (!m->reserve.is_short) {
		log_warn(c->log, "core", "there is memory again: new triggers are taken");
		return;
	}
	st_count(&c->st, ST_MEMORY_SHORTAGES);
	log_error(c->log, "core",
		  "memory is at its limit, %llu bytes of reserve are left for what was accepted: "
		  "new triggers are refused with 201 until there is more; limits.memory, "
		  "or the limit of the system, is too small for what is held (mtcctl health)",
		  (unsigned long long)m->reserve.octets);
}

static void on_look(void *arg)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	if (reserve_look(&c->memory.reserve, net_loop_now_ms(c->loop))) {
		log_state(c);
	}
	arm(c);
}

int core_memory_init(struct core *c)
{
	int err = net_timer_new(&c->memory.timer, c->loop, on_look, c);

	if (err) {
		return err;
	}
	c->memory.since_ms = core_now_ms(c);
	reserve_init(&c->memory.reserve, (size_t)c->cfg->limits.memory_reserve, NULL, net_loop_now_ms(c->loop));
	if (c->memory.reserve.is_short) {
		log_state(c);
	}
	arm(c);
	return 0;
}

void core_memory_fini(struct core *c)
{
	net_timer_free(c->memory.timer);
	reserve_fini(&c->memory.reserve);
}

bool core_memory_short(const struct core *c)
{
	return c->memory.reserve.is_short;
}

bool core_memory_spend(struct core *c)
{
	if (!reserve_spend(&c->memory.reserve, net_loop_now_ms(c->loop))) {
		return false;
	}
	log_state(c);
	arm(c);
	return true;
}
