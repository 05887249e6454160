/* core_flow.h - what leaves the core, and when.
 * All that a turn of the loop gathered leaves at its end: one commit of the intents, one write of
 * the decision lines, one doorbell for each edge, one send to each peer.
 * A part leaves early, while the turn still runs, if the other side has nothing to do: so the
 * core, the journal's thread, the edges and the peers work at the same time.
 * A side that still works gets more at once instead: that is cheaper for it.
 * ipc/ipc_part.h says how large a part is. */
#pragma once

#include <stdbool.h>

struct core;
struct core_peer;

struct core_flow {
	unsigned handled; /* messages since the last look at the other sides */
	bool lines_first; /* gathered decision lines have to be in the log before records that gathered are durable */
};

/* Called after each message or completion that was handled, outside any group of the journal. */
void core_flow_early(struct core *c);
/* True if the gathered requests may leave early: they at least double the work that the peer has.
 * A quick peer has answered what it was sent; for a slow one more requests gather. */
bool core_flow_wants(const struct core_peer *p);
/* Writes the gathered decision lines if they have to be in the log before the gathered records are
 * durable. Called before anything hands records to the journal's thread. */
void core_flow_lines(struct core *c);
/* The end of the turn: everything leaves. */
void core_flow_all(struct core *c);
