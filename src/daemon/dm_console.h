/* dm_console.h - numbers and names of this machine that the console's log-ins are judged by: the
 * user in control.console_user, the groups in control.console_groups, and the names of all
 * accounts. The parent looks them up, when it starts and at each reload, because the core's sandbox
 * closes the files; each core gets them in DM_CONSOLE. */
#pragma once
#include "admin/adm.h"
#include "base/report.h"
#include "conf/cfg_iwf.h"

/* Looks up what `cfg` names. `out` is whole in each case: who is missing has no number, and the
 * warnings say so. Ends with dm_console_fini(). */
void dm_console_look(struct adm_console *out, const struct cfg_iwf *cfg, struct report *warnings);
void dm_console_fini(struct adm_console *c); /* frees the names; then as ADM_CONSOLE_NONE */

/* Adds a line for each difference: of a user or group whose name in `cfg` is the one of `before`,
 * the numbers; of accounts that are named otherwise, one for all. A number that has changed because
 * the configuration has another name adds no line. False: nothing is different. */
bool dm_console_compare(struct report *r, const struct adm_console *had, const struct cfg_iwf *before,
			const struct adm_console *has, const struct cfg_iwf *cfg);

/* A sealed copy for DM_CONSOLE. ERR_IO. */
ERR_MUST_USE int dm_console_make(int *fd, const struct adm_console *c);
/* The copy that was received. Takes fd. The caller ends *out with dm_console_fini(). ERR_PROTO,
 * ERR_IO, ERR_NOMEM: *out is ADM_CONSOLE_NONE. */
ERR_MUST_USE int dm_console_take(struct adm_console *out, int fd);
