/* edge_sessions.c - all connections of an edge: their listeners, their configuration, their end. */
#include "edge/edge_session_int.h"

#include <stdlib.h>

#include "edge/edge_trace.h"
#include "net/net_transport.h"

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

void edge_sessions_trace(struct edge_sessions *all)
{
	struct edge_session *s;

	TAILQ_FOREACH (s, &all->list, entry) {
		if (s->state == EDGE_SESSION_OPEN) {
			edge_trace_session(all->trace, s);
		}
	}
}

int edge_sessions_init(struct edge_sessions *all, struct edge_env *env, struct edge_ring *ring, struct ipc_caps *caps,
		       const struct edge_front *front, void *front_arg, struct edge_trace *trace)
{
	obj_begin(&all->obj, EDGE_SESSIONS_MAGIC);
	all->env = env;
	all->ring = ring;
	all->caps = caps;
	ipc_caps_prefixes(caps, (struct ipc_caps_prefix){ (uint8_t)env->cfg->limits.address_prefix_ipv4,
							  (uint8_t)env->cfg->limits.address_prefix_ipv6 });
	all->front = front;
	all->front_arg = front_arg;
	all->trace = trace;
	TAILQ_INIT(&all->list);
	TAILQ_INIT(&all->strangers);
	TAILQ_INIT(&all->asked);
	conf_links(all);
	all->out_size = (size_t)env->cfg->limits.message_max + 4096;
	all->out = malloc(all->out_size);
	if (!all->out || edge_proofs_init(&all->proofs, env, &edge_session_proof_cb, all) || map_init(&all->by_number)) {
		return ERR_NOMEM;
	}
	if (edge_ocsp_init(&all->ocsp, all, edge_session_identified, edge_revocation_begin)) {
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
		edge_session_free(s);
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
	err = net_listen(&l->listener, all->env->loop, fd, listen->port, sctp_of(&sctp, all->env->cfg, listen),
			 edge_session_accept, l);
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
			edge_session_free(s);
		}
	}
}

void edge_sessions_reconfigure(struct edge_sessions *all)
{
	struct edge_session *s;

	conf_links(all);
	TAILQ_FOREACH (s, &all->list, entry) {
		s->pending_max = edge_session_pending_max(s);
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
			edge_session_free(s);
		}
	}
}
