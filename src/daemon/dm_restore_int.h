/* dm_restore_int.h - a restore while it runs, for dm_restore.c and dm_restore_stage.c only.
 * Functions that return int return 0, or 1 with the reason on standard error. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "conf/cfg_iwf.h"
#include "daemon/dm_restore.h"

#define DM_RESTORE_PATH (CFG_PATH_MAX + 128)

struct dm_restoring {
	const struct dm_restore *what;
	struct cfg_iwf *cfg;
	json_t *manifest;
	json_int_t format;
	uint64_t generation;          /* of the associations */
	char staged[DM_RESTORE_PATH]; /* directory beside the state in which the new state is prepared */
	char aside[DM_RESTORE_PATH];  /* where the state goes */
	uid_t uid;
	gid_t gid;
	bool give;                           /* to uid and gid */
	int associations_lock, journal_lock; /* -1: none */
};

/* dm_restore.c: the reason, as a line on standard error. Returns 1. */
__attribute__((format(printf, 1, 2))) int dm_restore_wrong(const char *fmt, ...);

/* Copies the backup into r->staged, whose sizes and digests have to be those of the manifest. */
ERR_MUST_USE int dm_restore_stage(const struct dm_restoring *r);
/* Opens what was copied as a start would. */
ERR_MUST_USE int dm_restore_check(const struct dm_restoring *r);
/* The timeline of the backup, for a state that has none. */
ERR_MUST_USE int dm_restore_plant_timeline(const struct dm_restoring *r);
/* Removes only what this restore created; `staged` must not contain the old state yet. */
void dm_restore_unstage(const struct dm_restoring *r);
