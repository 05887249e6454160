/* core_dnr_ids.h - the identifiers of delivery reports: End-to-End-Id and Session-Id of DNRs.
 * An SCS must not learn from its own reports how many triggers or reports others have. Therefore
 * both are keyed permutations of the trigger's number, which counts over all SCSs: unique as these
 * numbers are, and without an order. No number is given twice, so no End-to-End-Id comes again
 * within 4 minutes (RFC 6733 3): the 32 bits come again after 2^32 triggers.
 * The key is random and is kept in the journal. So a DNR has the same ids after a restart, whether
 * its report is in the journal or not. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sip.h"

struct core;

struct core_dnr_ids {
	struct sip_key key;
	/* Number of the key's journal record. A trigger with a smaller number is of a program
	 * before this key: its Session-Id stays the plain number, because its DNR may have been
	 * sent. 0: there is no key yet. */
	uint64_t number;
	bool durable; /* the record of the key, and the numbers that a restore passes */
};

/* -- the start: first the records of the journal, then core_dnr_ids_begin() */

bool core_dnr_ids_is(const void *record, size_t len);
/* Takes the key of that record. A damaged record is logged and left alone. */
void core_dnr_ids_restore(struct core *c, uint64_t number, const void *record, size_t len);
/* Makes a key and puts it into the journal, in front of all records to come, if the journal had
 * none. ERR_IO. */
ERR_MUST_USE int core_dnr_ids_begin(struct core *c);

/* -- afterwards */

/* Of the trigger with that number; the first is never 0. */
uint32_t core_dnr_end_to_end(const struct core *c, uint64_t trigger);
uint64_t core_dnr_session(const struct core *c, uint64_t trigger);
