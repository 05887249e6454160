/* cfg_nearest.c - "did you mean": the known key that is few slips of the finger away. */
#include <string.h>

#include "conf/cfg_internal.h"

#define KEY_MAX 40 /* longer ones are compared by their beginning */

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edit distance: letters to insert, delete or exchange. One row of the table at a time. */
static size_t distance(const char *a, const char *b)
{
	size_t row[KEY_MAX + 1], bn = strnlen(b, KEY_MAX), an = strnlen(a, KEY_MAX);

	for (size_t j = 0; j <= bn; j++)
		row[j] = j;
	for (size_t i = 1; i <= an; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= bn; j++) {
			size_t above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[bn];
}

const char *cfg_nearest(const struct cfg_row *rows, const char *key)
{
	const char *best = NULL;
	size_t best_distance = strnlen(key, KEY_MAX) / 3 + 2; /* farther is no help */

	for (; rows->key; rows++) {
		size_t d = distance(key, rows->key);

		if (!strncmp(rows->key, key, strlen(key)) && *key)
			d = 1; /* a beginning of it */
		if (d < best_distance) {
			best_distance = d;
			best = rows->key;
		}
	}
	return best;
}
