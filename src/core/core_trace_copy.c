/* core_trace_copy.c - what goes into a trace: copies of the messages of core peers, and those that
 * edges send. */
#include "core/core_trace_int.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "net/net_stream.h"
#include "trace/trc_redact.h"

/* -- the edges */

/* Edges have no part in a trace of a peer. */
static bool edges_copy(const struct core_trace_run *r)
{
	return r && !r->ends && !r->filter.peer[0];
}

static void send_due(struct core_edge *e)
{
	const struct core_trace_run *r = e->core->trace.run;
	struct ipc_trace t = { .number = 0 };

	if (edges_copy(r)) {
		t.number = r->view.number;
		t.unredacted = r->unredacted;
		memcpy(t.key, r->key.k, sizeof t.key);
		str_set(t.scs, sizeof t.scs, r->filter.scs);
		t.device = r->filter.external[0] ? IPC_DEVICE_EXTERNAL
			   : r->filter.msisdn[0] ? IPC_DEVICE_MSISDN
						 : IPC_DEVICE_NONE;
		str_set(t.external_id, sizeof t.external_id, r->filter.external);
		str_set(t.msisdn, sizeof t.msisdn, r->filter.msisdn);
		t.reference = (struct ipc_opt_u32){ r->filter.reference, r->filter.has_reference };
	}
	e->trace_due = core_send(e, ipc_trace_put(e->core->record, e->who.generation, &t)) == ERR_BUSY;
}

void core_trace_edge(struct core_edge *e)
{
	if (edges_copy(e->core->trace.run)) {
		send_due(e);
	}
}

void core_trace_tell_edges(struct core *c)
{
	struct core_edge *e;

	TAILQ_FOREACH (e, &c->edges.list, entry) {
		send_due(e);
	}
}

void core_trace_look(struct core *c)
{
	struct core_edge *e;

	TAILQ_FOREACH (e, &c->edges.list, entry) {
		if (e->trace_due) {
			send_due(e);
		}
	}
}

/* -- messages of core peers */

static void copy(struct core_trace_run *r, const struct core_peer *p, const struct link *l, const struct core_trigger *t,
		 bool out, const uint8_t *bytes, size_t len)
{
	const struct net_stream *stream = link_stream(l);
	struct trc_end ours = { stream ? net_stream_local(stream) : "", 0 };
	struct trc_end theirs = { stream ? net_stream_peer(stream) : p->conf->address, p->conf->port };
	char comment[TRC_TEXT_MAX];
	struct trc_packet packet = { .time_us = net_loop_real_ms(r->core->loop) * 1000,
				     .from = out ? ours : theirs,
				     .to = out ? theirs : ours,
				     .sctp = transport_is_sctp(p->conf->transport),
				     .out = out,
				     .comment = comment,
				     .message = bytes,
				     .len = (uint32_t)len,
				     .len_before = (uint32_t)len };

	if (len < DIA_HEADER_LEN || len > r->room_size) {
		core_trace_lose(r, 1);
		return;
	}
	if (!r->unredacted) {
		memcpy(r->room, bytes, len);
		packet.message = r->room;
		packet.len = (uint32_t)trc_redact(r->room, len, &r->key);
	}
	snprintf(comment, sizeof comment, "peer %s%s%s%s%s", p->conf->name, t ? ", scs " : "", t ? t->scs->name : "",
		 t ? ", transaction " : "", t ? t->transaction : "");
	core_trace_put(r, &packet);
}

/* The two directions of requests of a connection have two numbers. */
uint64_t core_trace_way(const struct core_peer *p, bool out)
{
	return (uint64_t)p->number << 1 | out;
}

/* Not inline: the frame of copy() is large, and each message would pay for it. */
__attribute__((noinline)) static void look_at(struct core_trace_run *r, struct core_peer *p, const struct link *l, bool out,
					      const uint8_t *bytes, size_t len)
{
	struct dia_hdr h;

	if (dia_hdr_parse(&h, bytes, len)) {
		return;
	}
	if (r->whole_peer) {
		copy(r, p, l, r->about, out, bytes, len);
	} else if (h.flags & DIA_FLAG_R) {
		/* one that comes in is looked at when its trigger is known */
		trc_watch_add(&r->watch, core_trace_way(p, true), h.hop_by_hop);
		copy(r, p, l, r->about, out, bytes, len);
	} else if (trc_watch_take(&r->watch, core_trace_way(p, !out), h.hop_by_hop)) {
		copy(r, p, l, NULL, out, bytes, len);
	}
}

static void on_message(void *arg, const struct link *l, bool out, const uint8_t *bytes, size_t len)
{
	struct core_peer *p = OBJ_OF(arg, struct core_peer, CORE_PEER_MAGIC);
	struct core_trace_run *r = p->core->trace.run;

	if (!r || r->ends || len < DIA_HEADER_LEN) {
		return;
	}
	/* most messages are about others: they cost next to nothing */
	if (r->whole_peer || (bytes[4] & DIA_FLAG_R ? out && r->about : r->watch.used > 0)) {
		look_at(r, p, l, out, bytes, len);
	}
}

/* False too for a trace of another peer. */
bool core_trace_matches(const struct core_trace_run *r, const struct core_peer *p, const struct core_trigger *t)
{
	const struct trg_request *req = &t->trg->req;

	return (!r->filter.peer[0] || strcmp(r->filter.peer, p->conf->name) == 0) &&
	       trc_filter_matches(&r->filter, &(struct trc_about){ t->scs->name, req->external, req->msisdn, req->reference });
}

void core_trace_about(struct core_peer *p, const struct core_trigger *t)
{
	struct core_trace_run *r = p->core->trace.run;

	if (r) {
		r->about = t && core_trace_matches(r, p, t) ? t : NULL;
	}
}

void core_trace_request(struct core_peer *p, struct link *l, const struct core_trigger *t, const struct dia_msg *m)
{
	struct core_trace_run *r = p->core->trace.run;

	if (r && !r->ends && !r->whole_peer && core_trace_matches(r, p, t)) {
		trc_watch_add(&r->watch, core_trace_way(p, false), m->hdr.hop_by_hop);
		copy(r, p, l, t, false, m->bytes, m->hdr.length);
	}
}

void core_trace_peer(struct core_peer *p)
{
	const struct core_trace_run *r = p->core->trace.run;
	bool wanted = r && !r->ends && (!r->filter.peer[0] || strcmp(r->filter.peer, p->conf->name) == 0);

	link_peer_tap(p->peer, wanted ? on_message : NULL, p);
}

void core_trace_tap_peers(struct core *c)
{
	for (size_t i = 0; i < c->peers.n; i++) {
		if (c->peers.row[i].peer) {
			core_trace_peer(&c->peers.row[i]);
		}
	}
}

/* -- copies of edges */

int core_trace_on_copy(struct core_edge *e, uint64_t session, const struct ipc_trace_copy *in)
{
	struct core_trace_run *r = e->core->trace.run;
	const struct core_session *s;
	char comment[TRC_TEXT_MAX], transaction[CORE_TRANSACTION_TEXT_MAX];
	struct trc_end scs, ours;

	if (!edges_copy(r) || in->number != r->view.number) {
		/* it has ended meanwhile; an edge that was told of no trace makes none up */
		return in->number > e->core->trace.number ? ERR_PROTO : 0;
	}
	core_trace_lose(r, in->lost);
	s = in->len_before ? core_session_find(e->core, e->who.generation, session) : NULL;
	if (!s) {
		return 0; /* it only says what was lost; or the session was cut */
	}
	if (r->filter.scs[0] && strcmp(r->filter.scs, s->scs->name) != 0) {
		return ERR_PROTO;
	}
	core_transaction_text(transaction, e->who.generation, session);
	snprintf(comment, sizeof comment, "scs %s, session %s, listener %s", s->scs->name, transaction, s->listen->name);
	scs = (struct trc_end){ s->address, 0 };
	ours = (struct trc_end){ s->listen->address, s->listen->port };
	core_trace_put(r, &(struct trc_packet){ .time_us = in->time_ms * 1000,
						.from = in->out ? ours : scs,
						.to = in->out ? scs : ours,
						.sctp = transport_is_sctp(s->listen->transport),
						.out = in->out,
						.comment = comment,
						.message = in->message,
						.len = in->len,
						.len_before = in->len_before });
	return 0;
}
