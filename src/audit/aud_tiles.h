/* aud_tiles.h - writes the tiles of a growing tree: a whole one when its last hash is there, those
 * at the right edge at each checkpoint. They are not synced: what a power cut takes is made again
 * of the records. */
#pragma once
#include "base/obj.h"
#include "merkle/mrk_tile.h"
#include "merkle/mrk_tree.h"

#define AUD_TILES_MAGIC 0x1be5c3a9u
struct aud_tiles { /* all zero but obj and dir at first */
	struct obj obj;
	int dir;
	int error; /* errno of the last failure */
	/* a whole tile that cannot be written is left out, and `missing` says so */
	bool forgiving, missing;
	struct {
		uint64_t n;       /* hashes of the level */
		unsigned partial; /* width of the file at the right edge; 0: none */
		unsigned kept;    /* width of that of the last checkpoint; 0: none */
		uint8_t v[MRK_TILE_OCTETS];
	} level[MRK_TILE_LEVELS];
};

/* A mrk_put_fn. ERR_IO with t->error: the whole tile could not be written; the same call may be
 * repeated. */
int aud_tiles_put(void *arg, unsigned level, uint64_t index, const struct mrk_hash *hash);
/* Writes the tiles at the right edge. Those of the last checkpoint stay. ERR_IO with t->error. */
ERR_MUST_USE int aud_tiles_edge(struct aud_tiles *t);
/* There is a checkpoint of this edge: removes the files of the one before. */
void aud_tiles_checkpoint(struct aud_tiles *t);
/* Takes up a tree of `size` leaves whose nodes are in `from`. Errors of mrk_stored(). */
ERR_MUST_USE int aud_tiles_take_up(struct aud_tiles *t, int dir, uint64_t size, const struct mrk_nodes *from);
