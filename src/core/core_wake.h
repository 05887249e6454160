/* core_wake.h - the reports of an SCS that wait to be sent again, and how they go when it has connected: some in each turn of the loop,
 * and no more on their way at a time than its sessions take. What it costs to admit a connection does not depend on how many wait. */
#pragma once
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"

struct core;
struct core_scs;
struct core_trigger;
struct net_timer;

#define CORE_WAKE_A_TURN 256u /* reports of all SCSs */
#define CORE_WAKE_WINDOW                                                                                                         \
	256u /* DNRs of one SCS on their way, before the next is woken; limits.pending_per_scs when that is less */

struct core_wakes {
	TAILQ_HEAD(core_wake_list, core_scs) list; /* SCSs whose reports are woken; the next one first */
	struct net_timer *timer;
	uint64_t looked_at; /* reports, since the start: tests hold it against what waits */
};

ERR_MUST_USE int core_wakes_init(struct core *c); /* ERR_NOMEM */
void core_wakes_fini(struct core *c);             /* a zeroed part is allowed */

/* The trigger has made a step: it stands among what waits for its SCS, or not. */
void core_wake_settle(struct core_trigger *t);
/* It ends. */
void core_wake_forget(struct core_trigger *t);
/* The SCS has a session: whatever waits for it now goes, in the order in which it began to wait. */
void core_wake_begin(struct core_scs *scs);
/* A DNR of the SCS is no longer on its way. */
void core_wake_room(struct core_scs *scs);
