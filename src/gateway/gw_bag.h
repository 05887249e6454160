/* gw_bag.h - a hash table in which many objects may stand under one hash: for finding candidates that the caller then compares. An
 * object carries its own node of 16 octets; no key is kept. The hash is keyed (gw_map_hash()), so that a peer who chooses names cannot
 * choose chains. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct gw_bag_node {
	struct gw_bag_node *next;
	uint64_t hash; /* 0: in no bag */
};

struct gw_bag {
	struct gw_bag_node **buckets;
	size_t mask, n;
};

ERR_MUST_USE int gw_bag_init(struct gw_bag *b); /* ERR_NOMEM */
void gw_bag_fini(struct gw_bag *b);             /* the objects are the caller's; a zeroed one is allowed */

/* Growing that fails leaves the table slower and right. */
void gw_bag_add(struct gw_bag *b, struct gw_bag_node *node, uint64_t hash);
void gw_bag_del(struct gw_bag *b, struct gw_bag_node *node); /* one that is not in it is left alone */
/* The first object under the hash, and the one after `node`; NULL: no more. */
struct gw_bag_node *gw_bag_first(const struct gw_bag *b, uint64_t hash);
struct gw_bag_node *gw_bag_next(const struct gw_bag_node *node);
