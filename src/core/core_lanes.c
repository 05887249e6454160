/* core_lanes.c - see core_lanes.h. */
#include "core/core_lanes.h"

#include <stddef.h>

void core_lanes_init(struct core_lanes *all)
{
	TAILQ_INIT(&all->turns);
}

bool core_lanes_empty(const struct core_lanes *all)
{
	return TAILQ_EMPTY(&all->turns);
}

void core_lanes_put(struct core_lanes *all, struct core_lane *lane, struct core_lane_place *place)
{
	if (!lane->begun) {
		TAILQ_INIT(&lane->waiting);
		lane->begun = true;
	}
	if (TAILQ_EMPTY(&lane->waiting)) {
		TAILQ_INSERT_TAIL(&all->turns, lane, turn);
	}
	TAILQ_INSERT_TAIL(&lane->waiting, place, entry);
	place->lane = lane;
}

void core_lanes_take(struct core_lanes *all, struct core_lane_place *place)
{
	struct core_lane *lane = place->lane;

	if (!lane) {
		return;
	}
	TAILQ_REMOVE(&lane->waiting, place, entry);
	place->lane = NULL;
	if (TAILQ_EMPTY(&lane->waiting)) {
		TAILQ_REMOVE(&all->turns, lane, turn);
	}
}

struct core_lane_place *core_lanes_next(struct core_lanes *all)
{
	struct core_lane *lane = TAILQ_FIRST(&all->turns);

	if (!lane) {
		return NULL;
	}
	TAILQ_REMOVE(&all->turns, lane, turn);
	TAILQ_INSERT_TAIL(&all->turns, lane, turn);
	return TAILQ_FIRST(&lane->waiting);
}
