/* net_worker.h - runs one task after the other on a thread beside the loop, for work that may block
 * (a client's file). Towards the loop the thread only signals that a task is done. Not libuv's
 * thread pool: its tasks cannot be interrupted. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/net_loop.h"

struct net_worker;
typedef void net_worker_fn(void *arg);

/* `run` is called on the thread, then `done` on the loop's thread; both with arg. */
ERR_MUST_USE int net_worker_new(struct net_worker **out, struct net_loop *l, net_worker_fn *run, net_worker_fn *done, void *arg);
/* Runs `run` once. Not while it is running. */
void net_worker_start(struct net_worker *w);
/* Interrupts a system call in which the thread waits (EINTR). Harmless at any time; may have to be
 * repeated. */
void net_worker_interrupt(struct net_worker *w);
/* Ends the thread; no further callbacks. Waits until `run` has returned, interrupting it, for at
 * most wait_ms. True: everything is freed. False: `run` does not return (a file system that hangs);
 * the thread keeps running, and its data must not be freed. NULL allowed. */
ERR_MUST_USE bool net_worker_free(struct net_worker *w, uint32_t wait_ms);
/* The same for a worker that was never started, and cannot block. */
void net_worker_drop(struct net_worker *w);
