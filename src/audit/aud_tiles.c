/* aud_tiles.c - see aud_tiles.h. */
#include "audit/aud_tiles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/aud_files.h"

/* The directories of a name. Those that are there are no error; another one shows when the file is
 * written. */
static void make_dirs(int dir, const char *name)
{
	char path[MRK_TILE_NAME_MAX];

	for (const char *slash = name; (slash = strchr(slash, '/')); slash++) {
		size_t n = (size_t)(slash - name);

		memcpy(path, name, n);
		path[n] = 0;
		if (mkdirat(dir, path, 0750) < 0 && errno != EEXIST) {
			return;
		}
	}
}

/* In place: a reader takes a tile only when a checkpoint covers it, and that is made later. */
static int write_tile(struct aud_tiles *t, unsigned level, uint64_t tile, unsigned width)
{
	char name[MRK_TILE_NAME_MAX];
	uint64_t at = 0;
	int err;

	if (width == MRK_TILE_WIDTH) {
		snprintf(name, sizeof name, AUD_TILES_WHOLE, level);
		at = tile * MRK_TILE_OCTETS;
	} else {
		mrk_tile_name(name, level, tile, width);
	}
	err = aud_file_put(t->dir, name, t->level[level].v, (size_t)width * HASH_LEN, at);
	if (err && errno == ENOENT) {
		make_dirs(t->dir, name);
		err = aud_file_put(t->dir, name, t->level[level].v, (size_t)width * HASH_LEN, at);
	}
	if (err) {
		t->error = errno;
	}
	return err;
}

/* A file at the right edge that a larger one replaces; one that stays does no harm. */
static void remove_partial(struct aud_tiles *t, unsigned level, uint64_t tile, unsigned width)
{
	char name[MRK_TILE_NAME_MAX];
	size_t whole;

	if (!width) {
		return;
	}
	whole = mrk_tile_name(name, level, tile, width);
	err_ignore(unlinkat(t->dir, name, 0), "a reader takes the file by the size of its checkpoint");
	memcpy(name + whole, ".p", sizeof ".p");
	err_ignore(unlinkat(t->dir, name, AT_REMOVEDIR), "it is not empty while another file is there");
}

int aud_tiles_put(void *arg, unsigned level, uint64_t index, const struct mrk_hash *hash)
{
	struct aud_tiles *t = OBJ_OF(arg, struct aud_tiles, AUD_TILES_MAGIC);
	uint64_t tile = index / MRK_TILE_WIDTH;
	int err;

	if (level >= MRK_TILE_LEVELS) {
		return 0; /* no tree has so many leaves */
	}
	memcpy(t->level[level].v + index % MRK_TILE_WIDTH * HASH_LEN, hash->v, HASH_LEN);
	t->level[level].n = index + 1;
	if ((index + 1) % MRK_TILE_WIDTH) {
		return 0;
	}
	err = write_tile(t, level, tile, MRK_TILE_WIDTH);
	if (err && t->forgiving) {
		t->missing = true;
		return 0;
	}
	if (!err) { /* a reader that misses them takes the whole one */
		remove_partial(t, level, tile, t->level[level].partial);
		remove_partial(t, level, tile, t->level[level].kept);
		t->level[level].partial = t->level[level].kept = 0;
	}
	return err;
}

int aud_tiles_edge(struct aud_tiles *t)
{
	for (unsigned level = 0; level < MRK_TILE_LEVELS; level++) {
		uint64_t tile = t->level[level].n / MRK_TILE_WIDTH;
		unsigned width = (unsigned)(t->level[level].n % MRK_TILE_WIDTH);

		if (!width || width == t->level[level].partial) {
			continue;
		}
		if (write_tile(t, level, tile, width)) {
			return ERR_IO;
		}
		if (t->level[level].partial != t->level[level].kept) {
			remove_partial(t, level, tile, t->level[level].partial);
		}
		t->level[level].partial = width;
	}
	return 0;
}

void aud_tiles_checkpoint(struct aud_tiles *t)
{
	for (unsigned level = 0; level < MRK_TILE_LEVELS; level++) {
		if (t->level[level].kept != t->level[level].partial) {
			remove_partial(t, level, t->level[level].n / MRK_TILE_WIDTH, t->level[level].kept);
			t->level[level].kept = t->level[level].partial;
		}
	}
}

int aud_tiles_take_up(struct aud_tiles *t, int dir, uint64_t size, const struct mrk_nodes *from)
{
	int err = 0;

	*t = (struct aud_tiles){ .obj = OBJ(AUD_TILES_MAGIC), .dir = dir };
	for (unsigned level = 0; level < MRK_TILE_LEVELS && !err; level++) {
		uint64_t n = mrk_tile_hashes(level, size);
		unsigned width = (unsigned)(n % MRK_TILE_WIDTH);
		struct mrk_hash hash;

		t->level[level].n = n;
		t->level[level].partial = t->level[level].kept = width;
		for (unsigned i = 0; i < width && !err; i++) {
			err = mrk_stored(from, level, n - width + i, &hash);
			memcpy(t->level[level].v + (size_t)i * HASH_LEN, hash.v, HASH_LEN);
		}
	}
	return err;
}
