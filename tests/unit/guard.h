/* guard.h - a loop that does not come to its end fails its test with words, and not by the time limit of the program. The guard counts
 * its own ticks and no time: a process that valgrind slows down, or that gets no processor for seconds, has had one tick. */
#pragma once
#include "tests/unit/test.h"

#include "net/net_loop.h"

#define GUARD_TICK_MS 100u
#define GUARD_TICKS 80u

struct guard {
	struct net_timer *timer;
	unsigned ticks;
	void (*show)(void *arg); /* NULL, or prints how far the test came */
	void *arg;
};

/* Something happened: the count begins anew. */
static inline void guard_moved(struct guard *g)
{
	g->ticks = 0;
}

static inline void guard_on_tick(void *arg)
{
	struct guard *g = arg;

	if (++g->ticks < GUARD_TICKS) {
		net_timer_start(g->timer, GUARD_TICK_MS);
		return;
	}
	if (g->show) {
		g->show(g->arg);
	}
	fail_msg("the loop did not come to its end, and nothing happened in %u ticks of %u ms", GUARD_TICKS, GUARD_TICK_MS);
}

static inline void guard_begin(struct guard *g, struct net_loop *loop, void (*show)(void *arg), void *arg)
{
	*g = (struct guard){ .show = show, .arg = arg };
	assert_int_equal(net_timer_new(&g->timer, loop, guard_on_tick, g), 0);
	net_timer_start(g->timer, GUARD_TICK_MS);
}

static inline void guard_end(struct guard *g)
{
	net_timer_free(g->timer);
	g->timer = NULL;
}
