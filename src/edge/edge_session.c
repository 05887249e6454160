/* edge_session.c - the life of one connection in an edge.
 *
 *   PROOF: of a listener with NDS/IP, before the HANDSHAKE: nothing is read until the NDS/IP helper
 *   has proven who protects the connection. When that ends, the connection is frozen in any state,
 *   and goes on or is cut (edge_proof.h).
 *
 *   RESPONDER: between HANDSHAKE and CER, when an OCSP responder has to be asked first
 *   (edge_ocsp.h).
 *
 *               TLS done            CER            session_verdict: admitted
 *   HANDSHAKE ------------> CER ----------> ASKED ---------------------------> OPEN
 *       |                    |                | refused, or no verdict in time   | session_cut,
 *       |                    |                |                                  | DPR, loss
 *       v                    v                v                                  v
 *     closed              closed           ENDING (CEA 3010)                  ENDING
 *                                                                             -> session_closed
 *
 * "closed" is ENDING, too, for as long as it takes to free it.
 *
 * Here are stage 1 (connection limits), stage 2 (identity of the transport) and the CER of stage 5.
 * The link does framing and the rest of the base protocol. */
#include "edge/edge_session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/container.h"
#include "base/shown.h"
#include "base/str.h"
#include "net/net_transport.h"
#include "policy/pol_reason.h"

_Static_assert((int)IPC_RESULT_SUCCESS == (int)DIA_RESULT_SUCCESS, "the records bound the Result-Codes of the dictionary");
_Static_assert((int)IPC_DISCONNECT_CAUSE_MAX == (int)DIA_DISCONNECT_DO_NOT_WANT, "and its Disconnect-Causes");

static void on_cer(void *arg, struct link *l, const struct dia_capabilities *cer);
static void on_down(void *arg, struct link *l, int err, const char *why);

static void on_request(void *arg, struct link *l, const struct dia_msg *m)
{
	struct edge_session *s = OBJ_OF(arg, struct edge_session, EDGE_SESSION_MAGIC);

	(void)l;
	st_count(&s->all->env->st, ST_EDGE_REQUESTS);
	s->all->front->on_request(s->all->front_arg, s, m);
}

static void on_foreign(void *arg, struct link *l, const struct dia_msg *m)
{
	struct edge_session *s = OBJ_OF(arg, struct edge_session, EDGE_SESSION_MAGIC);

	(void)l;
	st_count(&s->all->env->st, ST_EDGE_REQUESTS);
	s->all->front->on_foreign(s->all->front_arg, s, m);
}

static const struct link_cb link_cb = {
	.on_cer = on_cer, .on_request = on_request, .on_foreign = on_foreign, .on_down = on_down
};

static void stream_on_open(void *arg);
static void stream_on_close(void *arg, int err, const char *why);

static void stream_on_data(void *arg, const uint8_t *p, size_t n)
{
	(void)arg;
	(void)p;
	(void)n; /* not called: on_open gives the stream to the link, which replaces these callbacks */
}

static const struct net_stream_cb stream_cb = { .on_open = stream_on_open,
						.on_data = stream_on_data,
						.on_close = stream_on_close };

struct edge_session *edge_session_find(struct edge_sessions *all, uint64_t number)
{
	return MAP_OF(map_find(&all->by_number, &number, sizeof number), struct edge_session, node);
}

struct buf edge_session_out(const struct edge_session *s)
{
	OBJ_CHECK(s, EDGE_SESSION_MAGIC);
	return buf_over(s->all->out, s->all->out_size);
}

static const char *const state_words[] = { [EDGE_SESSION_PROOF] = "waiting for the proof",
					   [EDGE_SESSION_HANDSHAKE] = "handshake",
					   [EDGE_SESSION_RESPONDER] = "waiting for a responder",
					   [EDGE_SESSION_CER] = "cer",
					   [EDGE_SESSION_VERDICT] = "waiting for the verdict",
					   [EDGE_SESSION_OPEN] = "open",
					   [EDGE_SESSION_ENDING] = "ending" };

static const uint32_t next_states[] = {
	[EDGE_SESSION_PROOF] = MACHINE_TO(EDGE_SESSION_HANDSHAKE) | MACHINE_TO(EDGE_SESSION_ENDING),
	[EDGE_SESSION_HANDSHAKE] =
	    MACHINE_TO(EDGE_SESSION_RESPONDER) | MACHINE_TO(EDGE_SESSION_CER) | MACHINE_TO(EDGE_SESSION_ENDING),
	[EDGE_SESSION_RESPONDER] = MACHINE_TO(EDGE_SESSION_CER) | MACHINE_TO(EDGE_SESSION_ENDING),
	[EDGE_SESSION_CER] = MACHINE_TO(EDGE_SESSION_VERDICT) | MACHINE_TO(EDGE_SESSION_ENDING),
	[EDGE_SESSION_VERDICT] = MACHINE_TO(EDGE_SESSION_OPEN) | MACHINE_TO(EDGE_SESSION_ENDING),
	[EDGE_SESSION_OPEN] = MACHINE_TO(EDGE_SESSION_ENDING),
	[EDGE_SESSION_ENDING] = MACHINE_TO(EDGE_SESSION_ENDING), /* it ends once more when its link is down */
};

const struct machine edge_session_machine = { "edge", "connection", state_words, next_states, EDGE_SESSION_STATES };

/* The one place where a session's state changes. */
static void set_state(struct edge_session *s, enum edge_session_state state)
{
	(void)machine_go_traced(&edge_session_machine, s->all->in_state, s->all->env->log, s->address, s->state, state);
	if (s->state == EDGE_SESSION_VERDICT) {
		TAILQ_REMOVE(&s->all->asked, s, asked);
	}
	if (state == EDGE_SESSION_VERDICT) { /* all have the same time limit: the newest is due last */
		TAILQ_INSERT_TAIL(&s->all->asked, s, asked);
	}
	s->state = state;
}

void edge_session_disconnect(struct edge_session *s, enum dia_disconnect_cause cause)
{
	OBJ_CHECK(s, EDGE_SESSION_MAGIC);
	set_state(s, EDGE_SESSION_ENDING);
	link_disconnect(s->link, cause);
}

void edge_session_drop(struct edge_session *s, const char *why)
{
	OBJ_CHECK(s, EDGE_SESSION_MAGIC);
	set_state(s, EDGE_SESSION_ENDING);
	link_drop(s->link, why);
}

static bool core_knows(const struct edge_session *s)
{
	return map_has(&s->node); /* in the table from session_open on */
}

static void tell_closed(struct edge_session *s)
{
	struct ipc_session_closed closed = { "ended" };
	struct edge_sessions *all = s->all;

	if (!core_knows(s) || !edge_ring_up(all->ring)) {
		return;
	}
	if (s->end_reason) {
		str_cut(closed.reason, sizeof closed.reason, s->end_reason);
	}
	if (edge_ring_send(all->ring, ipc_session_closed_put(all->ring->record, all->env->generation, s->number, &closed))) {
		edge_ring_broken(all->ring, "it does not read: the end of a session cannot be reported");
	}
}

/* From now on it does not count as a stranger. */
static void no_stranger(struct edge_session *s)
{
	if (s->stranger) {
		ipc_caps_known(s->all->caps, s->address);
		TAILQ_REMOVE(&s->all->strangers, s, unauthenticated);
		s->stranger = false;
	}
}

static void session_free(struct edge_session *s)
{
	struct edge_sessions *all = s->all;

	OBJ_CHECK(s, EDGE_SESSION_MAGIC);
	set_state(s, EDGE_SESSION_ENDING);
	edge_proof_end(&all->proofs, &s->proof);
	all->front->session_gone(all->front_arg, s);
	tell_closed(s);
	if (core_knows(s)) {
		map_del(&all->by_number, &s->node);
	}
	edge_revocation_forget(s);
	edge_ocsp_forget(&all->ocsp, s);
	TAILQ_REMOVE(&all->list, s, entry);
	no_stranger(s);
	ipc_caps_leave(all->caps, s->address);
	st_count(&all->env->st, ST_EDGE_CLOSED);
	net_stream_close(s->stream);
	link_free(s->link);
	machine_end(&edge_session_machine, all->in_state, s->state);
	OBJ_END(s, EDGE_SESSION_MAGIC);
	free(s);
}

/* -- stage 1: accept, limits per address and in total */

/* Strangers must not fill a disk: one line a second, and how many there were. */
static bool refuse(struct edge_sessions *all, const char *peer, enum st_counter which, const char *limit)
{
	uint64_t now_ms = net_loop_now_ms(all->env->loop);
	uint32_t rest = few_rest(&all->refused_lines, 1000, now_ms);
	char more[SHOWN_COUNT_MAX];

	st_count(&all->env->st, which);
	if (rest) {
		log_warn(all->env->log, "edge", "closed at once, and not named: %s", shown_count(more, rest, "more connection"));
	}
	if (few_say(&all->refused_lines, 1, 1000, now_ms)) {
		log_warn(all->env->log, "edge", "%s: closed at once: %s is reached", peer, limit);
	}
	return false;
}

static void log_stranger(struct edge_session *s, const char *why, const char *kind);

/* The oldest has had its time. Among the oldest one goes first that has not even said a
 * ClientHello: whoever is honest says it at once. */
#define STRANGERS_LOOKED_AT 64u

static bool drop_oldest(struct edge_sessions *all)
{
	struct edge_session *s = TAILQ_FIRST(&all->strangers), *silent = s;

	if (!s) {
		return false;
	}
	for (unsigned n = 0; n < STRANGERS_LOOKED_AT && silent && silent->stream && tls_stream_greeted(silent->stream); n++) {
		silent = TAILQ_NEXT(silent, unauthenticated);
	}
	if (silent && silent->stream && !tls_stream_greeted(silent->stream)) {
		s = silent;
	}
	st_count(&all->env->st, ST_EDGE_STRANGERS_DROPPED);
	log_stranger(s, "it makes room for a newer one, limits.unauthenticated is reached", "");
	net_stream_abort(s->stream);
	s->stream = NULL;
	session_free(s);
	return true;
}

static bool make_room(struct edge_sessions *all)
{
	unsigned wanted = ipc_caps_room(all->caps, all->env->cfg->limits.unauthenticated), n = 0;

	while (n < wanted && drop_oldest(all)) {
		n++;
	}
	return n || !wanted;
}

static bool within_strangers(struct edge_sessions *all, const char *peer)
{
	const struct cfg_limits *l = &all->env->cfg->limits;
	enum ipc_caps_verdict v = ipc_caps_stranger(all->caps, peer, l->unauthenticated, l->unauthenticated_per_address);

	if (v == IPC_CAPS_TOTAL && make_room(all)) {
		v = ipc_caps_stranger(all->caps, peer, UINT32_MAX, UINT32_MAX);
	}
	if (v == IPC_CAPS_OK) {
		return true;
	}
	return refuse(all, peer, ST_EDGE_REFUSED_STRANGERS,
		      v == IPC_CAPS_ADDRESS ? "limits.unauthenticated_per_address" : "limits.unauthenticated");
}

static bool within_caps(struct edge_sessions *all, const char *peer)
{
	switch (ipc_caps_enter(all->caps, peer, all->env->cfg->limits.connections_total,
			       all->env->cfg->limits.connections_per_address)) {
	case IPC_CAPS_TOTAL:
		return refuse(all, peer, ST_EDGE_REFUSED_TOTAL, "limits.connections_total");
	case IPC_CAPS_ADDRESS:
		return refuse(all, peer, ST_EDGE_REFUSED_ADDRESS, "limits.connections_per_address");
	default:
		break;
	}
	if (!within_strangers(all, peer)) {
		ipc_caps_leave(all->caps, peer);
		return false;
	}
	return true;
}

/* A handshake without a keyholder would only fail later. One line a second: strangers must not fill
 * a disk. All are counted. */
static bool can_sign(const struct edge_listener *l, const char *peer)
{
	struct edge_sessions *all = l->all;
	uint64_t now_ms = net_loop_now_ms(all->env->loop);

	if (!l->tls || tls_ctx_ready(l->tls)) {
		return true;
	}
	st_count(&all->env->st, ST_EDGE_REFUSED_UNSIGNED);
	if (!all->unsigned_since_ms || now_ms - all->unsigned_since_ms >= 1000) {
		all->unsigned_since_ms = now_ms;
		log_warn(all->env->log, "edge", "%s: refused: there is no keyholder to sign for listener %s", peer,
			 l->conf->name);
	}
	return false;
}

/* Without a helper nobody can be proven. One line a second, as above. */
static bool can_prove(const struct edge_listener *l, const char *peer)
{
	struct edge_sessions *all = l->all;
	uint64_t now_ms = net_loop_now_ms(all->env->loop);

	if (!protection_has_ndsip(l->conf->protection) || edge_proofs_ready(&all->proofs)) {
		return true;
	}
	st_count(&all->env->st, ST_EDGE_REFUSED_UNPROVEN);
	if (!all->unproven_since_ms || now_ms - all->unproven_since_ms >= 1000) {
		all->unproven_since_ms = now_ms;
		log_warn(all->env->log, "edge", "%s: refused: there is no NDS/IP helper to prove connections of listener %s",
			 peer, l->conf->name);
	}
	return false;
}

/* Asks who protects the connection, and holds it until then. False: it cannot be asked. */
static bool begin_proof(struct edge_session *s, int fd)
{
	if (!protection_has_ndsip(s->listener->conf->protection)) {
		s->state = EDGE_SESSION_HANDSHAKE;
		return true;
	}
	s->state = EDGE_SESSION_PROOF;
	if (edge_proof_begin(&s->all->proofs, &s->proof, s->stream, fd)) {
		return false;
	}
	net_stream_freeze(s->stream, true);
	return true;
}

static void leave_caps(struct edge_sessions *all, const char *peer)
{
	ipc_caps_known(all->caps, peer);
	ipc_caps_leave(all->caps, peer);
}

static void on_accept(void *arg, int fd, const char *peer)
{
	struct edge_listener *l = OBJ_OF(arg, struct edge_listener, EDGE_LISTENER_MAGIC);
	struct edge_sessions *all = l->all;
	struct edge_session *s;
	int err;

	if (!can_prove(l, peer) || !can_sign(l, peer) || !within_caps(all, peer)) {
		close(fd);
		return;
	}
	s = calloc(1, sizeof *s);
	if (!s) {
		goto refuse;
	}
	obj_begin(&s->obj, EDGE_SESSION_MAGIC);
	s->all = all;
	s->listener = l;
	TAILQ_INIT(&s->txns);
	str_cut(s->address, sizeof s->address, peer);
	err = l->tls ? tls_accept(&s->stream, l->tls, all->env->loop, fd, peer, &all->stream_conf, &stream_cb, s)
		     : net_accept(&s->stream, all->env->loop, l->conf->transport, fd, peer, &all->stream_conf, &stream_cb, s);
	if (err) {
		goto free_session;
	}
	if (!begin_proof(s, fd)) {
		net_stream_abort(s->stream);
		leave_caps(all, peer);
		free(s);
		return;
	}
	s->stranger = true;
	TAILQ_INSERT_TAIL(&all->strangers, s, unauthenticated);
	TAILQ_INSERT_TAIL(&all->list, s, entry);
	machine_begin(&edge_session_machine, all->in_state, s->state);
	st_count(&all->env->st, ST_EDGE_ACCEPTED);
	return;

free_session:
	free(s);
refuse:
	leave_caps(all, peer);
	close(fd);
}

/* -- stage 2: identity of the transport */

/* Copies the names, groups and anchors that are valid in a record. Others prove nothing and are
 * left out. */
static void take_identity(struct ipc_identity *out, const struct tls_identity *in)
{
	out->kind = IDENTITY_TLS;
	out->not_after_s = in->not_after_s;
	for (uint8_t i = 0; i < in->names_n && out->names_n < IDENTITY_NAMES_MAX; i++) {
		if (ident_host(out->names[out->names_n], in->names[i], strlen(in->names[i])) == 0) {
			out->names_n++;
		}
	}
	for (uint8_t i = 0; i < in->groups_n && out->groups_n < IDENTITY_GROUPS_MAX; i++) {
		size_t len = strspn(in->groups[i], "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
						   "abcdefghijklmnopqrstuvwxyz{|}~");

		if (len > 0 && len <= IPC_GROUP_LEN_MAX && in->groups[i][len] == 0) {
			memcpy(out->groups[out->groups_n++], in->groups[i], len + 1);
		}
	}
	for (uint8_t i = 0; i < in->anchors_n && out->anchors_n < IDENTITY_ANCHORS_MAX; i++) {
		if (ident_name_ok(in->anchors[i])) {
			out->revocation[out->anchors_n] = in->revocation[i];
			str_set(out->anchors[out->anchors_n++], sizeof out->anchors[0], in->anchors[i]);
		}
	}
}

/* Log lines per second about unauthenticated connections: they must not fill a disk. All are
 * counted. */
#define STRANGERS_LOGGED 20

static void log_stranger(struct edge_session *s, const char *why, const char *kind)
{
	struct edge_sessions *all = s->all;
	uint64_t now_ms = net_loop_now_ms(all->env->loop);
	char more[SHOWN_COUNT_MAX];

	st_count(&all->env->st, ST_EDGE_HANDSHAKE_FAILED);
	if (now_ms - all->strangers_since_ms >= 1000) {
		if (all->strangers_n > STRANGERS_LOGGED) {
			log_warn(all->env->log, "edge", "not authenticated: %s",
				 shown_count(more, all->strangers_n - STRANGERS_LOGGED, "more connection"));
		}
		all->strangers_since_ms = now_ms;
		all->strangers_n = 0;
	}
	if (all->strangers_n++ < STRANGERS_LOGGED) {
		log_warn(all->env->log, "edge", "%s: not authenticated: %s%s", s->address, why, kind);
	}
}

/* The SCS of the tunnel proves one name: as a certificate does, or beside one. */
static void take_proof(struct edge_session *s)
{
	struct ipc_identity *id = &s->identity;

	if (s->listener->tls) {
		str_set(id->ike, sizeof id->ike, s->proof.identity);
		return;
	}
	id->kind = IDENTITY_IPSEC;
	id->names_n = id->anchors_n = 1;
	str_set(id->names[0], sizeof id->names[0], s->proof.identity);
	str_set(id->anchors[0], sizeof id->anchors[0], s->proof.anchor);
}

static bool who_is_it(struct edge_session *s)
{
	const struct tls_identity *id;

	if (protection_has_ndsip(s->listener->conf->protection)) {
		take_proof(s);
	}
	if (s->identity.kind == IDENTITY_IPSEC) {
		return true;
	}
	if (!s->listener->tls) {
		s->identity.kind = IDENTITY_INTERNAL;
		return s->listener->conf->zone == ZONE_INTERNAL;
	}
	id = tls_stream_identity(s->stream);
	if (!id) {
		return false;
	}
	take_identity(&s->identity, id);
	return s->identity.names_n > 0 && s->identity.anchors_n > 0 &&
	       tls_stream_negotiated(s->stream, &s->tls_version, &s->tls_suite) == 0;
}

/* It is known who it is, and what can be known of its revocation is. */
static void hand_to_link(struct edge_session *s)
{
	struct edge_sessions *all = s->all;
	char why[TLS_REVOCATION_WORDS_MAX];

	if (!edge_revocation_passed(s, why)) {
		log_stranger(s, why, "");
		session_free(s);
		return;
	}
	if (s->listener->tls) {
		st_count(&all->env->st, ST_EDGE_HANDSHAKE_OK);
	}
	if (link_accept(&s->link, all->env->loop, s->stream, &all->link_conf, &link_cb, s)) {
		session_free(s);
		return;
	}
	if (s->state == EDGE_SESSION_RESPONDER) {
		net_stream_resume(s->stream);
	}
	s->stream = NULL; /* the link owns it */
	set_state(s, EDGE_SESSION_CER);
}

/* The stream is open, and proven where the listener has NDS/IP. */
static void identify(struct edge_session *s)
{
	if (!who_is_it(s)) {
		log_stranger(s, "its certificate names nobody", "");
		session_free(s);
		return;
	}
	no_stranger(s);
	if (edge_ocsp_wait(&s->all->ocsp, s)) {
		net_stream_pause(s->stream); /* nothing is read meanwhile */
		set_state(s, EDGE_SESSION_RESPONDER);
	} else {
		hand_to_link(s);
	}
}

static void stream_on_open(void *arg)
{
	struct edge_session *s = OBJ_OF(arg, struct edge_session, EDGE_SESSION_MAGIC);

	s->opened = true;
	if (s->state == EDGE_SESSION_HANDSHAKE) {
		identify(s);
	}
}

/* -- NDS/IP: the helper proves, holds and cuts */

static struct edge_session *session_of(struct edge_proof *p)
{
	return CONTAINER_OF(p, struct edge_session, proof);
}

static void freeze(struct edge_session *s, bool frozen)
{
	if (s->link) {
		link_freeze(s->link, frozen);
	} else if (s->stream) {
		net_stream_freeze(s->stream, frozen);
	}
}

static void on_proven(void *arg, struct edge_proof *p)
{
	struct edge_session *s = session_of(p);

	(void)arg;
	OBJ_CHECK(s, EDGE_SESSION_MAGIC);
	freeze(s, false);
	if (s->state != EDGE_SESSION_PROOF) {
		log_info(s->all->env->log, "edge", "%s at %s: protected again by %s (SCS %s)", *s->host ? s->host : "nobody",
			 s->address, p->identity, p->scs);
		return;
	}
	st_count(&s->all->env->st, ST_EDGE_PROVEN);
	set_state(s, EDGE_SESSION_HANDSHAKE);
	if (s->opened) {
		identify(s);
	}
}

static void on_held(void *arg, struct edge_proof *p)
{
	struct edge_session *s = session_of(p);

	(void)arg;
	OBJ_CHECK(s, EDGE_SESSION_MAGIC);
	freeze(s, true);
	st_count(&s->all->env->st, ST_EDGE_HELD);
	log_warn(s->all->env->log, "edge", "%s at %s: held: %s", *s->host ? s->host : p->identity, s->address,
		 ns_reason_words(p->reason));
}

static void on_cut(void *arg, struct edge_proof *p)
{
	struct edge_session *s = session_of(p);
	struct edge_sessions *all = s->all;
	char words[128];

	(void)arg;
	OBJ_CHECK(s, EDGE_SESSION_MAGIC);
	freeze(s, true); /* what is queued is not sent */
	if (s->state == EDGE_SESSION_PROOF) {
		st_count(&all->env->st, ST_EDGE_REFUSED_UNPROVEN);
		snprintf(words, sizeof words, "%s (%s)", ns_reason_words(p->reason), ns_reason_word(p->reason));
		log_stranger(s, words, "");
		session_free(s);
		return;
	}
	st_count(&all->env->st, ST_EDGE_PROTECTION_LOST);
	s->end_reason = pol_reason_str(POL_PROTECTION_LOST);
	log_warn(all->env->log, "edge", "%s at %s is cut: %s (%s)", *s->host ? s->host : p->identity, s->address,
		 ns_reason_words(p->reason), ns_reason_word(p->reason));
	if (s->link) {
		edge_session_drop(s, s->end_reason);
	} else {
		session_free(s);
	}
}

static const struct edge_proof_cb proof_cb = { on_proven, on_held, on_cut };

static void stream_on_close(void *arg, int err, const char *why)
{
	struct edge_session *s = OBJ_OF(arg, struct edge_session, EDGE_SESSION_MAGIC);
	char kind[48] = "";

	if (*err_str_beside(err, why)) {
		snprintf(kind, sizeof kind, " (%s)", err_str(err));
	}
	log_stranger(s, why, kind);
	session_free(s);
}

/* An SCS that reconnects without end must not fill a disk either. */
#define SESSION_LINES_A_SECOND 50u

static bool may_say_session(struct edge_sessions *all)
{
	uint64_t now_ms = net_loop_now_ms(all->env->loop);
	uint32_t rest = few_rest(&all->session_lines, 1000, now_ms);
	char more[SHOWN_COUNT_MAX];

	if (rest) {
		log_info(all->env->log, "edge", "connections that began or ended, without a line each: %s",
			 shown_count(more, rest, "more line"));
	}
	return few_say(&all->session_lines, SESSION_LINES_A_SECOND, 1000, now_ms);
}

/* -- stage 5: the CER waits for the core's verdict */

static int announce(struct edge_session *s)
{
	const struct cfg_listen *listen = s->listener->conf;
	struct edge_sessions *all = s->all;
	struct ipc_session_open open = { .identity = s->identity };

	memcpy(open.origin_host, s->host, sizeof open.origin_host);
	memcpy(open.origin_realm, s->realm, sizeof open.origin_realm);
	memcpy(open.address, s->address, sizeof open.address);
	open.listener = (uint8_t)(listen - all->env->cfg->listen);
	open.zone = (uint8_t)listen->zone;
	open.protection = (uint8_t)listen->protection;
	open.transport = (uint8_t)listen->transport;
	open.tls_version = s->tls_version;
	open.tls_suite = s->tls_suite;
	open.again = s->state == EDGE_SESSION_OPEN;
	if (open.again) {
		edge_revocation_announce(s, &open.identity);
	}
	return edge_ring_send_within(all->ring, ipc_session_open_put(all->ring->record, all->env->generation, s->number, &open),
				     EDGE_SESSIONS_WAIT_MAX);
}

static void on_cer(void *arg, struct link *l, const struct dia_capabilities *cer)
{
	struct edge_session *s = OBJ_OF(arg, struct edge_session, EDGE_SESSION_MAGIC);
	struct edge_sessions *all = s->all;

	if (all->stopping || ident_host(s->host, cer->origin_host.p, cer->origin_host.len) ||
	    ident_host(s->realm, cer->origin_realm.p, cer->origin_realm.len)) {
		st_count(&all->env->st, ST_EDGE_BAD_CER);
		set_state(s, EDGE_SESSION_ENDING);
		link_refuse(l, DIA_RESULT_UNKNOWN_PEER);
		return;
	}
	s->number = all->env->number_next++;
	map_add(&all->by_number, &s->node, &s->number, sizeof s->number);
	set_state(s, EDGE_SESSION_VERDICT);
	s->verdict_by_ms = net_loop_now_ms(all->env->loop) + all->env->cfg->limits.cer_wait_ms;
	if (announce(s)) { /* without a core the next one gets the announcement, or the session is refused at its deadline */
		log_warn(all->env->log, "edge", "%s at %s waits for the core", s->host, s->address);
	}
	all->env->deadlines_moved = true;
}

void edge_sessions_announce(struct edge_sessions *all)
{
	struct edge_session *s;

	TAILQ_FOREACH (s, &all->list, entry) {
		if (core_knows(s) && announce(s)) {
			log_error(all->env->log, "edge", "session %" PRIu64 " of %s could not be announced", s->number, s->host);
		}
	}
}

/* Cause for an open session that a new core refuses. Only an SCS that is no longer provisioned
 * must not reconnect. */
static enum dia_disconnect_cause refusal_cause(const struct ipc_session_verdict *v)
{
	if (v->result_code == DIA_RESULT_TOO_BUSY) {
		return DIA_DISCONNECT_BUSY;
	}
	return strcmp(v->reason, pol_reason_str(POL_UNKNOWN_PEER)) == 0 ? DIA_DISCONNECT_DO_NOT_WANT : DIA_DISCONNECT_REBOOTING;
}

static uint32_t pending_max_of(const struct edge_session *s)
{
	uint32_t all = s->all->env->cfg->limits.pending_per_scs;

	return s->pending_granted < all ? s->pending_granted : all;
}

void edge_session_on_verdict(struct edge_sessions *all, uint64_t number, const struct ipc_session_verdict *v)
{
	struct edge_session *s = edge_session_find(all, number);

	if (!s || s->state == EDGE_SESSION_ENDING) {
		return; /* ended meanwhile; session_closed reports that to the core */
	}
	if (!v->admitted) {
		const struct net_stream *stream = link_stream(s->link);
		const struct tls_identity *id = stream ? tls_stream_identity(stream) : NULL;
		bool open = s->state == EDGE_SESSION_OPEN;
		char why[TLS_REVOCATION_WORDS_MAX] = "";

		if (strcmp(v->reason, pol_reason_str(POL_REVOCATION_UNKNOWN)) == 0) {
			(void)edge_revocation_passed(s, why);
		}
		log_warn(all->env->log, "edge", "%s at %s refused with %u: %s%s%s%s%s%s", s->host, s->address, v->result_code,
			 v->reason, id ? " (certificate of '" : "", id ? id->subject : "", id ? "')" : "", *why ? ": " : "", why);
		set_state(s, EDGE_SESSION_ENDING);
		if (open) { /* admitted by the core before, refused by the new one */
			link_disconnect(s->link, refusal_cause(v));
		} else {
			link_refuse(s->link, v->result_code);
		}
		return;
	}
	s->pending_granted = v->pending_max;
	s->pending_max = pending_max_of(s);
	s->p_bit_optional = v->p_bit_optional;
	s->anchor = v->anchor;
	s->revocation_soft = v->revocation_soft;
	memcpy(s->scs, v->scs, sizeof s->scs);
	s->exempt_version = 0;
	if (s->state == EDGE_SESSION_OPEN) {
		edge_revocation_look(s);
		return;
	}
	if (may_say_session(all)) {
		log_info(all->env->log, "edge", "session %" PRIu64 ": %s (%s) at %s admitted", number, s->host, s->scs,
			 s->address);
	}
	set_state(s, EDGE_SESSION_OPEN);
	link_admit(s->link);
	edge_revocation_look(s); /* when it gets unknown; the CRLs may also have changed since the handshake */
}

void edge_session_on_cut(struct edge_sessions *all, uint64_t number, const struct ipc_session_cut *c)
{
	struct edge_session *s = edge_session_find(all, number);

	if (!s || s->state == EDGE_SESSION_ENDING) {
		return;
	}
	if (c->probe_ms) {
		log_info(all->env->log, "edge", "session %" PRIu64 " of %s is probed: %s", number, s->host, c->reason);
		link_probe(s->link, c->probe_ms);
		return;
	}
	log_info(all->env->log, "edge", "session %" PRIu64 " of %s is cut: %s", number, s->host, c->reason);
	edge_session_disconnect(s, (enum dia_disconnect_cause)c->disconnect_cause);
}

uint64_t edge_sessions_due(struct edge_sessions *all, uint64_t now_ms)
{
	uint64_t proof = edge_proofs_due(&all->proofs, now_ms);
	struct edge_session *s;

	while ((s = TAILQ_FIRST(&all->asked))) {
		all->looked_at++;
		if (now_ms < s->verdict_by_ms) {
			return s->verdict_by_ms < proof ? s->verdict_by_ms : proof;
		}
		log_warn(all->env->log, "edge", "%s at %s: no verdict of the core in time", s->host, s->address);
		set_state(s, EDGE_SESSION_ENDING);
		link_refuse(s->link, DIA_RESULT_TOO_BUSY);
	}
	return proof;
}

static void on_down(void *arg, struct link *l, int err, const char *why)
{
	struct edge_session *s = OBJ_OF(arg, struct edge_session, EDGE_SESSION_MAGIC);
	const char *kind = err_str_beside(err, why);

	(void)l;
	if (may_say_session(s->all)) {
		log_info(s->all->env->log, "edge", "%s at %s: connection ended: %s%s%s%s", s->host[0] ? s->host : "nobody",
			 s->address, why, *kind ? " (" : "", kind, *kind ? ")" : "");
	}
	session_free(s);
}

/* -- all sessions */

static void conf_links(struct edge_sessions *all)
{
	const struct cfg_iwf *c = all->env->cfg;

	all->link_conf = (struct link_conf){
		.host = c->external.host,
		.realm = c->external.realm,
		.product = "mtc-iwf",
		.applications = { all->front->application },
		.applications_n = 1,
		.limits = { c->limits.message_max, (uint16_t)c->limits.avps_max, (uint8_t)c->limits.nesting_max },
		.cer_wait_ms = (uint32_t)c->limits.cer_wait_ms,
		.cer_len_max = c->limits.cer_max,
		.dpa_wait_ms = (uint32_t)c->timers.disconnect_wait_ms,
		.watchdog_ms = (uint32_t)c->timers.watchdog_ms,
		.watchdog_unchecked = c->timers.watchdog_ms < 6000,
		.pending_max = c->limits.pending_per_scs,
		.log = all->env->log,
		.counters = &all->link_counters,
	};
	all->stream_conf = (struct net_stream_conf){ .handshake_wait_ms = (uint32_t)c->limits.handshake_wait_ms,
						     .handshake_len_max = c->limits.handshake_max,
						     .message_len_max = c->limits.message_max };
}

int edge_sessions_init(struct edge_sessions *all, struct edge_env *env, struct edge_ring *ring, struct ipc_caps *caps,
		       const struct edge_front *front, void *front_arg)
{
	obj_begin(&all->obj, EDGE_SESSIONS_MAGIC);
	all->env = env;
	all->ring = ring;
	all->caps = caps;
	ipc_caps_prefixes(caps, (struct ipc_caps_prefix){ (uint8_t)env->cfg->limits.address_prefix_ipv4,
							  (uint8_t)env->cfg->limits.address_prefix_ipv6 });
	all->front = front;
	all->front_arg = front_arg;
	TAILQ_INIT(&all->list);
	TAILQ_INIT(&all->strangers);
	TAILQ_INIT(&all->asked);
	conf_links(all);
	all->out_size = (size_t)env->cfg->limits.message_max + 4096;
	all->out = malloc(all->out_size);
	if (!all->out || edge_proofs_init(&all->proofs, env, &proof_cb, all) || map_init(&all->by_number)) {
		return ERR_NOMEM;
	}
	if (edge_ocsp_init(&all->ocsp, all, hand_to_link, edge_revocation_begin)) {
		return ERR_NOMEM;
	}
	return edge_revocation_init(all);
}

static void close_listeners(struct edge_sessions *all)
{
	for (size_t i = 0; i < all->listeners_n; i++) {
		net_listener_free(all->listeners[i].listener);
		all->listeners[i].listener = NULL;
	}
}

void edge_sessions_fini(struct edge_sessions *all)
{
	struct edge_session *s;

	all->stopping = true;
	close_listeners(all);
	while ((s = TAILQ_FIRST(&all->list))) {
		session_free(s);
	}
	edge_proofs_fini(&all->proofs);
	edge_revocation_fini(all);
	edge_ocsp_fini(&all->ocsp);
	map_fini(&all->by_number);
	free(all->out);
}

/* What a listener over SCTP in user space needs; NULL: another one, which the parent has made. */
static const struct net_sctp_ends *sctp_of(struct net_sctp_ends *out, const struct cfg_iwf *c, const struct cfg_listen *l)
{
	const struct cfg_sctp *t = &c->sctp;

	*out = (struct net_sctp_ends){ .timers = { (uint32_t)t->heartbeat_ms, (uint32_t)t->rto_initial_ms,
						   (uint32_t)t->rto_min_ms, (uint32_t)t->rto_max_ms,
						   (uint16_t)t->path_retransmits, (uint16_t)t->association_retransmits },
				       .in_udp = true };
	return l->transport == TRANSPORT_SCTP_UDP ? out : NULL;
}

static struct edge_listener *listener_of(struct edge_sessions *all, const struct cfg_listen *listen)
{
	for (size_t i = 0; i < all->listeners_n; i++) {
		if (all->listeners[i].conf == listen) {
			return &all->listeners[i];
		}
	}
	return NULL;
}

int edge_sessions_listen(struct edge_sessions *all, int fd, const struct cfg_listen *listen, struct tls_ctx *tls)
{
	struct net_sctp_ends sctp;
	struct edge_listener *l = listener_of(all, listen);
	bool with_tls = protection_has_tls(listen->protection);
	int err;

	if ((l ? l->listener != NULL : all->listeners_n == CFG_LISTEN_MAX) || (with_tls && !tls)) {
		return ERR_INVAL;
	}
	if (!l) {
		l = &all->listeners[all->listeners_n++];
		*l = (struct edge_listener){ .all = all, .conf = listen };
		obj_begin(&l->obj, EDGE_LISTENER_MAGIC);
	}
	l->tls = with_tls ? tls : NULL; /* also for sessions that it had before it was closed */
	err = net_listen(&l->listener, all->env->loop, fd, listen->port, sctp_of(&sctp, all->env->cfg, listen), on_accept, l);
	if (!err) {
		edge_ocsp_staple(&all->ocsp);
	}
	return err;
}

void edge_sessions_unlisten(struct edge_sessions *all, const struct cfg_listen *listen)
{
	struct edge_listener *l = listener_of(all, listen);
	struct edge_session *s, *next;

	if (!l || !l->listener) {
		return;
	}
	net_listener_free(l->listener);
	l->listener = NULL;
	for (s = TAILQ_FIRST(&all->list); s; s = next) {
		next = TAILQ_NEXT(s, entry);
		if (s->listener == l && s->state < EDGE_SESSION_VERDICT) {
			session_free(s);
		}
	}
}

void edge_sessions_reconfigure(struct edge_sessions *all)
{
	struct edge_session *s;

	conf_links(all);
	TAILQ_FOREACH (s, &all->list, entry) {
		s->pending_max = pending_max_of(s);
	}
}

int edge_sessions_renew(struct edge_sessions *all, const struct cfg_listen *listen, struct tls_ctx *tls)
{
	for (size_t i = 0; i < all->listeners_n; i++) {
		if (all->listeners[i].conf != listen || !all->listeners[i].tls) {
			continue;
		}
		all->listeners[i].tls = tls;
		edge_revocation_begin(all);
		edge_ocsp_staple(&all->ocsp);
		return 0;
	}
	return ERR_NOTFOUND;
}

void edge_sessions_stop(struct edge_sessions *all)
{
	struct edge_session *s, *next;

	all->stopping = true;
	close_listeners(all);
	for (s = TAILQ_FIRST(&all->list); s; s = next) {
		next = TAILQ_NEXT(s, entry);
		if (s->state == EDGE_SESSION_OPEN) {
			edge_session_disconnect(s, DIA_DISCONNECT_REBOOTING);
		} else if (s->state != EDGE_SESSION_ENDING) {
			session_free(s);
		}
	}
}
