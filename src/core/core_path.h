/* core_path.h - the path of one request through the core (ARCHITECTURE.md section 4, stages 8 to
 * 13). */
#pragma once
#include "assoc/asc_scs.h"
#include "core/core_dup.h"
#include "core/core_edges.h"
#include "policy/pol_judge.h"

void core_on_device_action(struct core_edge *e, uint64_t transaction, const struct ipc_device_action *a);
/* Sends the one answer of a request to all its waiters. dup NULL: to `asker` only. */
void core_answer(struct core *c, struct core_dup_entry *dup, const struct core_dup_waiter *asker,
		 const struct ipc_device_action_answer *a);
