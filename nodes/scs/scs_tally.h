/* scs_tally.h - the summary of a load run: counts by status, elapsed time, latency percentiles.
 * PURE. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct scs_tally {                      /* all owned */
	json_t *by_status, *by_outcome; /* word -> count */
	uint32_t *latency_us;           /* of each answer */
	uint32_t answers, wanted;
	uint8_t *reported; /* one bit a reference */
	uint32_t reports, duplicates;
};

/* For at most `wanted` requests. ERR_NOMEM: nothing is kept. */
ERR_MUST_USE int scs_tally_init(struct scs_tally *t, uint32_t wanted);
void scs_tally_fini(struct scs_tally *t);
/* Counts one answer under this word, which is copied. ERR_RANGE: `wanted` answers were counted
 * already. ERR_NOMEM: the count by word lacks it. */
ERR_MUST_USE int scs_tally_answer(struct scs_tally *t, const char *status, uint64_t latency_us);
/* False when the report of this one (0 to wanted - 1) was counted before. */
bool scs_tally_report(struct scs_tally *t, uint32_t nth, const char *outcome);
/* {"event":"summary",...}, owned by the caller; NULL when out of memory. Sorts the latencies. */
json_t *scs_tally_event(struct scs_tally *t, uint64_t elapsed_us, bool with_reports);
