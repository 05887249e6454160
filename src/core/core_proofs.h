/* core_proofs.h - who protects the connections to peers of the core under NDS/IP (Zb and Za of TS
 * 33.210): asks the NDS/IP helper for each, as an edge does for those of SCSs (edge/edge_proof.h).
 *
 *   NONE --connected--> WAITS --PROVEN--> PROVEN --HELD, or the helper is lost--> HELD
 *     ^                   |                 ^                                       |
 *     |                   |                 +------------- PROVEN, same ------------+
 *     +------ CUT, or longer than ndsip.grace: the connection is ended -------------+
 *
 * In WAITS and HELD the connection is frozen: nothing is read from it or sent, the CER included. No
 * connection is even begun before the helper has said that the tunnel of this peer is up. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/ident.h"
#include "base/str.h"
#include "conf/cfg_iwf.h"
#include "ipsec/sa_conn.h"
#include "link/link.h"
#include "ndsip/ns_msg.h"

struct core;
struct core_peer;

enum core_proof_state { CORE_PROOF_NONE, CORE_PROOF_WAITS, CORE_PROOF_PROVEN, CORE_PROOF_HELD };

struct core_proof { /* of a peer; zero for one without NDS/IP */
	enum core_proof_state state;
	struct link *link;   /* the peer's; NULL with NONE */
	struct ns_open open; /* its id is this connection's alone; `again`: it was proven */
	bool unsaid;         /* OPEN is still to be sent */
	bool asked;          /* this helper knows the id */
	uint64_t closed;     /* id that the helper has to forget; 0: none */
	uint64_t cut_ms;     /* WAITS, HELD */
	unsigned reason;     /* enum ns_reason, of the last state that was not PROVEN */
	bool kept_back;      /* the last attempt to connect, because there was no tunnel */
};

/* The name of a peer in messages of the helper. */
static inline void core_proof_name(char out[IDENT_SCS_MAX + 1], const struct cfg_peer *peer)
{
	str_set(out, IDENT_SCS_MAX + 1, SA_PEER_PREFIX);
	str_add(out, IDENT_SCS_MAX + 1, peer->name);
}

/* For the link of a peer with NDS/IP (link_cb). */
bool core_proof_may_connect(struct core_peer *p, char why[LINK_WHY_MAX]);
void core_proof_begin(struct core_peer *p, struct link *l);
void core_proof_end(struct core_peer *p); /* the connection has ended; not begun: does nothing */

/* What the helper says. */
void core_proofs_hear(struct core *c, const struct ns_state *s);
/* The tunnel of a peer may have come up, or the rules be in force: attempts that were kept back are
 * made now. */
void core_proofs_retry(struct core *c);
/* A new channel: all are asked about again. Or it is lost. */
void core_proofs_joined(struct core *c);
void core_proofs_lost(struct core *c);
/* Ends those whose time is over; at ndsip.proof_timer. */
void core_proofs_due(struct core *c);
/* The next message for the helper, which counts as sent. False: there is none. */
bool core_proofs_next(struct core *c, struct ns_msg *out);

/* Why the connection of a peer is not protected now, or why none is made; "" for a peer without
 * NDS/IP and when it is protected. */
void core_proof_words(char out[NS_WORDS_MAX], const struct core_peer *p);
