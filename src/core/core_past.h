/* core_past.h - ended triggers that are still remembered, in memory and in the journal in place
 * of the trigger:
 * - the answer, so that the next core recognises a copy of the request (CONTRACTS section 3,
 * "duplicates");
 * - the delivery report, so that the next core recognises a repeated DRR ("repeated DRR");
 * - the Reference-Number, which stays reserved as long as the SMS-SC may repeat the report;
 * - device and SMS-SC of an accepted trigger, for a recall or replace of it.
 * Kept for limits.report_duplicates_window (the answer: limits.duplicates_window).
 * At most limits.report_duplicates entries, and at most half of journal.size_max; then the
 * oldest is dropped. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"
#include "base/map.h"
#include "core/core_trigger.h"

struct core;

struct core_past_entry {
	uint64_t number;            /* key of its journal record; 0: none */
	uint64_t ended_ms;          /* core timeline, as all times here and in the record */
	uint64_t reserved_until_ms; /* when its Reference-Number becomes free */
	bool accepted;              /* answered SUCCESS: a recall or replace may name it */
	bool reported;              /* the SMS-SC has reported its outcome */
	struct core_reference ref;
	/* Not in the table if the entry only keeps an answer, or a later trigger with the same
	 * reference ended. */
	struct map_node node;
	TAILQ_ENTRY(core_past_entry) entry;
	/* Stored behind the entry in the same block; "" when unknown. */
	const char *scs, *imsi, *msisdn, *external, *accepted_by;
};

struct core_pasts {
	struct map by_ref;
	TAILQ_HEAD(, core_past_entry) by_age;
	uint32_t n, max;
	uint64_t keep_ms, window_ms;
	bool closing; /* core_past_fini() runs: records stay in the journal */
};

ERR_MUST_USE int core_past_init(struct core *c); /* ERR_NOMEM */
void core_past_fini(struct core *c);             /* a zeroed part is allowed */

/* Remembers a trigger that ends and puts the remembered facts in place of its record. False: the
 * caller deletes that record. */
bool core_past_keep(struct core *c, const struct trg *trg);
/* True if this Reference-Number of the SCS was or may be reported: a repeated report would match
 * a new trigger. */
bool core_past_reserved(const struct core *c, const char *e164, uint32_t reference, uint64_t now_ms);
/* Finds an accepted trigger; NULL: none. Valid until the next core_past_keep(). */
const struct core_past_entry *core_past_find(const struct core *c, const char *e164, uint32_t reference, uint64_t now_ms);
/* Finds a trigger that the SMS-SC reported, whether it was accepted or answered 201. NULL and
 * validity as above. */
const struct core_past_entry *core_past_reported(const struct core *c, const char *e164, uint32_t reference, uint64_t now_ms);

/* Drops entries whose time is over, and their records. Called every few seconds: while the
 * journal is full, no new trigger ends and makes room. */
void core_past_look(struct core *c);

/* ERR_NOMEM */
ERR_MUST_USE int core_past_restore(struct core *c, uint64_t number, const void *record, size_t len);
