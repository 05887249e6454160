/* heap.h - a binary heap of nodes that are members of objects, ordered by a time or by a comparison
 * of the owner. Allocates nothing but the table of pointers. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct heap_node { /* starts zeroed: in no heap */
	uint64_t at;
	uint32_t place; /* 1 + its place; 0: in no heap */
};

/* Whether x comes before y. */
typedef bool heap_before_fn(const struct heap_node *x, const struct heap_node *y);

struct heap { /* starts zeroed; nodes[0..n): all that are in it, the first first */
	struct heap_node **nodes;
	uint32_t n, cap;
	heap_before_fn *before; /* set while it is empty; NULL: the earlier `at` comes first */
};

void heap_fini(struct heap *h); /* the objects are the caller's */
/* Makes room for n nodes in all: heap_set() cannot fail while there are no more. ERR_NOMEM. */
ERR_MUST_USE int heap_reserve(struct heap *h, uint32_t n);
/* Inserts the node, or moves it after its key changed: `at`, or what `before` compares (`at` is
 * then free for the owner). ERR_NOMEM: it is not in the heap, and was not before. */
ERR_MUST_USE int heap_set(struct heap *h, struct heap_node *node, uint64_t at);
/* The key of a node in the heap was changed by its owner: puts it in its place. */
void heap_settle(struct heap *h, struct heap_node *node);
/* `to` takes the place of `from`, which is in no heap afterwards. If `from` is in no heap, neither
 * is `to`. */
void heap_replace(struct heap *h, struct heap_node *from, struct heap_node *to);
/* no effect on a node that is in no heap */
void heap_del(struct heap *h, struct heap_node *node);
static inline struct heap_node *heap_first(const struct heap *h) /* NULL: empty */
{
	return h->n ? h->nodes[0] : NULL;
}
