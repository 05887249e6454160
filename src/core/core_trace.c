/* core_trace.c - the trace that runs: its filter, bounds and counts, the copies of messages of core
 * peers, and those that edges send.
 *
 *   (none) --core_trace_begin()--> RUNS --stop, time, size--> ENDS --file written--> (none)
 *                                    |                                                 ^
 *                                    +-------------- its file takes no more -----------+
 */
#include "core/core_trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shown.h"
#include "base/str.h"
#include "core/core_int.h"
#include "core/core_trace_file.h"
#include "net/net_stream.h"
#include "trace/trc_pcapng.h"
#include "trace/trc_redact.h"

#define TICK_MS 100u /* the file is this much behind */

#define CORE_TRACE_RUN_MAGIC 0x6b7f04c1u
struct core_trace_run {
	struct obj obj;
	struct core *core;
	struct trc_filter filter;
	struct sip_key key;
	bool unredacted;
	struct core_trace_view view;
	uint64_t until_ms; /* of the loop's clock */
	struct core_trace_file *file;
	struct trc_watch watch;
	const struct core_trigger *about; /* of the request that is being sent; NULL: none that matches */
	uint8_t *room;                    /* for one message while it is redacted */
	size_t room_size;
	struct net_timer *tick;
	bool ends, written; /* its last block is queued; the file is complete or takes no more */
	core_trace_done_fn *done;
	void *done_arg;
};

/* -- what people are told */

static void who_text(char out[24], uint32_t uid)
{
	snprintf(out, 24, "uid %" PRIu32, uid);
}

static void decide(const struct core_trace_run *r, const char *who, const char *reason)
{
	const struct core_trace_view *v = &r->view;
	char what[TRC_FILTER_TEXT_MAX + CORE_TRACE_NAME_MAX + CORE_TRACE_END_MAX + 160];

	if (*v->end) {
		snprintf(what, sizeof what, "trace %" PRIu32 ": %s; %" PRIu64 " messages, %" PRIu64 " lost; %s", v->number,
			 v->end, v->messages, v->lost, v->filter);
	} else {
		snprintf(what, sizeof what, "trace %" PRIu32 ": %s; %s; into %s; at most %" PRIu64 " s and %" PRIu64 " bytes",
			 v->number, v->filter, v->unredacted ? "UNREDACTED" : "redacted", v->name,
			 (v->until_ms - v->since_ms) / 1000, v->octets_max);
	}
	log_warn(r->core->log, "core", "%s %s: %s", reason, who, what);
	core_decide_trace(r->core, who, r->filter.scs, what, reason);
}

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

static void tell_edges(struct core *c)
{
	struct core_edge *e;

	TAILQ_FOREACH (e, &c->edges.list, entry) {
		send_due(e);
	}
}

static void tell_late_edges(struct core *c)
{
	struct core_edge *e;

	TAILQ_FOREACH (e, &c->edges.list, entry) {
		if (e->trace_due) {
			send_due(e);
		}
	}
}

/* -- into the file */

static void lose(struct core_trace_run *r, uint64_t n)
{
	r->view.lost += n;
	st_count_n(&r->core->st, ST_TRACE_LOST, n);
}

static void end(struct core_trace_run *r, const char *why);

static void put(struct core_trace_run *r, const struct trc_packet *p)
{
	size_t need = p->len + TRC_PACKET_OVERHEAD, before;
	struct buf *out;

	if (r->ends) {
		return;
	}
	if (r->view.octets + need + TRC_BLOCK_MAX > r->view.octets_max) {
		end(r, "it has the size that it may have");
		return;
	}
	/* room stays for the block that says what was lost */
	out = core_trace_file_room(r->file, need + TRC_BLOCK_MAX);
	if (!out) {
		lose(r, 1);
		return;
	}
	before = out->len;
	trc_put_packet(out, p);
	r->view.octets += out->len - before;
	r->view.messages++;
	st_count(&r->core->st, ST_TRACED);
}

static void put_counts(struct core_trace_run *r)
{
	struct buf *out = core_trace_file_room(r->file, TRC_BLOCK_MAX);
	char comment[CORE_TRACE_END_MAX + 64];
	size_t before;

	if (!out) {
		return; /* put() leaves room for this one */
	}
	before = out->len;
	snprintf(comment, sizeof comment, "ended: %s; messages lost: %" PRIu64, r->view.end, r->view.lost);
	trc_put_counts(out, net_loop_real_ms(r->core->loop) * 1000, r->view.messages + r->view.lost, r->view.lost, comment);
	r->view.octets += out->len - before;
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
		lose(r, 1);
		return;
	}
	if (!r->unredacted) {
		memcpy(r->room, bytes, len);
		packet.message = r->room;
		packet.len = (uint32_t)trc_redact(r->room, len, &r->key);
	}
	snprintf(comment, sizeof comment, "peer %s%s%s%s%s", p->conf->name, t ? ", scs " : "", t ? t->scs->name : "",
		 t ? ", transaction " : "", t ? t->transaction : "");
	put(r, &packet);
}

/* The two directions of requests of a connection have two numbers. */
static uint64_t connection(const struct core_peer *p, bool out)
{
	return (uint64_t)p->number << 1 | out;
}

static void on_message(void *arg, const struct link *l, bool out, const uint8_t *bytes, size_t len)
{
	struct core_peer *p = OBJ_OF(arg, struct core_peer, CORE_PEER_MAGIC);
	struct core_trace_run *r = p->core->trace.run;
	struct dia_hdr h;

	if (!r || r->ends || dia_hdr_parse(&h, bytes, len)) {
		return;
	}
	if (trc_filter_whole_peer(&r->filter)) {
		copy(r, p, l, r->about, out, bytes, len);
	} else if (h.flags & DIA_FLAG_R) {
		/* one that comes in is looked at when its trigger is known */
		if (out && r->about) {
			trc_watch_add(&r->watch, connection(p, true), h.hop_by_hop);
			copy(r, p, l, r->about, out, bytes, len);
		}
	} else if (trc_watch_take(&r->watch, connection(p, !out), h.hop_by_hop)) {
		copy(r, p, l, NULL, out, bytes, len);
	}
}

/* False too for a trace of another peer. */
static bool matches(const struct core_trace_run *r, const struct core_peer *p, const struct core_trigger *t)
{
	const struct trg_request *req = &t->trg->req;

	return (!r->filter.peer[0] || strcmp(r->filter.peer, p->conf->name) == 0) &&
	       trc_filter_matches(&r->filter, &(struct trc_about){ t->scs->name, req->external, req->msisdn, req->reference });
}

void core_trace_about(struct core_peer *p, const struct core_trigger *t)
{
	struct core_trace_run *r = p->core->trace.run;

	if (r) {
		r->about = t && matches(r, p, t) ? t : NULL;
	}
}

void core_trace_request(struct core_peer *p, struct link *l, const struct core_trigger *t, const struct dia_msg *m)
{
	struct core_trace_run *r = p->core->trace.run;

	if (r && !r->ends && !trc_filter_whole_peer(&r->filter) && matches(r, p, t)) {
		trc_watch_add(&r->watch, connection(p, false), m->hdr.hop_by_hop);
		copy(r, p, l, t, false, m->bytes, m->hdr.length);
	}
}

void core_trace_peer(struct core_peer *p)
{
	const struct core_trace_run *r = p->core->trace.run;
	bool wanted = r && !r->ends && (!r->filter.peer[0] || strcmp(r->filter.peer, p->conf->name) == 0);

	link_peer_tap(p->peer, wanted ? on_message : NULL, p);
}

static void tap_peers(struct core *c)
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
	lose(r, in->lost);
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
	put(r, &(struct trc_packet){ .time_us = in->time_ms * 1000,
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

/* -- the end */

static void end(struct core_trace_run *r, const char *why)
{
	if (r->ends) {
		return;
	}
	str_cut(r->view.end, sizeof r->view.end, why);
	put_counts(r);
	r->ends = true;
	r->about = NULL;
	tap_peers(r->core);
	tell_edges(r->core);
	core_trace_file_end(r->file);
}

static void free_run(struct core_trace_run *r)
{
	struct core *c = r->core;

	r->view.running = false;
	c->trace.last = r->view;
	c->trace.run = NULL;
	net_timer_free(r->tick);
	trc_watch_fini(&r->watch);
	free(r->room);
	explicit_bzero(&r->key, sizeof r->key);
	if (!core_trace_file_drop(r->file)) {
		log_error(c->log, "core", "trace %" PRIu32 ": its file does not come back from a write; it is left alone",
			  r->view.number);
	}
	OBJ_END(r, CORE_TRACE_RUN_MAGIC);
	free(r);
}

static void finish(struct core_trace_run *r)
{
	core_trace_done_fn *done = r->done;
	void *arg = r->done_arg;
	char who[24];

	who_text(who, r->view.uid);
	decide(r, who, "ended");
	free_run(r);
	if (done) {
		done(arg);
	}
}

static void on_file_ended(void *arg, int err, const char *why)
{
	struct core_trace_run *r = OBJ_OF(arg, struct core_trace_run, CORE_TRACE_RUN_MAGIC);

	if (err) {
		str_cut(r->view.end, sizeof r->view.end, why);
	}
	if (!r->ends) {
		r->ends = true;
		r->about = NULL;
		tap_peers(r->core);
		tell_edges(r->core);
	}
	r->written = true;
	net_timer_start(r->tick, 0);
}

static void on_tick(void *arg)
{
	struct core_trace_run *r = OBJ_OF(arg, struct core_trace_run, CORE_TRACE_RUN_MAGIC);

	tell_late_edges(r->core);
	if (r->written) {
		finish(r);
		return;
	}
	if (!r->ends && net_loop_now_ms(r->core->loop) >= r->until_ms) {
		end(r, "its time is over");
	}
	if (!r->ends) {
		core_trace_file_push(r->file);
	}
	net_timer_start(r->tick, TICK_MS);
}

int core_trace_stop(struct core *c, uint32_t uid, core_trace_done_fn *done, void *arg)
{
	struct core_trace_run *r = c->trace.run;
	char why[CORE_TRACE_END_MAX], who[24];

	if (!r) {
		return ERR_NOTFOUND;
	}
	if (r->done || r->written) {
		return ERR_BUSY;
	}
	r->done = done;
	r->done_arg = arg;
	who_text(who, uid);
	snprintf(why, sizeof why, "stopped by %s", who);
	end(r, why);
	return 0;
}

void core_trace_leave(struct core *c)
{
	if (c->trace.run) {
		end(c->trace.run, "the gateway stops");
	}
}

void core_trace_fini(struct core *c)
{
	struct core_trace_run *r = c->trace.run;

	if (r) {
		if (!*r->view.end) {
			str_cut(r->view.end, sizeof r->view.end, "the core ends");
		}
		finish(r);
	}
}

/* -- the begin */

static bool has_peer(const struct core *c, const char *name)
{
	for (size_t i = 0; i < c->peers.n; i++) {
		if (c->peers.row[i].peer && strcmp(c->peers.row[i].conf->name, name) == 0) {
			return true;
		}
	}
	return false;
}

static void fill(struct core_trace_run *r, struct core *c, const struct core_trace_start *s)
{
	r->core = c;
	r->filter = *s->filter;
	r->unredacted = s->unredacted;
	r->until_ms = net_loop_now_ms(c->loop) + s->seconds * 1000;
	r->room_size = c->cfg->limits.core_message_max;
	r->view.number = c->trace.number + 1;
	r->view.running = true;
	r->view.unredacted = s->unredacted;
	r->view.uid = s->uid;
	r->view.since_ms = core_now_ms(c);
	r->view.until_ms = r->view.since_ms + s->seconds * 1000;
	r->view.octets_max = s->octets;
	(void)trc_filter_text(r->view.filter, s->filter);
	str_cut(r->view.name, sizeof r->view.name, s->name);
}

static int put_begin(struct core_trace_run *r)
{
	struct buf *out = core_trace_file_room(r->file, TRC_BLOCK_MAX);
	char comment[TRC_TEXT_MAX], who[24];

	if (!out) {
		return ERR_LIMIT;
	}
	who_text(who, r->view.uid);
	snprintf(comment, sizeof comment, "%s: %s; number %" PRIu32 ", by %s",
		 r->unredacted ? TRC_WORD_UNREDACTED : TRC_WORD_REDACTED, r->view.filter, r->view.number, who);
	trc_put_begin(out, "mtc-iwf", comment);
	r->view.octets += out->len;
	return 0;
}

int core_trace_begin(struct core *c, const struct core_trace_start *s, int fd, const char **why)
{
	struct core_trace_run *r;
	char who[24];
	int err;

	*why = NULL;
	if (c->trace.run) {
		return ERR_BUSY;
	}
	if (s->filter->peer[0] && !has_peer(c, s->filter->peer)) {
		return ERR_NOTFOUND;
	}
	r = calloc(1, sizeof *r);
	if (!r) {
		return ERR_NOMEM;
	}
	obj_begin(&r->obj, CORE_TRACE_RUN_MAGIC);
	fill(r, c, s);
	err = sip_key_new(&r->key);
	if (err) {
		goto free_run;
	}
	r->room = malloc(r->room_size);
	err = r->room ? trc_watch_init(&r->watch) : ERR_NOMEM;
	if (!err) {
		err = net_timer_new(&r->tick, c->loop, on_tick, r);
	}
	if (!err) {
		err = core_trace_file_open(&r->file, c->loop, fd, c->cfg->trace.buffer, (uint32_t)c->cfg->limits.exchange_idle_ms,
					   on_file_ended, r, why);
	}
	if (err) {
		goto free_parts;
	}
	err_ignore(put_begin(r), "an empty buffer has room: trace.buffer has a minimum");
	c->trace.run = r;
	c->trace.number++;
	core_trace_file_push(r->file);
	net_timer_start(r->tick, TICK_MS);
	tap_peers(c);
	tell_edges(c);
	who_text(who, s->uid);
	decide(r, who, "started");
	return 0;

free_parts:
	net_timer_free(r->tick);
	trc_watch_fini(&r->watch);
	free(r->room);
free_run:
	free(r);
	return err;
}

bool core_trace_view(const struct core *c, struct core_trace_view *out)
{
	*out = c->trace.run ? c->trace.run->view : c->trace.last;
	return c->trace.number > 0;
}
