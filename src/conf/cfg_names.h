/* cfg_names.h - the users and groups that a configuration names, as this machine knows them. The
 * name service may take long, or never answer. Who must not wait for it has another process ask for
 * all names, and gives the answers to the configuration: `names` of struct cfg_iwf. */
#pragma once
#include "base/user.h"
#include "conf/cfg_iwf.h"

/* Adds each name of `c` that is not among them yet. */
void cfg_names_add(struct cfg_names *n, const struct cfg_iwf *c);
/* Asks the name service for all of them, and waits as long as that takes. */
void cfg_names_ask(struct cfg_names *n);
/* Copies the answers, when they are about these names. ERR_PROTO: they are not. */
ERR_MUST_USE int cfg_names_take(struct cfg_names *n, const struct cfg_names *answers);

/* As user_find() and user_group_find(), and out of `n` when it was asked. A name that was not asked
 * for is not found. */
ERR_MUST_USE int cfg_names_user(struct user *out, const struct cfg_names *n, const char *name);
ERR_MUST_USE int cfg_names_group(gid_t *out, const struct cfg_names *n, const char *name);
