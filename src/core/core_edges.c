/* core_edges.c - finds edges by generation, writes to their rings, and gives up an edge that
 * breaks a rule. */
#include "core/core_int.h"

struct core_edge *core_edge_find(struct core *c, uint32_t generation)
{
	struct core_edge *e;

	TAILQ_FOREACH (e, &c->edges.list, entry) {
		if (e->who.generation == generation) {
			return e;
		}
	}
	return NULL;
}

const char *core_edge_words(char out[EDGE_WORDS_MAX], const struct core_edge *e)
{
	return edge_words(out, e->who.slot, e->who.pid, e->who.generation);
}

/* An edge that breaks a rule is ended. Its earlier records were checked and stay valid. */
void core_edge_bad(struct core_edge *e, const char *what)
{
	char words[EDGE_WORDS_MAX];
	struct core *c = e->core;

	if (e->bad) {
		return;
	}
	e->bad = true;
	st_count(&c->st, ST_RING_BAD);
	log_error(c->log, "core", "%s: %s; it is ended", core_edge_words(words, e), what);
	net_watch_stop(e->bell);
	c->cb->on_bad_edge(c->arg, e->who.generation);
}

int core_send(struct core_edge *e, size_t len)
{
	int err = e->bad ? ERR_CLOSED : ipc_ring_send(e->ring, e->core->record, len);

	if (err == ERR_PROTO) {
		core_edge_bad(e, "the indexes of its ring lie");
		return ERR_CLOSED;
	}
	if (err) {
		st_count(&e->core->st, ST_RING_FULL);
	}
	return err;
}
