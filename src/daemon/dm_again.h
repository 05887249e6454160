/* dm_again.h - how long a process that ended stays down before it is started again. Time is an argument.
 *
 * One that was at work and ended soon is started again within seconds, however often that happens: it may have been killed. One that ended
 * before it was ready cannot start, and is tried less and less often, down to once in `slow_max_ms`. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct dm_again {         /* all zero at first */
	uint32_t unready; /* ends before it was ready, in a row */
	uint32_t quick;   /* ends soon after the start, in a row */
};

/* It has ended after `lived_ms`. */
void dm_again_ended(struct dm_again *a, bool was_ready, uint64_t lived_ms);
uint64_t dm_again_pause_ms(const struct dm_again *a, uint64_t first_ms, uint64_t slow_max_ms);
/* So many quick ends that trying on is of no use when nothing else works either. */
bool dm_again_hopeless(const struct dm_again *a);
