/* dm_again.h - the pause before an ended process is started again. The time is an argument. A
 * process that was ready and ended soon is started again within seconds, however often that
 * happens: it may have been killed. A process that ended before it was ready cannot start; the
 * attempts become rarer, down to one in `slow_max_ms`. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct dm_again {         /* all zero at first */
	uint32_t unready; /* ends before it was ready, in a row */
	uint32_t quick;   /* ends soon after the start, in a row */
};

/* The process has ended after `lived_ms`. */
void dm_again_ended(struct dm_again *a, bool was_ready, uint64_t lived_ms);
uint64_t dm_again_pause_ms(const struct dm_again *a, uint64_t first_ms, uint64_t slow_max_ms);
/* So many quick ends in a row that another start is of no use; the daemon gives up if no other
 * child is ready. */
bool dm_again_hopeless(const struct dm_again *a);
