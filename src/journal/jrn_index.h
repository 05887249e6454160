/* jrn_index.h - where the newest record of each number is. PURE but for memory.
 *
 * Tables of a fixed size hold the entries; a directory finds the table by the first bits of a
 * hash. A table that gets full is split in two. So the index grows in small steps, however many
 * entries there are: an entry costs 16 octets, about 27 with the free places. Tables are kept
 * when entries go. Eight numbers that follow each other are neighbours in memory. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Segment, offset and size of a record in 8 octets. Never 0: no record is at offset 0. */
typedef uint64_t jrn_place;

/* segments that exist at a time have different places */
#define JRN_PLACE_SEGMENTS (UINT64_C(1) << 25)

/* multiples of 8; JRN_SEGMENT_MAX */
static inline jrn_place jrn_place_of(uint64_t segment, uint64_t offset, size_t size)
{
	return (segment & (JRN_PLACE_SEGMENTS - 1)) << 39 | (offset / 8) << 12 | size / 8;
}

/* first: lowest number of a segment that exists */
static inline uint64_t jrn_place_segment(jrn_place p, uint64_t first)
{
	return first + (((p >> 39) - first) & (JRN_PLACE_SEGMENTS - 1));
}

static inline uint64_t jrn_place_offset(jrn_place p)
{
	return (p >> 12 & 0x7ffffff) * 8;
}

static inline size_t jrn_place_size(jrn_place p)
{
	return (size_t)(p & 0xfff) * 8;
}

struct jrn_index_table;
struct jrn_index { /* zeroed: empty */
	struct jrn_index_table **dir;
	unsigned depth; /* the directory has 2^depth entries */
	size_t n;       /* entries of the index */
};

void jrn_index_fini(struct jrn_index *ix);
jrn_place jrn_index_get(const struct jrn_index *ix, uint64_t number); /* 0: none */
/* Sets the place, which is not 0; *old gets the earlier one or 0. ERR_NOMEM: nothing has
 * changed. */
ERR_MUST_USE int jrn_index_put(struct jrn_index *ix, uint64_t number, jrn_place place, jrn_place *old);
jrn_place jrn_index_del(struct jrn_index *ix, uint64_t number); /* returns the earlier one or 0 */

struct jrn_index_entry {
	uint64_t number;
	jrn_place place;
};
/* All entries in the order of numbers; `n` of them. The caller frees. NULL: no memory. */
struct jrn_index_entry *jrn_index_sorted(const struct jrn_index *ix);
