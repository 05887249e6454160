/* edge_proof.h - the edge's end of the NDS/IP helper: asks who protects a connection, and hears of
 * each change. A connection that is not proven is held: the owner neither reads from it nor sends.
 *
 *            PROVEN                     HELD, or the helper is lost
 *   WAITS ------------> PROVEN ------------------------------------> HELD --PROVEN, same--> PROVEN
 *     |                                                                |
 *     +---------- CUT, or longer than ndsip.grace ---------------------+--> cut
 *
 * With ndsip.on_loss keep, a connection that was proven stays as it is while the helper or
 * strongSwan is away. */
#pragma once
#include <sys/queue.h>

#include "base/few.h"
#include "base/map.h"
#include "base/obj.h"
#include "edge/edge_env.h"
#include "ndsip/ns_channel.h"
#include "net/net_stream.h"

enum edge_proof_state { EDGE_PROOF_NONE, EDGE_PROOF_WAITS, EDGE_PROOF_PROVEN, EDGE_PROOF_HELD };

#define EDGE_PROOF_MAGIC 0x2a91c75eu
struct edge_proof { /* of one connection; in the object of its owner */
	struct obj obj;
	enum edge_proof_state state;
	uint64_t id;
	struct ns_open open;
	bool unsaid;     /* OPEN is still to be sent */
	bool asked;      /* this helper knows the id */
	uint64_t cut_ms; /* WAITS, HELD */
	unsigned reason; /* enum ns_reason, of the last state that was not PROVEN */
	/* Once proven: of the SCS and never changed. */
	char scs[IDENT_SCS_MAX + 1], identity[IDENT_HOST_MAX + 1], anchor[ANCHOR_LIST_LEN];
	struct map_node node;
	TAILQ_ENTRY(edge_proof) entry, held, saying;
};

struct edge_proof_cb {
	void (*proven)(void *arg, struct edge_proof *p); /* go on; the first time with who it is */
	void (*held)(void *arg, struct edge_proof *p);   /* hold it */
	void (*cut)(void *arg, struct edge_proof *p);    /* end it; it is forgotten here already */
};

struct edge_proof_closing; /* an id that the helper has to forget */

#define EDGE_PROOFS_MAGIC 0x6a0fb1d4u
struct edge_proofs {
	struct obj obj;
	struct edge_env *env;
	const struct edge_proof_cb *cb;
	void *arg;
	struct ns_channel *channel; /* NULL: no helper */
	uint32_t number;            /* of the channel, as the parent gave it */
	void (*lost)(void *arg, uint32_t number);
	void *lost_arg;
	uint64_t id_next;
	struct map by_id;
	TAILQ_HEAD(edge_proof_list, edge_proof) all;
	struct edge_proof_list held;   /* WAITS and HELD; the first to be cut first */
	struct edge_proof_list saying; /* whose OPEN waits for room */
	TAILQ_HEAD(, edge_proof_closing) closing;
};

/* Borrows the pointers. ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int edge_proofs_init(struct edge_proofs *all, struct edge_env *env, const struct edge_proof_cb *cb, void *arg);
void edge_proofs_fini(struct edge_proofs *all); /* after the last edge_proof_end(); also when all is zero */

/* A channel to the helper, in place of the one before; takes fd in every case. All connections are
 * asked about again. `lost` is called when it closes. */
ERR_MUST_USE int edge_proofs_channel(struct edge_proofs *all, int fd, uint32_t number, void (*lost)(void *arg, uint32_t number),
				     void *arg);
bool edge_proofs_ready(const struct edge_proofs *all); /* there is a helper */

/* Asks about the connection of this stream and its socket; its owner holds it until `proven`. Of an
 * SCTP association each pair of addresses has to be protected. Borrows `stream` until return.
 * ERR_IO: its addresses cannot be read. ERR_INVAL: no address of IP. ERR_LIMIT: one side has more
 * than NS_ENDS_MAX. ERR_CLOSED: no helper. */
ERR_MUST_USE int edge_proof_begin(struct edge_proofs *all, struct edge_proof *p, const struct net_stream *stream, int fd);
void edge_proof_end(struct edge_proofs *all, struct edge_proof *p); /* not begun, or cut: does nothing */

/* Cuts those whose time is over. Returns the next time, UINT64_MAX: none. */
uint64_t edge_proofs_due(struct edge_proofs *all, uint64_t now_ms);
