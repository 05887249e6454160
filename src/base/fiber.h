/* fiber.h - a function that runs on a stack of its own and may pause in the middle, until its owner
 * runs it again: for a call into a library that asks a question in its depth (a TLS handshake that
 * needs a signature) and must not block the loop. One thread runs all fibers of a pool.
 *
 * The stack has a guard page below it: an overflow ends the process and overwrites nothing. Stacks
 * are bounded in number; FIBER_SPARES of those that are over are kept for the next fibers. */
#pragma once
#include <stdbool.h>

#include "base/err.h"

#define FIBER_STACK_OCTETS (256u * 1024u) /* of address space; only what is touched takes memory */
#define FIBER_SPARES 8u

struct fiber_pool;
struct fiber;

/* `max`: fibers that exist at the same time. ERR_NOMEM. */
ERR_MUST_USE int fiber_pool_new(struct fiber_pool **out, unsigned max);
/* NULL allowed. No fiber of the pool exists. */
void fiber_pool_free(struct fiber_pool *p);
unsigned fiber_pool_used(const struct fiber_pool *p);

/* A fiber that has not begun yet. It must be run until its end. ERR_LIMIT: there are `max`;
 * ERR_NOMEM. */
typedef void fiber_fn(void *arg);
ERR_MUST_USE int fiber_new(struct fiber **out, struct fiber_pool *p, fiber_fn *fn, void *arg);

/* Begins or continues it. True: the function has returned, and the fiber is freed. False: the
 * function pauses. Not from inside a fiber. */
ERR_MUST_USE bool fiber_run(struct fiber *f);

/* From inside the fiber: returns when the owner runs it again. */
void fiber_pause(struct fiber *f);
