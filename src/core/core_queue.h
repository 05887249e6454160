/* core_queue.h - requests to a core peer: those on their way, and those that wait for their turn, because limits.peer_window requests
 * are on their way. Priority first (TS 29.368 6.4.7), then in order of arrival. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "apps/app_common.h"
#include "base/err.h"
#include "base/ident.h"
#include "base/obj.h"
#include "link/link.h"
#include "link/link_ids.h"

struct core;
struct core_peer;
struct core_trigger;

/* A request that waits for its turn. The queue knows only these two functions of it. */
struct core_turn {
	int (*leave)(struct core_trigger *t, bool again); /* its turn has come: sends it. An error: it was not sent */
	void (*late)(struct core_trigger *t);             /* it was not sent in time, or not at all; may free t */
};

#define CORE_ASK_MAGIC 0xf3faa8e8u
struct core_ask { /* one request on its way; outlives its trigger when that ends first */
	struct obj obj;
	struct core_peer *peer;
	struct core_trigger *trigger; /* NULL: no trigger waits for the answer */
	void *arg;                    /* of core_peer_ask_alone() */
	uint32_t session_id_len, host_len;
	char text[]; /* Session-Id and Destination-Host of the request, each with a NUL behind it */
};

/* What is known about a request when its answer comes. */
struct core_asked {
	struct core_peer *peer;
	char session_id[LINK_SESSION_ID_MAX], host[IDENT_HOST_MAX + 1]; /* host "": the request named none */
};

struct core_queue {
	struct net_timer *timer; /* the end of the longest wait */
	bool moves;              /* core_queue_move() is sending */
};

ERR_MUST_USE int core_queue_init(struct core *c); /* ERR_NOMEM */
void core_queue_fini(struct core *c);             /* a zeroed part is allowed */

/* True: a request has to wait. */
bool core_queue_full(const struct core *c, size_t peer);
/* Queues a request; `turn` (static) sends it later or reports after wait_ms that it was not sent. `again`: before new requests.
 * ERR_BUSY: limits.peer_queue requests wait already. ERR_CLOSED: the peer is not connected. */
ERR_MUST_USE int core_queue_put(struct core_trigger *t, size_t peer, const struct core_turn *turn, bool again, uint64_t wait_ms);
void core_queue_take(struct core_trigger *t); /* takes it out of the queue if it is in */
void core_queue_move(struct core *c);         /* end of a turn: sends what may be sent, ends what is late */

/* Sends one request over the peer with this index. `fn` gets a struct core_ask. ERR_CLOSED and others: nothing was sent. */
ERR_MUST_USE int core_peer_ask(struct core_trigger *t, size_t peer, const struct buf *message, uint32_t wait_ms,
			       link_answer_fn *fn);
/* Ends an ask in its callback and frees it; `asked` is what it was. Returns its trigger; NULL: no trigger waits for the answer. */
struct core_trigger *core_peer_answered(struct core_asked *asked, void *ask, int err);
/* Is this the answer to what was asked, from whom was asked? If not: why not, counted. NULL: it is. */
const char *core_peer_foreign(const struct core_asked *asked, const struct app_head *answer, const char *realm);

/* The same without a trigger: core_peer_answered_alone() ends the ask in its callback and returns `arg`. */
ERR_MUST_USE int core_peer_ask_alone(struct core *c, size_t peer, const struct buf *message, uint32_t wait_ms, link_answer_fn *fn,
				     void *arg);
void *core_peer_answered_alone(struct core_asked *asked, void *ask, int err);

/* Forgets the trigger's request, on its way or in the queue; a later answer finds no trigger. */
void core_trigger_ask_drop(struct core_trigger *t);
void core_trigger_resume_end(struct core_trigger *t); /* its request after a restart no longer counts in limits.resume */
