/* asc_group.h - groups of SCSs. A membership is stored, or proven by a certificate under the
 * group's trust anchor that carries its URI (group_uri_prefix of the configuration); a message
 * cannot claim it. A rule on "group:NAME" applies to all members. */
#pragma once
#include "base/err.h"
#include "base/ident.h"

#define ASC_GROUPS_MAX 1024u
#define ASC_GROUPS_PER_SCS_MAX 32u /* stored memberships of one SCS */

struct asc;
struct asc_why;

struct asc_group {
	char name[IDENT_SCS_MAX + 1];
	/* trust anchor whose certificates may prove a membership; "": stored members only */
	char anchor[IDENT_SCS_MAX + 1];
};

/* Borrowed until the next change; NULL when there is none. */
const struct asc_group *asc_group_find(const struct asc *a, const char *name);

/* In order of names; stops when fn returns other than 0 and returns that. fn must not change the
 * store. */
typedef int asc_group_fn(void *arg, const struct asc_group *group);
int asc_group_each(const struct asc *a, asc_group_fn *fn, void *arg);
typedef int asc_member_fn(void *arg, const char *scs);
int asc_group_member_each(const struct asc *a, const char *group, asc_member_fn *fn, void *arg);
