/* bad_disk.h - the real directory, whose writes fail on demand. */
#pragma once
#include <stdatomic.h>

#include "journal/jrn_disk.h"

struct bad_disk {
	struct jrn_disk disk; /* for jrn_conf */
	struct jrn_disk real;
	/* errno that the next calls fail with; 0: they do not */
	atomic_int commit_errno; /* write_through() */
	atomic_int fill_errno;   /* pwrite() and flush(): spares */
	atomic_int name_errno;   /* rename() and sync_dir() */
	atomic_int commits_left; /* write_through() fails once when this gets to 0; -1: never */
	atomic_int writes;       /* write_through() that succeeded */
};

void bad_disk_init(struct bad_disk *b, const char *dir);
void bad_disk_well(struct bad_disk *b);
void bad_disk_fini(struct bad_disk *b);
