/* edge_ring.h - the edge's end of the ring to the core: sends, reads, and closes an unusable
 * ring. */
#pragma once
#include "base/obj.h"
#include "edge/edge_env.h"
#include "ipc/ipc_rec.h"
#include "ipc/ipc_ring.h"

/* A record from the core with the generation of this edge. The header is checked, the body is not.
 * Returns ERR_PROTO if the body is invalid: the ring is then closed. */
typedef int edge_record_fn(void *arg, const struct ipc_rec_head *head, const uint8_t *record, size_t len);

#define EDGE_RING_MAGIC 0xe6107a3du
struct edge_ring {
	struct obj obj;
	struct edge_env *env;
	edge_record_fn *on_record;
	void *arg;
	struct ipc_ring *ring; /* NULL: no core is connected */
	struct net_watch *bell;
	unsigned sent;               /* records since the last look whether the core sleeps */
	uint32_t unanswered;         /* requests offered to the core or about to be, counted by the front */
	bool broken;                 /* closed by edge_ring_broken() in this turn */
	uint8_t record[IPC_REC_MAX]; /* the next record to send is encoded here */
};

/* borrows env */
void edge_ring_init(struct edge_ring *r, struct edge_env *env, edge_record_fn *on_record, void *arg);
/* also when all is zero */
void edge_ring_fini(struct edge_ring *r);

/* Connects to a new core: the old ring, if any, is closed. Takes the descriptors on success only;
 * on an error the old ring stays. */
ERR_MUST_USE int edge_ring_replace(struct edge_ring *r, struct ipc_ring_fds *fds);

/* True if a core is connected. */
static inline bool edge_ring_up(const struct edge_ring *r)
{
	return r->ring != NULL;
}

/* Sends the record of `len` octets in r->record. ERR_BUSY: no core is connected, or no room. */
ERR_MUST_USE int edge_ring_send(struct edge_ring *r, size_t len);

/* The same for a record that may be refused: also ERR_BUSY while more than `waiting_max` octets
 * wait in the local queue. The rest of the queue is kept for the ends of sessions and the outcomes
 * of DNRs. If the end of a session does not fit, the ring is closed and the edge restarts: one SCS
 * with many requests must not cause that. */
#define EDGE_REQUESTS_WAIT_MAX (IPC_RING_OVERFLOW_MAX / 2)
#define EDGE_SESSIONS_WAIT_MAX (IPC_RING_OVERFLOW_MAX / 4 * 3)
ERR_MUST_USE int edge_ring_send_within(struct edge_ring *r, size_t len, size_t waiting_max);

/* Handles records of the core whose doorbell has not been handled yet. Called before the edge
 * decides by itself. */
void edge_ring_read(struct edge_ring *r);

/* Closes the ring: the core broke the protocol or does not read. `what` is logged. No effect
 * without a ring. */
void edge_ring_broken(struct edge_ring *r, const char *what);

/* Call at the end of each turn: rings one doorbell for all records of the turn. Returns whether
 * edge_ring_broken() closed a ring since the last call. */
bool edge_ring_turn_end(struct edge_ring *r);
