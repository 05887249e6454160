/* ipc_beat.h - the heartbeat of a process: a shared page with one number that its loop
 * increments and the parent reads.
 * Each process has its own page: none can beat for another or make another look dead. */
#pragma once
#include <stdint.h>

#include "base/err.h"

struct ipc_beat; /* the page, mapped */

/* Makes the shared memory; its size is sealed. ERR_IO with errno. */
ERR_MUST_USE int ipc_beat_make(int *fd);
/* Maps it for reading (watch) or for reading and writing (open). Borrows fd until return.
 * ERR_INVAL (another size), ERR_IO. */
ERR_MUST_USE int ipc_beat_watch(struct ipc_beat **out, int fd);
ERR_MUST_USE int ipc_beat_open(struct ipc_beat **out, int fd);
void ipc_beat_close(struct ipc_beat *b); /* NULL allowed */

/* Number of the system call that the sandbox refused the process, kept for the parent; -1: none.
 * The first one is async-signal-safe. */
void ipc_beat_refused_set(struct ipc_beat *b, int64_t number);
int64_t ipc_beat_refused(const struct ipc_beat *b);

/* Counts one up; only the process of the page calls it. The number never goes back. */
void ipc_beat(struct ipc_beat *b);
uint64_t ipc_beat_read(const struct ipc_beat *b);
