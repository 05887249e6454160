/* trg_names.c - a hash table with open addressing. */
#include "trigger/trg_names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 32u

static char **slot_of(const struct trg_names *names, char **slots, size_t cap, const char *name)
{
	size_t i = sip_hash(&names->key, name, strlen(name)) & (cap - 1);

	while (slots[i] && strcmp(slots[i], name) != 0)
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

static int make_room(struct trg_names *names)
{
	size_t cap = names->cap ? 2 * names->cap : FIRST_CAP;
	char **bigger;

	if (2 * (names->n + 1) <= names->cap)
		return 0;
	bigger = calloc(cap, sizeof *bigger);
	if (!bigger)
		return -1;
	for (size_t i = 0; i < names->cap; i++) {
		if (names->slots[i])
			*slot_of(names, bigger, cap, names->slots[i]) = names->slots[i];
	}
	free(names->slots);
	names->slots = bigger;
	names->cap = cap;
	return 0;
}

const char *trg_names_keep(struct trg_names *names, const char *name)
{
	char **slot;

	if (!name || !name[0] || make_room(names))
		return NULL;
	slot = slot_of(names, names->slots, names->cap, name);
	if (!*slot && names->n < (names->max ? names->max : TRG_NAMES_MAX)) {
		*slot = strdup(name);
		names->n += *slot != NULL;
	}
	return *slot;
}

void trg_names_fini(struct trg_names *names)
{
	for (size_t i = 0; i < names->cap; i++)
		free(names->slots[i]);
	free(names->slots);
	*names = (struct trg_names){ .max = names->max, .key = names->key };
}
