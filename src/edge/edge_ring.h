/* edge_ring.h - the edge's end of the ring to the core: sending, reading, and giving up a ring that is of no use. */
#pragma once
#include "edge/edge_env.h"
#include "ipc/ipc_rec.h"
#include "ipc/ipc_ring.h"

/* One record of this edge's generation that the core sends. Its header is checked, its body is not. ERR_PROTO: the body is invalid. */
typedef int edge_record_fn(void *arg, const struct ipc_rec_head *head, const uint8_t *record, size_t len);

struct edge_ring {
	struct edge_env *env;
	edge_record_fn *on_record;
	void *arg;
	struct ipc_ring *ring; /* NULL: there is no core */
	struct net_watch *bell;
	bool broken; /* in this turn */
	uint8_t record[IPC_REC_MAX];
};

void edge_ring_init(struct edge_ring *r, struct edge_env *env, edge_record_fn *on_record, void *arg); /* borrows env */
void edge_ring_fini(struct edge_ring *r);                                                             /* also when all is zero */

/* Replaces the ring by the one to a new core. Takes the descriptors on success only. */
ERR_MUST_USE int edge_ring_replace(struct edge_ring *r, struct ipc_ring_fds *fds);

/* Is there a core to send to? */
static inline bool edge_ring_up(const struct edge_ring *r)
{
	return r->ring != NULL;
}

/* Sends the record of `len` octets in r->record. ERR_BUSY: there is no core, or no room. */
ERR_MUST_USE int edge_ring_send(struct edge_ring *r, size_t len);

/* The same for records that may be refused: ERR_BUSY also while more than `waiting_max` octets wait for a core that does not read. The
 * rest of the queue is for records that must not be lost (ends of sessions, outcomes of DNRs): if one of those does not fit, the ring
 * is given up, and every session of the edge with it. So one SCS that sends many requests must not fill the queue. */
#define EDGE_REQUESTS_WAIT_MAX (IPC_RING_OVERFLOW_MAX / 2)
#define EDGE_SESSIONS_WAIT_MAX (IPC_RING_OVERFLOW_MAX / 4 * 3)
ERR_MUST_USE int edge_ring_send_within(struct edge_ring *r, size_t len, size_t waiting_max);

/* Closes a ring whose core breaks the protocol or does not read; `what` is logged. Nothing happens if there is no ring. */
void edge_ring_broken(struct edge_ring *r, const char *what);

/* At the end of a turn: one doorbell for all records of the turn. Returns whether the ring was given up since the last call. */
bool edge_ring_turn_end(struct edge_ring *r);
