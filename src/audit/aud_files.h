/* aud_files.h - the directory of an audit, as it is read:
 *
 *   format                         "mtc-iwf audit 1"
 *   vkey                           the public key of its checkpoints (merkle/mrk_note.h)
 *   checkpoint                     the last one, a signed note
 *   records/FIRST.jsonl            records from number FIRST on, 20 digits; a line each
 *   tile/LEVEL/whole               hashes: the whole tiles of the level, one behind the other
 *   tile/LEVEL/....p/WIDTH         the tile at the right edge (merkle/mrk_tile.h)
 *   pruned                         how many of the first records were moved to an archive
 *   cut-FIRST                      what an opening found behind record FIRST - 1, and cut off
 *   lock                           of the process that writes
 *
 * Tiles can be made again of the records. Whole ones have no file of their own, because making a
 * file takes as long as hashing hundreds of records.
 *
 * Everything that is read here may have been changed by an attacker. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/obj.h"
#include "merkle/mrk_note.h"
#include "merkle/mrk_tile.h"

#define AUD_FORMAT "mtc-iwf audit 1\n"
#define AUD_WHY_MAX 640u
#define AUD_TILES_WHOLE "tile/%u/whole"
#define AUD_PRUNED "mtc-iwf audit pruned 1\n" /* the file `pruned`; a number and a newline follow */
#define AUD_NAME_MAX 96u                      /* of a file below the directory, with NUL */

struct aud_why {
	char text[AUD_WHY_MAX];
};

/* Opens the directory and checks its format. ERR_NOTFOUND: there is none; *fd is -1. ERR_VERSION:
 * made by a newer program. ERR_IO, ERR_PROTO. */
ERR_MUST_USE int aud_dir_open(int *fd, const char *path, struct aud_why *why);

/* A small file as text with NUL. ERR_NOTFOUND, ERR_IO, ERR_LIMIT. */
ERR_MUST_USE int aud_file_read(char *out, size_t cap, size_t *len, int dir, const char *name);
/* Writes a file whole: under another name, then renamed. ERR_IO with errno. */
ERR_MUST_USE int aud_file_write(int dir, const char *name, const void *p, size_t n, bool durable);

/* Writes octets in place, from octet `at` of the file on. ERR_IO with errno. */
ERR_MUST_USE int aud_file_put(int dir, const char *name, const void *p, size_t n, uint64_t at);

/* The numbers of the first records of all segments, ascending. */
struct aud_segments {
	uint64_t *first; /* owned */
	size_t n;
};
ERR_MUST_USE int aud_segments_list(struct aud_segments *out, int dir); /* ERR_IO, ERR_NOMEM */
/* Those of both directories, each once. */
ERR_MUST_USE int aud_segments_of_both(struct aud_segments *out, int dir, int archive);
void aud_segments_free(struct aud_segments *s);
void aud_segment_name(char out[AUD_NAME_MAX], uint64_t first);

/* -- records in order */

struct aud_reader;
/* Reads from the segment that holds record `from`, at its beginning, or from the first one. Borrows
 * dir and archive, a directory whose segments count, too; -1: none. ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int aud_reader_open(struct aud_reader **out, int dir, int archive, uint64_t from);
/* The first record that there is a segment for; 0 when there is no segment. */
uint64_t aud_reader_first(const struct aud_reader *r);
void aud_reader_free(struct aud_reader *r); /* NULL allowed */
/* The next line without its newline, borrowed until the next call. ERR_CLOSED: there is none.
 * ERR_PROTO: it is longer than a record. ERR_IO. */
ERR_MUST_USE int aud_reader_next(struct aud_reader *r, const char **line, size_t *len);
/* Where the line that was read last begins, or, after ERR_CLOSED, where the lines end: its segment,
 * the octets in front of it. */
uint64_t aud_reader_segment(const struct aud_reader *r);
uint64_t aud_reader_offset(const struct aud_reader *r);
/* After ERR_CLOSED: octets behind the last newline of the last segment. */
uint64_t aud_reader_torn(const struct aud_reader *r);

/* -- tiles */

#define AUD_TILE_READER_MAGIC 0x64a90d2fu
struct aud_tile_reader { /* a mrk_get_fn's argument; all zero but obj, dir and size at first */
	struct obj obj;
	int dir;
	uint64_t size; /* of the tree whose tiles are read */
	struct {
		bool there;
		uint64_t tile;
		unsigned width;
		uint8_t v[MRK_TILE_OCTETS];
	} last[MRK_TILE_LEVELS];
};
/* ERR_NOTFOUND: no such tile, or the tree has no such node; ERR_IO; ERR_PROTO: of another
 * length. */
int aud_tile_get(void *arg, unsigned level, uint64_t index, struct mrk_hash *out);
