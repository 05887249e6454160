/* core_seat.h - the place of a trigger in the tables of the core. It is the same for each trigger, whatever holds the rest of it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/heap.h"
#include "base/multimap.h"

struct core_scs;

struct core_seat {
	struct core_scs *scs;
	struct heap_node deadline;      /* ms of the core's timeline */
	struct multimap_node by_ref;    /* in no table for a recall, which has no number of its own */
	struct multimap_node by_device; /* in the table from when a DTR may have been sent */
	TAILQ_ENTRY(core_seat) of_scs;
	TAILQ_ENTRY(core_seat) entry; /* in the list of all triggers */
	uint32_t reference;
	bool parked; /* the rest is a parked trigger (core_park.h), not a struct core_trigger */
};

TAILQ_HEAD(core_seats, core_seat);
