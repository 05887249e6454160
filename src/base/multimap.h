/* multimap.h - a hash table with many objects under one hash, for candidates that the caller then
 * compares. An object carries its own node of 24 bytes; no key is stored. Removing one costs the
 * same however many share its hash. The hash is keyed (map_hash()), so that a peer cannot choose
 * names that fall into one chain. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct multimap_node {
	struct multimap_node *next, *prev;
	uint64_t hash; /* 0: in no table */
};

struct multimap { /* grows as struct map does */
	struct multimap_node **buckets;
	size_t mask, split, cap, n;
	uint64_t moved;
};

ERR_MUST_USE int multimap_init(struct multimap *b); /* ERR_NOMEM */
/* The same with little memory at first, for a kind of table of which there are many; `chains` is a
 * power of two. */
ERR_MUST_USE int multimap_init_small(struct multimap *b, uint32_t chains);
/* Makes chains for n objects at once, before a table is filled. The table must be empty
 * (ERR_STATE). ERR_NOMEM: the table grows as usual. */
ERR_MUST_USE int multimap_reserve(struct multimap *b, size_t n);
void multimap_fini(struct multimap *b); /* the objects are the caller's; a zeroed one is allowed */

/* No call moves more entries than share a few hashes. If growing fails, the table stays correct and
 * gets slower. */
void multimap_add(struct multimap *b, struct multimap_node *node, uint64_t hash);
/* no effect on a node that is in no table */
void multimap_del(struct multimap *b, struct multimap_node *node);
/* `to` takes the place of `from`, which is in no table afterwards. If `from` is in no table,
 * neither is `to`. */
void multimap_replace(struct multimap *b, struct multimap_node *from, struct multimap_node *to);
/* Both ask the processor for the memory that an addition under this hash reads: call the first one,
 * and a little later the second. They pay off while a large table is filled, and change nothing. */
void multimap_prefetch(const struct multimap *b, uint64_t hash);
void multimap_prefetch_first(const struct multimap *b, uint64_t hash);
/* The first object under the hash, and the one after `node`; NULL: no more. */
struct multimap_node *multimap_first(const struct multimap *b, uint64_t hash);
struct multimap_node *multimap_next(const struct multimap_node *node);
