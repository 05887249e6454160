/* core_look.h - checks the clocks at regular intervals.
 * Loop timers do not run while the machine is suspended and do not notice that the wall clock
 * was set. */
#pragma once
#include "base/err.h"

struct core;

struct core_look {
	struct net_timer *timer;
};

ERR_MUST_USE int core_look_init(struct core *c); /* ERR_NOMEM */
void core_look_fini(struct core *c);             /* a zeroed part is allowed */
