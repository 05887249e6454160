/* bench_hist.h - how often which latency was seen: microseconds in classes 1.6 % wide, in a fixed
 * amount of memory. */
#pragma once
#include <stdint.h>

#define BENCH_HIST_STEPS 64u                  /* classes for each power of two */
#define BENCH_HIST_N (BENCH_HIST_STEPS * 27u) /* up to 2^32 us */

struct bench_hist {
	uint64_t n, max_us;
	uint64_t classes[BENCH_HIST_N];
};

void bench_hist_add(struct bench_hist *h, uint64_t us);
/* The latency that `share` (0 to 1) of all did not exceed; 0 when there are none. */
double bench_hist_at(const struct bench_hist *h, double share);
