/* ns_serve_int.h - the NDS/IP helper's owners of connections, for the files ns_serve*.c only. */
#pragma once
#include "base/obj.h"
#include "ndsip/ns_channel.h"
#include "ndsip/ns_proof.h"
#include "ndsip/ns_serve.h"

#define NS_EDGE_MAGIC 0x1d0e93fbu
struct ns_edge {
	struct obj obj;
	struct ns_serve *serve;
	struct ns_channel *channel;
	uint64_t owner; /* of its connections */
	uint32_t generation;
	bool full; /* waits for room */
	TAILQ_ENTRY(ns_edge) entry;
};
OBJ_FIRST(struct ns_edge);

#define NS_SERVE_MAGIC 0x5c2e70b9u
struct ns_serve {
	struct obj obj;
	struct ns_serve_conf conf;
	struct ns_list list;
	struct ns_proofs proofs;
	struct ns_charon *charon;
	struct ns_channel *core; /* NULL: none */
	bool core_full;          /* it waits for room */
	TAILQ_HEAD(, ns_edge) edges;
	unsigned edges_n;
	uint64_t owner_next;
	struct net_timer *look, *due, *status, *rules_timer; /* the next slice; the next end of a time; status; rules */
	bool status_wanted, summary_unsaid;
	bool was_there; /* charon, at the last look */
	enum ns_rules rules;
	char rules_words[NS_WORDS_MAX];
};
OBJ_FIRST(struct ns_serve);
_Static_assert(NS_EDGES_MAX <= NS_OWNERS_MAX, "each edge has a share");

static inline struct ns_serve *ns_serve_of(void *arg)
{
	return OBJ_OF(arg, struct ns_serve, NS_SERVE_MAGIC);
}

static inline bool ns_serve_rules_hold(const struct ns_serve *s)
{
	return !s->conf.rules || !s->conf.rules_ms || s->rules == NS_RULES_OK;
}

static inline struct ns_facts ns_serve_facts(const struct ns_serve *s)
{
	return (struct ns_facts){ .charon = ns_charon_there(s->charon),
				  .rules = ns_serve_rules_hold(s),
				  .keep = s->conf.keep,
				  .grace_ms = s->conf.grace_ms,
				  .table = ns_charon_table(s->charon),
				  .list = &s->list };
}

/* ns_serve.c: what is due by the clock is done, and the owners are told. */
void ns_serve_meet_due(struct ns_serve *s);

/* ns_serve_tell.c: tells each owner what it was not told. One that does not read waits for its
 * room, and holds up no other. */
void ns_serve_tell_owners(struct ns_serve *s);
void ns_serve_tell_core(struct ns_serve *s);
/* The core gets a summary within STATUS_MS, however often this is called. */
void ns_serve_want_status(struct ns_serve *s);
void ns_serve_on_status(void *arg); /* of the timer for that; arg: struct ns_serve */

/* ns_serve_edges.c: OPEN or CLOSE of an edge or of the core. `m` is borrowed. ERR_PROTO: it opened
 * a connection twice. What cannot be taken for another reason is refused, which is 0. */
ERR_MUST_USE int ns_serve_take_connection(struct ns_serve *s, uint64_t owner, struct ns_channel *channel, const struct ns_msg *m);
void ns_serve_edge_free(struct ns_edge *e); /* and its connections */
