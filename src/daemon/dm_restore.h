/* dm_restore.h - mtc-iwfd --restore: puts a backup of `mtcctl backup` in the place of the state. */
#pragma once
#include <stdbool.h>

struct dm_restore {
	const char *config, *from;
	bool journal; /* restore the journal too */
	bool replace; /* move state that is there aside */
};

/* No mtc-iwfd may run on the state. Either the whole backup is in place afterwards, and what was there before is in
 * state_dir/before-restore-TIME, or (1) words on standard error say why not and the state is as it was. Nothing is deleted. */
int dm_restore_main(const struct dm_restore *r);
