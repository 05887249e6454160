/* core_past.h - triggers that have ended and are still remembered, in memory and in the journal in place of the trigger:
 * - the answer, so that a copy of the request is recognised by the next core too (CONTRACTS section 3, "duplicates");
 * - the delivery report, so that a repeated one is ("repeated DRR");
 * - the Reference-Number, which is not free as long as the SMS-SC may report it once more;
 * - the device and the SMS-SC of an accepted trigger, for a recall or replace that names it.
 * Kept for limits.report_duplicates_window (the answer: limits.duplicates_window), at most limits.report_duplicates of them, and no more
 * than fit into half of journal.size_max; then the oldest goes. */
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
	uint64_t number;            /* of its record in the journal; 0: it has none */
	uint64_t ended_ms;          /* of the core's timeline, as every time here and in the record */
	uint64_t reserved_until_ms; /* its Reference-Number is free from then on */
	bool accepted;              /* the SCS was told so: a recall or replace may name it */
	bool reported;              /* the SMS-SC said what became of it */
	struct core_reference ref;
	struct map_node node; /* not in the table: it only keeps an answer, or another one ended under the same reference later */
	TAILQ_ENTRY(core_past_entry) entry;
	const char *scs, *imsi, *msisdn, *external, *taker; /* "" when not known; they stand in the same block */
};

struct core_pasts {
	struct map by_ref;
	TAILQ_HEAD(, core_past_entry) by_age;
	uint32_t n, max;
	uint64_t keep_ms, window_ms;
	bool closing; /* records stay in the journal */
};

ERR_MUST_USE int core_past_init(struct core *c); /* ERR_NOMEM */
void core_past_fini(struct core *c);             /* a zeroed part is allowed */

/* Remembers a trigger that ends, and puts what is remembered in place of its record. False: that record is to be deleted. */
bool core_past_keep(struct core *c, const struct trg *t);
/* The Reference-Number of this SCS was reported, or may be, and a repeated report would be taken for one of a new trigger. */
bool core_past_reserved(const struct core *c, const char *e164, uint32_t reference, uint64_t now_ms);
/* An accepted one that is not forgotten; NULL: none. Valid until the next core_past_keep(). */
const struct core_past_entry *core_past_find(const struct core *c, const char *e164, uint32_t reference, uint64_t now_ms);
/* One that the SMS-SC reported, accepted or answered 201, and that is not forgotten; as above. */
const struct core_past_entry *core_past_reported(const struct core *c, const char *e164, uint32_t reference, uint64_t now_ms);

/* Those whose time is over go, and their records: to be called now and then, because a journal without room lets no new trigger come that
 * would end. */
void core_past_look(struct core *c);

bool core_past_is(const void *record, size_t len); /* is it a record of this file? */
ERR_MUST_USE int core_past_restore(struct core *c, uint64_t number, const void *record, size_t len); /* ERR_NOMEM */
