/* dm_sandbox.h - how the processes of the daemon enter their sandboxes, and how `mtcctl status all`
 * gets to know what is in force.
 *
 * Each process reads /proc/self/status after it has entered, and says so to the parent in one
 * DM_SANDBOX; the parent adds which process it is and hands it to the core. */
#pragma once
#include "conf/cfg_iwf.h"
#include "core/core.h"
#include "daemon/dm_child.h"
#include "sandbox/sbx.h"

/* What this machine cannot give, and users that are shared: errors with `require`, warnings with
 * `prefer`. */
void dm_sandbox_check(const struct cfg_iwf *c, struct report *why);

/* -- a child */

struct dm_sandbox {
	struct sbx_conf conf;
	struct sbx_report report;
};

/* First step, before there is a thread: after everything was handed over, and before a store is
 * opened. The page of the beat takes the number of a refused call. Errors are logged. */
ERR_MUST_USE int dm_confine(struct dm_sandbox *s, const struct dm_inherited *in, enum sbx_role role);
/* Second step, when everything is open: seals, and tells the parent. Errors are logged. */
ERR_MUST_USE int dm_seal(struct dm_sandbox *s, const struct dm_inherited *in);

/* What the module of a token may use: the module itself, and keyholder.pkcs11.paths. Returns how
 * many. The text stays the configuration's. */
#define DM_MODULE_PATHS_MAX (CFG_PKCS11_PATHS_MAX + 1)
size_t dm_module_paths(struct sbx_path paths[DM_MODULE_PATHS_MAX], const struct cfg_pkcs11 *p);
/* First step of a process that only tries the keys of a token (dm_key_check.c); sbx_seal() is the
 * second. Errors with words. */
ERR_MUST_USE int dm_confine_module(struct dm_sandbox *s, const struct cfg_pkcs11 *p, enum sbx_mode mode, char why[SBX_WHY_MAX]);

/* -- the message */

#define DM_SANDBOX_SLOT_SHIFT 48 /* in `value` of the message to the core: the place of an edge above the capabilities */

struct dm_msg dm_sandbox_message(const struct sbx_report *r);
/* False: no report can say this. `pid` is not in the message of a child. */
bool dm_sandbox_read(struct sbx_report *out, const struct dm_msg *m);
