/* asc_edit.h - one change under way (room-private): a transaction of one of the two environments, a
 * copy of the model, and the view that will show both. All of it runs on the store's thread. What
 * is in force changes only after the transaction is on disk. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "assoc/asc_gen.h"
#include "assoc/asc_job.h"
#include "assoc/asc_model.h"

struct asc_edit {
	struct asc *a;
	struct asc_job *job;
	struct asc_model *model; /* the copy, to be changed; a->model is the one before */
	struct asc_view *view;
	struct MDB_txn *txn; /* used by asc_edit.c only */
	bool of_gen;         /* the transaction is of the generation, not of the main environment */
	bool reindex;        /* a node changed */
	struct asc_gen *gen; /* the generation that counts afterwards; borrowed */
};

/* Begins. `gen`: the generation that counts afterwards; `of_gen`: it is the one to be changed.
 * Errors with words in the job's outcome: ERR_NOMEM, ERR_NOSPC, ERR_IO; then there is nothing to
 * end. */
ERR_MUST_USE int asc_edit_begin(struct asc_edit *e, struct asc *a, struct asc_job *job, bool of_gen, struct asc_gen *gen);
/* Commits, and hands the view to the job. With `err` (ours, its words are written) or `rc` (from
 * one of the pieces below; `doing` goes into the words) other than 0 it undoes everything instead.
 * Returns what the outcome is. */
int asc_edit_end(struct asc_edit *e, int err, int rc, const char *doing);
/* Replaces the edit's copy of the model by one that is read from the rows in the transaction and
 * from the generation. Returns our error, with words in the job's outcome. */
ERR_MUST_USE int asc_edit_reload(struct asc_edit *e);
void asc_edit_drop(struct asc_edit *e); /* in place of asc_edit_end(): undoes everything */

/* The pieces change rows in the transaction and nodes in the model. Each returns 0 or a code of
 * LMDB or errno, which goes to asc_edit_end() as `rc`; asc_edit_row() is the exception. */

/* Adds or replaces. The number is that of the record replaced, or a new one. */
ERR_MUST_USE int asc_edit_scs(struct asc_edit *e, const struct asc_scs *scs, uint32_t number);
ERR_MUST_USE int asc_edit_group(struct asc_edit *e, const struct asc_group *group, uint32_t number);
ERR_MUST_USE int asc_edit_dset(struct asc_edit *e, const char *name, uint32_t number);
/* The set keeps its number, and so its members; the rules on it are written under the new name. */
ERR_MUST_USE int asc_edit_dset_rename(struct asc_edit *e, uint32_t number, const char *name);
/* Delete it with its memberships and every rule that names it, and add the number of these to
 * `rules`. The number must be in the model. */
ERR_MUST_USE int asc_edit_scs_del(struct asc_edit *e, uint32_t number, uint64_t *rules);
ERR_MUST_USE int asc_edit_group_del(struct asc_edit *e, uint32_t number, uint64_t *rules);
ERR_MUST_USE int asc_edit_dset_del(struct asc_edit *e, uint32_t number, uint64_t *rules);
/* Adds an SCS to a group, or removes it; the caller has seen that it is not in it, or is. */
ERR_MUST_USE int asc_edit_member(struct asc_edit *e, uint32_t group, uint32_t scs, bool add);

/* The row of one rule on a set of devices; the node's rules in memory follow by asc_edit_sets(). */
ERR_MUST_USE int asc_edit_set_row(struct asc_edit *e, uint32_t number, const struct asc_set_rule *rule, bool add);
/* All rules on sets of one node. Takes `all` also on failure. */
ERR_MUST_USE int asc_edit_sets(struct asc_edit *e, uint32_t number, struct asc_set_rule *all, uint32_t n);

/* The row of one device; the edit is `of_gen`. Ours, with words in the job's outcome:
 * asc_row_apply(). */
ERR_MUST_USE int asc_edit_row(struct asc_edit *e, const char *device, struct asc_row_change *c);
/* How many entries of this number there are then, in the model and on disk. */
ERR_MUST_USE int asc_edit_count(struct asc_edit *e, uint32_t number, uint64_t n);
/* In an edit of the main environment: the edit's generation counts from the commit on. */
ERR_MUST_USE int asc_edit_gen(struct asc_edit *e);
