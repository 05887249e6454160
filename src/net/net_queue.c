/* net_queue.c - a piece of memory that grows by doubling and moves its contents to the front only when that makes the room. */
#include "net/net_queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CAP_MIN 1024u

static int grow(struct net_queue *q, size_t n)
{
	size_t cap = q->cap ? q->cap : CAP_MIN;
	uint8_t *p;

	if (n > SIZE_MAX / 4 - q->len)
		return ERR_NOMEM;
	while (cap - q->len < n)
		cap *= 2;
	p = malloc(cap);
	if (!p)
		return ERR_NOMEM;
	if (q->len)
		memcpy(p, q->p + q->head, q->len);
	free(q->p);
	*q = (struct net_queue){ .p = p, .len = q->len, .cap = cap };
	return 0;
}

int net_queue_add(struct net_queue *q, const void *p, size_t n)
{
	int err;

	if (n == 0)
		return 0;
	if (q->cap - q->head - q->len < n) {
		if (q->cap - q->len >= n && q->head >= q->len) {
			memmove(q->p, q->p + q->head, q->len);
			q->head = 0;
		} else {
			err = grow(q, n);
			if (err)
				return err;
		}
	}
	memcpy(q->p + q->head + q->len, p, n);
	q->len += n;
	return 0;
}

void net_queue_del(struct net_queue *q, size_t n)
{
	assert(n <= q->len);
	q->head += n;
	q->len -= n;
	if (!q->len)
		net_queue_fini(q);
}

void net_queue_fini(struct net_queue *q)
{
	free(q->p);
	*q = (struct net_queue){ 0 };
}
