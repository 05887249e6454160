#include "base/heap.h"

#include <stdlib.h>

void heap_fini(struct heap *h)
{
	free(h->nodes);
	*h = (struct heap){ 0 };
}

static bool before(const struct heap *h, const struct heap_node *x, const struct heap_node *y)
{
	return h->before ? h->before(x, y) : x->at < y->at;
}

static void put(struct heap *h, uint32_t at, struct heap_node *node)
{
	h->nodes[at] = node;
	node->place = at + 1;
}

static void up(struct heap *h, uint32_t at, struct heap_node *node)
{
	while (at > 0) {
		uint32_t parent = (at - 1) / 2;

		if (!before(h, node, h->nodes[parent])) {
			break;
		}
		put(h, at, h->nodes[parent]);
		at = parent;
	}
	put(h, at, node);
}

static void down(struct heap *h, uint32_t at, struct heap_node *node)
{
	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= h->n) {
			break;
		}
		if (child + 1 < h->n && before(h, h->nodes[child + 1], h->nodes[child])) {
			child++;
		}
		if (!before(h, h->nodes[child], node)) {
			break;
		}
		put(h, at, h->nodes[child]);
		at = child;
	}
	put(h, at, node);
}

int heap_reserve(struct heap *h, uint32_t n)
{
	uint32_t cap = h->cap ? h->cap : 64;
	struct heap_node **bigger;

	if (n <= h->cap) {
		return 0;
	}
	while (cap < n) {
		if (cap > UINT32_MAX / 2) {
			return ERR_NOMEM;
		}
		cap *= 2;
	}
	bigger = realloc(h->nodes, cap * sizeof(*bigger));
	if (!bigger) {
		return ERR_NOMEM;
	}
	h->nodes = bigger;
	h->cap = cap;
	return 0;
}

/* Its key is another one, or it is another node than was there. */
static void settle(struct heap *h, uint32_t at, struct heap_node *node)
{
	if (at > 0 && before(h, node, h->nodes[(at - 1) / 2])) {
		up(h, at, node);
	} else {
		down(h, at, node);
	}
}

int heap_set(struct heap *h, struct heap_node *node, uint64_t at)
{
	if (node->place) {
		node->at = at;
		settle(h, node->place - 1, node);
		return 0;
	}
	if (heap_reserve(h, h->n + 1)) {
		return ERR_NOMEM;
	}
	node->at = at;
	up(h, h->n++, node);
	return 0;
}

void heap_del(struct heap *h, struct heap_node *node)
{
	struct heap_node *last;
	uint32_t at = node->place - 1;

	if (!node->place) {
		return;
	}
	node->place = 0;
	last = h->nodes[--h->n];
	if (last == node) {
		return;
	}
	settle(h, at, last);
}

void heap_settle(struct heap *h, struct heap_node *node)
{
	if (node->place) {
		settle(h, node->place - 1, node);
	}
}

void heap_replace(struct heap *h, struct heap_node *from, struct heap_node *to)
{
	*to = *from;
	from->place = 0;
	if (to->place) {
		h->nodes[to->place - 1] = to;
	}
}
