/* core_finished.h - what is known of one trigger, and the last ones that ended: so that an operator hears what became of it, as long as it is
 * remembered. In memory only, bounded; never the payload. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trigger/trg.h"

struct core_view { /* texts are borrowed from where it came from; "" when there is none */
	const char *scs, *device, *transaction, *address, *rule, *taker;
	enum trg_state state;
	uint32_t action, reference, old_reference;
	bool has_old_reference, answered, has_outcome;
	bool late; /* what became of it was never told to the SCS */
	bool cancelled;
	uint32_t answer_status, outcome, cancelled_uid;
	uint64_t received_ms, accepted_ms, expires_ms, reported_ms, ended_ms, cancelled_ms; /* 0: not, or not yet */
	uint32_t end_to_end, dtr_end_to_end, recall_end_to_end, dnr_end_to_end;             /* 0: none yet */
	uint16_t submits, recalls, notifies;
	uint8_t digest[TRG_DIGEST_LEN];
	const struct trg_history_entry *history; /* borrowed */
	size_t history_n;
	uint32_t history_dropped;
};

struct core_finished;

ERR_MUST_USE int core_finished_new(struct core_finished **out, uint32_t max); /* max 0: nothing is kept */
void core_finished_free(struct core_finished *e);                             /* NULL allowed */
/* Copies; the oldest goes when there are too many: true then. Without memory nothing is kept. */
bool core_finished_add(struct core_finished *e, const struct core_view *p);
/* The newest with this number, of this SCS (NULL: of any); NULL: none. */
const struct core_view *core_finished_find(const struct core_finished *e, const char *scs, uint32_t reference);
uint32_t core_finished_count(const struct core_finished *e);
