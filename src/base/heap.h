/* heap.h - objects in order of a time, the earliest at hand: a binary heap of nodes that live inside the objects. No allocation for an
 * entry beyond the table of pointers. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct heap_node { /* starts zeroed: in no heap */
	uint64_t at;
	uint32_t place; /* 1 + its place; 0: in no heap */
};

struct heap { /* starts zeroed */
	struct heap_node **nodes;
	uint32_t n, cap;
};

void heap_fini(struct heap *h); /* the objects are the caller's */
/* Puts the node in its place for `at`, whether it is in the heap already or not. ERR_NOMEM: it is not in it, and was not before. */
ERR_MUST_USE int heap_set(struct heap *h, struct heap_node *node, uint64_t at);
void heap_del(struct heap *h, struct heap_node *node);           /* no effect on one that is in no heap */
static inline struct heap_node *heap_first(const struct heap *h) /* NULL: empty */
{
	return h->n ? h->nodes[0] : NULL;
}
