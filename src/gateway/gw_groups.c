/* gw_groups.c - groups that a certificate proves. The edge read its SAN URIs from the authenticated transport; nothing in a message
 * ever names a group. */
#include <stdlib.h>
#include <string.h>

#include "gateway/gw_core_int.h"

struct gw_proven *gw_proven_of(const struct gw_core *c, const struct gw_identity *id)
{
	size_t prefix = strlen(c->cfg->group_uri_prefix);
	struct gw_proven *p = id->groups_n ? calloc(1, sizeof *p) : NULL;

	if (!p)
		return NULL;
	for (uint8_t i = 0; i < id->groups_n; i++) {
		const char *name = id->groups[i] + prefix;

		if (strncmp(id->groups[i], c->cfg->group_uri_prefix, prefix) != 0 || !ident_name_ok(name))
			continue;            /* a URI of something else */
		strcpy(p->name[p->n], name); /* ident_name_ok() bounds it */
		p->names[p->n] = p->name[p->n];
		p->n++;
	}
	if (p->n == 0) {
		free(p);
		return NULL;
	}
	p->not_after_s = id->not_after_s;
	p->users = 1;
	return p;
}

struct gw_proven *gw_proven_use(struct gw_proven *p)
{
	if (p)
		p->users++;
	return p;
}

void gw_proven_drop(struct gw_proven *p)
{
	if (p && --p->users == 0)
		free(p);
}

struct asc_asker gw_asker(const char *scs, const struct gw_proven *p, uint64_t now_ms)
{
	bool valid = p && (!p->not_after_s || now_ms / 1000 <= p->not_after_s);

	return (struct asc_asker){ scs, valid ? p->names : NULL, valid ? p->n : 0 };
}
