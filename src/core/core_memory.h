/* core_memory.h - the core at the limit of its memory: a reserve (base/reserve.h) for what was accepted. While it is short, new triggers and
 * replaces are answered 201; reports, answers, recalls and the operator's commands go on. It gets well by itself. */
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
	uint64_t since_ms; /* of the core's timeline: when it last became short or well */
};

/* After what the journal holds was taken up, which may need all there is. ERR_NOMEM. */
ERR_MUST_USE int core_memory_init(struct core *c);
void core_memory_fini(struct core *c); /* a zeroed part is allowed */

/* No new trigger is taken. */
bool core_memory_short(const struct core *c);
/* An allocation has failed. True: the reserve was given up now, and it may be tried again. */
bool core_memory_spend(struct core *c);
