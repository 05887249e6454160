/* core_deadline.h - the deadlines of all triggers behind one timer of the loop. */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "base/heap.h"

struct core;
struct core_trigger;

struct core_deadlines {
	struct heap heap; /* times of the core's timeline */
	struct net_timer *timer;
	uint64_t timer_at_ms; /* when the timer fires; UINT64_MAX: not running */
};

ERR_MUST_USE int core_deadlines_init(struct core *c); /* ERR_NOMEM */
/* Acts on all deadlines that are due: after a suspension of the machine the loop's timer fires
 * too late. */
void core_deadlines_look(struct core *c);
void core_deadlines_fini(struct core *c); /* a zeroed part is allowed */
/* The same for a seat; at_ms is a time. */
struct core_seat;
ERR_MUST_USE int core_deadline_enter(struct core *c, struct core_seat *seat, uint64_t at_ms);
/* Sets or moves the deadline: ms of the core's timeline; UINT64_MAX removes it. ERR_NOMEM. */
ERR_MUST_USE int core_deadline_set(struct core_trigger *t, uint64_t at_ms);
