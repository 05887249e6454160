/* core_tally.h - what became of the requests of each SCS, for the metrics. An SCS has a bounded
 * number of reasons of its own: the first ones that it met. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "policy/pol_reason.h"

struct core;
struct core_scs;

#define CORE_TALLY_REASONS 8u

struct core_tally {
	uint64_t requests, accepted;                         /* that reached the core; duplicates count as requests only */
	uint64_t reports, acknowledged;                      /* DNRs, repeats included */
	uint64_t refused[CORE_TALLY_REASONS], refused_other; /* other: for all further reasons */
	uint8_t reasons[CORE_TALLY_REASONS], reasons_n;      /* enum pol_reason of refused[] */
};
_Static_assert(POL_REASON_COUNT <= 256, "a reason is an octet");

void core_tally_refused(struct core_scs *scs, enum pol_reason reason);
