/* cfg_nearest.c - "did you mean": the known key that is a few typing errors away. */
#include "base/nearest.h"
#include "conf/cfg_internal.h"

const char *cfg_nearest(const struct cfg_row *rows, const char *key)
{
	struct nearest n;

	nearest_init(&n, key);
	for (; rows->key; rows++) {
		nearest_offer(&n, rows->key);
	}
	return n.best;
}
