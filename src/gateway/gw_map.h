/* gw_map.h - a hash table of objects that carry their own node: no allocation for an entry, keyed hash (SipHash-1-3) so that a peer who
 * chooses keys cannot choose chains. Keys are octets inside the object; they must not change while it is in the table. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct gw_map_node {
	struct gw_map_node *next;
	const void *key; /* borrowed from the object */
	uint32_t key_len;
	uint64_t hash;
};

struct gw_map {
	struct gw_map_node **buckets;
	size_t mask, n; /* buckets - 1; entries */
	uint64_t seed[2];
};

/* Seeds from the system's random numbers. ERR_NOMEM. */
ERR_MUST_USE int gw_map_init(struct gw_map *m);
void gw_map_fini(struct gw_map *m); /* the objects are the caller's */

/* Adds; the caller made sure that the key is not there. Growing that fails leaves the table slower and right. */
void gw_map_add(struct gw_map *m, struct gw_map_node *node, const void *key, uint32_t key_len);
uint64_t gw_map_hash(const struct gw_map *m, const void *key, uint32_t key_len);            /* keyed by the table's seed */
struct gw_map_node *gw_map_find(const struct gw_map *m, const void *key, uint32_t key_len); /* NULL when not there */
void gw_map_del(struct gw_map *m, struct gw_map_node *node);
static inline bool gw_map_has(const struct gw_map_node *node) /* is it in a table? (nodes start zeroed) */
{
	return node->key != NULL;
}

/* Calls fn for each entry; fn may delete the one it is given and no other. */
typedef void gw_map_fn(void *arg, struct gw_map_node *node);
void gw_map_each(const struct gw_map *m, gw_map_fn *fn, void *arg);

/* The object that carries `node`; NULL for NULL. */
#define GW_MAP_OF(node, type, member) ((type *)gw_map_object(node, offsetof(type, member)))
static inline void *gw_map_object(struct gw_map_node *node, size_t offset)
{
	return node ? (char *)node - offset : NULL;
}
