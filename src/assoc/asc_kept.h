/* asc_kept.h - the states that are kept, on disk and in memory (room-private): each is a generation that does not count any more, held
 * open, and a copy of the main environment's rows in its database `kept` (asc_row.h). All of it runs on the store's thread. */
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

/* When the store is opened, in its transaction: fills a->kept, and the owner's list. A state whose generation is not there any more, as
 * after a restore, or which is damaged, is forgotten. Errors with words. */
ERR_MUST_USE int asc_kept_load(struct asc *a, struct MDB_txn *txn, struct asc_why *why);
void asc_kept_free(struct asc *a);                       /* closes the generations */
bool asc_kept_has(const struct asc *a, uint64_t number); /* a generation of this number */
/* Would a copy of the store as it is be kept? False when undo is off or the generation alone is larger than all states may be. */
bool asc_kept_fits(const struct asc *a);

struct asc_keeping { /* what will be kept after the commit; all zero: nothing changes */
	struct asc_kept_state fresh;
	bool keep;      /* `fresh` comes on top */
	uint32_t drop;  /* so many of the oldest go */
	uint64_t later; /* so many changes is each state that stays taken to be later: asc_kept_by_hand() counts none twice */
	struct asc_kept_list *list; /* owned */
};

/* Before the commit of an edit that makes a new generation count: keeps the state before as `info` says, if there is room for it, and
 * forgets older ones. When it is not kept, none of the older ones is: a way back leads over each. A code of LMDB or errno. */
ERR_MUST_USE int asc_kept_save(struct asc_edit *e, const struct asc_kept *info, struct asc_keeping *k);
/* After the commit. Takes `before`, the generation that counted. */
void asc_kept_saved(struct asc *a, struct asc_job *job, struct asc_keeping *k, struct asc_gen *before);
void asc_keeping_drop(struct asc_keeping *k); /* in place of that: there was no commit */

/* Puts the rows of the newest state in place of the main environment's, and forgets the state. A code of LMDB or errno. `k` is for
 * asc_kept_restored(). */
ERR_MUST_USE int asc_kept_restore(struct asc_edit *e, struct asc_keeping *k);
void asc_kept_restored(struct asc *a, struct asc_job *job,
		       struct asc_keeping *k); /* after the commit; its generation is a->gen by now */
