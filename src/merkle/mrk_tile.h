/* mrk_tile.h - tiles of hashes as C2SP tlog-tiles lays them out: 256 hashes of one stored level,
 * 8,192 octets, or the first W of them in a file that is named ".p/W". PURE. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "merkle/mrk_tree.h"

#define MRK_TILE_WIDTH 256u
#define MRK_TILE_OCTETS (MRK_TILE_WIDTH * HASH_LEN)
#define MRK_TILE_LEVELS 8u /* 64 levels of the tree, eight in a tile */
#define MRK_TILE_NAME_MAX 64u

/* "tile/0/x001/x234/067", or with a width below 256 "tile/0/x001/x234/067.p/5". Returns the length
 * of the part before ".p", of the name of a whole tile. */
size_t mrk_tile_name(char out[MRK_TILE_NAME_MAX], unsigned level, uint64_t tile, unsigned width);

/* How many hashes of the level a tree of `size` leaves has. */
uint64_t mrk_tile_hashes(unsigned level, uint64_t size);
