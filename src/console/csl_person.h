/* csl_person.h - who a UNIX user is on the console: the name of the account, and the role by the
 * groups of the process that asks. */
#pragma once
#include <sys/types.h>

#include "console/csl_conf.h"
#include "console/csl_gate.h"

#define CSL_NO_GROUP ((gid_t)-1)

struct csl_roles { /* the groups of the configuration; CSL_NO_GROUP: nobody */
	gid_t read, operate, admin;
};

/* Looks the groups up, once, at the start. ERR_NOTFOUND: `missing` (borrowed from conf) is no group
 * of this machine. */
ERR_MUST_USE int csl_roles_find(struct csl_roles *out, const struct csl_groups *conf, const char **missing);
/* The highest role of the client's groups. Root has admin. PURE. */
enum ctl_role csl_role_of(const struct csl_roles *roles, const struct ctl_caller *caller);
/* The name of the account in the file `passwd` ("/etc/passwd"), "uid-N" if it is not there, or is
 * not a name that mtc-iwfd takes. */
void csl_name_of(char out[CTL_NAME_MAX], const char *passwd, uid_t uid);
