/* net_loop.h - the event loop: timers, readiness of our own descriptors, signals. Only this header
 * hides libuv.
 * Single-threaded: everything happens inside net_loop_run(). Every _new gives the caller an object
 * that it owns, borrows `arg` until the _free, and calls nobody before it returns; ERR_NOMEM,
 * ERR_IO. Every _free takes its object, allows NULL and may be called from any callback, also from
 * one of the object. No callback of the object runs after it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct net_loop;
struct net_timer;
struct net_watch;
struct net_signal;
struct net_check;

ERR_MUST_USE int net_loop_new(struct net_loop **out);
/* All timers, watches, signals and checks of the loop must have been freed. */
void net_loop_free(struct net_loop *l);
/* The version of libuv that is linked at run time, "1.44.2". Static. */
const char *net_library_version(void);
/* Runs until net_loop_stop(), then 0. Not from inside of itself. */
ERR_MUST_USE int net_loop_run(struct net_loop *l);
void net_loop_stop(struct net_loop *l);
/* The next turn comes without waiting for an event. */
void net_loop_again(struct net_loop *l);
/* Monotonic milliseconds, read once for each turn of the loop. */
uint64_t net_loop_now_ms(const struct net_loop *l);
/* clock_boot_ms() and clock_real_ms() of this turn. Both are read together at the first call after
 * the loop has waited. Outside net_loop_run() they are read at each call. */
uint64_t net_loop_boot_ms(struct net_loop *l);
uint64_t net_loop_real_ms(struct net_loop *l);

/* How many turns of the loop took how long: from the first event until the loop waits again. In
 * that time no peer is looked at. The last row has the rest. */
#define NET_TURNS 9
#define NET_TURNS_BELOW_MS                                                                                                       \
	{                                                                                                                        \
		1, 2, 5, 10, 20, 50, 100, 1000                                                                                   \
	}
const uint64_t *net_loop_turns(const struct net_loop *l); /* NET_TURNS numbers */
uint64_t net_loop_turns_us(const struct net_loop *l);     /* microseconds that all of them took together */

/* After the loop stood still (the process was stopped, or got no processor), what came meanwhile is
 * read before anything that fell due meanwhile is judged: an answer may have come in time, and a
 * peer may not be silent. So timers that are due wait until a look at the descriptors brings
 * nothing more, in a flood for 64 turns or 250 ms.
 * True: this is so now. A check that judges times by itself then leaves that to a later turn, which
 * comes without waiting for an event. */
bool net_loop_listens(struct net_loop *l);

typedef void net_timer_fn(void *arg);
ERR_MUST_USE int net_timer_new(struct net_timer **out, struct net_loop *l, net_timer_fn *fn, void *arg);
/* Fires once; restarts a running timer. A timer that a timer's callback starts with 0 fires after
 * the descriptors were looked at: so work in slices keeps no peer waiting. */
void net_timer_start(struct net_timer *t, uint64_t delay_ms);
void net_timer_stop(struct net_timer *t);
void net_timer_free(struct net_timer *t);

enum { NET_READ = 1, NET_WRITE = 2 };
typedef void net_watch_fn(void *arg, int events);
/* Borrows fd: the caller closes it after net_watch_free(). Watches nothing until
 * net_watch_set(). */
ERR_MUST_USE int net_watch_new(struct net_watch **out, struct net_loop *l, int fd, net_watch_fn *fn, void *arg);
/* `events`: NET_READ | NET_WRITE; 0: nothing. ERR_NOMEM, ERR_IO: it may watch nothing then. */
ERR_MUST_USE int net_watch_set(struct net_watch *w, int events);
void net_watch_stop(struct net_watch *w); /* watches nothing; cannot fail */
void net_watch_free(struct net_watch *w);

typedef void net_signal_fn(void *arg, int signum);
/* Calls fn in the loop for each arrival that the system tells apart. ERR_INVAL: there is no such
 * signal. */
ERR_MUST_USE int net_signal_new(struct net_signal **out, struct net_loop *l, int signum, net_signal_fn *fn, void *arg);
void net_signal_free(struct net_signal *s);

/* Called once in each turn of the loop, after all events of the turn: for work that gathers (group
 * commit, one write for many messages, one doorbell). Checks run in the order of their creation;
 * writes to streams leave in the same turn. A check that creates work for an earlier one calls
 * net_loop_again(). */
typedef void net_check_fn(void *arg);
ERR_MUST_USE int net_check_new(struct net_check **out, struct net_loop *l, net_check_fn *fn, void *arg);
void net_check_free(struct net_check *c);
