/* map.h - a hash table of objects that carry their own node. An entry needs no allocation. The hash
 * is keyed (SipHash-1-3), so a peer who chooses keys cannot choose chains. Keys are octets inside
 * the object and must not change while the object is in the table. */
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

/* The table grows by a few buckets at a time (linear hashing). Buckets below `split`, and those
 * above `mask` that came from them, have the next size. */
struct map {
	struct map_node **buckets;
	size_t mask, split, cap, n; /* buckets: mask + 1 + split, room for `cap`; entries */
	struct sip_key seed;
	/* entries that growing has examined since the start; tests compare it with the number
	 * added */
	uint64_t moved;
};

/* Seeds from the system's random numbers. ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int map_init(struct map *m);
ERR_MUST_USE int map_init_keyed(struct map *m, const struct sip_key *seed); /* for tests */
/* Buckets for n entries at once, for a table that is about to be filled; it must be empty
 * (ERR_STATE). ERR_NOMEM: it still grows as entries are added. */
ERR_MUST_USE int map_reserve(struct map *m, size_t n);
void map_fini(struct map *m); /* the objects are the caller's; a zeroed one is allowed */

/* Adds an entry; the caller has checked that the key is not in the table. No call moves more than a
 * few entries. If growing fails, the table stays correct and gets slower. */
void map_add(struct map *m, struct map_node *node, const void *key, uint32_t key_len);
/* keyed by the table's seed */
uint64_t map_hash(const struct map *m, const void *key, uint32_t key_len);
/* NULL: not found */
struct map_node *map_find(const struct map *m, const void *key, uint32_t key_len);
/* The same two for one who has the map_hash() of the key: a key that is looked up and then added is
 * hashed once. */
struct map_node *map_find_hashed(const struct map *m, const void *key, uint32_t key_len, uint64_t hash);
void map_add_hashed(struct map *m, struct map_node *node, const void *key, uint32_t key_len, uint64_t hash);
/* Both ask the processor for the memory that a look-up of this hash reads: call the first one, and
 * a little later the second. They pay off in a large table and change nothing. */
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
