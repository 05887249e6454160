/* dm_again.c - see dm_again.h. */
#include "daemon/dm_again.h"

#define QUICK_MS 10000 /* a process that ends sooner ended quickly */
#define QUICK_MAX 20   /* quick ends in a row */
#define FAST_MAX_MS 5000

void dm_again_ended(struct dm_again *a, bool was_ready, uint64_t lived_ms)
{
	if (was_ready) {
		a->unready = 0;
	} else if (a->unready < UINT32_MAX) {
		a->unready++;
	}
	if (lived_ms >= QUICK_MS) {
		a->quick = 0;
	} else if (a->quick < UINT32_MAX) {
		a->quick++;
	}
}

uint64_t dm_again_pause_ms(const struct dm_again *a, uint64_t first_ms, uint64_t slow_max_ms)
{
	uint64_t max = a->unready ? slow_max_ms : FAST_MAX_MS, pause = first_ms ? first_ms : 1;
	uint32_t times = a->unready > a->quick ? a->unready : a->quick;

	for (uint32_t i = 1; i < times && pause < max; i++) {
		pause *= 2;
	}
	return pause < max ? pause : max;
}

bool dm_again_hopeless(const struct dm_again *a)
{
	return a->quick > QUICK_MAX;
}
