/* asc_lmdb.h - the store as LMDB sees it (room-private): the two environments, their keys and
 * counters, and LMDB's failures. Only asc_lmdb.c, asc_main.c, asc_gen.c, asc_room.c, asc_copy.c,
 * asc_read.c, asc_edit.c, asc_load.c, asc_kept.c, asc_merge.c, asc_complete.c and asc_peek.c
 * include it: a store of another kind would replace these files. */
#pragma once
#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "assoc/asc_row.h"
#include "base/kv_readers.h"

/* name in the configuration of the size limit of each environment */
#define ASC_SIZE_KEY "associations.size_max"
/* in meta of the main environment: the number of the generation in force */
#define ASC_MAIN_GENERATION "dev"

struct asc_main { /* the main environment */
	struct kv kv;
	MDB_dbi scs, set, group, member, dset, kept;
};

struct asc_gen { /* one generation */
	uint32_t refs;
	uint64_t number;
	char *dir; /* owned */
	struct kv kv;
	MDB_dbi dev, count;
	bool old; /* does not count: its files are removed when it is closed */
};

/* Puts the words for a code of LMDB (of this environment) or errno into `why`, and returns the code
 * as ours (kv_err()). */
int asc_fail(struct asc_why *why, const struct kv *kv, int rc, const char *doing);

/* Keys. `room` has at least ASC_KEY_MAX bytes; the key returned stands in it. */
MDB_val asc_key_text(uint8_t *room, const char *text);
MDB_val asc_key_set(uint8_t *room, uint32_t number, uint8_t verdict, const char *device);
MDB_val asc_key_number(uint8_t *room, uint32_t number);
MDB_val asc_key_member(uint8_t *room, uint32_t group, uint32_t scs);

/* Counters in meta. Codes of LMDB. */
ERR_MUST_USE int asc_put_u64(const struct kv *kv, MDB_txn *txn, const char *name, uint64_t v);
/* 0 when never written */
ERR_MUST_USE int asc_get_u64(const struct kv *kv, MDB_txn *txn, const char *name, uint64_t *v);
