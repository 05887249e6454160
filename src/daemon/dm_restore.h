/* dm_restore.h - mtc-iwfd --restore: puts a backup of `mtcctl backup` in the place of the state. */
#pragma once
#include <stdbool.h>

struct dm_restore {
	const char *config, *from;
	bool journal; /* restore the journal too */
	bool replace; /* move existing state aside */
};

/* No mtc-iwfd may use the state. Afterwards either the whole backup is in place, and the previous
 * state is in state_dir/before-restore-TIME; or (1) the reason is on standard error, and the state
 * is unchanged. Nothing is deleted. */
int dm_restore_main(const struct dm_restore *r);
