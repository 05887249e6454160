/* edge_ring.c - the edge's end of the ring: sending, reading, closing. */
#include "edge/edge_ring.h"

#include "ipc/ipc_part.h"

void edge_ring_init(struct edge_ring *r, struct edge_env *env, edge_record_fn *on_record, void *arg)
{
	r->env = env;
	r->on_record = on_record;
	r->arg = arg;
	obj_begin(&r->obj, EDGE_RING_MAGIC);
}

static void close_ring(struct edge_ring *r)
{
	net_watch_free(r->bell);
	r->bell = NULL;
	ipc_ring_close(r->ring);
	r->ring = NULL;
}

void edge_ring_fini(struct edge_ring *r)
{
	close_ring(r);
}

void edge_ring_broken(struct edge_ring *r, const char *what)
{
	if (!r->ring) {
		return;
	}
	st_count(&r->env->st, ST_EDGE_RING_BAD);
	log_error(r->env->log, "edge", "the ring to the core is unusable: %s", what);
	close_ring(r);
	r->broken = true;
}

/* A core that has nothing to do gets the records before the turn ends. */
static void flush_early(struct edge_ring *r)
{
	if (++r->sent < ipc_part(r->unanswered)) {
		return;
	}
	r->sent = 0;
	if (ipc_ring_idle(r->ring) && ipc_ring_flush(r->ring)) {
		edge_ring_broken(r, "its indexes lie");
	}
}

int edge_ring_send(struct edge_ring *r, size_t len)
{
	int err = r->ring ? ipc_ring_send(r->ring, r->record, len) : ERR_BUSY;

	if (err == 0) {
		flush_early(r);
		return 0;
	}
	if (err == ERR_PROTO) {
		edge_ring_broken(r, "its indexes lie");
	} else {
		st_count(&r->env->st, ST_EDGE_RING_FULL);
	}
	return ERR_BUSY;
}

int edge_ring_send_within(struct edge_ring *r, size_t len, size_t waiting_max)
{
	if (r->ring && ipc_ring_waiting(r->ring) > waiting_max) {
		st_count(&r->env->st, ST_EDGE_RING_FULL);
		return ERR_BUSY;
	}
	return edge_ring_send(r, len);
}

static int take(struct edge_ring *r, const uint8_t *record, size_t len)
{
	struct ipc_rec_head head;

	if (ipc_rec_head_get(&head, record, len) || ipc_rec_to_core(head.type)) {
		return ERR_PROTO;
	}
	if (head.edge_generation != r->env->generation) {
		st_count(&r->env->st, ST_EDGE_RING_STALE);
		return 0;
	}
	return r->on_record(r->arg, &head, record, len);
}

/* Handling a record may close the ring: checks r->ring before each one. */
void edge_ring_read(struct edge_ring *r)
{
	uint8_t record[IPC_REC_MAX];
	size_t len;

	for (;;) {
		int err = r->ring ? ipc_ring_recv(r->ring, record, &len) : ERR_AGAIN;

		if (err == ERR_AGAIN) {
			return;
		}
		if (err || take(r, record, len)) {
			edge_ring_broken(r, "a record that is not one");
			return;
		}
	}
}

static void on_bell(void *arg, int events)
{
	struct edge_ring *r = OBJ_OF(arg, struct edge_ring, EDGE_RING_MAGIC);

	(void)events;
	if (!r->ring) {
		return;
	}
	ipc_ring_bell_clear(r->ring);
	edge_ring_read(r);
}

bool edge_ring_turn_end(struct edge_ring *r)
{
	bool broken;

	r->sent = 0;
	if (r->ring && ipc_ring_flush(r->ring)) {
		edge_ring_broken(r, "its indexes lie");
	}
	broken = r->broken;
	r->broken = false;
	return broken;
}

int edge_ring_replace(struct edge_ring *r, struct ipc_ring_fds *fds)
{
	struct ipc_ring *ring;
	struct net_watch *bell;
	int err = ipc_ring_open(&ring, fds);

	if (err) {
		return err;
	}
	err = net_watch_new(&bell, r->env->loop, ipc_ring_bell(ring), on_bell, r);
	if (err) {
		goto close_new;
	}
	err = net_watch_set(bell, NET_READ);
	if (err) {
		goto free_bell;
	}
	close_ring(r);
	r->ring = ring;
	r->bell = bell;
	return 0;

free_bell:
	net_watch_free(bell);
close_new:
	ipc_ring_close(ring);
	return err;
}
