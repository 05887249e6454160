/* heap.h - objects in order of a time or of what their owner compares, the first at hand: a binary heap of nodes that live inside the objects. No allocation for an
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

/* Whether x comes before y. */
typedef bool heap_before_fn(const struct heap_node *x, const struct heap_node *y);

struct heap { /* starts zeroed; nodes[0..n): all that are in it, the first first */
	struct heap_node **nodes;
	uint32_t n, cap;
	heap_before_fn *before; /* set while it is empty; NULL: the earlier `at` comes first */
};

void heap_fini(struct heap *h); /* the objects are the caller's */
/* Puts the node in its place for `at`, or for what `before` compares and has changed (`at` is then for the owner), whether it is in the heap already or not. ERR_NOMEM: it is not in it, and was not before. */
ERR_MUST_USE int heap_set(struct heap *h, struct heap_node *node, uint64_t at);
/* The key of a node in the heap was changed by its owner: puts it in its place. */
void heap_settle(struct heap *h, struct heap_node *node);
/* `to` stands where `from` stood, which is in no heap then; one that is in no heap makes `to` such a one. */
void heap_replace(struct heap *h, struct heap_node *from, struct heap_node *to);
void heap_del(struct heap *h, struct heap_node *node);           /* no effect on one that is in no heap */
static inline struct heap_node *heap_first(const struct heap *h) /* NULL: empty */
{
	return h->n ? h->nodes[0] : NULL;
}
