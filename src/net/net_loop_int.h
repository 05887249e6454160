/* net_loop_int.h - the inside of the loop, for net_loop.c and net_handles.c only: no other file
 * includes libuv. */
#pragma once
#include <stdbool.h>
#include <uv.h>

#include "net/net_loop.h"
#include "net/net_queue.h"
#include "net/net_task.h"
#include "net/net_tcp.h"

TAILQ_HEAD(check_list, net_check);
TAILQ_HEAD(linger_list, net_linger);
TAILQ_HEAD(timer_list, net_timer);

/* After the loop stood still: timers that are due wait until the descriptors were read. */
struct net_listening {
	bool on;
	bool asked;                       /* a check waits for the end, too */
	bool over;                        /* it has just ended: what waited is judged, whatever it takes */
	struct timer_list late;           /* the timers that wait */
	uv_timer_t least;                 /* the shortest time is over */
	uint64_t least_until_ms, from_ms; /* CLOCK_MONOTONIC */
	uint64_t wake_ms;                 /* when the wait of the loop was to end at the latest */
	uint32_t events;                  /* of descriptors in this turn */
	unsigned turns;
};

struct net_loop {
	uv_loop_t uv;
	uv_prepare_t prepare;
	uv_idle_t again; /* active: the next wait is none */
	struct net_task_list later, running, flush;
	struct check_list checks;
	struct timer_list soon; /* timers that fire after the next look at the descriptors */
	bool in_checks, in_run, in_timer;
	struct linger_list lingers;
	size_t lingers_n;
	uint8_t *read_buf;
	struct net_spares spares;
	uint32_t tcp_in_state[NET_TCP_STATES];
	uint32_t layer_in_state[NET_LAYER_STATES_MAX];
	uint64_t turn_ns;                    /* when the turn began; 0: the loop waits */
	uint64_t turns[NET_TURNS], turns_ns; /* turns_ns: of all together */
	uint64_t boot_ms, real_ms;           /* of this turn */
	bool clocks_read;
	struct net_listening listening;
};

struct net_check {
	TAILQ_ENTRY(net_check) entry;
	struct net_loop *loop;
	net_check_fn *fn; /* NULL: freed while the checks ran */
	void *arg;
};

/* Before the loop looks at the descriptors: what waits in `soon` fires after that. */
void net_timers_soon(struct net_loop *l);

/* An event: the turn begins with the first one. */
void net_turn_begin(struct net_loop *l);

/* The loop stood still for `ms`, or a timer is so late: what is due waits (net_loop_listens()). In
 * a turn that takes no longer than NET_GAP_MS, what comes is read soon enough. */
#define NET_GAP_MS 100
void net_listen_begin(struct net_loop *l, uint64_t ms);
/* Lets a timer of the list `late` fire. */
void net_timer_release(struct net_timer *t);

/* A code of libuv as one of ours. */
int net_loop_err(int r);
