/* csl_idle.h - how long connections of strangers may last. The library closes a connection that
 * sends and takes nothing; one that sends an octet now and then would keep its place for ever. So
 * whoever has no session has a time for its request, and the same again to take the answer.
 * For several threads. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct csl_idle;
struct csl_idle_one; /* a connection */

/* ERR_NOMEM. */
ERR_MUST_USE int csl_idle_new(struct csl_idle **out, uint64_t wait_ms);
/* All connections have ended. NULL allowed. */
void csl_idle_free(struct csl_idle *i);

/* A connection begins at descriptor `fd`, which stays the caller's until csl_idle_end(). NULL: no
 * memory. */
struct csl_idle_one *csl_idle_begin(struct csl_idle *i, int fd, uint64_t now_ms);
/* It has sent the head of a request, with a session or without one. */
void csl_idle_asks(struct csl_idle_one *c, bool session, uint64_t now_ms);
/* It has its answer. */
void csl_idle_rests(struct csl_idle_one *c, uint64_t now_ms);
/* It is about to be closed. NULL allowed. */
void csl_idle_end(struct csl_idle_one *c);

/* Shuts down those whose time is over, each once; the owner sees their end. Returns how many. */
unsigned csl_idle_cut(struct csl_idle *i, uint64_t now_ms);
