/* cfg_names.c - see cfg_names.h. */
#include "conf/cfg_names.h"

#include <string.h>

#include "base/str.h"

static struct cfg_named *find(struct cfg_names *n, const char *name, bool group)
{
	for (uint32_t i = 0; i < n->n && i < CFG_NAMES_MAX; i++) {
		if (n->of[i].group == group && strcmp(n->of[i].name, name) == 0) {
			return &n->of[i];
		}
	}
	return NULL;
}

static void add(struct cfg_names *n, const char *name, bool group)
{
	if (!*name || find(n, name, group) || n->n >= CFG_NAMES_MAX) {
		return;
	}
	str_set(n->of[n->n].name, sizeof n->of[n->n].name, name);
	n->of[n->n++].group = group;
}

void cfg_names_add(struct cfg_names *n, const struct cfg_iwf *c)
{
	add(n, c->user, false);
	add(n, c->user_core, false);
	add(n, c->user_edge, false);
	add(n, c->user_keyholder, false);
	add(n, c->console_user, false);
	add(n, c->console.read, true);
	add(n, c->console.operate, true);
	add(n, c->console.admin, true);
}
_Static_assert(CFG_NAMES_MAX >= 2 * 8, "the names of the configuration in force, and of another one");

void cfg_names_ask(struct cfg_names *n)
{
	for (uint32_t i = 0; i < n->n && i < CFG_NAMES_MAX; i++) {
		struct cfg_named *one = &n->of[i];
		struct user user = { 0, 0 };

		one->found = one->group ? user_group_find(&user.gid, one->name) == 0 : user_find(&user, one->name) == 0;
		one->uid = (uint32_t)user.uid;
		one->gid = (uint32_t)user.gid;
	}
	n->asked = true;
}

int cfg_names_take(struct cfg_names *n, const struct cfg_names *answers)
{
	if (answers->n != n->n) {
		return ERR_PROTO;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		const struct cfg_named *a = &answers->of[i];

		if (a->group != n->of[i].group || strncmp(a->name, n->of[i].name, sizeof a->name) != 0) {
			return ERR_PROTO;
		}
		n->of[i].found = a->found;
		n->of[i].uid = a->uid;
		n->of[i].gid = a->gid;
	}
	n->asked = true;
	return 0;
}

int cfg_names_user(struct user *out, const struct cfg_names *n, const char *name)
{
	const struct cfg_named *one = find((struct cfg_names *)(uintptr_t)n, name, false);

	if (!n->asked) {
		return user_find(out, name);
	}
	if (!one || !one->found) {
		return ERR_NOTFOUND;
	}
	*out = (struct user){ one->uid, one->gid };
	return 0;
}

int cfg_names_group(gid_t *out, const struct cfg_names *n, const char *name)
{
	const struct cfg_named *one = find((struct cfg_names *)(uintptr_t)n, name, true);

	if (!n->asked) {
		return user_group_find(out, name);
	}
	if (!one || !one->found) {
		return ERR_NOTFOUND;
	}
	*out = one->gid;
	return 0;
}
