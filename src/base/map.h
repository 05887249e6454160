/* map.h - a hash table of objects that carry their own node: no allocation for an entry, keyed hash (SipHash-1-3) so that a peer who
 * chooses keys cannot choose chains. Keys are octets inside the object; they must not change while it is in the table. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sip.h"

struct map_node {
	struct map_node *next;
	const void *key; /* borrowed from the object */
	uint32_t key_len;
	uint64_t hash;
};

/* Grows by a few buckets at a time (linear hashing): the buckets below `split`, and those above `mask` that came of them, are of the next size. */
struct map {
	struct map_node **buckets;
	size_t mask, split, cap, n; /* buckets: mask + 1 + split, room for `cap`; entries */
	struct sip_key seed;
	uint64_t moved; /* entries that growing looked at since the start; tests compare it with the number added */
};

/* Seeds from the system's random numbers. ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int map_init(struct map *m);
ERR_MUST_USE int map_init_keyed(struct map *m, const struct sip_key *seed); /* for tests */
/* Buckets for n entries at once, for a table that is about to be filled; it must be empty (ERR_STATE).
 * ERR_NOMEM: it grows as ever. */
ERR_MUST_USE int map_reserve(struct map *m, size_t n);
void map_fini(struct map *m); /* the objects are the caller's; a zeroed one is allowed */

/* Adds an entry; the caller has checked that the key is not in the table. No call moves more than a
 * few entries. If growing fails, the table stays correct and gets slower. */
void map_add(struct map *m, struct map_node *node, const void *key, uint32_t key_len);
uint64_t map_hash(const struct map *m, const void *key, uint32_t key_len);         /* keyed by the table's seed */
struct map_node *map_find(const struct map *m, const void *key, uint32_t key_len); /* NULL when not there */
/* Asks the processor for the memory that looking for a key of this hash reads: first the one, and a little later the other. For a large
 * table; they change nothing. */
void map_prefetch(const struct map *m, uint64_t hash);
void map_prefetch_first(const struct map *m, uint64_t hash);
void map_del(struct map *m, struct map_node *node);
static inline bool map_has(const struct map_node *node) /* is it in a table? (nodes start zeroed) */
{
	return node->key != NULL;
}

/* Calls fn for each entry; fn may delete the one it is given and no other. */
typedef void map_fn(void *arg, struct map_node *node);
void map_each(const struct map *m, map_fn *fn, void *arg);

/* The object that carries `node`; NULL for NULL. */
#define MAP_OF(node, type, member) ((type *)map_object(node, offsetof(type, member)))
static inline void *map_object(struct map_node *node, size_t offset)
{
	return node ? (char *)node - offset : NULL;
}
