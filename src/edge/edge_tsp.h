/* edge_tsp.h - the Tsp front of an edge: requests of SCSs and their answers (TS 29.368), stages 5
 * to 7 and 13. */
#pragma once
#include "base/multimap.h"
#include "edge/edge_screen.h"
#include "edge/edge_session.h"

struct edge_txn;

/* How a request ends: answered, or why not. */
enum edge_txn_end {
	EDGE_TXN_ANSWERED,
	EDGE_TXN_NOT_SENT,     /* the answer could not be built or put on the connection */
	EDGE_TXN_SESSION_GONE, /* its connection ended first */
	EDGE_TXN_STOPPING,     /* likewise, because the edge stops */
	EDGE_TXN_DROPPED,      /* a screening row says so */
	EDGE_TXN_ENDS
};

#define EDGE_TSP_MAGIC 0xc0b2d002u
struct edge_tsp {
	struct obj obj;
	struct edge_env *env;
	struct edge_ring *ring;
	struct edge_screen *screen;
	uint64_t wait_ms;                     /* time for the core's answer to a request */
	TAILQ_HEAD(edge_txns, edge_txn) txns; /* in order of their deadlines */
	struct edge_txns unconfirmed;         /* answered here; the core has not acknowledged this yet */
	/* the numbers are our own and count up: each is its own hash */
	struct multimap by_number;
	size_t octets; /* total size of the unanswered requests */
};

/* Borrows all pointers until edge_tsp_fini(). ERR_NOMEM. */
ERR_MUST_USE int edge_tsp_init(struct edge_tsp *tsp, struct edge_env *env, struct edge_ring *ring, struct edge_screen *screen);
void edge_tsp_fini(struct edge_tsp *tsp); /* after its sessions; also when all is zero */

extern const struct edge_front edge_tsp_front; /* its `arg` is a struct edge_tsp */
