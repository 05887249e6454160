/* core_flow.c - hands on what the core gathered: at the end of a turn, or early to a side that
 * has nothing to do.
 * Decision lines are written before any answer leaves. */
#include "core/core_flow.h"

#include "core/core_int.h"
#include "ipc/ipc_part.h"

bool core_flow_wants(const struct core_peer *p)
{
	return p->gathered >= IPC_PART_MIN && p->gathered * 2 >= p->outstanding;
}

static void edge_flush(struct core_edge *e)
{
	if (!e->bad && ipc_ring_flush(e->ring)) {
		core_edge_bad(e, "the indexes of its ring lie");
	}
}

static void edges_early(struct core *c)
{
	struct core_edge *e;

	TAILQ_FOREACH (e, &c->edges.list, entry) {
		if (!e->bad && ipc_ring_idle(e->ring)) {
			edge_flush(e);
		}
	}
}

static void peer_push(struct core_peer *p)
{
	struct link *l = p->peer ? link_peer_link(p->peer) : NULL;

	if (!l && !p->smpp) {
		return;
	}
	if (l) {
		link_push(l);
	} else {
		core_smpp_push(p->smpp);
	}
	p->gathered = 0;
}

static void peers_early(struct core *c)
{
	for (size_t i = 0; i < c->peers.n; i++) {
		struct core_peer *p = &c->peers.row[i];

		if (core_flow_wants(p)) {
			peer_push(p);
		}
	}
}

void core_flow_lines(struct core *c)
{
	if (c->flow.lines_first) {
		c->flow.lines_first = false;
		core_decisions_write(c);
	}
}

void core_flow_early(struct core *c)
{
	if (++c->flow.handled < ipc_part(c->triggers.pending)) {
		return;
	}
	c->flow.handled = 0;
	core_flow_lines(c);
	jrn_submit_early(c->journal.jrn);
	core_decisions_write(c);
	edges_early(c);
	peers_early(c);
}

/* The streams to the peers send after the checks of the loop, hence after this. */
void core_flow_all(struct core *c)
{
	struct core_edge *e;

	c->flow.handled = 0;
	core_flow_lines(c);
	jrn_submit(c->journal.jrn);
	core_decisions_write(c);
	TAILQ_FOREACH (e, &c->edges.list, entry) {
		edge_flush(e);
	}
	for (size_t i = 0; i < c->peers.n; i++) {
		c->peers.row[i].gathered = 0;
	}
}
