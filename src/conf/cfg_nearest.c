/* cfg_nearest.c - "did you mean": the known key that is few slips of the finger away. */
#include <string.h>

#include "conf/cfg_internal.h"

#define KEY_MAX 40 /* longer ones are compared by their beginning */

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edit distance: letters to insert, delete or exchange, or two neighbours to swap. Three rows of the table at a time. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][KEY_MAX + 1], bn = strnlen(b, KEY_MAX), an = strnlen(a, KEY_MAX);
	size_t *above2 = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= bn; j++) {
		row[j] = j;
	}
	for (size_t i = 1; i <= an; i++) {
		size_t *reused = above2;

		above2 = above;
		above = row;
		row = reused;
		row[0] = i;
		for (size_t j = 1; j <= bn; j++) {
			row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && above2[j - 2] + 1 < row[j]) {
				row[j] = above2[j - 2] + 1;
			}
		}
	}
	return row[bn];
}

const char *cfg_nearest(const struct cfg_row *rows, const char *key)
{
	const char *best = NULL;
	size_t best_distance = strnlen(key, KEY_MAX) / 4 + 3; /* farther is no help */

	for (; rows->key; rows++) {
		size_t d = distance(key, rows->key);

		if (d > 2 && !strncmp(rows->key, key, strlen(key)) && strlen(key) > 1) {
			d = 2; /* a beginning of it */
		}
		if (d < best_distance && d < strlen(key)) { /* as many slips as letters: another word */
			best_distance = d;
			best = rows->key;
		}
	}
	return best;
}
