/* edge_revocation.c - see edge_revocation.h. */
#include "edge/edge_revocation.h"

#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "edge/edge_session.h"
#include "policy/pol_reason.h"

#define LOOK_MAX_MS 60000u /* nextUpdate is a date: the wall clock may be set meanwhile */

static uint64_t now_s(void)
{
	return clock_real_ms() / 1000;
}

static const struct net_stream *stream_of(const struct edge_session *s)
{
	return s->link ? link_stream(s->link) : s->stream;
}

bool edge_revocation_passed(struct edge_session *s, char why[TLS_REVOCATION_WORDS_MAX])
{
	const struct net_stream *stream = stream_of(s);
	struct tls_revocation r;
	uint64_t now = now_s();

	why[0] = 0;
	for (uint8_t i = 0; s->listener->tls && stream && i < s->identity.anchors_n; i++) {
		tls_stream_revocation(&r, stream, s->listener->tls, s->identity.anchors[i], now);
		s->identity.revocation[i] = (uint8_t)r.state;
		if (r.words[0]) {
			str_cut(why, TLS_REVOCATION_WORDS_MAX, r.words);
		}
		if (r.listed) {
			st_count(&s->all->env->st, ST_EDGE_REVOKED);
			return false;
		}
	}
	return true;
}

/* -- a connection that is there */

static void arm(struct edge_sessions *all)
{
	struct edge_revocation *p = &all->revocation;
	uint64_t now = clock_real_ms(), wait_ms = LOOK_MAX_MS;

	if (p->next) {
		wait_ms = 0;
	} else if (p->at_s == UINT64_MAX) {
		net_timer_stop(p->timer);
		return;
	} else if (p->at_s <= now / 1000 + LOOK_MAX_MS / 1000) {
		wait_ms = p->at_s * 1000 > now ? p->at_s * 1000 - now : 0;
	}
	net_timer_start(p->timer, wait_ms);
}

static void look_again_at(struct edge_sessions *all, uint64_t at_s)
{
	if (at_s < all->revocation.at_s) {
		all->revocation.at_s = at_s;
		arm(all);
	}
}

/* No answer, report or DPR goes to who holds a revoked certificate. */
static void end_revoked(struct edge_session *s, const char *why)
{
	st_count(&s->all->env->st, ST_EDGE_REVOKED);
	log_warn(s->all->env->log, "edge", "%s at %s is cut: %s", s->host[0] ? s->host : "nobody", s->address, why);
	s->end_reason = pol_reason_str(POL_CERTIFICATE_REVOKED);
	edge_session_drop(s, "its certificate is revoked");
}

static void end_unknown(struct edge_session *s, const char *why)
{
	st_count(&s->all->env->st, ST_EDGE_REVOCATION_UNKNOWN);
	log_warn(s->all->env->log, "edge", "%s (%s) at %s is cut, timers.crl_grace is over: %s", s->host, s->scs, s->address,
		 why);
	s->end_reason = pol_reason_str(POL_REVOCATION_UNKNOWN);
	edge_session_disconnect(s, DIA_DISCONNECT_REBOOTING);
}

/* What is known of an open session by the anchor of its SCS. */
static void look_at_known(struct edge_session *s, const struct tls_revocation *r, uint64_t now)
{
	uint64_t grace_s = s->all->env->cfg->timers.crl_grace_ms / 1000;

	if (s->revocation_soft || r->state == REVOCATION_UNCHECKED) {
		s->unknown_since_s = 0;
	} else if (r->state == REVOCATION_GOOD) {
		s->unknown_since_s = 0;
		if (r->fresh_until_s < UINT64_MAX) {
			look_again_at(s->all, r->fresh_until_s + 1);
		}
	} else {
		if (!s->unknown_since_s || s->unknown_since_s > now) { /* the clock may have been set back */
			s->unknown_since_s = r->state == REVOCATION_STALE ? r->fresh_until_s : now;
		}
		if (now >= s->unknown_since_s + grace_s) {
			end_unknown(s, r->words);
		} else {
			look_again_at(s->all, s->unknown_since_s + grace_s);
		}
	}
}

void edge_revocation_look(struct edge_session *s)
{
	const struct net_stream *stream = stream_of(s);
	struct tls_revocation r, own;
	uint64_t now = now_s();

	s->all->revocation.looked_at++;
	if (!s->listener->tls || !stream || s->state == EDGE_SESSION_HANDSHAKE || s->state == EDGE_SESSION_RESPONDER ||
	    s->state == EDGE_SESSION_ENDING) {
		return;
	}
	tls_stream_revocation(&own, stream, s->listener->tls, "", now); /* of no anchor: nothing is known */
	for (uint8_t i = 0; i < s->identity.anchors_n; i++) {
		tls_stream_revocation(&r, stream, s->listener->tls, s->identity.anchors[i], now);
		if (r.listed) {
			end_revoked(s, r.words);
			return;
		}
		s->identity.revocation[i] = (uint8_t)r.state;
		look_again_at(s->all, edge_ocsp_look_at_s(&s->all->ocsp, r.ask_at_s, r.fresh_until_s));
		if (i == s->anchor) {
			own = r;
		}
	}
	if (s->state == EDGE_SESSION_OPEN) {
		look_at_known(s, &own, now);
	}
}

void edge_revocation_announce(const struct edge_session *s, struct ipc_identity *identity)
{
	uint8_t *known = &identity->revocation[s->anchor < IDENTITY_ANCHORS_MAX ? s->anchor : 0];

	if (*known == REVOCATION_ABSENT || *known == REVOCATION_STALE) {
		*known = REVOCATION_GOOD;
	}
}

/* -- all of them */

void edge_revocation_forget(const struct edge_session *s)
{
	if (s->all->revocation.next == s) {
		s->all->revocation.next = TAILQ_NEXT(s, entry);
	}
}

void edge_revocation_begin(struct edge_sessions *all)
{
	struct edge_revocation *p = &all->revocation;

	p->next = TAILQ_FIRST(&all->list);
	p->at_s = UINT64_MAX;
	arm(all);
}

static void on_timer(void *arg)
{
	struct edge_sessions *all = OBJ_OF(arg, struct edge_sessions, EDGE_SESSIONS_MAGIC);
	struct edge_revocation *p = &all->revocation;
	uint64_t until_ns = clock_mono_ns() + EDGE_REVOCATION_SLICE_NS;
	struct edge_session *s;

	if (!p->next && now_s() >= p->at_s) {
		edge_revocation_begin(all);
		return;
	}
	for (unsigned n = 0; n < EDGE_REVOCATION_SLICE && (s = p->next); n++) {
		p->next = TAILQ_NEXT(s, entry);
		edge_revocation_look(s);
		if (clock_mono_ns() >= until_ns) {
			break;
		}
	}
	arm(all);
}

int edge_revocation_init(struct edge_sessions *all)
{
	all->revocation.at_s = UINT64_MAX;
	return net_timer_new(&all->revocation.timer, all->env->loop, on_timer, all);
}

void edge_revocation_fini(struct edge_sessions *all)
{
	net_timer_free(all->revocation.timer);
	all->revocation.timer = NULL;
}
