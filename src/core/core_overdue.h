/* core_overdue.h - the time for the answer to an SCS (CONTRACTS section 3, "the edge's deadline"): one deadline, known to the edge
 * and the core. The core gives up CFG_CORE_MARGIN_MS before the edge does, so that its 201 is there in time; an edge that answered by
 * itself says so, and what was submitted meanwhile is taken back. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/core_edges.h"
#include "core/core_trigger.h"

ERR_MUST_USE int core_overdue_init(struct core *c); /* ERR_NOMEM */
void core_overdue_fini(struct core *c);             /* a zeroed part is allowed */

/* When the core gives a request up: ms of the loop's clock. `answer_by_ms` is the edge's, as in the record; never later than
 * cfg_answer_within_ms() allows from now on. */
uint64_t core_overdue_at(const struct core *c, uint64_t answer_by_ms);
/* When the edge got a request with this deadline: ms of the core's timeline. It may have waited for a core, and its validity and the
 * deadline that a restart looks at count from there. Never in the future, nor longer ago than an answer may take. */
uint64_t core_overdue_came_ms(const struct core *c, uint64_t answer_by_ms);
/* The trigger is given up at that time, or earlier when an earlier time was set. Without memory the edge's deadline remains. */
void core_overdue_watch(struct core_trigger *t, uint64_t at_ms);

/* An undecided trigger of the journal, before it is resumed: its deadline counts from its arrival, because an edge that answered it may be
 * gone, or its session, before a core heard of it. True: that time is over, and the trigger was given up; it may be freed. */
bool core_overdue_restored(struct core_trigger *t);

void core_on_given_up(struct core_edge *e, uint64_t transaction, const struct ipc_device_action_given_up *g);
