/* core_look.h - looks at the clocks at regular intervals: timers of the loop neither run while the machine is suspended nor know that
 * the wall clock was set. */
#pragma once
#include "base/err.h"

struct core;

struct core_look {
	struct net_timer *timer;
};

ERR_MUST_USE int core_look_init(struct core *c); /* ERR_NOMEM */
void core_look_fini(struct core *c);             /* a zeroed part is allowed */
