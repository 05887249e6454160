/* trg_names.c - a table (base/map) of the names, each in a block of its own or in the reserved
 * room. */
#include "trigger/trg_names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct name {
	struct map_node node;
	char text[];
};

/* Of a name in the reserved room. */
#define STRIDE ((sizeof(struct name) + TRG_NAME_LEN_MAX + sizeof(void *)) & ~(sizeof(void *) - 1))

static size_t max_of(const struct trg_names *names)
{
	return names->max ? names->max : TRG_NAMES_MAX;
}

static int make_table(struct trg_names *names)
{
	return names->map.buckets ? 0 : map_init_keyed(&names->map, &names->key);
}

int trg_names_reserve(struct trg_names *names)
{
	if (make_table(names)) {
		return ERR_NOMEM;
	}
	names->room = calloc(max_of(names), STRIDE);
	return names->room ? 0 : ERR_NOMEM;
}

static struct name *room_for(const struct trg_names *names, size_t len)
{
	if (!names->room) {
		return calloc(1, sizeof(struct name) + len + 1);
	}
	if (len > TRG_NAME_LEN_MAX) {
		return NULL;
	}
	return (struct name *)(void *)((char *)names->room + names->n * STRIDE);
}

static struct map_node *add(struct trg_names *names, const char *name, size_t len)
{
	struct name *kept = names->n < max_of(names) ? room_for(names, len) : NULL;

	if (!kept) {
		return NULL;
	}
	str_set(kept->text, len + 1, name);
	map_add(&names->map, &kept->node, kept->text, (uint32_t)len);
	names->n++;
	return &kept->node;
}

const char *trg_names_keep(struct trg_names *names, const char *name)
{
	size_t len = name ? strlen(name) : 0;
	const struct map_node **recent = &names->recent[len % TRG_NAMES_RECENT];
	struct map_node *node;

	if (!len || len > UINT32_MAX) {
		return NULL;
	}
	if (*recent && (*recent)->key_len == len && memcmp((*recent)->key, name, len) == 0) {
		return (*recent)->key;
	}
	if (make_table(names)) {
		return NULL;
	}
	node = map_find(&names->map, name, (uint32_t)len);
	if (!node) {
		node = add(names, name, len);
	}
	if (!node) {
		return NULL;
	}
	*recent = node;
	return node->key;
}

bool trg_names_has(const struct trg_names *names, const char *name)
{
	return names->n && map_find(&names->map, name, (uint32_t)strlen(name));
}

static void free_name(void *arg, struct map_node *node)
{
	(void)arg;
	free(MAP_OF(node, struct name, node));
}

void trg_names_fini(struct trg_names *names)
{
	if (!names->room) {
		map_each(&names->map, free_name, NULL);
	}
	free(names->room);
	map_fini(&names->map);
	*names = (struct trg_names){ .max = names->max, .key = names->key };
}
