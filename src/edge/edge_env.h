/* edge_env.h - shared by all parts of an edge: configuration, log, loop, numbers and counters. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "conf/cfg_iwf.h"
#include "net/net_loop.h"
#include "stats/st.h"

struct edge_env {
	const struct cfg_iwf *cfg; /* borrowed, as are log and loop */
	const struct log *log;
	struct net_loop *loop;
	uint32_t generation;  /* of this edge: larger than that of each edge before */
	uint64_t number_next; /* next number of a session or transaction; never reused */
	struct st_counters st;
	/* Set by a part whose earliest deadline may have changed. The edge checks all deadlines at
	 * most once a turn, at its end. */
	bool deadlines_moved;
};
