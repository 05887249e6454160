/* net_queue.c - a piece of memory that grows by doubling. Its contents move to the front only if
 * that makes enough room. */
#include "net/net_queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CAP_MIN 1024u

/* The largest spare piece of memory if it is at least that large; else NULL. */
static uint8_t *take_spare(struct net_spares *s, size_t *cap)
{
	struct net_spare *best = s ? &s->spare[0] : NULL, taken;

	for (size_t i = 1; s && i < NET_SPARES; i++) {
		if (s->spare[i].cap > best->cap) {
			best = &s->spare[i];
		}
	}
	if (!best || best->cap < *cap) {
		return NULL;
	}
	taken = *best;
	*best = (struct net_spare){ 0 };
	*cap = taken.cap;
	return taken.p;
}

/* Takes `p`. */
static void leave(struct net_spares *s, uint8_t *p, size_t cap)
{
	struct net_spare *least = s ? &s->spare[0] : NULL, old;

	for (size_t i = 1; s && i < NET_SPARES; i++) {
		if (s->spare[i].cap < least->cap) {
			least = &s->spare[i];
		}
	}
	if (!least || cap <= least->cap || cap > NET_SPARE_MAX) {
		free(p);
		return;
	}
	old = *least;
	*least = (struct net_spare){ p, cap };
	free(old.p);
}

void net_spares_fini(struct net_spares *s)
{
	for (size_t i = 0; i < NET_SPARES; i++) {
		free(s->spare[i].p);
	}
	*s = (struct net_spares){ 0 };
}

static int grow(struct net_queue *q, size_t n)
{
	size_t cap = q->cap ? q->cap : CAP_MIN;
	uint8_t *p;

	if (n > SIZE_MAX / 4 - q->len) {
		return ERR_NOMEM;
	}
	while (cap - q->len < n) {
		cap *= 2;
	}
	p = take_spare(q->spares, &cap);
	if (!p) {
		p = malloc(cap);
	}
	if (!p) {
		return ERR_NOMEM;
	}
	if (q->len) {
		memcpy(p, q->p + q->head, q->len);
	}
	free(q->p);
	q->p = p;
	q->head = 0;
	q->cap = cap;
	return 0;
}

int net_queue_add(struct net_queue *q, const void *p, size_t n)
{
	int err;

	if (n == 0) {
		return 0;
	}
	if (q->cap - q->head - q->len < n) {
		if (q->cap - q->len >= n && q->head >= q->len) {
			memmove(q->p, q->p + q->head, q->len);
			q->head = 0;
		} else {
			err = grow(q, n);
			if (err) {
				return err;
			}
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
	if (!q->len) {
		net_queue_fini(q);
	}
}

void net_queue_cut(struct net_queue *q, size_t n)
{
	assert(n <= q->len);
	q->len -= n;
	if (!q->len) {
		net_queue_fini(q);
	}
}

void net_queue_fini(struct net_queue *q)
{
	if (q->p) {
		leave(q->spares, q->p, q->cap);
	}
	*q = (struct net_queue){ .spares = q->spares };
}
