/* thread.h - starts a thread that handles no signals: they belong to the thread of the loop. */
#pragma once
#include <pthread.h>

#include "base/err.h"

/* Calls fn(arg) in a new thread, which the caller joins. All signals are blocked in it but SIGSYS,
 * by which the sandbox names a call that it refuses. ERR_NOMEM: there is no thread. */
ERR_MUST_USE int thread_start(pthread_t *out, void *(*fn)(void *arg), void *arg);
