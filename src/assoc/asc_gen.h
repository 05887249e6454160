/* asc_gen.h - generations (room-private): the rows of devices, in an LMDB environment of their own
 * in DIR/dev-NUMBER (asc_row.h has the layout). An import writes a new generation; the main
 * environment says which one counts. All of it runs on the store's thread, or before that thread is
 * started. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct asc;
struct asc_entry;
struct asc_gen; /* opaque here; asc_lmdb.h */
struct asc_model;
struct asc_why;
struct MDB_txn;

/* Opens DIR/dev-NUMBER. `fresh`: removes an existing one and creates it. Owned, with one reference.
 * Errors with words: those of asc_open(). */
ERR_MUST_USE int asc_gen_open(struct asc_gen **out, const struct asc *a, uint64_t number, bool fresh, struct asc_why *why);
/* takes one reference; the last one closes it; NULL allowed */
void asc_gen_free(struct asc_gen *g);
/* The same, for a generation that does not count, or no longer: the last reference also removes its
 * files. */
void asc_gen_drop(struct asc_gen *g);
/* Makes all of it and its directory entries durable. 0, or a code of LMDB or errno. */
ERR_MUST_USE int asc_gen_sync(struct asc_gen *g);
/* Removes every generation in DIR other than a->gen and those that `kept` says are kept. */
void asc_gen_clean(const struct asc *a, bool (*kept)(const struct asc *a, uint64_t number));
/* Stores the number of changes and the next number of the store in the generation. Errors with
 * words. */
ERR_MUST_USE int asc_gen_put_changes(struct asc_gen *g, const struct asc *a, struct asc_why *why);

/* a change of the entries of one SCS, group or set in the row of one device */
struct asc_row_change {
	uint32_t number;             /* of the SCS, group or set */
	int verdict;                 /* of the entries to delete; -1: all but memberships */
	const struct asc_entry *add; /* borrowed; NULL: nothing */
	uint32_t dropped;            /* out: entries deleted */
	uint32_t sets;               /* out: named sets of the device after the change */
	struct asc_entry *before;    /* out: the entry that `add` replaces; NULL: not wanted */
	/* out: a device whose name differs in case only, else ""; NULL: not wanted */
	char *twin;
	/* out: nothing to delete was found, and nothing was to be added */
	bool missing;
};
/* Makes the change in a write transaction of the generation. Entries of numbers that `m` does not
 * have are deleted too. Errors with words: ERR_LIMIT, ERR_PROTO, ERR_NOSPC, ERR_IO. */
ERR_MUST_USE int asc_row_apply(struct asc_gen *g, struct MDB_txn *txn, const struct asc_model *m, const char *device,
			       struct asc_row_change *c, struct asc_why *why);
/* Stores the number of entries of this SCS, group or set. A code of LMDB. */
ERR_MUST_USE int asc_put_count(const struct asc_gen *g, struct MDB_txn *txn, uint32_t number, uint64_t n);
