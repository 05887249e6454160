/* pool.h - pieces of one size for objects that come and go with each request.
 * A piece that is given back is kept for the next taker, the last one first: the processor still
 * has its memory in the cache. At most keep_max pieces are kept. The heap gets what is above.
 * The link of a kept piece is in its last octets, so the magic of an ended object (obj.h) stays 0
 * until the piece is taken again.
 * A build with AddressSanitizer keeps none: a use after the end is then found with its history.
 * PURE but for the allocator. One thread. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct pool {
	size_t size;             /* octets of a piece */
	uint32_t keep_max, kept; /* pieces */
	void *first;             /* kept, the one that was given back last; NULL: none */
	uint64_t made;           /* pieces that came from the heap, since the start */
};

/* `octets` is raised to the size of a pointer, and to a multiple of it. Allocates nothing. */
void pool_init(struct pool *p, size_t octets, uint32_t keep_max);
void pool_fini(struct pool *p); /* frees what is kept; a zeroed one is allowed */

/* A piece, owned by the caller, aligned as by malloc(); its content is undefined. NULL: no
 * memory. */
void *pool_take(struct pool *p);
/* The same, zeroed. */
void *pool_take_zeroed(struct pool *p);
/* Takes a piece of this pool; NULL allowed. */
void pool_give(struct pool *p, void *piece);
