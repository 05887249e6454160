/* trg_names.c - a list: there are one or two names in it. */
#include "trigger/trg_names.h"

#include <stdlib.h>
#include <string.h>

const char *trg_names_keep(struct trg_names *names, const char *name)
{
	char *copy;

	if (!name || !name[0])
		return NULL;
	for (size_t i = 0; i < names->n; i++) {
		if (strcmp(names->name[i], name) == 0)
			return names->name[i];
	}
	copy = names->n < TRG_NAMES_MAX ? strdup(name) : NULL;
	if (copy)
		names->name[names->n++] = copy;
	return copy;
}

void trg_names_fini(struct trg_names *names)
{
	while (names->n)
		free(names->name[--names->n]);
}
