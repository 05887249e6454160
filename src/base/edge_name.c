/* edge_name.c - the name of an edge. */
#include "base/edge_name.h"

#include <stdio.h>

const char *edge_name(char out[EDGE_NAME_MAX], uint32_t slot)
{
	snprintf(out, EDGE_NAME_MAX, "edge-%u", slot);
	return out;
}

const char *edge_words(char out[EDGE_WORDS_MAX], uint32_t slot, pid_t pid, uint32_t generation)
{
	char name[EDGE_NAME_MAX];

	edge_name(name, slot);
	if (pid) {
		snprintf(out, EDGE_WORDS_MAX, "%s (pid %ld, generation %u)", name, (long)pid, generation);
	} else {
		snprintf(out, EDGE_WORDS_MAX, "%s (generation %u)", name, generation);
	}
	return out;
}
