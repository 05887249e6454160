/* core_deadline.c - the deadlines of all triggers behind one timer of the loop. */
#include "core/core_int.h"

#include "base/container.h"

#define WAIT_MAX_MS (3600u * 1000u) /* a longer wait is split */
/* pause before the next try of a parked trigger for which there was no memory */
#define UNWOKEN_MS 1000u
#define DUE_A_TURN 512 /* bounds the work of one turn when many deadlines coincide */

static struct core_seat *seat_of(struct heap_node *node)
{
	return CONTAINER_OF(node, struct core_seat, deadline);
}

static void start(struct core *c)
{
	const struct heap_node *first = heap_first(&c->deadlines.heap);
	uint64_t now, wait;

	if (!first || first->at == c->deadlines.timer_at_ms) {
		return; /* the timer may be early after a deletion; it then re-arms */
	}
	now = core_now_ms(c);
	wait = first->at > now ? first->at - now : 0;
	c->deadlines.timer_at_ms = first->at;
	net_timer_start(c->deadlines.timer, wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS);
}

static void on_deadline(struct core *c, struct heap_node *node, uint64_t now)
{
	struct core_trigger *t = core_seat_wake(c, seat_of(node)); /* it may be another node then */
	struct trg_event ev = { .kind = TRG_EV_TIMER };

	if (!t) {
		node->at = now + UNWOKEN_MS;
		heap_settle(&c->deadlines.heap, node);
		return;
	}
	heap_del(&c->deadlines.heap, &t->seat.deadline);
	core_trigger_step(t, &ev);
}

static void on_due(void *core)
{
	struct core *c = OBJ_OF(core, struct core, CORE_MAGIC);
	uint64_t now = core_now_ms(c);
	struct heap_node *first;

	c->deadlines.timer_at_ms = UINT64_MAX;
	for (int i = 0; i < DUE_A_TURN && (first = heap_first(&c->deadlines.heap)) && first->at <= now; i++) {
		on_deadline(c, first, now);
	}
	start(c);
}

void core_deadlines_look(struct core *c)
{
	const struct heap_node *first = heap_first(&c->deadlines.heap);

	if (first && first->at <= core_now_ms(c)) {
		on_due(c);
	}
}

int core_deadline_enter(struct core *c, struct core_seat *seat, uint64_t at_ms)
{
	if (heap_set(&c->deadlines.heap, &seat->deadline, at_ms)) {
		return ERR_NOMEM;
	}
	start(c);
	return 0;
}

int core_deadline_set(struct core_trigger *t, uint64_t at_ms)
{
	struct core *c = t->core;

	if (at_ms == UINT64_MAX) {
		heap_del(&c->deadlines.heap, &t->seat.deadline);
		return 0;
	}
	return core_deadline_enter(c, &t->seat, at_ms);
}

int core_deadlines_init(struct core *c)
{
	c->deadlines.timer_at_ms = UINT64_MAX;
	return net_timer_new(&c->deadlines.timer, c->loop, on_due, c);
}

void core_deadlines_fini(struct core *c)
{
	net_timer_free(c->deadlines.timer);
	heap_fini(&c->deadlines.heap);
}
