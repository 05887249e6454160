/* core_memory.h - the core at the limit of its memory: keeps a reserve (base/reserve.h) for
 * accepted triggers.
 * While memory is short, new triggers and replaces are answered 201.
 * Reports, answers, recalls and the operator's commands continue.
 * The state ends without intervention when memory is available. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/reserve.h"

struct core;
struct net_timer;

struct core_memory {
	struct reserve reserve;
	struct net_timer *timer;
	uint64_t since_ms; /* when the state last changed; ms of the core's timeline */
};

/* Called after the triggers of the journal are restored, because that may need all memory.
 * ERR_NOMEM. */
ERR_MUST_USE int core_memory_init(struct core *c);
void core_memory_fini(struct core *c); /* a zeroed part is allowed */

/* True: new triggers are refused. */
bool core_memory_short(const struct core *c);
/* Releases the reserve after a failed allocation. True: it was released now; the caller may try
 * again. */
bool core_memory_spend(struct core *c);
