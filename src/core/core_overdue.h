/* core_overdue.h - the deadline for the answer to an SCS (CONTRACTS section 3, "the edge's
 * deadline").
 * Edge and core know the same deadline. The core gives up CFG_CORE_MARGIN_MS before the edge, so
 * that its 201 arrives in time.
 * An edge that answered by itself reports this, and the core recalls what it submitted. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/core_edges.h"
#include "core/core_trigger.h"

ERR_MUST_USE int core_overdue_init(struct core *c); /* ERR_NOMEM */
void core_overdue_fini(struct core *c);             /* a zeroed part is allowed */

/* When the core gives up a request: ms of the loop's clock. `answer_by_ms` is the edge's
 * deadline in the record.
 * Never later than cfg_answer_within_ms() from now. */
uint64_t core_overdue_at(const struct core *c, uint64_t answer_by_ms);
/* When the edge received a request with this deadline: ms of the core's timeline.
 * The request may have waited for a core: its validity and its deadline after a restart count
 * from that time.
 * Never in the future, and never longer ago than an answer may take. */
uint64_t core_overdue_came_ms(const struct core *c, uint64_t answer_by_ms);
/* Gives up the trigger at at_ms, or at the earlier time set before. Without memory only the
 * edge's deadline applies. */
void core_overdue_watch(struct core_trigger *t, uint64_t at_ms);

/* Checks an undecided trigger of the journal before it is resumed. Its deadline counts from its
 * arrival: the edge or the session that answered it may have ended before the core knew.
 * True: the deadline has passed and the trigger was given up; it may be freed. */
bool core_overdue_restored(struct core_trigger *t);

void core_on_given_up(struct core_edge *e, uint64_t transaction, const struct ipc_device_action_given_up *g);
