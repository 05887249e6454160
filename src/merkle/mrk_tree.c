/* mrk_tree.c - hashes, the right edge, and the stored nodes. */
#include "merkle/mrk_tree.h"

#include <string.h>

bool mrk_equal(const struct mrk_hash *a, const struct mrk_hash *b)
{
	return memcmp(a->v, b->v, HASH_LEN) == 0;
}

int mrk_leaf(struct hash *h, const void *p, size_t n, struct mrk_hash *out)
{
	uint8_t octets[1 + MRK_LEAF_MAX];

	if (n > MRK_LEAF_MAX) {
		return ERR_LIMIT;
	}
	octets[0] = 0;
	memcpy(octets + 1, p, n);
	return hash_piece(h, octets, 1 + n, out->v);
}

int mrk_node(struct hash *h, const struct mrk_hash *left, const struct mrk_hash *right, struct mrk_hash *out)
{
	uint8_t octets[1 + 2 * HASH_LEN];

	octets[0] = 1;
	memcpy(octets + 1, left->v, HASH_LEN);
	memcpy(octets + 1 + HASH_LEN, right->v, HASH_LEN);
	return hash_piece(h, octets, sizeof octets, out->v);
}

/* Like a binary counter: a leaf carries over each complete subtree to its left. */
int mrk_add(struct mrk_edge *e, struct hash *h, const struct mrk_hash *leaf, mrk_put_fn *put, void *arg)
{
	struct mrk_hash node = *leaf;
	uint64_t index = e->size;
	unsigned level = 0;
	int err = put ? put(arg, 0, index, leaf) : 0;

	while (!err && (index & 1)) {
		err = mrk_node(h, &e->at[level], &node, &node);
		index >>= 1;
		level++;
		if (!err && put && level % MRK_TILE_HEIGHT == 0) {
			err = put(arg, level / MRK_TILE_HEIGHT, index, &node);
		}
	}
	if (err) {
		return err;
	}
	e->at[level] = node;
	e->size++;
	return 0;
}

int mrk_root(const struct mrk_edge *e, struct hash *h, struct mrk_hash *out)
{
	bool first = true;
	int err = 0;

	if (!e->size) {
		return hash_piece(h, "", 0, out->v);
	}
	for (unsigned level = 0; level < MRK_LEVELS && !err; level++) {
		if (!(e->size >> level & 1)) {
			continue;
		}
		if (first) {
			*out = e->at[level];
			first = false;
		} else {
			err = mrk_node(h, &e->at[level], out, out);
		}
	}
	return err;
}

/* -- stored nodes */

/* A node whose tile is missing is made of the level below, up to this one: of 256 or 65,536 leaves.
 * Higher ones would take whoever reads a hostile directory too long. */
#define REMADE_MAX (2 * MRK_TILE_HEIGHT)

static int node_of(const struct mrk_nodes *from, unsigned level, uint64_t index, struct mrk_hash *out)
{
	struct mrk_hash left, right;
	int err;

	if (level % MRK_TILE_HEIGHT == 0) {
		err = from->get(from->arg, level / MRK_TILE_HEIGHT, index, out);
		if (!err || !level || level > REMADE_MAX || (err != ERR_NOTFOUND && err != ERR_PROTO)) {
			return err;
		}
	}
	err = node_of(from, level - 1, 2 * index, &left);
	if (!err) {
		err = node_of(from, level - 1, 2 * index + 1, &right);
	}
	return err ? err : mrk_node(from->hash, &left, &right, out);
}

int mrk_stored(const struct mrk_nodes *from, unsigned tile_level, uint64_t index, struct mrk_hash *out)
{
	return node_of(from, tile_level * MRK_TILE_HEIGHT, index, out);
}

int mrk_edge_of(struct mrk_edge *out, const struct mrk_nodes *from, uint64_t size)
{
	int err = 0;

	*out = (struct mrk_edge){ .size = size };
	for (unsigned level = 0; level < MRK_LEVELS && !err; level++) {
		if (size >> level & 1) {
			/* the subtree ends where the bits below begin */
			err = node_of(from, level, (size >> level) - 1, &out->at[level]);
		}
	}
	return err;
}

/* The level of the larger part of n > 1 leaves: the largest power of two below n. */
static unsigned split(uint64_t n)
{
	unsigned level = 0;

	while (level < MRK_LEVELS - 1 && (UINT64_C(2) << level) < n) {
		level++;
	}
	return level;
}

/* MTH over `n` leaves from `first`, which is a multiple of every subtree in it. */
static int range(const struct mrk_nodes *from, uint64_t first, uint64_t n, struct mrk_hash *out)
{
	struct mrk_hash left, right;
	unsigned level;
	int err;

	if (n == 1) {
		return node_of(from, 0, first, out);
	}
	level = split(n);
	if (UINT64_C(2) << level == n) {
		return node_of(from, level + 1, first >> (level + 1), out);
	}
	err = node_of(from, level, first >> level, &left);
	if (!err) {
		err = range(from, first + (UINT64_C(1) << level), n - (UINT64_C(1) << level), &right);
	}
	return err ? err : mrk_node(from->hash, &left, &right, out);
}

int mrk_inclusion(const struct mrk_nodes *from, uint64_t index, uint64_t size, struct mrk_hash out[MRK_PROOF_MAX], size_t *n)
{
	struct mrk_hash found[MRK_PROOF_MAX];
	uint64_t first = 0;
	size_t found_n = 0;
	int err = 0;

	if (index >= size) {
		return ERR_RANGE;
	}
	while (size > 1 && !err) { /* from the root down; the proof goes up */
		uint64_t left = UINT64_C(1) << split(size);

		if (index < left) {
			err = range(from, first + left, size - left, &found[found_n++]);
			size = left;
		} else {
			err = range(from, first, left, &found[found_n++]);
			first += left;
			index -= left;
			size -= left;
		}
	}
	for (size_t i = 0; i < found_n; i++) {
		out[i] = found[found_n - 1 - i];
	}
	*n = found_n;
	return err;
}

int mrk_consistency(const struct mrk_nodes *from, uint64_t before, uint64_t size, struct mrk_hash out[MRK_CONSISTENCY_MAX],
		    size_t *n)
{
	struct mrk_hash found[MRK_CONSISTENCY_MAX];
	uint64_t first = 0;
	size_t found_n = 0;
	bool whole = true; /* the subtree is the old tree itself, which the reader knows */
	int err = 0;

	if (!before || before > size) {
		return ERR_RANGE;
	}
	while (before < size && !err) {
		uint64_t left = UINT64_C(1) << split(size);

		if (before <= left) {
			err = range(from, first + left, size - left, &found[found_n++]);
			size = left;
		} else {
			err = range(from, first, left, &found[found_n++]);
			first += left;
			before -= left;
			size -= left;
			whole = false;
		}
	}
	if (!err && !whole) {
		err = range(from, first, size, &found[found_n++]);
	}
	for (size_t i = 0; i < found_n; i++) {
		out[i] = found[found_n - 1 - i];
	}
	*n = found_n;
	return err;
}
