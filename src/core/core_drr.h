/* core_drr.h - delivery reports of the SMS-SC (T4, stage 14): made durable before the DRA, and
 * recognised when repeated. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "apps/app_common.h"
#include "core/core_drr_dup.h"
#include "core/core_peers.h"
#include "trigger/trg.h"

/* What a DRA repeats of its DRR. */
struct core_drr_asked {
	uint32_t hop_by_hop, end_to_end;
	struct dia_bytes session_id;
	const struct dia_bytes *proxy_info;
	uint8_t proxy_info_n;
};

/* a DRR that awaits its DRA; owns the octets that `asked` points into, one piece after the other */
struct core_drr {
	struct core_drr_entry *dup;
	size_t peer;
	struct link *link; /* valid until core_report_peer_down() */
	TAILQ_ENTRY(core_drr) entry;
	TAILQ_ENTRY(core_drr) waiting; /* in the waiting list of its entry */
	struct core_drr_asked asked;
	struct { /* of a receipt over SMPP; command 0: it is a DRR */
		uint32_t connection, command, sequence;
	} smpp;
	struct dia_bytes proxy_info[];
};

struct core_trigger;

struct core_drrs {
	TAILQ_HEAD(, core_drr) list;
	uint32_t n;
	uint64_t records_max; /* limit for records that belong to no trigger */
	struct core_drr_dup dup;
};

ERR_MUST_USE int core_drrs_init(struct core *c); /* ERR_NOMEM */
void core_drrs_fini(struct core *c);             /* a zeroed part is allowed */

void core_report_on_request(struct core_peer *p, struct link *l, const struct dia_msg *m);
void core_report_peer_down(struct core_peer *p);
/* Drops entries past their window, and their records. Called every few seconds. */
void core_drrs_look(struct core *c);
/* The report of this trigger that has no answer yet: it is on its way to the disk, or waits for the
 * DTA. NULL: there is none. */
struct core_drr_entry *core_drr_first_of(const struct core_trigger *t);
/* port of the machine: sends the DRA */
void core_report_acknowledge(void *arg, struct trg *trg, uint64_t token, bool ok);

/* After a restart: restores a DRR that was answered with 2001 at at_ms. Its digest is in the
 * record of a trigger. ERR_NOMEM. */
ERR_MUST_USE int core_drrs_restore(struct core *c, const uint8_t digest[HASH_LEN], uint64_t at_ms);
/* true: record of a DRR that belongs to no trigger */
bool core_drrs_is(const void *record, size_t len);
/* ERR_NOMEM */
ERR_MUST_USE int core_drrs_restore_answer(struct core *c, uint64_t number, const void *record, size_t len);
