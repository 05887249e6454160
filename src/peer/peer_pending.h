/* peer_pending.h - sent requests that wait for their answer (RFC 6733 5.5.4, 6.1.3): found by
 * Hop-by-Hop-Id, timed out in the order of their deadlines. One for each open connection. PURE:
 * the time is an argument. `fn` belongs to the requester, and only the owner of this object
 * calls it. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "diameter/dia_msg.h"

typedef void peer_answer_fn(void *arg, int err, const struct dia_msg *m);

struct peer_pending_entry {
	uint32_t hop_by_hop, end_to_end, code;
	uint64_t deadline_ms;
	peer_answer_fn *fn; /* opaque here */
	void *arg;          /* opaque here */
};

/* opaque; memory grows with the outstanding requests, up to `max`, and is kept */
struct peer_pending;

ERR_MUST_USE int peer_pending_new(struct peer_pending **out, uint32_t max);
/* Takes the object; NULL allowed. Remaining entries are forgotten: remove them with
 * peer_pending_pop() before. */
void peer_pending_free(struct peer_pending *p);

/* Copies the entry. ERR_BUSY at the bound, ERR_EXISTS when the Hop-by-Hop-Id is taken, ERR_NOMEM;
 * then nothing changed. */
ERR_MUST_USE int peer_pending_add(struct peer_pending *p, const struct peer_pending_entry *entry);

/* Finds the request of an answer with this header: Hop-by-Hop-Id, End-to-End-Id and command must
 * all match. The request is removed and written to `out`. ERR_NOTFOUND: no such request (the entry
 * of an answer that matches in part stays). */
ERR_MUST_USE int peer_pending_take(struct peer_pending *p, const struct dia_hdr *answer, struct peer_pending_entry *out);

/* Forgets the request with this Hop-by-Hop-Id, if there is one: it could not be sent. */
void peer_pending_drop(struct peer_pending *p, uint32_t hop_by_hop);

/* Removes the entry with the earliest deadline if that is not after now_ms (UINT64_MAX: in any
 * case). Call it until ERR_NOTFOUND. */
ERR_MUST_USE int peer_pending_pop(struct peer_pending *p, uint64_t now_ms, struct peer_pending_entry *out);

/* Earliest deadline, 0 when nothing is pending. */
uint64_t peer_pending_next_ms(const struct peer_pending *p);
size_t peer_pending_count(const struct peer_pending *p);
