/* core_wake.h - reports that wait to be sent again, and sending them when their SCS connects.
 * A bounded number is sent in each turn of the loop, and no more are outstanding than the SCS's
 * sessions accept.
 * The cost of admitting a connection does not depend on the number of waiting reports. */
#pragma once
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"

struct core;
struct core_scs;
struct core_trigger;
struct net_timer;

#define CORE_WAKE_A_TURN 256u /* reports of all SCSs */
/* outstanding DNRs of one SCS; limits.pending_per_scs if that is less */
#define CORE_WAKE_WINDOW 256u

struct core_wakes {
	/* SCSs whose reports are woken, the next one first */
	TAILQ_HEAD(core_wake_list, core_scs) list;
	struct net_timer *timer;
	/* reports visited since the start; tests compare it with those that wait */
	uint64_t looked_at;
};

ERR_MUST_USE int core_wakes_init(struct core *c); /* ERR_NOMEM */
void core_wakes_fini(struct core *c);             /* a zeroed part is allowed */

/* Called after each step of the trigger: adds it to the list `parked` of its SCS, or removes it. */
void core_wake_settle(struct core_trigger *t);
/* The trigger ends: removes it from the list. */
void core_wake_forget(struct core_trigger *t);
/* The SCS has a session: starts to send its waiting reports, the longest wait first. */
void core_wake_begin(struct core_scs *scs);
/* An outstanding DNR of the SCS has ended: the next report may be woken. */
void core_wake_room(struct core_scs *scs);
