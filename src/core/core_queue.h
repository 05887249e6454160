/* core_queue.h - requests to a core peer: the outstanding ones, at most limits.peer_window, and the
 * queue of those that wait for a free place. Priority first (TS 29.368 6.4.7), then each SCS in
 * turn (core_lanes.h), and of one SCS in order of arrival. */
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

/* The two functions of a queued request that the queue calls. */
struct core_turn {
	int (*leave)(struct core_trigger *t, bool again); /* sends it; an error: it was not sent */
	void (*late)(struct core_trigger *t);             /* it was not sent in time, or not at all; may free t */
};

struct core_ask;
struct smpp_pdu;

/* The response to a request over SMPP; `pdu` NULL: there is none, and the outcome is unknown. The
 * callee ends the ask (core_smpp_asked()). */
typedef void core_smpp_fn(struct core_ask *ask, const struct smpp_pdu *pdu);

/* Which submit_sm of a trigger it is. */
enum core_smpp_phase {
	CORE_SMPP_PLAIN,
	CORE_SMPP_CANCELLED, /* of a replace, whose original is cancelled */
	CORE_SMPP_AS_NEW     /* of a replace, whose original is not pending there */
};

#define CORE_ASK_MAGIC 0xf3faa8e8u
struct core_smpp_apart_one;

struct core_ask { /* one request on its way; outlives its trigger when that ends first */
	struct obj obj;
	struct core_peer *peer;
	struct core_trigger *trigger; /* NULL: no trigger waits for the answer */
	void *arg;                    /* argument of core_peer_ask_alone() */
	bool pooled;                  /* for core_piece_ask_end() */
	/* over SMPP: who is told, and the trigger, also of one that does not wait any more; its
	 * SCS-Identity is in `text` */
	core_smpp_fn *fn;
	uint64_t number;
	uint32_t reference;
	uint8_t phase;      /* enum core_smpp_phase */
	uint8_t part;       /* of a message in parts */
	bool some;          /* of a cancel_sm: an earlier part was cancelled */
	core_smpp_fn *then; /* of a cancel_sm: told after the last part */
	/* of a submit_sm: cancels its message if its trigger ends before the response; owned */
	struct core_smpp_apart_one *cancel;
	uint32_t session_id_len, host_len;
	char text[]; /* Session-Id and Destination-Host of the request, each with a NUL behind it */
};

/* A request that is to be sent: its octets, and what its answer is held against. */
struct core_message {
	struct buf octets;
	char session_id[LINK_SESSION_ID_MAX];
	uint32_t session_id_len;
	const char *host; /* Destination-Host, borrowed; NULL: the request names none */
};

/* A completed request, for the check of its answer. */
struct core_request {
	struct core_peer *peer;
	size_t session_id_len;
	char session_id[LINK_SESSION_ID_MAX], host[IDENT_HOST_MAX + 1]; /* host "": the request named none */
};

struct core_queue {
	struct net_timer *timer; /* fires at the earliest limit of a queued request */
	bool moves;              /* core_queue_move() is sending */
};

ERR_MUST_USE int core_queue_init(struct core *c); /* ERR_NOMEM */
void core_queue_fini(struct core *c);             /* a zeroed part is allowed */

/* True: a new request must wait. */
bool core_queue_full(const struct core *c, size_t peer);
/* True: a request that was never sent waits for the first connection to this peer. Repetitions do
 * not: after a restart there may be a million, and they are tried again. */
bool core_queue_begins(const struct core *c, size_t peer);
/* Queues a request. `turn` (static) sends it later, or reports after wait_ms that it was not
 * sent.
 * `again`: ahead of new requests.
 * ERR_BUSY: limits.peer_queue requests wait already. ERR_CLOSED: the peer is not connected. */
ERR_MUST_USE int core_queue_put(struct core_trigger *t, size_t peer, const struct core_turn *turn, bool again, uint64_t wait_ms);
/* Removes the trigger's request from the queue, if it is queued. */
void core_queue_take(struct core_trigger *t);
/* Called at the end of a turn: sends queued requests while the window allows it, and ends late
 * ones. */
void core_queue_move(struct core *c);

/* Sends one request over the peer with this index. `fn` gets a struct core_ask. ERR_CLOSED and
 * others: nothing was sent. */
ERR_MUST_USE int core_peer_ask(struct core_trigger *t, size_t peer, const struct core_message *message, uint32_t wait_ms,
			       link_answer_fn *fn);
/* Ends an ask in its callback and frees it. Fills the request for the check of the answer.
 * Returns its trigger; NULL: no trigger waits for the answer. */
struct core_trigger *core_peer_answered(struct core_request *request, void *ask, int err);
/* Checks that the answer belongs to the request and comes from the host that was addressed.
 * NULL: it does. Else returns the reason, and counts it. */
const char *core_peer_foreign(const struct core_request *request, const struct app_head *answer, const char *realm);

/* The same for a request without a trigger. core_peer_answered_alone() ends the ask in its
 * callback and returns `arg`. */
ERR_MUST_USE int core_peer_ask_alone(struct core *c, size_t peer, const struct core_message *message, uint32_t wait_ms,
				     link_answer_fn *fn, void *arg);
void *core_peer_answered_alone(struct core_request *request, void *ask, int err);

/* Removes the trigger's request, outstanding or queued. A later answer finds no trigger. */
void core_trigger_ask_drop(struct core_trigger *t);
/* The trigger's request after a restart no longer counts in limits.resume. */
void core_trigger_resume_end(struct core_trigger *t);
