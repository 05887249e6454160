/* edge_ring.c - the end of the ring that an edge holds. */
#include "edge/edge_int.h"

void edge_ring_broken(struct edge *e, const char *what)
{
	if (!e->ring)
		return;
	st_count(&e->st, ST_EDGE_RING_BAD);
	log_error(e->log, "edge", "the ring to the core is of no use any more: %s", what);
	net_watch_free(e->bell);
	e->bell = NULL;
	ipc_ring_close(e->ring);
	e->ring = NULL;
	e->ring_broken = true;
}

int edge_send(struct edge *e, size_t len)
{
	int err = e->ring ? ipc_ring_send(e->ring, e->record, len) : ERR_BUSY;

	if (err == 0)
		return 0;
	if (err == ERR_PROTO)
		edge_ring_broken(e, "its indexes lie");
	else
		st_count(&e->st, ST_EDGE_RING_FULL);
	return ERR_BUSY;
}

int edge_send_within(struct edge *e, size_t len, size_t waiting_max)
{
	if (e->ring && ipc_ring_waiting(e->ring) > waiting_max) {
		st_count(&e->st, ST_EDGE_RING_FULL);
		return ERR_BUSY;
	}
	return edge_send(e, len);
}
