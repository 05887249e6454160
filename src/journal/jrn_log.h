/* jrn_log.h - the log on the disk and the index over it (room-private; the committing side).
 *
 *   jrn_log_append() ... jrn_log_append()   records gather in `build`, the index already shows them
 *   jrn_log_write()                         one write, durable when it returns: a commit
 *
 * A commit that fails is not written again where it was: jrn_log_again() opens the next segment,
 * whose header says where the one before ends, and writes the same records there. Until that
 * succeeds nobody can know whether a start would find the commit, so nothing is told.
 *
 * Segments are used in the order of their numbers. The oldest goes when nothing in it lives:
 * jrn_log_reclaim() copies what does into later commits, a bounded piece with each. */
#pragma once
#include <sys/queue.h>

#include "journal/jrn.h"
#include "journal/jrn_disk.h"
#include "journal/jrn_format.h"
#include "journal/jrn_index.h"
#include "journal/jrn_read.h"

struct jrn_seg {
	uint64_t number, size;
	uint64_t end;               /* of its commits */
	uint64_t live, live_octets; /* newest records of their number in it, with their heads */
	uint8_t nonce[JRN_NONCE];
};

struct jrn_undo { /* one change of the index that is not durable */
	uint64_t number;
	jrn_place before;
};

struct jrn_build {  /* the commit that gathers */
	uint8_t *p; /* aligned, JRN_COMMIT_MAX */
	size_t n;   /* octets, the commit's head included */
	uint32_t records;
	struct jrn_undo *undo;
	size_t undo_n, undo_cap;
};

struct jrn_extent {                /* which segments there are, and where the log ends */
	uint64_t first, last, end; /* numbers; end of the last; 0: none */
	uint64_t octets;           /* of their commits, about */
};

struct jrn_maker; /* jrn_maker.c: prepares spares on a thread of its own */

struct jrn_log {
	const struct jrn_disk *disk;
	const char *dir;     /* for words; borrowed */
	struct jrn_why *why; /* of the last failure; borrowed */
	/* segments, contiguous numbers, oldest first; the last one is written to if fd >= 0 */
	struct jrn_seg **segs;
	size_t segs_n, segs_cap;
	int fd;
	uint64_t segment_size, size_max;
	uint64_t octets;   /* of all files: segments and spares */
	bool taking_over;  /* segments get names that do not count yet (jrn_take_over.c) */
	uint64_t spare[8]; /* numbers of spares that are ready */
	size_t spares;
	uint64_t spare_next;     /* number for the next spare */
	bool pinned;             /* a copy is under way: no segment is used again */
	struct jrn_maker *maker; /* NULL: spares are made by the caller */
	bool failed;             /* the last write to the present segment failed: it is never written again */
	uint64_t waits;          /* times that a commit had to wait until a spare was made */
	uint64_t seq;            /* of the next commit */
	uint64_t reserved;
	uint64_t oldest; /* that the last durable commit or header named */
	struct jrn_index index;
	uint64_t live, live_octets;
	struct jrn_build build;
	/* reclaim: where the oldest segment has been looked at */
	struct jrn_reader reader;
	/* its number; position; end of the commit that the position is in */
	uint64_t cleaning, clean_at, clean_end;
	/* a record that lives cannot be read: nothing is reclaimed any more */
	bool damaged;
	bool stuck; /* the last spare could not be made */
};

/* For records of known triggers, deletes and reclaiming: one to write to, one to copy a whole
 * segment into. */
#define JRN_RESERVE_SPARES 2u
#define JRN_WANTED_SPARES 3u
#define JRN_SPARES_MAX 5u /* more are removed */

/* Octets of records that may live before new triggers are refused. The rest is for what is dead and
 * not yet reclaimed: the fuller the log, the more is copied for each octet won. */
uint64_t jrn_log_live_max(const struct jrn_log *l);

/* -- jrn_segment.c: files */

/* Makes the next segment ready to be written: a spare gets its header and its name. May use the
 * last JRN_RESERVE_SPARES spares only if `reserve`. Closes the present one for good.
 * ERR_NOSPC (no spare, and none can be made), ERR_IO, ERR_NOMEM. */
ERR_MUST_USE int jrn_segment_next(struct jrn_log *l, bool reserve);
/* Prepares one spare now. ERR_NOSPC (also: the journal is as large as it may be), ERR_IO. */
ERR_MUST_USE int jrn_spare_make(struct jrn_log *l);
/* Adds what the thread has made, and asks it for more. */
void jrn_spares_look(struct jrn_log *l);
/* So many spares, however long it takes. Errors as of jrn_spare_make(). */
ERR_MUST_USE int jrn_spares_need(struct jrn_log *l, size_t n);
/* True if jrn_segment_next(l, false) has a spare. */
bool jrn_spare_for_new(const struct jrn_log *l);
/* Removes the oldest segments that the last durable commit does not name any more. Their files
 * become spares. */
void jrn_segments_drop(struct jrn_log *l);
struct jrn_extent jrn_log_extent(const struct jrn_log *l);
struct jrn_seg *jrn_segment_of(const struct jrn_log *l, jrn_place place);
ERR_MUST_USE int jrn_segment_add(struct jrn_log *l, const struct jrn_seg *seg); /* ERR_NOMEM */
void jrn_segments_fini(struct jrn_log *l);
static inline struct jrn_seg *jrn_segment_last(const struct jrn_log *l)
{
	return l->segs_n ? l->segs[l->segs_n - 1] : NULL;
}
/* Octets that the present segment has left for commits; 0: none is open. Its last block is for the
 * mark. */
static inline uint64_t jrn_segment_room(const struct jrn_log *l)
{
	uint64_t left = l->fd < 0 ? 0 : jrn_segment_last(l)->size - jrn_segment_last(l)->end;

	return left > JRN_BLOCK ? left - JRN_BLOCK : 0;
}
/* True if there is room for a copy of any record: else reclaiming needs another segment. */
static inline bool jrn_segment_takes_a_copy(const struct jrn_log *l)
{
	return jrn_segment_room(l) >= jrn_blocks(JRN_COMMIT_HEAD + jrn_record_size(JRN_RECORD_MAX));
}
/* Writes zeros over a whole new file and flushes. A negative errno. */
ERR_MUST_USE int jrn_zero_fill(const struct jrn_disk *disk, const char *name, uint64_t size);

/* -- jrn_maker.c */
/* ERR_NOMEM */
ERR_MUST_USE int jrn_maker_start(struct jrn_maker **out, const struct jrn_disk *disk, uint64_t segment_size);
/* NULL allowed; a file that is being made is finished */
void jrn_maker_end(struct jrn_maker *m);
/* one at a time; ignored while one is made */
void jrn_maker_ask(struct jrn_maker *m, uint64_t number);
bool jrn_maker_busy(struct jrn_maker *m);
/* Copies its gauge: 1 for the present state, else 0. Any thread. */
void jrn_maker_gauge(struct jrn_maker *m, uint32_t in_state[JRN_MAKER_STATES]);
/* 1: *number was made since; 0: nothing; a negative errno: it failed since. Waits until one of
 * these, if `wait` and it is busy. */
int jrn_maker_take(struct jrn_maker *m, uint64_t *number, bool wait);

/* -- jrn_append.c: commits */

/* True if records of so many octets (jrn_record_size()) fit into the commit that gathers, and
 * the present segment has room for it. */
bool jrn_log_fits(const struct jrn_log *l, size_t octets);
/* Adds a record. A segment is open and jrn_log_fits(). ERR_NOMEM: nothing has changed. */
ERR_MUST_USE int jrn_log_append(struct jrn_log *l, const struct jrn_record *r);
struct jrn_mark {
	size_t n, undo_n;
	uint32_t records;
};
static inline struct jrn_mark jrn_log_mark(const struct jrn_log *l)
{
	return (struct jrn_mark){ l->build.n, l->build.undo_n, l->build.records };
}
/* Only the index: the newest record of the number is at `place`, which is durable. ERR_NOMEM. */
ERR_MUST_USE int jrn_log_place(struct jrn_log *l, uint64_t number, jrn_place place);
/* Takes back all records since the mark. */
void jrn_log_back(struct jrn_log *l, struct jrn_mark to);
/* Closes the present segment: it is never written again. */
void jrn_log_close_segment(struct jrn_log *l);
/* Writes the commit that gathers. ERR_NOSPC, ERR_IO: unknown whether it is on the disk; the present
 * segment is closed, the records stay in `build`. */
ERR_MUST_USE int jrn_log_write(struct jrn_log *l);
/* After such a failure: the same commit in the next segment. Errors as of jrn_segment_next() and
 * jrn_log_write(); the records stay. */
ERR_MUST_USE int jrn_log_again(struct jrn_log *l);
ERR_MUST_USE int jrn_log_init(struct jrn_log *l); /* ERR_NOMEM */
void jrn_log_fini(struct jrn_log *l);

/* -- jrn_reclaim.c */

/* True if the segments hold more that is dead than the bound allows: as much as lives, and two
 * segments; where spares are missing and none can be made, a quarter of a segment. */
bool jrn_log_has_waste(const struct jrn_log *l);
/* True if room is needed, and there is no other than what is dead. */
bool jrn_log_pressed(const struct jrn_log *l);
/* Copies a piece of what lives in the oldest segment into the commit that gathers; more, if there
 * is little room for much that lives. */
void jrn_log_reclaim(struct jrn_log *l);
/* Lowest segment that is needed once the commit that gathers is durable. */
uint64_t jrn_log_oldest(const struct jrn_log *l);

/* -- jrn_load.c */

/* Reads all segments, builds the index. *next: number for the next trigger. Errors as of
 * jrn_open(), with words. `say` has words about torn octets, or "". */
ERR_MUST_USE int jrn_log_load(struct jrn_log *l, uint64_t *next, char *say, size_t say_cap);
