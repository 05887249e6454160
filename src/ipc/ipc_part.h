/* ipc_part.h - how much goes to the other side at once, while there is more to do.
 * A process looks after each part whether the other side sleeps, and hands over what it has
 * gathered. A part is half of the work that is not over: while one half is at the other sides,
 * this one has the other half. For an edge that is the requests without an answer, for the core
 * the pending triggers.
 * With smaller parts each request costs more wake-ups, and nobody is busier
 * (docs/dev/performance.md). */
#pragma once
#include <stdint.h>

#define IPC_PART_MIN 32u  /* messages: fewer are not worth a wake-up; a look costs about as much as one */
#define IPC_PART_MAX 512u /* messages: nobody waits for more of them */

/* Messages between two looks, with so many requests or triggers that are not over. */
static inline uint32_t ipc_part(uint32_t not_over)
{
	uint32_t half = not_over / 2;

	return half < IPC_PART_MIN ? IPC_PART_MIN : half > IPC_PART_MAX ? IPC_PART_MAX : half;
}
