/* core_time.h - the core's timeline (base/timeline.h). Triggers, reports, duplicates and what the core says of itself live by it; what
 * was given as a date (certificates, from when until when a rule holds) is held against the wall clock. */
#pragma once
#include <stdint.h>

#include "base/timeline.h"
#include "core/core_look.h"

struct core;

struct core_time {
	struct timeline line;
	struct core_look look;
	uint64_t started_ms; /* of the core */
};

void core_time_init(struct core *c); /* before every other part; a file that is missing or bad is logged */
void core_time_fini(struct core *c); /* writes the file; a zeroed part is allowed */
/* Writes the file when that is due. */
void core_time_keep(struct core *c);
/* core_now_ms() and core_wall_ms(): core_view.h. */
