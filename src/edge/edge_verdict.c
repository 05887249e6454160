/* edge_verdict.c - the CER of stage 5 waits for the core's verdict; what the link then reports. */
#include "edge/edge_session_int.h"

#include <inttypes.h>
#include <string.h>

#include "edge/edge_trace.h"
#include "policy/pol_reason.h"

_Static_assert((int)IPC_RESULT_SUCCESS == (int)DIA_RESULT_SUCCESS, "the records bound the Result-Codes of the dictionary");
_Static_assert((int)IPC_DISCONNECT_CAUSE_MAX == (int)DIA_DISCONNECT_DO_NOT_WANT, "and its Disconnect-Causes");

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
		edge_session_set_state(s, EDGE_SESSION_ENDING);
		link_refuse(l, DIA_RESULT_UNKNOWN_PEER);
		return;
	}
	s->number = all->env->number_next++;
	map_add(&all->by_number, &s->node, &s->number, sizeof s->number);
	edge_session_set_state(s, EDGE_SESSION_VERDICT);
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
		if (edge_session_core_knows(s) && announce(s)) {
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
		edge_session_set_state(s, EDGE_SESSION_ENDING);
		if (open) { /* admitted by the core before, refused by the new one */
			link_disconnect(s->link, refusal_cause(v));
		} else {
			link_refuse(s->link, v->result_code);
		}
		return;
	}
	s->pending_granted = v->pending_max;
	s->pending_max = edge_session_pending_max(s);
	s->p_bit_optional = v->p_bit_optional;
	s->anchor = v->anchor;
	s->revocation_soft = v->revocation_soft;
	memcpy(s->scs, v->scs, sizeof s->scs);
	s->exempt_version = 0;
	if (s->state == EDGE_SESSION_OPEN) {
		edge_revocation_look(s);
		return;
	}
	if (edge_session_may_say(all)) {
		log_info(all->env->log, "edge", "session %" PRIu64 ": %s (%s) at %s admitted", number, s->host, s->scs,
			 s->address);
	}
	edge_session_set_state(s, EDGE_SESSION_OPEN);
	edge_trace_session(s->all->trace, s);
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
		edge_session_set_state(s, EDGE_SESSION_ENDING);
		link_refuse(s->link, DIA_RESULT_TOO_BUSY);
	}
	return proof;
}

static void on_down(void *arg, struct link *l, int err, const char *why)
{
	struct edge_session *s = OBJ_OF(arg, struct edge_session, EDGE_SESSION_MAGIC);
	const char *kind = err_str_beside(err, why);

	(void)l;
	if (edge_session_may_say(s->all)) {
		log_info(s->all->env->log, "edge", "%s at %s: connection ended: %s%s%s%s", s->host[0] ? s->host : "nobody",
			 s->address, why, *kind ? " (" : "", kind, *kind ? ")" : "");
	}
	edge_session_free(s);
}

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

const struct link_cb edge_session_link_cb = {
	.on_cer = on_cer, .on_request = on_request, .on_foreign = on_foreign, .on_down = on_down
};
