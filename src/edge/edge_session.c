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
 * Here are its states, its beginning and end in the tables, and what the log says of it. Stage 1
 * (connection limits) is edge_accept.c, stage 2 (identity of the transport) edge_identity.c, the
 * CER of stage 5 edge_verdict.c. The link does framing and the rest of the base protocol. */
#include "edge/edge_session_int.h"

#include <stdlib.h>

#include "base/shown.h"
#include "base/str.h"

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

void edge_session_set_state(struct edge_session *s, enum edge_session_state state)
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
	edge_session_set_state(s, EDGE_SESSION_ENDING);
	link_disconnect(s->link, cause);
}

void edge_session_drop(struct edge_session *s, const char *why)
{
	OBJ_CHECK(s, EDGE_SESSION_MAGIC);
	edge_session_set_state(s, EDGE_SESSION_ENDING);
	link_drop(s->link, why);
}

bool edge_session_core_knows(const struct edge_session *s)
{
	return map_has(&s->node); /* in the table from session_open on */
}

static void tell_closed(struct edge_session *s)
{
	struct ipc_session_closed closed = { "ended" };
	struct edge_sessions *all = s->all;

	if (!edge_session_core_knows(s) || !edge_ring_up(all->ring)) {
		return;
	}
	if (s->end_reason) {
		str_cut(closed.reason, sizeof closed.reason, s->end_reason);
	}
	if (edge_ring_send(all->ring, ipc_session_closed_put(all->ring->record, all->env->generation, s->number, &closed))) {
		edge_ring_broken(all->ring, "it does not read: the end of a session cannot be reported");
	}
}

void edge_session_known(struct edge_session *s)
{
	if (s->stranger) {
		ipc_caps_known(s->all->caps, s->address);
		TAILQ_REMOVE(&s->all->strangers, s, unauthenticated);
		s->stranger = false;
	}
}

void edge_session_free(struct edge_session *s)
{
	struct edge_sessions *all = s->all;

	OBJ_CHECK(s, EDGE_SESSION_MAGIC);
	edge_session_set_state(s, EDGE_SESSION_ENDING);
	edge_proof_end(&all->proofs, &s->proof);
	all->front->session_gone(all->front_arg, s);
	tell_closed(s);
	if (edge_session_core_knows(s)) {
		map_del(&all->by_number, &s->node);
	}
	edge_revocation_forget(s);
	edge_ocsp_forget(&all->ocsp, s);
	TAILQ_REMOVE(&all->list, s, entry);
	edge_session_known(s);
	ipc_caps_leave(all->caps, s->address);
	st_count(&all->env->st, ST_EDGE_CLOSED);
	net_stream_close(s->stream);
	link_free(s->link);
	machine_end(&edge_session_machine, all->in_state, s->state);
	OBJ_END(s, EDGE_SESSION_MAGIC);
	free(s);
}

/* Log lines per second about unauthenticated connections: they must not fill a disk. All are
 * counted. */
#define STRANGERS_LOGGED 20

void edge_session_stranger(struct edge_session *s, const char *why, const char *kind)
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

/* An SCS that reconnects without end must not fill a disk either. */
#define SESSION_LINES_A_SECOND 50u

bool edge_session_may_say(struct edge_sessions *all)
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

uint32_t edge_session_pending_max(const struct edge_session *s)
{
	uint32_t all = s->all->env->cfg->limits.pending_per_scs;

	return s->pending_granted < all ? s->pending_granted : all;
}
