/* edge_env.h - what all parts of an edge share: configuration, log, loop, numbers and counters. */
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
	uint64_t number_next; /* of sessions and transactions; each number is given once */
	struct st_counters st;
	/* Set by a part whose earliest deadline may have changed. The edge checks all deadlines at most once
	 * a turn, at its end. */
	bool deadlines_moved;
};
