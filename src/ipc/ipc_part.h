/* ipc_part.h - how much goes to the other side at once, while there is more to do.
 * A process looks after each part whether the other side sleeps, and hands over what it has
 * gathered. A part is half of the requests without an answer: while one half is at the other
 * sides, this one has the other half. With smaller parts each request costs more wake-ups, and
 * nobody is busier (docs/dev/performance.md). */
#pragma once
#include <stdint.h>

#define IPC_PART_MIN 32u  /* messages: fewer are not worth a wake-up; a look costs about as much as one */
#define IPC_PART_MAX 512u /* messages: nobody waits for more of them */

/* Messages between two looks, with so many requests without an answer. */
static inline uint32_t ipc_part(uint32_t unanswered)
{
	uint32_t half = unanswered / 2;

	return half < IPC_PART_MIN ? IPC_PART_MIN : half > IPC_PART_MAX ? IPC_PART_MAX : half;
}
