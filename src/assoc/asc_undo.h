/* asc_undo.h - the states before the last imports, and going back to one. An import that changes something keeps the state before it, for
 * as long as there is room for it (asc_conf): its rows of devices as they are on disk, and a copy of everything else. Going back is one
 * transaction, as an import's switch is: the store is as it was before the import, to the last rule, and what was changed since by hand is
 * lost. States lie on each other: each undo takes the newest. They outlive a restart. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assoc/asc_import.h"

#define ASC_KEPT_MAX 16u

struct asc_kept {       /* a state that is kept: the one before this import */
	uint64_t at_ms; /* when the import came into force, as it was told (asc_import_conf) */
	enum asc_kind kind;
	bool replace;
	char name[ASC_IMPORT_NAME_MAX + 1];                    /* of its file, as it was told */
	uint64_t rows, added, replaced, deleted, along, there; /* as in struct asc_import_result */
	uint64_t octets;                                       /* on disk */
	uint64_t generation;                                   /* asc_generation() when the import was in force */
};

/* Changes by hand after the import and up to asc_generation() `now`: that of the store, or one less than `generation` of the next state. */
static inline uint64_t asc_kept_by_hand(const struct asc_kept *k, uint64_t now)
{
	return now > k->generation ? now - k->generation : 0;
}

/* Those that are kept, the newest first; borrowed until the next call of asc_completions(). Returns how many. */
uint32_t asc_kept(const struct asc *a, const struct asc_kept **out);

struct asc_undo_conf {
	bool dry_run;         /* only tell what would come back; nobody has to be sure */
	bool sure;            /* as in asc_import_conf: it may take away as many rows as the import added, and changes since */
	uint64_t deletes_max; /* 0: nothing was said */
};

struct asc_undo_result {
	struct asc_kept kept;                /* what was gone back before, or would be */
	uint64_t since;                      /* changes since that are lost */
	uint64_t goes;                       /* rows that it takes away, at most */
	bool much;                           /* that is much: somebody has to be sure */
	uint32_t left;                       /* states that are still kept */
	const struct asc_import_peer *peers; /* borrowed during done() */
	size_t peers_n;
};

/* err 0: the state is back, durable and in force. ERR_NOTFOUND (nothing is kept), ERR_LIMIT with result->much, ERR_CLOSED, ERR_PROTO (what
 * was kept is damaged), ERR_NOSPC, ERR_IO, ERR_NOMEM, with words: nothing has changed. From asc_completions() or asc_close(). */
typedef void asc_undo_fn(void *arg, int err, const struct asc_why *why, const struct asc_undo_result *result);

/* Owner thread. ERR_BUSY with words while an import is under way; ERR_NOMEM. On 0 `done` is called exactly once, never before this
 * returns. */
ERR_MUST_USE int asc_undo(struct asc *a, const struct asc_undo_conf *conf, asc_undo_fn *done, void *arg, struct asc_why *why);
