/* csl_person.c - names and groups of this machine. The password file is read by itself: the name
 * service of the C library would open sockets, which the sandbox forbids. */
#include "console/csl_person.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

static int find(gid_t *out, const char *name)
{
	const struct group *g = *name ? getgrnam(name) : NULL;

	*out = g ? g->gr_gid : CSL_NO_GROUP;
	return *name && !g ? ERR_NOTFOUND : 0;
}

int csl_roles_find(struct csl_roles *out, const struct csl_groups *conf, const char **missing)
{
	*missing = conf->read;
	if (find(&out->read, conf->read)) {
		return ERR_NOTFOUND;
	}
	*missing = conf->operate;
	if (find(&out->operate, conf->operate)) {
		return ERR_NOTFOUND;
	}
	*missing = conf->admin;
	return find(&out->admin, conf->admin);
}

static bool in_group(const struct ctl_caller *caller, gid_t gid)
{
	bool in = caller->gid == gid;

	for (unsigned i = 0; i < caller->groups_n; i++) {
		in = in || caller->groups[i] == gid;
	}
	return gid != CSL_NO_GROUP && in;
}

enum ctl_role csl_role_of(const struct csl_roles *roles, const struct ctl_caller *caller)
{
	if (caller->uid == 0 || in_group(caller, roles->admin)) {
		return CTL_ROLE_ADMIN;
	}
	if (in_group(caller, roles->operate)) {
		return CTL_ROLE_OPERATE;
	}
	return in_group(caller, roles->read) ? CTL_ROLE_READ : CTL_ROLE_NONE;
}

void csl_name_of(char out[CTL_NAME_MAX], const char *passwd, uid_t uid)
{
	FILE *f = fopen(passwd, "re");
	struct passwd one, *found = NULL;
	char room[4096];

	while (f && fgetpwent_r(f, &one, room, sizeof room, &found) == 0 && found->pw_uid != uid) {
		found = NULL;
	}
	if (found && found->pw_uid == uid && ctl_name_ok(found->pw_name)) {
		str_set(out, CTL_NAME_MAX, found->pw_name);
	} else {
		snprintf(out, CTL_NAME_MAX, "uid-%u", (unsigned)uid);
	}
	if (f) {
		fclose(f);
	}
}
