/* edge_accept.c - stage 1: a connection is accepted, within the limits per address and in total. */
#include "edge/edge_session_int.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/shown.h"
#include "base/str.h"
#include "net/net_transport.h"

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
	edge_session_stranger(s, "it makes room for a newer one, limits.unauthenticated is reached", "");
	net_stream_abort(s->stream);
	s->stream = NULL;
	edge_session_free(s);
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

static bool within_rate(struct edge_sessions *all, const char *peer)
{
	const struct cfg_limits *l = &all->env->cfg->limits;

	switch (ipc_caps_begin(all->caps, peer, net_loop_now_ms(all->env->loop) / 1000, l->connection_rate,
			       l->connection_rate_per_address)) {
	case IPC_CAPS_TOTAL:
		return refuse(all, peer, ST_EDGE_REFUSED_RATE, "limits.connection_rate");
	case IPC_CAPS_ADDRESS:
		return refuse(all, peer, ST_EDGE_REFUSED_RATE, "limits.connection_rate_per_address");
	default:
		return true;
	}
}

static bool within_caps(struct edge_sessions *all, const char *peer)
{
	if (!within_rate(all, peer)) {
		return false;
	}
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

void edge_session_accept(void *arg, int fd, const char *peer)
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
	err = l->tls ? tls_accept(&s->stream, l->tls, all->env->loop, fd, peer, &all->stream_conf, &edge_session_stream_cb, s)
		     : net_accept(&s->stream, all->env->loop, l->conf->transport, fd, peer, &all->stream_conf,
				  &edge_session_stream_cb, s);
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
