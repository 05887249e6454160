/* mrk_tile.c - see mrk_tile.h. */
#include "merkle/mrk_tile.h"

#include <stdio.h>

#define GROUPS_MAX 7u /* of three digits: 2^64 has 20 */

size_t mrk_tile_name(char out[MRK_TILE_NAME_MAX], unsigned level, uint64_t tile, unsigned width)
{
	unsigned groups[GROUPS_MAX];
	size_t n = 0, at;

	do {
		groups[n++] = (unsigned)(tile % 1000);
		tile /= 1000;
	} while (tile && n < GROUPS_MAX);
	at = (size_t)snprintf(out, MRK_TILE_NAME_MAX, "tile/%u", level % MRK_TILE_LEVELS);
	while (n--) {
		at += (size_t)snprintf(out + at, MRK_TILE_NAME_MAX - at, n ? "/x%03u" : "/%03u", groups[n]);
	}
	if (width < MRK_TILE_WIDTH) {
		snprintf(out + at, MRK_TILE_NAME_MAX - at, ".p/%u", width);
	}
	return at;
}

uint64_t mrk_tile_hashes(unsigned level, uint64_t size)
{
	return level < MRK_TILE_LEVELS ? size >> (MRK_TILE_HEIGHT * level) : 0;
}
