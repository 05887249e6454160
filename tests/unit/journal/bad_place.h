/* bad_place.h - an empty journal of 1 MiB over a disk that fails on demand. */
#pragma once
#include "tests/unit/journal/bad_disk.h"
#include "tests/unit/journal/place.h"

static inline int bad_place_setup(void **state, struct bad_disk *disk)
{
	struct place *p;

	place_setup(state);
	p = *state;
	jrn_close(p->j);
	p->j = NULL;
	place_empty(p);
	bad_disk_init(disk, p->dir);
	p->conf.disk = &disk->disk;
	p->conf.size_max = 1u << 20;
	return open_again(p);
}
