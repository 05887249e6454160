/* dm_ask.h - a process that the parent has made to ask what may take long, or for ever: the name
 * service, a token. The parent's loop turns meanwhile. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "net/net_loop.h"

struct dm_ask {
	bool runs; /* the answer is waited for, at `sock` */
	pid_t pid; /* 0: the process has been reaped, or nobody cares for it any more */
	int sock;
	struct net_loop *loop;
	uint64_t since_ms, wait_ms;
	struct net_watch *watch;
	struct net_timer *timer;
};

/* Waits for the answer of `pid` at `sock`, `wait_ms` at most: one of the two functions is called,
 * once, and calls dm_ask_end(). Takes both in every case. ERR_NOMEM, ERR_IO: none is called. */
ERR_MUST_USE int dm_ask_begin(struct dm_ask *a, struct net_loop *loop, pid_t pid, int sock, uint64_t wait_ms,
			      void (*on_answer)(void *arg, int events), void (*on_late)(void *arg), void *arg);
/* Waits here for the answer, without a loop: at the start and for -t. False: it is late. */
bool dm_ask_wait(int sock, uint64_t wait_ms);
/* For `on_late`. True: this process did not run for a while, and the time begins once more; nothing
 * else is to be done now. */
bool dm_ask_again(struct dm_ask *a);
/* Ends the process. Allowed when there is none. */
void dm_ask_end(struct dm_ask *a);
/* A process that is no child of the parent's table has been reaped. */
void dm_ask_reaped(struct dm_ask *a, pid_t pid);
