/* edge_stats.h - reports the counters of an edge to the core, every timers.stats_ms. */
#pragma once
#include "edge/edge_session.h"

#define EDGE_STATS_MAGIC 0x9b51c6f2u
struct edge_stats {
	struct obj obj;
	struct edge_env *env;
	struct edge_ring *ring;
	struct edge_sessions *sessions;
	const struct link_counters *links; /* of the sessions */
	struct st_counters sent;           /* env->st at the last report that reached the core */
	struct link_counters seen;         /* *links when it was last added to env->st */
	struct net_timer *timer;
};

/* Borrows all pointers until edge_stats_fini(). ERR_NOMEM. */
ERR_MUST_USE int edge_stats_init(struct edge_stats *stats, struct edge_env *env, struct edge_ring *ring,
				 struct edge_sessions *sessions);
void edge_stats_fini(struct edge_stats *stats); /* also when all is zero */

/* Reports now. Counts that do not reach the core are part of the next report. */
void edge_stats_send(struct edge_stats *stats);
