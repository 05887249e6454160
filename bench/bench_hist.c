/* bench_hist.c - a histogram with classes of equal relative width. */
#include "bench/bench_hist.h"

/* Below 2 * STEPS each microsecond is its own class. */
static unsigned class_of(uint64_t us)
{
	unsigned shift = 0;
	unsigned at;

	while (us >> shift >= 2 * BENCH_HIST_STEPS) {
		shift++;
	}
	at = shift * BENCH_HIST_STEPS + (unsigned)(us >> shift);
	return at < BENCH_HIST_N ? at : BENCH_HIST_N - 1;
}

/* The middle of a class. */
static double value_of(unsigned at)
{
	unsigned shift = at < 2 * BENCH_HIST_STEPS ? 0 : at / BENCH_HIST_STEPS - 1;
	uint64_t low = (uint64_t)(at - shift * BENCH_HIST_STEPS) << shift;

	return (double)low + ((double)((uint64_t)1 << shift) - 1) / 2;
}

void bench_hist_add(struct bench_hist *h, uint64_t us)
{
	h->n++;
	h->classes[class_of(us)]++;
	if (us > h->max_us) {
		h->max_us = us;
	}
}

double bench_hist_at(const struct bench_hist *h, double share)
{
	uint64_t wanted = (uint64_t)((double)h->n * share), seen = 0;

	for (unsigned at = 0; at < BENCH_HIST_N && h->n; at++) {
		seen += h->classes[at];
		if (seen > wanted || seen == h->n) {
			return value_of(at);
		}
	}
	return 0;
}
