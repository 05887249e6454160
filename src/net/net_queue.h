/* net_queue.h - octets that wait, in one piece, so that all of them leave by one call. For src/net and src/tls only. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Memory that queues of one loop leave to each other: most are filled and emptied within one turn, and a busy one would otherwise
 * grow anew in each. All zero: none yet. */
#define NET_SPARES 4u
#define NET_SPARE_MAX (1024u * 1024u) /* octets of one; more goes back to the system */
struct net_spares {
	struct net_spare {
		uint8_t *p;
		size_t cap;
	} spare[NET_SPARES];
};
void net_spares_fini(struct net_spares *s);

struct net_queue {
	uint8_t *p;                /* owned; the octets are p[head] to p[head + len - 1] */
	size_t head, len, cap;     /* all zero: empty, and nothing to free */
	struct net_spares *spares; /* borrowed; NULL: none */
};

/* Appends a copy. ERR_NOMEM: nothing has changed. */
ERR_MUST_USE int net_queue_add(struct net_queue *q, const void *p, size_t n);
/* Drops the first n octets (n <= len). An empty queue keeps no memory of its own: most connections are idle most of the time. */
void net_queue_del(struct net_queue *q, size_t n);
void net_queue_fini(struct net_queue *q);
