/* ns_serve_edges.c - the edges, and the connections that an owner opens and closes. */
#include "ndsip/ns_serve_int.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

void ns_serve_edge_free(struct ns_edge *e)
{
	struct ns_serve *s = e->serve;

	ns_proofs_gone(&s->proofs, e->owner);
	TAILQ_REMOVE(&s->edges, e, entry);
	s->edges_n--;
	ns_channel_free(e->channel);
	OBJ_END(e, NS_EDGE_MAGIC);
	free(e);
}

static void bad_edge(struct ns_edge *e, const char *what)
{
	struct ns_serve *s = e->serve;
	uint32_t generation = e->generation;

	log_error(s->conf.log, "ndsip", "the edge of generation %" PRIu32 " %s; it is cut off", generation, what);
	ns_serve_edge_free(e);
	s->conf.bad_edge(s->conf.arg, generation);
}

static void refuse_open(const struct ns_serve *s, struct ns_channel *owner, uint64_t id)
{
	struct ns_msg m = { .kind = NS_STATE, .state = { .id = id, .proof = NS_CUT, .reason = NS_REASON_TOO_MANY } };

	if (ns_channel_send(owner, &m)) {
		log_warn(s->conf.log, "ndsip", "the owner of a connection does not read that it is refused");
	}
}

int ns_serve_take_connection(struct ns_serve *s, uint64_t owner, struct ns_channel *channel, const struct ns_msg *m)
{
	struct ns_facts f = ns_serve_facts(s);
	int err = 0;

	if (m->kind == NS_CLOSE) {
		ns_proofs_close(&s->proofs, owner, m->close.id);
	} else {
		err = ns_proofs_open(&s->proofs, owner, &m->open, &f, net_loop_now_ms(s->conf.loop));
	}
	if (err == ERR_PROTO) {
		return err;
	}
	if (err) {
		refuse_open(s, channel, m->open.id);
	}
	if (m->kind == NS_OPEN) {
		ns_serve_meet_due(s);
	}
	ns_serve_want_status(s);
	return 0;
}

static void on_edge_message(void *arg, const struct ns_msg *m)
{
	struct ns_edge *e = OBJ_OF(arg, struct ns_edge, NS_EDGE_MAGIC);

	if (ns_serve_take_connection(e->serve, e->owner, e->channel, m)) {
		bad_edge(e, "opened a connection twice");
	}
}

static void on_edge_room(void *arg)
{
	struct ns_edge *e = OBJ_OF(arg, struct ns_edge, NS_EDGE_MAGIC);

	e->full = false;
	ns_serve_tell_owners(e->serve);
}

static void on_edge_lost(void *arg, int err)
{
	struct ns_edge *e = OBJ_OF(arg, struct ns_edge, NS_EDGE_MAGIC);
	struct ns_serve *s = e->serve;

	if (err == ERR_PROTO) {
		bad_edge(e, "sent what is no message");
	} else {
		ns_serve_edge_free(e);
	}
	ns_serve_want_status(s);
}

static void end_older(struct ns_serve *s, uint32_t generation)
{
	struct ns_edge *e;

	TAILQ_FOREACH (e, &s->edges, entry) {
		if (e->generation == generation) {
			ns_serve_edge_free(e);
			return;
		}
	}
}

int ns_serve_edge(struct ns_serve *s, int fd, uint32_t generation)
{
	struct ns_channel_conf conf = { .loop = s->conf.loop,
					.from = NS_FROM_EDGE,
					.on_message = on_edge_message,
					.on_room = on_edge_room,
					.on_lost = on_edge_lost };
	struct ns_edge *e;
	int err;

	OBJ_CHECK(s, NS_SERVE_MAGIC);
	end_older(s, generation);
	e = s->edges_n < NS_EDGES_MAX ? calloc(1, sizeof *e) : NULL;
	conf.arg = e;
	err = e ? ns_channel_new(&e->channel, fd, &conf) : s->edges_n < NS_EDGES_MAX ? ERR_NOMEM : ERR_LIMIT;
	if (err) {
		if (!e) {
			close(fd);
		}
		free(e);
		return err;
	}
	obj_begin(&e->obj, NS_EDGE_MAGIC);
	e->serve = s;
	e->owner = ++s->owner_next;
	e->generation = generation;
	TAILQ_INSERT_TAIL(&s->edges, e, entry);
	s->edges_n++;
	return 0;
}
