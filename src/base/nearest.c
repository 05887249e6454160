/* nearest.c - the edit distance of two short words, with a limit above which a suggestion does not
 * help. */
#include "base/nearest.h"

#include <string.h>

#define WORD_MAX 40 /* longer ones are compared by their beginning */

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edit distance: letters to insert, delete or exchange, or two neighbours to swap. Keeps three rows
 * of the table. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1], bn = strnlen(b, WORD_MAX), an = strnlen(a, WORD_MAX);
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

void nearest_init(struct nearest *n, const char *word)
{
	/* a word farther away is no help */
	*n = (struct nearest){ .word = word, .best_distance = strnlen(word, WORD_MAX) / 4 + 3 };
}

void nearest_offer(struct nearest *n, const char *known)
{
	size_t d = distance(n->word, known), length = strlen(n->word), longer = strlen(known);

	longer = longer > length ? longer : length;
	if (d > 2 && length > 1 && !strncmp(known, n->word, length)) {
		d = 2; /* a beginning of it */
	} else if (2 * d > longer) {
		return; /* more than half of it is wrong: another word */
	}
	if (d < n->best_distance && d < length) {
		n->best_distance = d;
		n->best = known;
	}
}
