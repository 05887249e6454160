/* asc_group.h - groups of SCSs. Who is in one is proven, never said: the store lists its members, or a certificate of the group's
 * trust anchor carries its URI (the configuration says how a URI names a group). A rule on "group:NAME" speaks about all of them. */
#pragma once
#include "base/err.h"
#include "base/ident.h"

#define ASC_GROUPS_MAX 1024u
#define ASC_GROUPS_PER_SCS_MAX 32u /* stored memberships of one SCS */

struct asc;
struct asc_why;

struct asc_group {
	char name[IDENT_SCS_MAX + 1];
	char anchor[IDENT_SCS_MAX +
		    1]; /* certificates of SCSs under this trust anchor may prove it; "": none may, members are stored */
};

/* Borrowed until the next change; NULL when there is none. */
const struct asc_group *asc_group_find(const struct asc *a, const char *name);

/* In order of names; stops when fn returns other than 0 and returns that. fn must not change the store. */
typedef int asc_group_fn(void *arg, const struct asc_group *group);
int asc_group_each(const struct asc *a, asc_group_fn *fn, void *arg);
typedef int asc_member_fn(void *arg, const char *scs);
int asc_group_member_each(const struct asc *a, const char *group, asc_member_fn *fn, void *arg);
