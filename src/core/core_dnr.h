/* core_dnr.h - delivery reports to the SCS (Tsp, stage 14): sends DNR until the SCS
 * acknowledges. */
#pragma once
#include <stdbool.h>

#include "core/core_edges.h"
#include "trigger/trg.h"

int core_report_notify(void *arg, struct trg *trg, bool again); /* port of the machine */
void core_report_on_answer(struct core_edge *e, uint64_t transaction, const struct ipc_device_notification_answer *a);
