/* core_peers.h - the peers of our own domain (HSS, SMS-SC): one connection each, owned by the
 * core, with the internal identity. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/obj.h"
#include "conf/cfg_iwf.h"
#include "core/core_features.h"
#include "core/core_lanes.h"
#include "core/core_lapses.h"
#include "core/core_proofs.h"
#include "link/link_ids.h"
#include "link/link_peer.h"

struct core;
struct core_smpp;
struct core_trigger;
struct smpp_pdu;

#define CORE_PEER_WHY_MAX 256

#define CORE_PEER_MAGIC 0xf9eaa723u
struct core_peer {
	struct obj obj;
	struct core *core;
	const struct cfg_peer *conf;
	struct link_peer_conf link_peer_conf;
	struct net_sctp_ends sctp; /* of link_peer_conf, for a peer over SCTP */
	struct link_peer *peer;    /* NULL: it has gone, or is reached over SMPP */
	struct core_smpp *smpp;    /* NULL: it is reached over Diameter */
	struct core_proof proof;   /* with NDS/IP */
	uint64_t since_ms;         /* of the state; waiting and connecting are one */
	uint64_t begun_ms;         /* when its first connection was begun */
	uint64_t requests, answers, timeouts, lost;
	struct core_lapses lapses;
	struct core_features features; /* features of the SMS-SCs behind it */
	uint32_t outstanding, waiting_n;
	uint32_t gathered;                     /* of the outstanding: written, and not sent yet */
	TAILQ_HEAD(, core_trigger) waiting[2]; /* [1]: priority requests; as they came */
	struct core_lanes lanes[2];            /* the same but repetitions: whose turn it is */
	char lost_why[CORE_PEER_WHY_MAX];      /* of the last connection or attempt; "": none, or it is open again */
	bool tried;                            /* its first connection could be used, or failed: core_peer_begins() */
	bool leaves;                           /* a reload removed it: it gets no request, and ends when it has answered */
	bool left;                             /* it was sent a DPR, and is not shown any more */
	bool cut;                              /* its connection ends because NDS/IP does not protect it */
	bool open;
	uint32_t number; /* of this peer among all that had a place: a place is used again, a number is not */
	bool took;       /* it was sent trigger requests, so it may have something to report */
};

/* Events at a peer; set by core_peers_open(). */
struct core_peer_events {
	void (*usable)(struct core_peer *p); /* the peer is open: requests may be sent */
	void (*request)(struct core_peer *p, struct link *l, const struct dia_msg *m);
	/* a deliver_sm or data_sm of the SMS-SC */
	void (*receipt)(struct core_peer *p, const struct smpp_pdu *pdu);
	void (*answered)(struct core_peer *p); /* over SMPP: a request has its response, or will have none */
	/* a PDU has left, or came (core_trace_smpp()) */
	void (*traced)(struct core_peer *p, bool out, const struct smpp_pdu *pdu);
	void (*down)(struct core_peer *p); /* before its link is freed */
};

struct core_peers {
	struct core_peer row[CFG_PEERS_MAX];
	size_t n;
	struct link_conf link_conf;
	struct link_counters links; /* of the connections to them, gauges included */
	const struct core_peer_events *events;
	struct link_ids ids; /* ids of requests to the peers */
	/* places of the peers that requests go to. After a reload that names another one they
	 * follow when that is open, so that nobody is refused meanwhile */
	size_t s6m, t4;
	uint32_t number_last;
	bool moves;           /* a route has to follow, or a peer leaves */
	uint64_t moves_by_ms; /* then they follow, and it leaves, in any case */
	struct net_timer *look;
};

/* Starts to connect to all peers. Borrows `tls` and `events`. ERR_NOMEM, ERR_INVAL. */
ERR_MUST_USE int core_peers_open(struct core *c, struct tls_ctx *const tls[CFG_PEERS_MAX], const struct core_peer_events *events);
/* The configuration is another one: connects to the peers that it has now, leaves those that it has
 * no longer, and has the others use the new times. Borrows `tls`. ERR_NOMEM: of some peers. */
ERR_MUST_USE int core_peers_renew(struct core *c, struct tls_ctx *const tls[CFG_PEERS_MAX]);
/* At the end of each turn: routes that wait for their peer, and peers that wait for answers. */
void core_peers_look(struct core *c);
/* Requests may be sent to it now, as far as its connection is concerned. */
bool core_peer_usable(const struct core_peer *p);
/* Requests that may be outstanding at it. */
uint32_t core_peer_window(const struct core_peer *p);
/* Its first connection is being made, and not for long: requests wait for it as for their turn, and
 * are not refused. So a core that was restarted refuses nobody while its peers are
 * reachable. */
bool core_peer_begins(const struct core_peer *p);
/* Trigger requests go to this peer, will, or went there until it was removed. */
bool core_peer_routed(const struct core_peer *p);
/* Delivery reports of this peer are those of an SMS-SC: also of one that requests go to no more,
 * when it was sent some, or the journal names it. */
bool core_peer_reports(const struct core_peer *p);
/* The place that a trigger request goes to when it is about what the peer with this number was
 * sent (0: none was), or the SMS-SC with this name has (NULL: nobody known). Another one knows
 * neither a copy by its ids nor the trigger. When those cannot be used: the route. */
size_t core_peers_t4(const struct core *c, uint32_t number, const char *host);
/* The place of the peer that a DTR went to, by its number, else by its host; open or not. False:
 * the configuration has it no more, or neither is known (0, NULL). */
bool core_peers_t4_sent_to(size_t *place, const struct core *c, uint32_t number, const char *host);
/* Sends DPR to each peer. core_peers_close() cuts off a peer that does not answer in time.
 * No object of its link may outlive core_peers_close(). */
void core_peers_leave(struct core *c);
/* Returns true when no peer has an open connection. */
bool core_peers_left(const struct core *c);
void core_peers_close(struct core *c); /* a zeroed part is allowed */
