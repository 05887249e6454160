/* gw_work.h - one thing after the other on a thread beside the loop, for what may wait (a client's file). The thread knows the loop
 * only by the one word "done". */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/net_loop.h"

struct gw_work;
typedef void gw_work_fn(void *arg);

/* `run` is called on the thread, `done` after it on the loop's; both with arg. */
ERR_MUST_USE int gw_work_new(struct gw_work **out, struct net_loop *l, gw_work_fn *run, gw_work_fn *done, void *arg);
/* Lets `run` run once; not while it runs. */
void gw_work_start(struct gw_work *w);
/* Brings the thread out of a system call that waits (EINTR). Harmless at any time; may have to be repeated. */
void gw_work_interrupt(struct gw_work *w);
/* Ends the thread; no callback any more. Waits until `run` has returned, interrupting it, for at most wait_ms. True: all is freed. False:
 * it does not come back (a file system that hangs): the thread is left to itself with what it works on, which must not be freed. NULL allowed. */
ERR_MUST_USE bool gw_work_free(struct gw_work *w, uint32_t wait_ms);
