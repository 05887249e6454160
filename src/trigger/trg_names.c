/* trg_names.c - a hash table with open addressing. */
#include "trigger/trg_names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 32u

static char **slot_of(const struct trg_names *names, char **slots, size_t cap, const char *name)
{
	size_t i = sip_hash(&names->key, name, strlen(name)) & (cap - 1);

	while (slots[i] && strcmp(slots[i], name) != 0) {
		i = (i + 1) & (cap - 1);
	}
	return &slots[i];
}

static size_t max_of(const struct trg_names *names)
{
	return names->max ? names->max : TRG_NAMES_MAX;
}

/* Slots for one name more, at most half full. */
static int make_room(struct trg_names *names, size_t n)
{
	size_t cap = names->cap ? names->cap : FIRST_CAP;
	char **bigger;

	while (2 * (n + 1) > cap) {
		cap *= 2;
	}
	if (cap == names->cap) {
		return 0;
	}
	bigger = calloc(cap, sizeof *bigger);
	if (!bigger) {
		return -1;
	}
	for (size_t i = 0; i < names->cap; i++) {
		if (names->slots[i]) {
			*slot_of(names, bigger, cap, names->slots[i]) = names->slots[i];
		}
	}
	free(names->slots);
	names->slots = bigger;
	names->cap = cap;
	return 0;
}

int trg_names_reserve(struct trg_names *names)
{
	if (make_room(names, max_of(names))) {
		return ERR_NOMEM;
	}
	names->room = malloc(max_of(names) * (TRG_NAME_LEN_MAX + 1));
	return names->room ? 0 : ERR_NOMEM;
}

static char *copy_of(const struct trg_names *names, const char *name)
{
	size_t len = strlen(name);
	char *copy;

	if (!names->room) {
		return strdup(name);
	}
	if (len > TRG_NAME_LEN_MAX) {
		return NULL;
	}
	copy = names->room + names->n * (TRG_NAME_LEN_MAX + 1);
	memcpy(copy, name, len + 1);
	return copy;
}

const char *trg_names_keep(struct trg_names *names, const char *name)
{
	char **slot;

	if (!name || !name[0] || make_room(names, names->n)) {
		return NULL;
	}
	slot = slot_of(names, names->slots, names->cap, name);
	if (!*slot && names->n < max_of(names)) {
		*slot = copy_of(names, name);
		names->n += *slot != NULL;
	}
	return *slot;
}

void trg_names_fini(struct trg_names *names)
{
	for (size_t i = 0; i < names->cap && !names->room; i++) {
		free(names->slots[i]);
	}
	free(names->room);
	free(names->slots);
	*names = (struct trg_names){ .max = names->max, .key = names->key };
}
