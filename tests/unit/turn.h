/* turn.h - lets a loop work for a while, and returns to the test. After the time it looks at the descriptors a few times more: on a busy
 * machine the time alone may be over before one of them was looked at, and what a test waits for may be handed on two or three times. */
#pragma once
#include "tests/unit/test.h"

#include "net/net_loop.h"

#define TURN_LOOKS 5u

struct turn {
	struct net_loop *loop;
	struct net_timer *timer;
	unsigned looks; /* that are left */
};

static inline void turn_on_timer(void *arg)
{
	struct turn *t = arg;

	if (t->looks-- > 1) {
		net_timer_start(t->timer, 0);
	} else {
		net_loop_stop(t->loop);
	}
}

static inline void turn_begin(struct turn *t, struct net_loop *loop)
{
	*t = (struct turn){ .loop = loop };
	assert_int_equal(net_timer_new(&t->timer, loop, turn_on_timer, t), 0);
}

static inline void turn_end(struct turn *t)
{
	net_timer_free(t->timer);
	t->timer = NULL;
}

static inline void turn_for(struct turn *t, uint64_t ms)
{
	t->looks = TURN_LOOKS;
	net_timer_start(t->timer, ms);
	assert_int_equal(net_loop_run(t->loop), 0);
}
