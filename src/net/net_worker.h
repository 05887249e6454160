/* net_worker.h - one thing after the other on a thread beside the loop, for what may wait (a client's file). The thread knows the loop
 * only by the one word "done". */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/net_loop.h"

struct net_worker;
typedef void net_worker_fn(void *arg);

/* `run` is called on the thread, `done` after it on the loop's; both with arg. */
ERR_MUST_USE int net_worker_new(struct net_worker **out, struct net_loop *l, net_worker_fn *run, net_worker_fn *done, void *arg);
/* Lets `run` run once; not while it runs. */
void net_worker_start(struct net_worker *w);
/* Brings the thread out of a system call that waits (EINTR). Harmless at any time; may have to be repeated. */
void net_worker_interrupt(struct net_worker *w);
/* Ends the thread; no callback any more. Waits until `run` has returned, interrupting it, for at most wait_ms. True: all is freed. False:
 * it does not come back (a file system that hangs): the thread is left to itself with what it works on, which must not be freed. NULL allowed. */
ERR_MUST_USE bool net_worker_free(struct net_worker *w, uint32_t wait_ms);
/* The same for one that was never started: it has nothing to come back from. */
void net_worker_drop(struct net_worker *w);
