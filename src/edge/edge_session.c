/* edge_session.c - the life of one connection in an edge.
 *
 *               TLS done            CER            session_verdict: admitted
 *   HANDSHAKE ------------> CER ----------> ASKED ---------------------------> OPEN
 *       |                    |                | refused, or no verdict in time   | session_cut, DPR, loss
 *       v                    v                v                                  v
 *     closed              closed           ENDING (CEA 3010)                  ENDING -> session_closed
 *
 * Stages 1 (caps), 2 (who is it?) and the CER of stage 5 are here; frames and the base protocol are the link's. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "edge/edge_int.h"

static void on_cer(void *arg, struct link *l, const struct dia_capabilities *cer);
static void on_down(void *arg, struct link *l, int err, const char *why);

static void on_request(void *arg, struct link *l, const struct dia_msg *m)
{
	struct edge_session *s = arg;

	(void)l;
	st_count(&s->edge->st, ST_EDGE_REQUESTS);
	s->edge->front->on_request(s->edge->front_arg, s, m);
}

static const struct link_cb link_cb = { .on_cer = on_cer, .on_request = on_request, .on_down = on_down };

static void stream_on_open(void *arg);
static void stream_on_close(void *arg, int err, const char *why);

static void stream_on_data(void *arg, const uint8_t *p, size_t n)
{
	(void)arg;
	(void)p;
	(void)n; /* the link has the stream before the first octet can be read */
}

static const struct net_stream_cb stream_cb = { .on_open = stream_on_open,
						.on_data = stream_on_data,
						.on_close = stream_on_close };

struct edge_session *edge_session_find(struct edge *e, uint64_t number)
{
	return MAP_OF(map_find(&e->sessions_by_number, &number, sizeof number), struct edge_session, node);
}

/* The one place where a session's state changes. */
static void set_state(struct edge_session *s, enum edge_session_state state)
{
	s->edge->asked_n -= s->state == EDGE_SESSION_ASKED;
	s->edge->asked_n += state == EDGE_SESSION_ASKED;
	s->state = state;
}

void edge_session_end(struct edge_session *s, enum dia_disconnect_cause cause)
{
	set_state(s, EDGE_SESSION_ENDING);
	link_disconnect(s->link, cause);
}

void edge_session_drop(struct edge_session *s, const char *why)
{
	set_state(s, EDGE_SESSION_ENDING);
	link_drop(s->link, why);
}

static bool core_knows(const struct edge_session *s)
{
	return map_has(&s->node); /* since the session_open */
}

static void tell_closed(struct edge_session *s)
{
	struct ipc_session_closed closed = { "ended" };
	struct edge *e = s->edge;

	if (!core_knows(s) || !e->ring)
		return;
	if (s->end_reason)
		snprintf(closed.reason, sizeof closed.reason, "%s", s->end_reason);
	if (edge_send(e, ipc_session_closed_put(e->record, e->generation, s->number, &closed)))
		edge_ring_broken(e, "it does not read: the end of a session cannot be told");
}

void edge_session_free(struct edge_session *s)
{
	struct edge *e = s->edge;

	set_state(s, EDGE_SESSION_ENDING);
	e->front->session_gone(e->front_arg, s);
	tell_closed(s);
	if (core_knows(s))
		map_del(&e->sessions_by_number, &s->node);
	TAILQ_REMOVE(&e->sessions, s, entry);
	ipc_caps_leave(e->caps, s->address);
	st_count(&e->st, ST_EDGE_CLOSED);
	net_stream_close(s->stream);
	link_free(s->link);
	free(s);
}

/* -- 1: accept, per-address and total caps */

static bool within_caps(struct edge *e, const char *peer)
{
	switch (ipc_caps_enter(e->caps, peer, e->cfg->limits.connections_total, e->cfg->limits.connections_per_address)) {
	case IPC_CAPS_TOTAL:
		st_count(&e->st, ST_EDGE_REFUSED_TOTAL);
		return false;
	case IPC_CAPS_ADDRESS:
		st_count(&e->st, ST_EDGE_REFUSED_ADDRESS);
		return false;
	default:
		return true;
	}
}

void edge_on_accept(void *arg, int fd, const char *peer)
{
	struct edge_listener *l = arg;
	struct edge *e = l->edge;
	struct edge_session *s;
	int err;

	if (!within_caps(e, peer)) {
		close(fd);
		return;
	}
	s = calloc(1, sizeof *s);
	if (!s)
		goto refuse;
	s->edge = e;
	s->listener = l;
	snprintf(s->address, sizeof s->address, "%s", peer);
	err = l->tls ? tls_accept(&s->stream, l->tls, e->loop, fd, peer, &e->stream_conf, &stream_cb, s)
		     : net_tcp_accept(&s->stream, e->loop, fd, peer, &e->stream_conf, &stream_cb, s);
	if (err)
		goto free_session;
	TAILQ_INSERT_TAIL(&e->sessions, s, entry);
	st_count(&e->st, ST_EDGE_ACCEPTED);
	return;

free_session:
	free(s);
refuse:
	ipc_caps_leave(e->caps, peer);
	close(fd);
}

/* -- 2: who is it? */

/* Copies text of a certificate that has the form the core takes; what has not is no proof of anything. */
static void take_identity(struct ipc_identity *out, const struct tls_identity *in)
{
	out->kind = IPC_IDENTITY_TLS;
	out->not_after_s = in->not_after_s;
	for (uint8_t i = 0; i < in->names_n && out->names_n < IPC_NAMES_MAX; i++) {
		if (ident_host(out->names[out->names_n], in->names[i], strlen(in->names[i])) == 0)
			out->names_n++;
	}
	for (uint8_t i = 0; i < in->groups_n && out->groups_n < IPC_GROUPS_MAX; i++) {
		size_t len = strspn(in->groups[i], "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
						   "abcdefghijklmnopqrstuvwxyz{|}~");

		if (len > 0 && len <= IPC_GROUP_LEN_MAX && in->groups[i][len] == 0)
			memcpy(out->groups[out->groups_n++], in->groups[i], len + 1);
	}
	for (uint8_t i = 0; i < in->anchors_n && out->anchors_n < IPC_ANCHORS_MAX; i++) {
		if (ident_name_ok(in->anchors[i]))
			memcpy(out->anchors[out->anchors_n++], in->anchors[i], strlen(in->anchors[i]) + 1);
	}
}

#define STRANGERS_LOGGED 20 /* a second; who has nothing to prove must not be able to fill a disk. All are counted */

static void log_stranger(struct edge_session *s, const char *why, const char *kind)
{
	struct edge *e = s->edge;
	uint64_t now_ms = net_loop_now_ms(e->loop);

	st_count(&e->st, ST_EDGE_HANDSHAKE_FAILED);
	if (now_ms - e->strangers_since_ms >= 1000) {
		if (e->strangers_n > STRANGERS_LOGGED)
			log_warn(e->log, "edge", "%" PRIu32 " more connections were not authenticated",
				 e->strangers_n - STRANGERS_LOGGED);
		e->strangers_since_ms = now_ms;
		e->strangers_n = 0;
	}
	if (e->strangers_n++ < STRANGERS_LOGGED)
		log_warn(e->log, "edge", "%s: not authenticated: %s%s", s->address, why, kind);
}

static bool who_is_it(struct edge_session *s)
{
	const struct tls_identity *id;

	if (!s->listener->tls) {
		s->identity.kind = IPC_IDENTITY_INTERNAL;
		return s->listener->conf->zone == CFG_INTERNAL;
	}
	id = tls_stream_identity(s->stream);
	if (!id)
		return false;
	take_identity(&s->identity, id);
	return s->identity.names_n > 0 && s->identity.anchors_n > 0;
}

static void stream_on_open(void *arg)
{
	struct edge_session *s = arg;
	struct edge *e = s->edge;

	if (!who_is_it(s)) {
		log_stranger(s, "its certificate names nobody", "");
		edge_session_free(s);
		return;
	}
	if (s->listener->tls)
		st_count(&e->st, ST_EDGE_HANDSHAKE_OK);
	if (link_accept(&s->link, e->loop, s->stream, &e->link_conf, &link_cb, s)) {
		edge_session_free(s);
		return;
	}
	s->stream = NULL; /* the link has it */
	set_state(s, EDGE_SESSION_CER);
}

static void stream_on_close(void *arg, int err, const char *why)
{
	struct edge_session *s = arg;
	char kind[48];

	snprintf(kind, sizeof kind, " (%s)", err_str(err));
	log_stranger(s, why, kind);
	edge_session_free(s);
}

/* -- 5: the CER waits for the core's verdict */

static int announce(struct edge_session *s)
{
	const struct cfg_listen *listen = s->listener->conf;
	struct edge *e = s->edge;
	struct ipc_session_open open = { .identity = s->identity };

	memcpy(open.origin_host, s->host, sizeof open.origin_host);
	memcpy(open.origin_realm, s->realm, sizeof open.origin_realm);
	memcpy(open.address, s->address, sizeof open.address);
	open.listener = (uint8_t)(listen - e->cfg->listen);
	open.zone = listen->zone == CFG_EXTERNAL ? IPC_ZONE_EXTERNAL : IPC_ZONE_INTERNAL;
	open.protection = listen->protection == CFG_TLS ? IPC_PROTECTION_TLS : IPC_PROTECTION_NONE;
	open.again = s->state == EDGE_SESSION_OPEN;
	return edge_send_within(e, ipc_session_open_put(e->record, e->generation, s->number, &open), EDGE_SESSIONS_WAIT_MAX);
}

static void on_cer(void *arg, struct link *l, const struct dia_capabilities *cer)
{
	struct edge_session *s = arg;
	struct edge *e = s->edge;

	if (e->stopping || ident_host(s->host, cer->origin_host.p, cer->origin_host.len) ||
	    ident_host(s->realm, cer->origin_realm.p, cer->origin_realm.len)) {
		st_count(&e->st, ST_EDGE_BAD_CER);
		set_state(s, EDGE_SESSION_ENDING);
		link_refuse(l, DIA_RESULT_UNKNOWN_PEER);
		return;
	}
	s->number = e->number_next++;
	map_add(&e->sessions_by_number, &s->node, &s->number, sizeof s->number);
	set_state(s, EDGE_SESSION_ASKED);
	s->verdict_by_ms = net_loop_now_ms(e->loop) + e->cfg->limits.cer_wait_ms;
	if (announce(s)) /* no core now: it is announced when there is one, or refused in time */
		log_warn(e->log, "edge", "%s at %s waits for the core", s->host, s->address);
	e->deadlines_moved = true;
}

void edge_announce(struct edge *e)
{
	struct edge_session *s;

	TAILQ_FOREACH(s, &e->sessions, entry)
	{
		if (core_knows(s) && announce(s))
			log_error(e->log, "edge", "session %" PRIu64 " of %s could not be announced", s->number, s->host);
	}
}

void edge_on_verdict(struct edge *e, uint64_t number, const struct ipc_session_verdict *v)
{
	struct edge_session *s = edge_session_find(e, number);

	if (!s || s->state == EDGE_SESSION_ENDING)
		return; /* gone meanwhile; the core hears it from session_closed */
	if (!v->admitted) {
		bool open = s->state == EDGE_SESSION_OPEN;

		log_warn(e->log, "edge", "%s at %s refused with %u: %s", s->host, s->address, v->result_code, v->reason);
		set_state(s, EDGE_SESSION_ENDING);
		if (open) /* a new core does not want what the old one wanted */
			link_disconnect(s->link, DIA_DISCONNECT_DO_NOT_WANT);
		else
			link_refuse(s->link, v->result_code);
		return;
	}
	s->pending_max = v->pending_max < e->cfg->limits.pending_per_scs ? v->pending_max : e->cfg->limits.pending_per_scs;
	memcpy(s->scs, v->scs, sizeof s->scs);
	if (s->state == EDGE_SESSION_OPEN)
		return;
	log_info(e->log, "edge", "session %" PRIu64 ": %s (%s) at %s admitted", number, s->host, s->scs, s->address);
	set_state(s, EDGE_SESSION_OPEN);
	link_admit(s->link);
}

void edge_on_cut(struct edge *e, uint64_t number, const struct ipc_session_cut *c)
{
	struct edge_session *s = edge_session_find(e, number);

	if (!s || s->state == EDGE_SESSION_ENDING)
		return;
	if (c->probe_ms) {
		log_info(e->log, "edge", "session %" PRIu64 " of %s is probed: %s", number, s->host, c->reason);
		link_probe(s->link, c->probe_ms);
		return;
	}
	log_info(e->log, "edge", "session %" PRIu64 " of %s is cut: %s", number, s->host, c->reason);
	edge_session_end(s, (enum dia_disconnect_cause)c->disconnect_cause);
}

uint64_t edge_sessions_due(struct edge *e, uint64_t now_ms)
{
	struct edge_session *s, *next;
	uint64_t earliest = UINT64_MAX;

	for (s = e->asked_n ? TAILQ_FIRST(&e->sessions) : NULL; s; s = next) {
		next = TAILQ_NEXT(s, entry);
		if (s->state != EDGE_SESSION_ASKED)
			continue;
		if (now_ms >= s->verdict_by_ms) {
			log_warn(e->log, "edge", "%s at %s: no verdict of the core in time", s->host, s->address);
			set_state(s, EDGE_SESSION_ENDING);
			link_refuse(s->link, DIA_RESULT_TOO_BUSY);
		} else if (s->verdict_by_ms < earliest) {
			earliest = s->verdict_by_ms;
		}
	}
	return earliest;
}

static void on_down(void *arg, struct link *l, int err, const char *why)
{
	struct edge_session *s = arg;

	(void)l;
	log_info(s->edge->log, "edge", "%s at %s: connection ended: %s (%s)", s->host[0] ? s->host : "nobody", s->address, why,
		 err_str(err));
	edge_session_free(s);
}
