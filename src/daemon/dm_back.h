/* dm_back.h - the way back of a reload. Until every process has taken the new configuration, the
 * one before is kept: its text, its files in sealed memory, and the sockets of listeners that it
 * closed. When a process refuses the new one, the one before becomes the next set, and all take
 * it. */
#pragma once
#include "daemon/dm_change.h"
#include "daemon/dm_set.h"

struct dm_back {
	bool ready;  /* what follows is kept */
	bool config; /* the configuration may be another one, not only files */
	char *text;  /* of the file that was in force */
	size_t text_len;
	struct dm_set *set;
	int fds[CFG_LISTEN_MAX]; /* sockets of listeners; -1: none */
	uint16_t ports[CFG_LISTEN_MAX];
	struct { /* of each child: whether a start was due before */
		uint32_t generation;
		bool behind;
	} children[DM_CHILDREN_MAX];
};

void dm_back_init(struct dm_back *b);
/* Keeps what is in force now. ERR_NOMEM, ERR_IO: nothing is kept, and the reload must not begin. */
ERR_MUST_USE int dm_back_keep(struct dm_back *b, struct dm_parent *p, bool config);
/* Makes ready what was kept as the change and the set after the one in use. An error: it cannot be
 * gone back; both are to be dropped all the same. */
ERR_MUST_USE int dm_back_make(struct dm_change *change, struct dm_set **set, struct dm_back *b, struct dm_parent *p);
/* The starts that only the reload made due are not due any more. */
void dm_back_starts(const struct dm_back *b, struct dm_parent *p, unsigned by);
/* All have taken the new one, or are back: nothing is kept any more. */
void dm_back_drop(struct dm_back *b);
