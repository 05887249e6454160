/* core_retry.h - when the SMS-SC link comes up, retries every trigger in back-off, a bounded
 * number per loop turn. */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "core/core_cursor.h"

struct core_retry {
	struct net_timer *timer;   /* starts the next portion */
	struct core_cursor cursor; /* while it runs */
	bool running;
};

ERR_MUST_USE int core_retry_init(struct core *c); /* ERR_NOMEM */
void core_retry_fini(struct core *c);             /* a zeroed part is allowed */
void core_retry_begin(struct core *c);
