/* core_dnr.h - delivery reports to the SCS (Tsp, stage 14): sends DNR until the SCS
 * acknowledges. */
#pragma once
#include <stdbool.h>
#include <sys/queue.h>

#include "core/core_edges.h"
#include "trigger/trg.h"

struct core_notice;

/* An edge reports the outcome of each DNR within dnr.answer_wait. One that says nothing for so
 * much longer is not waited for any more: the report counts as not answered, and is sent again
 * like any other. */
#define CORE_DNR_LATE_MS 5000u

struct core_dnrs {                        /* all outstanding DNRs */
	TAILQ_HEAD(, core_notice) by_age; /* the oldest first: all have the same time */
	struct net_timer *late;
	bool armed; /* the timer runs; it may be early */
};

ERR_MUST_USE int core_dnrs_init(struct core *c); /* ERR_NOMEM */
void core_dnrs_fini(struct core *c);             /* after the edges; a zeroed part is allowed */

int core_report_notify(void *arg, struct trg *trg, bool again); /* port of the machine */
void core_report_on_answer(struct core_edge *e, uint64_t transaction, const struct ipc_device_notification_answer *a);
