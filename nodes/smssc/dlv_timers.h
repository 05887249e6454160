/* dlv_timers.h - many timers, one clock: a heap of objects that others own. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/heap.h"

struct dlv_timer { /* part of its owner; zero is "not running" */
	struct heap_node node;
	int kind; /* the owner's identifier of the object */
};

struct dlv_timers {
	struct heap heap;
};

/* Makes room for `n` timers in all, so that starting one of them cannot fail. ERR_NOMEM. */
ERR_MUST_USE int dlv_timers_reserve(struct dlv_timers *t, size_t n);
void dlv_timers_fini(struct dlv_timers *t);

/* restarts a running one */
void dlv_timer_start(struct dlv_timers *t, struct dlv_timer *timer, uint64_t at_ms);
void dlv_timer_stop(struct dlv_timers *t, struct dlv_timer *timer);

/* The next timer that is due, taken out of the heap; NULL when none is. */
struct dlv_timer *dlv_timers_due(struct dlv_timers *t, uint64_t now_ms);
/* When the next one is due; UINT64_MAX when none runs. */
uint64_t dlv_timers_next(const struct dlv_timers *t);
