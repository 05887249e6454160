/* dlv_timers.c - base/heap with room for every timer, so that starting one cannot fail. */
#include "nodes/smssc/dlv_timers.h"

#include <assert.h>

#include "base/container.h"

int dlv_timers_reserve(struct dlv_timers *t, size_t n)
{
	return n > UINT32_MAX ? ERR_NOMEM : heap_reserve(&t->heap, (uint32_t)n);
}

void dlv_timers_fini(struct dlv_timers *t)
{
	heap_fini(&t->heap);
}

void dlv_timer_start(struct dlv_timers *t, struct dlv_timer *timer, uint64_t at_ms)
{
	int err;

	/* dlv_timers_reserve() was asked for every object that has a timer */
	assert(timer->node.place || t->heap.n < t->heap.cap);
	err = heap_set(&t->heap, &timer->node, at_ms);
	assert(!err);
}

void dlv_timer_stop(struct dlv_timers *t, struct dlv_timer *timer)
{
	heap_del(&t->heap, &timer->node);
}

struct dlv_timer *dlv_timers_due(struct dlv_timers *t, uint64_t now_ms)
{
	struct heap_node *first = heap_first(&t->heap);

	if (!first || first->at > now_ms) {
		return NULL;
	}
	heap_del(&t->heap, first);
	return CONTAINER_OF(first, struct dlv_timer, node);
}

uint64_t dlv_timers_next(const struct dlv_timers *t)
{
	const struct heap_node *first = heap_first(&t->heap);

	return first ? first->at : UINT64_MAX;
}
