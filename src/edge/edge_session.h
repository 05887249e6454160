/* edge_session.h - the connections of an edge: accept, identity, CER, verdict of the core, end.
 * A session passes its requests to a front and knows no application protocol. */
#pragma once
#include <sys/queue.h>

#include "base/buf.h"
#include "base/few.h"
#include "base/machine.h"
#include "base/map.h"
#include "base/obj.h"
#include "edge/edge_ocsp.h"
#include "edge/edge_proof.h"
#include "edge/edge_revocation.h"
#include "edge/edge_ring.h"
#include "ipc/ipc_caps.h"
#include "link/link.h"
#include "net/net_tcp.h"
#include "tls/tls_stream.h"

enum edge_session_state {
	EDGE_SESSION_PROOF,     /* NDS/IP: nothing is read before the helper has proven who protects the connection */
	EDGE_SESSION_HANDSHAKE, /* the TLS handshake runs, or the plain stream is not open yet */
	EDGE_SESSION_RESPONDER, /* the handshake is done, and an OCSP responder has not said yet that it is not revoked */
	EDGE_SESSION_CER,       /* the link waits for the CER */
	EDGE_SESSION_VERDICT,   /* session_open is sent to the core; the CEA waits for the verdict */
	EDGE_SESSION_OPEN,      /* admitted */
	EDGE_SESSION_ENDING,    /* DPR sent, or refused */
	EDGE_SESSION_STATES
};
extern const struct machine edge_session_machine; /* legal changes; only the session's own door makes them */

struct edge_txn;   /* object of the front */
struct edge_trace; /* edge_trace.h */

#define EDGE_LISTENER_MAGIC 0xbd90fbacu
struct edge_listener {
	struct obj obj;
	struct edge_sessions *all;
	struct net_listener *listener;
	const struct cfg_listen *conf;
	struct tls_ctx *tls;
};

#define EDGE_SESSION_MAGIC 0xd36e95dfu
struct edge_session { /* one connection */
	struct obj obj;
	struct edge_sessions *all;
	const struct edge_listener *listener;
	uint64_t number;
	enum edge_session_state state;
	struct net_stream *stream; /* NULL once the link owns it */
	bool opened;               /* the stream is: TLS, if any, has authenticated */
	bool stranger;             /* not yet known whose it is: it counts for limits.unauthenticated */
	struct edge_proof proof;   /* of a listener with NDS/IP */
	struct edge_ocsp_wait ocsp;
	struct link *link;
	char address[IPC_ADDRESS_MAX + 1];
	char host[IDENT_HOST_MAX + 1], realm[IDENT_HOST_MAX + 1]; /* Origin-Host and Origin-Realm of the CER */
	char scs[IDENT_SCS_MAX + 1];
	struct ipc_identity identity;
	uint8_t tls_version, tls_suite; /* enum agreed_tls, AGREED_SUITE_TABLE; 0: no TLS */
	/* unanswered requests, counted by the front; their limit: the smaller one of that of the
	 * verdict and that of the configuration */
	uint32_t pending, pending_max;
	uint32_t pending_granted; /* by the verdict */
	bool p_bit_optional;      /* likewise */
	bool revocation_soft;     /* likewise: it stays when the revocation of its certificate is unknown */
	uint8_t anchor;           /* likewise: which anchor of its identity the SCS is known by */
	uint64_t unknown_since_s; /* wall clock: since when the revocation is unknown; 0: it is known */
	size_t octets;            /* total size of the unanswered requests */
	struct few refused;       /* lines of the log about requests that the front refused or dropped */
	uint32_t exempt,
	    exempt_version;     /* of the front: screening rows that the SCS is exempt from, and of which rules; 0: unknown */
	uint64_t verdict_by_ms; /* deadline of the verdict in state ASKED */
	const char *end_reason; /* for session_closed; static */
	struct map_node node;
	TAILQ_ENTRY(edge_session) entry;
	TAILQ_ENTRY(edge_session) asked;           /* in state ASKED */
	TAILQ_ENTRY(edge_session) unauthenticated; /* when `stranger` */
	TAILQ_HEAD(, edge_txn) txns;               /* unfinished requests; owned by the front */
};

/* The application protocol of the sessions; edge_tsp.h has one. The front answers each request that
 * it is given exactly once, unless the session ends first. `arg` is the pointer given with the
 * table. */
struct edge_front {
	uint32_t application; /* Diameter application that its sessions advertise */
	/* A request on an open session; the link checked its header and AVP structure. `m` is
	 * borrowed until return. */
	void (*on_request)(void *arg, struct edge_session *s, const struct dia_msg *m);
	/* A request of an application that the sessions do not advertise; only its header is
	 * checked. As on_request. */
	void (*on_foreign)(void *arg, struct edge_session *s, const struct dia_msg *m);
	/* `s` is about to be freed: forget its requests. Nothing can be sent on it. */
	void (*session_gone)(void *arg, struct edge_session *s);
	/* Answers every request whose deadline has passed. Returns the next deadline, UINT64_MAX:
	 * none. */
	uint64_t (*due)(void *arg, uint64_t now_ms);
	/* A new core has connected and the sessions are announced: offer every unanswered request
	 * to it. */
	void (*offer_again)(void *arg);
	/* The core's answer to a transaction. Ignored if the transaction is answered or unknown. */
	void (*on_answer)(void *arg, uint64_t transaction, const struct ipc_device_action_answer *a);
};

#define EDGE_SESSIONS_MAGIC 0x7d31c9e5u
struct edge_sessions {
	struct obj obj;
	struct edge_env *env;
	struct edge_ring *ring;
	struct ipc_caps *caps;
	const struct edge_front *front;
	void *front_arg;
	struct edge_trace *trace;  /* borrowed */
	struct edge_proofs proofs; /* who protects the connections of listeners with NDS/IP */
	struct edge_listener listeners[CFG_LISTEN_MAX];
	size_t listeners_n;
	struct link_conf link_conf;
	struct link_counters link_counters;
	struct net_stream_conf stream_conf;
	uint64_t strangers_since_ms; /* start of the second in which unauthenticated connections are counted */
	uint32_t strangers_n;
	uint64_t unproven_since_ms; /* start of the second in which one refusal for want of the NDS/IP helper is logged */
	uint64_t unsigned_since_ms; /* start of the second in which one refusal for want of a keyholder is logged */
	struct few session_lines;   /* lines of the log about those that begin and end as they should */
	struct few refused_lines;   /* lines of the log about connections that were closed at once */
	TAILQ_HEAD(, edge_session) list;
	TAILQ_HEAD(, edge_session) strangers;   /* of whom nobody knows yet; the oldest first */
	uint32_t in_state[EDGE_SESSION_STATES]; /* how many of them are in each state */
	struct map by_number;                   /* sessions that the core knows */
	TAILQ_HEAD(, edge_session) asked;       /* in state ASKED, in order of their deadlines */
	struct edge_revocation revocation;
	struct edge_ocsp ocsp;
	uint64_t looked_at; /* sessions that edge_sessions_due() looked at, since the start: tests hold it against all */
	bool stopping;
	uint8_t *out; /* space for one message to an SCS */
	size_t out_size;
};

/* Borrows all pointers until edge_sessions_fini(). ERR_NOMEM: edge_sessions_fini() frees what there
 * is. */
ERR_MUST_USE int edge_sessions_init(struct edge_sessions *all, struct edge_env *env, struct edge_ring *ring,
				    struct ipc_caps *caps, const struct edge_front *front, void *front_arg,
				    struct edge_trace *trace);
void edge_sessions_fini(struct edge_sessions *all); /* drops every connection; also when all is zero */

/* As edge_listen(). */
ERR_MUST_USE int edge_sessions_listen(struct edge_sessions *all, int fd, const struct cfg_listen *listen, struct tls_ctx *tls);
/* As edge_unlisten(). */
void edge_sessions_unlisten(struct edge_sessions *all, const struct cfg_listen *listen);
/* As edge_reconfigure(). */
void edge_sessions_reconfigure(struct edge_sessions *all);
/* As edge_renew(). */
ERR_MUST_USE int edge_sessions_renew(struct edge_sessions *all, const struct cfg_listen *listen, struct tls_ctx *tls);
/* Accepts no more, sends DPR on open sessions and drops those that are not open yet. */
void edge_sessions_stop(struct edge_sessions *all);
/* Announces all sessions to a new core. */
void edge_sessions_announce(struct edge_sessions *all);
/* The trace is another one: its messages are copied from now on. */
void edge_sessions_trace(struct edge_sessions *all);
/* Refuses sessions whose verdict is late. Returns the next deadline, UINT64_MAX: none. */
uint64_t edge_sessions_due(struct edge_sessions *all, uint64_t now_ms);

/* Records of the core. `number` may be unknown: the session ended meanwhile. */
void edge_session_on_verdict(struct edge_sessions *all, uint64_t number, const struct ipc_session_verdict *v);
void edge_session_on_cut(struct edge_sessions *all, uint64_t number, const struct ipc_session_cut *c);

struct edge_session *edge_session_find(struct edge_sessions *all, uint64_t number); /* NULL: unknown */
/* An empty buffer for one message to an SCS. It is shared by all sessions: use it before the next
 * call. */
struct buf edge_session_out(const struct edge_session *s);
/* Closes the connection without DPR after sending what is queued. The session is freed when its
 * link is down. */
void edge_session_drop(struct edge_session *s, const char *why);
/* The same after a DPR of this cause, which gets timers.disconnect_wait to be answered. */
void edge_session_disconnect(struct edge_session *s, enum dia_disconnect_cause cause);
