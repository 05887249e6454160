/* core_edges.h - the edges as the core sees them.
 * An edge process may be compromised: the core checks each of its records and ends an edge that
 * breaks a rule (CONTRACTS section 4). */
#pragma once
#include <stdbool.h>
#include <sys/queue.h>

#include "base/edge_name.h"
#include "base/obj.h"
#include "core/core.h"
#include "core/core_view.h"
#include "ipc/ipc_rec.h"
#include "net/net_loop.h"
#include "stats/st.h"

struct core_session;

#define CORE_EDGE_MAGIC 0xcad5cfbcu
struct core_edge {
	struct obj obj;
	struct core *core;
	struct core_edge_id who;
	struct ipc_ring *ring;
	struct net_watch *bell;
	bool bad; /* broke a rule: no longer read; freed by core_edge_gone() */
	uint32_t sessions_n;
	TAILQ_HEAD(, core_session) sessions;
	struct st_gauges gauges;     /* as it reported them last */
	uint64_t turns[NET_TURNS];   /* of its loop (net_loop.h), as it reported them */
	uint32_t screen_due;         /* screening rows whose rule it has not got: bits */
	bool trace_due;              /* it has not got the trace that runs, or its end */
	struct ipc_ocsp_state *ocsp; /* of each responder, as it reported them last; NULL: nothing yet */
	uint64_t ocsp_place;         /* of struct core_ocsp: it has got all up to this one */
	uint32_t files_generation;   /* of the set of files that it uses; 0: not yet known */
	TAILQ_ENTRY(core_edge) entry;
};

struct core_edges {
	TAILQ_HEAD(, core_edge) list;
	struct net_timer *again; /* for records that the last turn left in a ring */
};

/* NULL: no edge of this generation. */
struct core_edge *core_edge_find(struct core *c, uint32_t generation);
/* Writes name, pid and generation of the edge (edge_words()) for the log. Returns `out`. */
const char *core_edge_words(char out[EDGE_WORDS_MAX], const struct core_edge *e);

/* Puts the record of `len` octets in c->record on the edge's ring. ERR_BUSY: no room.
 * ERR_CLOSED: the edge is bad. */
ERR_MUST_USE int core_send(struct core_edge *e, size_t len);
/* Marks the edge as bad and logs `what`. Records checked before stay valid. */
void core_edge_bad(struct core_edge *e, const char *what);
