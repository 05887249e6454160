/* core_ndsip_names.c - who is in the helper's list, by name: SCSs, and peers of the core; and what
 * a helper has settled for each. */
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

void core_ndsip_note_given(const struct core_ndsip *n, struct core_ndsip_scs *s, struct ns_msg *m)
{
	uint8_t octets[NS_MSG_OCTETS_MAX];
	struct ns_msg data = *m;
	size_t len;

	data.scs.list = 0;
	data.scs.known = false;
	len = ns_msg_encode(octets, &data);
	s->given = len ? sip_hash(&n->key, octets, len) : 0;
	m->scs.known = s->given && s->given == s->settled;
}

static void settle(void *arg, struct map_node *node)
{
	struct core_ndsip_scs *s = MAP_OF(node, struct core_ndsip_scs, by_name);

	(void)arg;
	s->settled = s->refused ? 0 : s->given;
}

void core_ndsip_settle(struct core_ndsip *n, uint32_t files)
{
	n->files = files;
	map_each(&n->by_name, settle, NULL);
}
