/* trg_names.c - a hash table with open addressing. Who gives the names is provisioned or a core peer, and how many there are is bounded:
 * the hash needs no key. */
#include "trigger/trg_names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 32u

static uint64_t hash_of(const char *name) /* FNV-1a */
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * UINT64_C(1099511628211);
	return h ^ h >> 32;
}

static char **slot_of(char **slots, size_t cap, const char *name)
{
	size_t i = hash_of(name) & (cap - 1);

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
			*slot_of(bigger, cap, names->slots[i]) = names->slots[i];
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
	slot = slot_of(names->slots, names->cap, name);
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
	*names = (struct trg_names){ .max = names->max };
}
