/* edge_int.h - the edge as the sum of its parts, for edge.c and its tests only. */
#pragma once
#include "edge/edge.h"
#include "edge/edge_notify.h"
#include "edge/edge_screen.h"
#include "edge/edge_stats.h"
#include "edge/edge_trace.h"
#include "edge/edge_tsp.h"

struct edge_stop {
	struct net_timer *timer;
	bool begun;
	uint64_t by_ms; /* deadline for the ends of all sessions */
	void (*done)(void *arg);
	void *arg;
};

/* Each part after env has an init and a fini in its own file. A part refers only to parts above it;
 * the exception is marked. */
#define EDGE_MAGIC 0xcc92d33du
struct edge {
	struct obj obj;
	struct edge_env env;
	struct edge_ring ring;
	struct edge_screen screen;
	struct edge_trace trace;
	struct edge_tsp tsp;
	struct edge_notes notes; /* refers to sessions, which end every DNR when they are freed */
	struct edge_sessions sessions;
	struct edge_stats stats;
	struct edge_stop stop;
	struct net_timer *deadlines; /* runs to the earliest deadline of the front and of the sessions */
	struct net_check *turn_end;
	void (*on_ring_broken)(void *arg);
	void *arg;
};
