/* core_lanes.h - whose turn it is among SCSs that wait for the same: each in turn, and of each the
 * one that came first. So an SCS with a thousand requests keeps one with a single request waiting
 * for one turn, not for a thousand. PURE; nothing is allocated. */
#pragma once
#include <stdbool.h>
#include <sys/queue.h>

struct core_lane;

struct core_lane_place { /* part of what waits; all zero: it does not */
	struct core_lane *lane;
	TAILQ_ENTRY(core_lane_place) entry;
};

struct core_lane { /* what one SCS has waiting; all zero at first */
	bool begun;
	TAILQ_HEAD(, core_lane_place) waiting;
	TAILQ_ENTRY(core_lane) turn; /* while something waits */
};

struct core_lanes {
	TAILQ_HEAD(, core_lane) turns;
};

void core_lanes_init(struct core_lanes *all);
/* At the end of the lane; the lane, if it was empty, behind all others. */
void core_lanes_put(struct core_lanes *all, struct core_lane *lane, struct core_lane_place *place);
/* It waits no more, wherever it is; one that does not wait is allowed. */
void core_lanes_take(struct core_lanes *all, struct core_lane_place *place);
/* The first of the lane whose turn it is; that lane is behind the others from now on. It still
 * waits: take it. NULL: nothing waits. */
struct core_lane_place *core_lanes_next(struct core_lanes *all);
bool core_lanes_empty(const struct core_lanes *all);
