/* net_feed.h - reads from or writes to a descriptor that a client of the control socket passed. It
 * may be a file, a silent pipe or a device: every wait has a limit and can be ended from outside.
 * Used on a thread other than the loop's. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct net_feed {
	int fd, stop_fd; /* owned */
	uint32_t idle_ms;
	uint64_t total;              /* bytes left in a regular file that is read; 0: unknown */
	atomic_uint_fast64_t octets; /* read or written; any thread may look */
	atomic_bool waiting;         /* for the descriptor, now */
	atomic_bool stopped;
};

/* Takes fd on success. ERR_INVAL with a reason (static): not opened for this direction, a
 * directory, a block device. */
ERR_MUST_USE int net_feed_open(struct net_feed *f, int fd, bool to_write, uint32_t idle_ms, const char **why);
void net_feed_close(struct net_feed *f);

/* Returns at least one byte; 0 at the end; ERR_TIMEOUT (nothing for idle_ms), ERR_CLOSED (stopped),
 * ERR_IO. */
ssize_t net_feed_read(struct net_feed *f, void *p, size_t n);
/* Writes everything. ERR_TIMEOUT, ERR_CLOSED (stopped, or the reader is gone), ERR_NOSPC,
 * ERR_IO. */
ERR_MUST_USE int net_feed_write(struct net_feed *f, const void *p, size_t n);
/* Any thread: makes the two functions above return ERR_CLOSED, also a read that is under way and
 * returns data later. net_worker_interrupt() gets a thread out of a system call that blocks
 * nevertheless (another process took the data first). */
void net_feed_stop(struct net_feed *f);
