/* net_queue.h - a queue of bytes in one piece, so that one call sends all of them. For src/net and
 * src/tls only. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Spare memory shared by the queues of one loop: most queues are filled and emptied within a turn,
 * and would otherwise allocate in each turn. All zero: empty. */
#define NET_SPARES 4u
#define NET_SPARE_MAX (1024u * 1024u) /* bytes of one; larger ones are freed */
struct net_spares {
	struct net_spare {
		uint8_t *p;
		size_t cap;
	} spare[NET_SPARES];
};
void net_spares_fini(struct net_spares *s);

struct net_queue {
	uint8_t *p;                /* owned; the bytes are p[head] to p[head + len - 1] */
	size_t head, len, cap;     /* all zero: empty, nothing to free */
	struct net_spares *spares; /* borrowed; NULL: none */
};

/* Appends a copy. ERR_NOMEM: nothing has changed. */
ERR_MUST_USE int net_queue_add(struct net_queue *q, const void *p, size_t n);
/* Drops the first n bytes (n <= len). An empty queue keeps no memory: most connections are idle
 * most of the time. */
void net_queue_del(struct net_queue *q, size_t n);
/* Drops the last n bytes (n <= len). */
void net_queue_cut(struct net_queue *q, size_t n);
void net_queue_fini(struct net_queue *q);
