/* reserve.h - memory that is kept for finishing what was accepted, as the journal keeps ballast on
 * the disk (jrn_trouble.c).
 *
 *           no room for as much again, or an allocation failed
 *  (WELL) ------------------------------------------------------> (SHORT)   the reserve is freed
 *    ^                                                               |
 *    +---------------------------------------------------------------+
 *           the reserve is back, with room for as much again; tried with back-off
 *
 * The owner takes nothing new while the state is SHORT. The reserve consists of many small pieces,
 * so that it fits into the gaps of the heap even if the system gives no more address space. Each
 * piece is written to, so that its memory is really allocated.
 * PURE but for the allocator: the time is an argument. One thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define RESERVE_PIECE 8192u /* octets */

/* Source of the pieces; for tests. `room`: would the system give this many more bytes now? If not,
 * the heap may still have free pieces, which are tried. */
struct reserve_source {
	void *(*take)(void *arg, size_t octets); /* NULL: there is none */
	void (*give)(void *arg, void *piece);
	bool (*room)(void *arg, size_t octets);
	void *arg;
};

struct reserve_piece;

struct reserve { /* all zero: no reserve, never short */
	const struct reserve_source *source;
	struct reserve_piece *pieces; /* NULL: none is held */
	size_t octets;
	bool is_short;
	uint64_t look_ms; /* when to look again */
	uint32_t wait_ms; /* between attempts to get well */
};

#define RESERVE_LOOK_MS 100u /* while it is well */
#define RESERVE_WAIT_MAX_MS 5000u

/* Allocates the reserve. Without memory for it the state is SHORT from the beginning. `source` is
 * borrowed; NULL: malloc() of the process. */
void reserve_init(struct reserve *r, size_t octets, const struct reserve_source *source, uint64_t now_ms);
void reserve_fini(struct reserve *r); /* gives back what is held; a zeroed one is allowed */

/* To be called at look_ms. Returns true when is_short has changed. */
bool reserve_look(struct reserve *r, uint64_t now_ms);
/* An allocation has failed. True: the reserve was freed by this call (now SHORT), and the
 * allocation may be tried again. */
bool reserve_spend(struct reserve *r, uint64_t now_ms);
