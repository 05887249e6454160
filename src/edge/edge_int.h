/* edge_int.h - the parts of an edge, for edge*.c only. */
#pragma once
#include <sys/queue.h>

#include "apps/tsp_dar.h"
#include "edge/edge.h"
#include "base/map.h"
#include "ipc/ipc_rec.h"
#include "link/link.h"
#include "net/net_tcp.h"
#include "stats/st.h"

#define EDGE_LISTENERS_MAX CFG_LISTEN_MAX

enum edge_session_state {
	EDGE_SESSION_HANDSHAKE, /* TLS runs, or the plain stream is not open yet */
	EDGE_SESSION_CER,       /* the link waits for the CER */
	EDGE_SESSION_ASKED,     /* session_open is with the core; the CEA waits */
	EDGE_SESSION_OPEN,      /* admitted */
	EDGE_SESSION_ENDING,    /* DPR sent, or refused */
};

struct edge_listener {
	struct edge *edge;
	struct net_listener *listener;
	const struct cfg_listen *conf;
	struct tls_ctx *tls;
};

struct edge_session { /* one connection */
	struct edge *edge;
	const struct edge_listener *listener;
	uint64_t number;
	enum edge_session_state state;
	struct net_stream *stream; /* until the link has it */
	struct link *link;
	char address[IPC_ADDRESS_MAX + 1];
	char host[IDENT_HOST_MAX + 1], realm[IDENT_HOST_MAX + 1]; /* the pair of the CER */
	char scs[IDENT_SCS_MAX + 1];
	struct ipc_identity identity;
	uint32_t pending, pending_max;
	size_t octets;          /* of its pending requests */
	uint64_t verdict_by_ms; /* ASKED */
	const char *end_reason; /* for session_closed; static */
	struct map_node node;
	TAILQ_ENTRY(edge_session) entry;
};

struct edge_txn { /* one request of an SCS: owns its octets until it is answered, exactly once */
	struct edge *edge;
	struct edge_session *session;
	uint64_t number;
	uint64_t answer_by_ms;
	bool host_named; /* Destination-Host names us: 3004 is possible */
	bool offered;    /* the core may have seen it */
	struct map_node node;
	TAILQ_ENTRY(edge_txn) entry; /* in order of answer_by_ms */
	uint32_t len;
	uint8_t message[];
};

struct edge_note { /* one DNR that waits for its DNA */
	struct edge *edge;
	uint64_t transaction, session;
	TAILQ_ENTRY(edge_note) entry;
};

/* The protocol behind the sessions: Tsp is one. It takes the requests of the SCSs and owns each until it is answered. `arg` is what
 * came with the table. The edge calls back only from the loop, and calls no function again from inside itself. */
struct edge_front {
	/* A request on an open session; the link checked its header and AVP structure. `m` is borrowed until return. */
	void (*on_request)(void *arg, struct edge_session *s, const struct dia_msg *m);
	/* `s` is about to be freed: forget its requests. Nothing can be sent on it. */
	void (*session_gone)(void *arg, struct edge_session *s);
	/* Answers every request whose deadline has come. Returns the next deadline, UINT64_MAX: none. */
	uint64_t (*due)(void *arg, uint64_t now_ms);
	/* A new core is there and knows the sessions: offer it every unanswered request. */
	void (*offer_again)(void *arg);
	/* The core's answer to a transaction; it may be one that is answered already. */
	void (*on_answer)(void *arg, uint64_t transaction, const struct ipc_device_action_answer *a);
};

TAILQ_HEAD(edge_sessions, edge_session);
TAILQ_HEAD(edge_txns, edge_txn);
TAILQ_HEAD(edge_notes, edge_note);

struct edge {
	const struct cfg_iwf *cfg;
	const struct log *log;
	struct ipc_caps *caps;
	struct net_loop *loop;
	uint32_t generation;
	uint64_t number_next; /* of sessions and transactions */
	uint64_t txn_wait_ms;
	const struct edge_front *front;
	void *front_arg;

	struct edge_listener listeners[EDGE_LISTENERS_MAX];
	size_t listeners_n;
	struct link_conf link_conf;
	struct link_counters link_counters;
	struct net_stream_conf stream_conf;

	struct ipc_ring *ring; /* NULL until the first core is there */
	bool ring_broken;
	void (*on_ring_broken)(void *arg);
	void *arg;
	struct net_watch *bell;
	struct net_check *check;

	uint64_t strangers_since_ms; /* lines about connections that proved nothing, in this second */
	uint32_t strangers_n;

	struct edge_sessions sessions;
	uint32_t asked_n; /* sessions in ASKED */
	struct map sessions_by_number;
	struct edge_txns txns;
	struct map txns_by_number;
	size_t txn_octets;
	struct edge_notes notes;
	uint32_t notes_n;
	struct net_timer *deadlines;
	bool deadlines_moved; /* the earliest deadline may be another: looked at once, at the end of the turn */

	struct st_counters st, st_sent;
	struct link_counters link_seen;
	struct net_timer *stats;

	bool stopping;
	uint64_t stop_by_ms;
	struct net_timer *stop_timer;
	void (*stopped)(void *arg);
	void *stopped_arg;

	uint8_t record[IPC_REC_MAX];
	uint8_t *scratch; /* for one message to an SCS */
	size_t scratch_size;
};

/* edge_ring.c */
/* Puts the record of `len` octets in e->record on the ring. ERR_BUSY: no core, or no room. */
ERR_MUST_USE int edge_send(struct edge *e, size_t len);
/* The same for what can be refused: while more than `waiting_max` octets wait for a core that does not read, what is left of the queue is
 * for what must not be lost (ends of sessions, outcomes of DNRs). Otherwise one SCS that asks a lot costs everybody the edge. */
#define EDGE_REQUESTS_WAIT_MAX (IPC_RING_OVERFLOW_MAX / 2)
#define EDGE_SESSIONS_WAIT_MAX (IPC_RING_OVERFLOW_MAX / 4 * 3)
ERR_MUST_USE int edge_send_within(struct edge *e, size_t len, size_t waiting_max);
/* A core that lies or does not read is not spoken to any more. */
void edge_ring_broken(struct edge *e, const char *what);

/* edge_session.c: accept, CER, verdict, end. */
void edge_on_accept(void *arg, int fd, const char *peer);
void edge_announce(struct edge *e); /* all sessions to a new core */
void edge_on_verdict(struct edge *e, uint64_t session, const struct ipc_session_verdict *v);
void edge_on_cut(struct edge *e, uint64_t session, const struct ipc_session_cut *c);
uint64_t edge_sessions_due(struct edge *e, uint64_t now_ms); /* ends what waited too long; the next deadline */
struct edge_session *edge_session_find(struct edge *e, uint64_t number);
void edge_session_drop(struct edge_session *s, const char *why); /* what is queued is sent, then it is closed: no DPR */
void edge_session_end(struct edge_session *s, enum dia_disconnect_cause cause); /* DPR; it is freed when its link is down */
void edge_session_free(struct edge_session *s);

/* edge_tsp.c: the stages of one request. `arg` is the edge. */
extern const struct edge_front edge_tsp;

/* edge_notify.c: DNR and DNA. */
void edge_on_notification(struct edge *e, uint64_t transaction, const struct ipc_device_notification *n);
