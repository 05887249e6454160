/* core_time.h - the core's timeline (base/timeline.h), the clock of triggers, reports and
 * duplicates, and of the core's own history.
 * Dates (of certificates, of the windows of rules) are compared with the wall clock. */
#pragma once
#include <stdint.h>

#include "base/timeline.h"
#include "core/core_look.h"

struct core;

struct core_time {
	struct timeline line;
	struct core_look look;
	uint64_t started_ms; /* when the core started */
};

void core_time_init(struct core *c); /* before every other part; logs a missing or bad file */
void core_time_fini(struct core *c); /* writes the file; a zeroed part is allowed */
/* Writes the file if it is due. */
void core_time_keep(struct core *c);
/* core_now_ms() and core_wall_ms(): core_view.h. */
