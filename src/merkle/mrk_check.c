/* mrk_check.c - the checks of proofs as RFC 9162 2.1.3.2 and 2.1.4.2 put them: by the bits of the
 * index of the leaf and of the last leaf, without recursion. They share no step with the makers of
 * proofs. */
#include <string.h>

#include "merkle/mrk_tree.h"

int mrk_inclusion_check(struct hash *h, const struct mrk_hash *leaf, uint64_t index, uint64_t size, const struct mrk_hash *proof,
			size_t n, const struct mrk_hash *root)
{
	uint64_t at = index, last = size - 1;
	struct mrk_hash r = *leaf;
	int err = 0;

	if (index >= size) {
		return ERR_INVAL;
	}
	for (size_t i = 0; i < n && !err; i++) {
		if (!last) {
			return ERR_INVAL; /* more hashes than levels */
		}
		if ((at & 1) || at == last) {
			err = mrk_node(h, &proof[i], &r, &r);
			while (!(at & 1) && at) {
				at >>= 1;
				last >>= 1;
			}
		} else {
			err = mrk_node(h, &r, &proof[i], &r);
		}
		at >>= 1;
		last >>= 1;
	}
	if (err) {
		return err;
	}
	return !last && mrk_equal(&r, root) ? 0 : ERR_INVAL;
}

int mrk_consistency_check(struct hash *h, uint64_t before, const struct mrk_hash *root_before, uint64_t size,
			  const struct mrk_hash *root, const struct mrk_hash *proof, size_t n)
{
	uint64_t at = before - 1, last = size - 1;
	bool power = before && !(before & (before - 1));
	struct mrk_hash old, new;
	int err = 0;

	if (!before || before > size) {
		return ERR_INVAL;
	}
	if (before == size) {
		return !n && mrk_equal(root_before, root) ? 0 : ERR_INVAL;
	}
	while (at & 1) {
		at >>= 1;
		last >>= 1;
	}
	if (!n && !power) {
		return ERR_INVAL;
	}
	old = new = power ? *root_before : proof[0];
	for (size_t i = power ? 0 : 1; i < n && !err; i++) {
		if (!last) {
			return ERR_INVAL;
		}
		if ((at & 1) || at == last) {
			err = mrk_node(h, &proof[i], &old, &old);
			if (!err) {
				err = mrk_node(h, &proof[i], &new, &new);
			}
			while (!(at & 1) && at) {
				at >>= 1;
				last >>= 1;
			}
		} else {
			err = mrk_node(h, &new, &proof[i], &new);
		}
		at >>= 1;
		last >>= 1;
	}
	if (err) {
		return err;
	}
	return !last && mrk_equal(&old, root_before) && mrk_equal(&new, root) ? 0 : ERR_INVAL;
}
