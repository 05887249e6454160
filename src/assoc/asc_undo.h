/* asc_undo.h - the states before the last imports, and the return to one of them.
 * An import that changes something keeps the previous state within the bounds of asc_conf: the rows
 * of devices as they are on disk, and a copy of everything else. An undo is one transaction, like
 * the switch of an import. It restores every rule as it was before the import; manual changes made
 * since are lost. Each undo restores the newest kept state. Kept states survive a restart. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assoc/asc_import.h"

#define ASC_KEPT_MAX 16u

struct asc_kept {       /* a kept state: the one before this import */
	uint64_t at_ms; /* at_ms of asc_import_conf */
	enum asc_kind kind;
	bool replace;
	/* of its file, from asc_import_conf */
	char name[ASC_IMPORT_NAME_MAX + 1];
	uint64_t rows, added, replaced, deleted, along, there; /* as in struct asc_import_result */
	uint64_t octets;                                       /* on disk */
	/* asc_generation() once the import was in force */
	uint64_t generation;
};

/* Number of manual changes after the import, up to asc_generation() `now`: that of the store, or
 * one less than `generation` of the next kept state. */
static inline uint64_t asc_kept_manual(const struct asc_kept *k, uint64_t now)
{
	return now > k->generation ? now - k->generation : 0;
}

/* The kept states, the newest first; borrowed until the next asc_completions(). Returns their
 * number. */
uint32_t asc_kept(const struct asc *a, const struct asc_kept **out);

struct asc_undo_conf {
	bool dry_run; /* only report what would be restored; needs no confirmation */
	/* as in asc_import_conf: an undo deletes up to the rows that the import added, and later
	 * changes */
	bool sure;
	uint64_t deletes_max; /* 0: not given */
};

struct asc_undo_result {
	struct asc_kept kept;                /* the import that was undone, or would be */
	uint64_t since;                      /* later changes that are lost */
	uint64_t goes;                       /* upper bound of the rows deleted */
	bool much;                           /* so many that confirmation is required */
	uint32_t left;                       /* states that remain kept */
	const struct asc_import_peer *peers; /* borrowed during done() */
	size_t peers_n;
};

/* err 0: the state is restored, durable and in force. Otherwise nothing changed, with words:
 * ERR_NOTFOUND (no state is kept), ERR_LIMIT with result->much, ERR_CLOSED, ERR_PROTO (the kept
 * state is damaged), ERR_NOSPC, ERR_IO, ERR_NOMEM. Called from asc_completions() or asc_close(). */
typedef void asc_undo_fn(void *arg, int err, const struct asc_why *why, const struct asc_undo_result *result);

/* Owner thread. ERR_BUSY with words while an import runs; ERR_NOMEM. After 0 `done` is called
 * exactly once, never before this returns. */
ERR_MUST_USE int asc_undo(struct asc *a, const struct asc_undo_conf *conf, asc_undo_fn *done, void *arg, struct asc_why *why);
