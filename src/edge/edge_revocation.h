/* edge_revocation.h - certificates that are revoked while their session is open.
 *
 * A handshake refuses a certificate that a CRL lists. Whether the CRLs are there and in force is a
 * fact that the core judges, because it depends on the SCS (revocation_soft). After each change of
 * the CRLs, and when one of them gets out of date, the edge looks at all of its connections again,
 * a slice in each turn:
 *
 *   listed                 -> closed at once, reason certificate-revoked
 *   unknown, SCS is hard   -> timers.crl_grace from then on, and is cut, reason revocation-unknown
 *   known again            -> nothing happens */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tls/tls_crl.h"

struct edge_session;
struct edge_sessions;
struct ipc_identity;

/* Connections looked at in one turn. One takes some microseconds, one that is closed some tens, and
 * more when its octets are not in a cache: so the time counts, too. */
#define EDGE_REVOCATION_SLICE 64u
#define EDGE_REVOCATION_SLICE_NS 2000000u

struct edge_revocation {
	struct net_timer *timer;
	struct edge_session *next; /* the walk goes on here; NULL: there is none */
	uint64_t at_s;             /* wall clock: when the next session changes by itself; UINT64_MAX: none does */
	uint64_t looked_at;        /* connections since the start; tests compare it with the total */
};

ERR_MUST_USE int edge_revocation_init(struct edge_sessions *all); /* ERR_NOMEM */
void edge_revocation_fini(struct edge_sessions *all);             /* when all sessions are gone; also when it is zero */
/* A context has other CRLs: looks at all connections, from the next turn on. */
void edge_revocation_begin(struct edge_sessions *all);
/* Looks at one. It may be ended. */
void edge_revocation_look(struct edge_session *s);
/* The handshake is done: judges it by the context that its listener has now, and writes the
 * facts to s->identity. False: it is revoked. `why`: what is wrong, or "". */
bool edge_revocation_passed(struct edge_session *s, char why[TLS_REVOCATION_WORDS_MAX]);
/* What a new core is told of an open session: it stays within its grace. */
void edge_revocation_announce(const struct edge_session *s, struct ipc_identity *identity);
void edge_revocation_forget(const struct edge_session *s); /* it is about to be freed */
