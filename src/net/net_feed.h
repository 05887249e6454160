/* net_feed.h - octets from or to a descriptor that a client of the control socket handed over. It may be a file, a pipe that never says
 * anything, or something odd: every wait has a limit and can be ended from outside. Read and written on a thread that is not the loop's. */
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
	uint64_t total;              /* octets that a regular file to be read still has; 0: nobody knows */
	atomic_uint_fast64_t octets; /* read or written; any thread may look */
	atomic_bool waiting;         /* for the descriptor, now */
	atomic_bool stopped;
};

/* Takes fd on success. ERR_INVAL with words (static): not opened for this, a directory, a disk. */
ERR_MUST_USE int net_feed_open(struct net_feed *f, int fd, bool to_write, uint32_t idle_ms, const char **why);
void net_feed_close(struct net_feed *f);

/* At least one octet; 0 at the end; ERR_TIMEOUT (nothing for idle_ms), ERR_CLOSED (stopped), ERR_IO. */
ssize_t net_feed_read(struct net_feed *f, void *p, size_t n);
/* All of it. ERR_TIMEOUT, ERR_CLOSED (stopped, or nobody reads any more), ERR_NOSPC, ERR_IO. */
ERR_MUST_USE int net_feed_write(struct net_feed *f, const void *p, size_t n);
/* Any thread: the two above end with ERR_CLOSED. A thread that is inside a system call that waits all the same (somebody else read what
 * was there) is brought out of it by net_worker_interrupt(). */
void net_feed_stop(struct net_feed *f);
