/* core_groups.c - groups that a certificate proves.
 * The edge reads the SAN URIs from the authenticated transport; no message names a group. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "core/core_int.h"

void core_proven_add(const struct core *c, struct core_proven *p, const char *uri)
{
	size_t prefix = strlen(c->cfg->group_uri_prefix);
	const char *name = uri + prefix;

	if (p->n == IDENTITY_GROUPS_MAX || strncmp(uri, c->cfg->group_uri_prefix, prefix) != 0 || !ident_name_ok(name)) {
		return; /* not a URI of a group */
	}
	str_set(p->name[p->n], sizeof p->name[p->n], name); /* ident_name_ok() bounds the length */
	p->names[p->n] = p->name[p->n];
	p->n++;
}

int core_proven_of(struct core_proven **out, const struct core *c, const struct ipc_identity *id)
{
	struct core_proven *p;

	*out = NULL;
	if (!id->groups_n) {
		return 0;
	}
	p = calloc(1, sizeof *p);
	if (!p) {
		return ERR_NOMEM;
	}
	for (uint8_t i = 0; i < id->groups_n; i++) {
		core_proven_add(c, p, id->groups[i]);
	}
	if (p->n == 0) {
		free(p);
		return 0;
	}
	p->not_after_s = id->not_after_s;
	*out = p;
	return 0;
}

void core_proven_free(struct core_proven *p)
{
	free(p);
}

void core_proven_by(struct core_proven *p, const char *anchor)
{
	if (p) {
		str_set(p->anchor, sizeof p->anchor, anchor);
	}
}

static bool of_another_anchor(const struct core *c, const struct core_proven *p, const char *group)
{
	const struct asc_group *g = p->anchor[0] ? asc_group_find(c->store.asc, group) : NULL;

	return g && strcmp(g->anchor, p->anchor) != 0;
}

void core_proven_text(char out[TRG_GROUPS_LEN_MAX + 1], const struct core *c, const struct core_proven *p)
{
	size_t len = 0;

	out[0] = 0;
	for (uint8_t i = 0; p && i < p->n; i++) {
		if (!of_another_anchor(c, p, p->name[i])) {
			len += (size_t)snprintf(out + len, TRG_GROUPS_LEN_MAX + 1 - len, "%s%s", len ? " " : "", p->name[i]);
		}
	}
}

void core_proven_from(struct core_proven *out, const char *text, uint64_t not_after_s)
{
	*out = (struct core_proven){ .not_after_s = not_after_s };
	while (*text && out->n < IDENTITY_GROUPS_MAX) {
		size_t len = strcspn(text, " ");

		if (len <= IDENT_SCS_MAX) {
			memcpy(out->name[out->n], text, len);
			out->names[out->n] = out->name[out->n];
			if (ident_name_ok(out->name[out->n])) {
				out->n++;
			}
		}
		text += len + (text[len] == ' ');
	}
}

struct asc_asker core_asker(const char *scs, const struct core_proven *p, uint64_t now_ms)
{
	bool valid = p && (!p->not_after_s || now_ms / 1000 <= p->not_after_s);

	return (struct asc_asker){ .scs = scs,
				   .proven = valid ? p->names : NULL,
				   .proven_n = valid ? p->n : 0,
				   .anchor = valid && p->anchor[0] ? p->anchor : NULL };
}
