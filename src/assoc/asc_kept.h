/* asc_kept.h - the kept states, on disk and in memory (room-private).
 * Each consists of a generation that no longer counts, which stays open, and a copy of the main
 * environment's rows in its database `kept` (asc_row.h). All functions run on the store's
 * thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "assoc/asc_edit.h"
#include "assoc/asc_undo.h"

struct asc_kept_state {
	struct asc_kept info;
	uint32_t id;     /* on disk; a later state has a larger one */
	uint64_t number; /* of its generation */
	struct asc_gen *gen;
};

struct asc_kept_list { /* for the owner: the newest first */
	uint32_t n;
	struct asc_kept all[ASC_KEPT_MAX];
};

/* Called when the store is opened, in its transaction: fills a->kept and the owner's list. A state
 * that is damaged, or whose generation is missing (after a restore), is dropped. Errors with
 * words. */
ERR_MUST_USE int asc_kept_load(struct asc *a, struct MDB_txn *txn, struct asc_why *why);
void asc_kept_free(struct asc *a);                       /* closes the generations */
bool asc_kept_has(const struct asc *a, uint64_t number); /* a generation of this number */
/* True if the present state of the store would be kept. False if undo is off, or if the generation
 * alone is larger than the limit for all kept states. */
bool asc_kept_fits(const struct asc *a);

struct asc_keeping { /* what will be kept after the commit; all zero: nothing changes */
	struct asc_kept_state fresh;
	bool keep;     /* `fresh` becomes the newest state */
	uint32_t drop; /* number of oldest states to drop */
	/* added to the generation of each remaining state, so that asc_kept_manual() counts no
	 * change twice */
	uint64_t later;
	struct asc_kept_list *list; /* owned */
};

/* Called before the commit of an edit that switches to a new generation. Keeps the previous state
 * with `info` if it fits, and drops older states. If it is not kept, all older states are dropped
 * too, because undo goes back one state at a time. A code of LMDB or errno. */
ERR_MUST_USE int asc_kept_save(struct asc_edit *e, const struct asc_kept *info, struct asc_keeping *k);
/* After the commit. Takes `before`, the generation that counted. */
void asc_kept_saved(struct asc *a, struct asc_job *job, struct asc_keeping *k, struct asc_gen *before);
void asc_keeping_drop(struct asc_keeping *k); /* instead of asc_kept_saved(), without a commit */

/* Replaces the rows of the main environment by those of the newest kept state, and drops that
 * state.
 * Fills `k` for asc_kept_restored(). A code of LMDB or errno. */
ERR_MUST_USE int asc_kept_restore(struct asc_edit *e, struct asc_keeping *k);
void asc_kept_restored(struct asc *a, struct asc_job *job,
		       struct asc_keeping *k); /* after the commit; a->gen is its generation */
