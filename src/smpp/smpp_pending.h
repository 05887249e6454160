/* smpp_pending.h - sent requests that wait for their response: found by sequence_number, timed out
 * in the order they were sent. For this room only. PURE. */
#pragma once
#include <sys/queue.h>

#include "base/err.h"
#include "base/multimap.h"

struct smpp_pending_entry {
	uint32_t sequence, command; /* command_id of the request */
	uint64_t token, deadline_ms;
};

struct smpp_waiting; /* opaque: an entry in both indexes */
TAILQ_HEAD(smpp_waiting_list, smpp_waiting);

struct smpp_pending {
	struct multimap by_sequence;
	struct smpp_waiting_list by_time, unused;
	uint32_t n, unused_n;
};

ERR_MUST_USE int smpp_pending_init(struct smpp_pending *p); /* ERR_NOMEM */
void smpp_pending_fini(struct smpp_pending *p);             /* entries that are left are forgotten */

/* Copies the entry. A deadline before that of an earlier entry is moved to it. ERR_EXISTS: the
 * sequence number is in use; ERR_NOMEM. */
ERR_MUST_USE int smpp_pending_add(struct smpp_pending *p, const struct smpp_pending_entry *entry);
/* Finds and removes the request that a response answers: the number and the command must match;
 * `command` 0 matches each. ERR_NOTFOUND: it stays. */
ERR_MUST_USE int smpp_pending_take(struct smpp_pending *p, uint32_t sequence, uint32_t command, struct smpp_pending_entry *out);
/* Removes the oldest one if its deadline is not after now_ms (UINT64_MAX: in any case).
 * ERR_NOTFOUND. */
ERR_MUST_USE int smpp_pending_pop(struct smpp_pending *p, uint64_t now_ms, struct smpp_pending_entry *out);
/* 0: nothing waits. */
uint64_t smpp_pending_next_ms(const struct smpp_pending *p);
