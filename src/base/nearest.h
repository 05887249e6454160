/* nearest.h - "did you mean": finds the known word that is a few typing errors away from an unknown
 * one. PURE. */
#pragma once
#include <stddef.h>

struct nearest {
	const char *word; /* borrowed */
	const char *best; /* of those offered; NULL: none is near enough */
	size_t best_distance;
};

void nearest_init(struct nearest *n, const char *word);
void nearest_offer(struct nearest *n, const char *known); /* borrows it as long as `best` is used */
