/* core_ndsip_names.c - who is in the helper's list, by name: SCSs, and peers of the core. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "core/core_int.h"

struct core_ndsip_scs *core_ndsip_find(const struct core_ndsip *n, const char *name)
{
	struct map_node *node = map_find(&n->by_name, name, (uint32_t)strlen(name));

	return MAP_OF(node, struct core_ndsip_scs, by_name);
}

struct core_ndsip_scs *core_ndsip_add(struct core_ndsip *n, const char *name)
{
	struct core_ndsip_scs *s = calloc(1, sizeof *s);

	if (!s) {
		return NULL;
	}
	obj_begin(&s->obj, CORE_NDSIP_SCS_MAGIC);
	str_set(s->is.name, sizeof s->is.name, name);
	map_add(&n->by_name, &s->by_name, s->is.name, (uint32_t)strlen(s->is.name));
	return s;
}
