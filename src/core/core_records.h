/* core_records.h - the records of edges (CONTRACTS section 4): reads and checks them and calls
 * their stage. */
#pragma once
#include "base/err.h"

struct core;

ERR_MUST_USE int core_edges_init(struct core *c); /* ERR_NOMEM */
/* ends every edge with its sessions; a zeroed part is allowed */
void core_edges_fini(struct core *c);
