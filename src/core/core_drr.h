/* core_drr.h - delivery reports of the SMS-SC (T4, stage 14): durable before the DRA, and known again when they are repeated. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/core_drr_dup.h"
#include "core/core_peers.h"
#include "trigger/trg.h"

struct core_drr { /* a DRR without its DRA: owns its octets */
	struct core_drr_entry *of;
	size_t peer;
	struct link *link; /* valid until its peer is down */
	TAILQ_ENTRY(core_drr) entry;
	TAILQ_ENTRY(core_drr) waiting; /* with the others of its entry */
	uint32_t len;
	uint8_t message[];
};

struct core_drrs {
	TAILQ_HEAD(, core_drr) list;
	uint32_t n;
	uint64_t records_max; /* of those that stand with no trigger */
	struct core_drr_dup dup;
};

ERR_MUST_USE int core_drrs_init(struct core *c); /* ERR_NOMEM */
void core_drrs_fini(struct core *c);             /* a zeroed part is allowed */

void core_report_on_request(struct core_peer *p, struct link *l, const struct dia_msg *m);
void core_report_peer_down(struct core_peer *p);
void core_drrs_look(struct core *c); /* those whose window is over go, and their records; to be called now and then */
void core_report_acknowledge(void *arg, struct trg *t, uint64_t token, bool ok); /* port of the machine: the DRA */

/* After a restart. A DRR that was reported at that time and answered 2001; its digest stands with a trigger. ERR_NOMEM. */
ERR_MUST_USE int core_drrs_restore(struct core *c, const uint8_t digest[CORE_DRR_DIGEST_LEN], uint64_t at_ms);
bool core_drrs_is(const void *record, size_t len); /* is it the record of a DRR that stands with no trigger? */
ERR_MUST_USE int core_drrs_restore_answer(struct core *c, uint64_t number, const void *record, size_t len); /* ERR_NOMEM */
