/* mrk_tree.h - the Merkle tree of RFC 6962 section 2.1 over a list that only grows: its hashes, its
 * root, and proofs. SHA-256. PURE: hashes of the tree that are stored elsewhere come from a
 * function.
 *
 * Node (level, index): the root over the leaves index * 2^level up to (index + 1) * 2^level - 1,
 * all of them present. Only nodes of each eighth level are stored (mrk_tile.h): level t of a tile
 * is level 8 * t of the tree. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

#define MRK_LEVELS 64u      /* of the tree: a number of leaves has 64 bits */
#define MRK_TILE_HEIGHT 8u  /* levels of a tile */
#define MRK_LEAF_MAX 20480u /* octets of one leaf */
#define MRK_PROOF_MAX 64u   /* hashes of an inclusion proof */
/* hashes of a consistency proof */
#define MRK_CONSISTENCY_MAX (MRK_PROOF_MAX + 1)

struct mrk_hash {
	uint8_t v[HASH_LEN];
};

/* SHA-256(0x00 || leaf). ERR_LIMIT: longer than MRK_LEAF_MAX. ERR_NOMEM. */
ERR_MUST_USE int mrk_leaf(struct hash *h, const void *p, size_t n, struct mrk_hash *out);
/* SHA-256(0x01 || left || right). ERR_NOMEM. */
ERR_MUST_USE int mrk_node(struct hash *h, const struct mrk_hash *left, const struct mrk_hash *right, struct mrk_hash *out);

/* The right edge of a tree: the roots of its complete subtrees, one for each bit of `size`. All
 * zero: the empty tree. */
struct mrk_edge {
	uint64_t size; /* leaves */
	struct mrk_hash at[MRK_LEVELS];
};

/* Called for each node that is complete and stored: level of the tile, index in that level. */
typedef int mrk_put_fn(void *arg, unsigned tile_level, uint64_t index, const struct mrk_hash *hash);

/* Appends the hash of a leaf. An error is that of `put` (NULL: none is called), or ERR_NOMEM; the
 * edge is then as it was, and the same call may be repeated. */
ERR_MUST_USE int mrk_add(struct mrk_edge *e, struct hash *h, const struct mrk_hash *leaf, mrk_put_fn *put, void *arg);
/* MTH of the list; of none it is SHA-256 of nothing. */
ERR_MUST_USE int mrk_root(const struct mrk_edge *e, struct hash *h, struct mrk_hash *out);

/* A stored node. ERR_NOTFOUND, ERR_IO, ERR_PROTO. */
typedef int mrk_get_fn(void *arg, unsigned tile_level, uint64_t index, struct mrk_hash *out);
struct mrk_nodes { /* borrowed */
	mrk_get_fn *get;
	void *arg;
	struct hash *hash;
};

/* A stored node, made of those below when its tile is missing. Errors of `get`, ERR_NOMEM. */
ERR_MUST_USE int mrk_stored(const struct mrk_nodes *from, unsigned tile_level, uint64_t index, struct mrk_hash *out);
/* The edge and the root of the first `size` leaves, from stored nodes. Errors of `get`. */
ERR_MUST_USE int mrk_edge_of(struct mrk_edge *out, const struct mrk_nodes *from, uint64_t size);
/* RFC 6962 2.1.1: that leaf `index` is among the first `size`. ERR_RANGE: it is not. */
ERR_MUST_USE int mrk_inclusion(const struct mrk_nodes *from, uint64_t index, uint64_t size, struct mrk_hash out[MRK_PROOF_MAX],
			       size_t *n);
/* RFC 6962 2.1.2: that the first `size` leaves begin with the first `before`. ERR_RANGE unless
 * 0 < before <= size. */
ERR_MUST_USE int mrk_consistency(const struct mrk_nodes *from, uint64_t before, uint64_t size,
				 struct mrk_hash out[MRK_CONSISTENCY_MAX], size_t *n);

/* RFC 9162 2.1.3.2 and 2.1.4.2. 0: proven. ERR_INVAL: not; ERR_NOMEM. */
ERR_MUST_USE int mrk_inclusion_check(struct hash *h, const struct mrk_hash *leaf, uint64_t index, uint64_t size,
				     const struct mrk_hash *proof, size_t n, const struct mrk_hash *root);
ERR_MUST_USE int mrk_consistency_check(struct hash *h, uint64_t before, const struct mrk_hash *root_before, uint64_t size,
				       const struct mrk_hash *root, const struct mrk_hash *proof, size_t n);

bool mrk_equal(const struct mrk_hash *a, const struct mrk_hash *b);
