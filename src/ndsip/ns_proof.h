/* ns_proof.h - the open connections of listeners with NDS/IP, and for each of them who protects it
 * now.
 *
 *              proven                    not proven
 *   HELD ------------------> PROVEN ------------------> HELD
 *     |                                                   | the time (grace) is over
 *     +---------------------------------------------------+--> CUT, forgotten
 *
 * The name of the connection at charon says which provisioned SCS it is about, and sa_judge() holds
 * all children that carry these packets against the identity of that SCS. What was proven once for
 * an SCS stays bound to it: a proof for another one cuts. A remote end that is none of the
 * provisioned hosts of that SCS is not proven, whatever charon still has. A change of anything is a
 * change for all: the caller marks the table (ns_proofs_mark()) and lets all be judged in slices,
 * those that an event names first. PURE but for the allocator: the facts and the time are
 * arguments. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/heap.h"
#include "base/map.h"
#include "base/multimap.h"
#include "base/obj.h"
#include "ndsip/ns_list.h"
#include "ndsip/ns_owners.h"

struct ns_facts {
	bool charon;       /* connected, and a list was whole since */
	bool rules;        /* the packet filter rules are in force, or are not looked after */
	bool keep;         /* ndsip.on_loss: what was proven stays while charon is away */
	uint64_t grace_ms; /* ndsip.grace */
	const struct sa_table *table;
	const struct ns_list *list;
};

#define NS_OWNER_CORE UINT64_C(0) /* its connections are to peers; all others are of SCSs */
#define NS_OF_CORE_MAX 64u        /* of these connections; no edge can take their room */

#define NS_OPEN_MAGIC 0x40c7d61eu
struct ns_connection {
	struct obj obj;
	struct ns_key {
		uint64_t owner, id; /* channel, and what it calls the connection */
	} key;
	struct ns_open open;
	enum ns_proof proof;
	enum ns_reason reason;
	bool ever;      /* it was proven, by us or by an earlier helper */
	bool unsaid;    /* its owner was not told the last change */
	uint64_t round; /* last judged in */
	char scs[IDENT_SCS_MAX + 1], identity[NS_IDENTITY_MAX],
	    anchor[ANCHOR_LIST_LEN]; /* once proven; identity also for the log */
	struct map_node node;
	struct ns_remote { /* of open.remote[] */
		struct multimap_node node;
		struct ns_connection *connection;
	} by_remote[NS_ENDS_MAX];
	struct heap_node due; /* HELD: when the grace is over; in no heap while it is kept */
	TAILQ_ENTRY(ns_connection) entry, saying;
};

struct ns_proofs_counts {
	uint32_t open, proven;
	uint64_t proofs, refused, cut; /* as in struct ns_summary */
};

struct ns_proofs {
	uint32_t max; /* connections of edges */
	uint32_t of_core;
	struct ns_owners edges; /* their connections; the share is set before the first one, else `max` */
	struct map by_key;
	struct multimap by_remote;
	TAILQ_HEAD(ns_connections, ns_connection) all; /* those judged in this round are behind the others */
	struct ns_connections saying;
	struct heap due; /* held ones that are to be cut */
	uint64_t round;
	struct ns_proofs_counts counts;
};

ERR_MUST_USE int ns_proofs_init(struct ns_proofs *p, uint32_t max); /* ERR_NOMEM, ERR_IO */
void ns_proofs_fini(struct ns_proofs *p);

/* A connection is judged at once. ERR_PROTO: the id is in use. ERR_BUSY: `max` of edges are open,
 * the share of this edge, or NS_OF_CORE_MAX of the core; ERR_NOMEM: the caller answers with CUT and
 * TOO_MANY. */
ERR_MUST_USE int ns_proofs_open(struct ns_proofs *p, uint64_t owner, const struct ns_open *o, const struct ns_facts *f,
				uint64_t now_ms);
void ns_proofs_close(struct ns_proofs *p, uint64_t owner, uint64_t id); /* an unknown one is ignored: it was cut */
void ns_proofs_gone(struct ns_proofs *p, uint64_t owner);               /* the channel has closed */

/* All have to be judged again. */
void ns_proofs_mark(struct ns_proofs *p);
/* Judges at most n of those that are marked. Returns whether there are more. */
bool ns_proofs_look(struct ns_proofs *p, const struct ns_facts *f, uint64_t now_ms, unsigned n);
/* Judges those to this host at once. */
void ns_proofs_look_host(struct ns_proofs *p, const struct sa_address *host, const struct ns_facts *f, uint64_t now_ms);
/* Cuts those whose time is over, after judging them once more. What is kept (facts.keep) is not
 * due; once it is judged while charon is there, it has the whole grace. Returns the next time,
 * UINT64_MAX: none. */
uint64_t ns_proofs_due(struct ns_proofs *p, const struct ns_facts *f, uint64_t now_ms);

/* The next connection whose owner is to be told; NULL: none. */
struct ns_connection *ns_proofs_unsaid(const struct ns_proofs *p);
void ns_proofs_state(struct ns_state *out, const struct ns_connection *c);
/* It was told. One that is CUT is forgotten here. */
void ns_proofs_said(struct ns_proofs *p, struct ns_connection *c);
