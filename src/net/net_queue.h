/* net_queue.h - octets that wait, in one piece, so that all of them leave by one call. For src/net and src/tls only. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct net_queue {
	uint8_t *p;            /* owned; the octets are p[head] to p[head + len - 1] */
	size_t head, len, cap; /* all zero: empty, and nothing to free */
};

/* Appends a copy. ERR_NOMEM: nothing has changed. */
ERR_MUST_USE int net_queue_add(struct net_queue *q, const void *p, size_t n);
/* Drops the first n octets (n <= len). An empty queue keeps no memory: most connections are idle most of the time. */
void net_queue_del(struct net_queue *q, size_t n);
void net_queue_fini(struct net_queue *q);
