/* node_kv.h - the durable state of a node: an LMDB environment (base/kv.h). Changes gather in one
 * write transaction until they are committed, all or none. The owner defines the databases and
 * their content. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/kv.h"

/* A node that was killed keeps its lock until its last write has reached the disk. */
#define NODE_LOCK_WAIT_MS 10000

struct node_kv {
	struct kv kv;
	MDB_txn *txn; /* of the changes since the last commit; NULL: none */
	/* LMDB's code of the first change that failed; later changes are dropped with it */
	int failed;
	bool reading;    /* while `tables` runs: s->txn cannot write */
	bool began_full; /* there was no room for what the start writes */
	char words[300]; /* reason of the last failed commit, and what to do */
};

/* Opens the databases of `arg` in s->txn, which is committed afterwards. LMDB's code. Without room
 * it is called again, to read what is there. */
typedef int node_kv_tables_fn(void *arg);
/* kv_open(), then `tables`. After an error, with a reason in `why`, nothing is open. `s` must not
 * move until node_kv_close(). A store that is there opens on a full disk, too: s->began_full, and
 * s->words. */
ERR_MUST_USE int node_kv_open(struct node_kv *s, const struct kv_conf *conf, node_kv_tables_fn *tables, void *arg, char *why,
			      size_t why_cap);
void node_kv_close(struct node_kv *s); /* changes that are not committed are dropped */

/* True when a change may be added to s->txn; its result goes to s->failed. */
bool node_kv_begin(struct node_kv *s);
bool node_kv_dirty(const struct node_kv *s); /* there are changes, or some that failed */
/* Commits all changes since the last commit, or none: ERR_NOSPC, ERR_IO and other codes of
 * kv_err(), with s->words. */
ERR_MUST_USE int node_kv_commit(struct node_kv *s);
void node_kv_abort(struct node_kv *s); /* drops them */

/* Calls fn for each committed record of a database in the order of the keys. Stops if fn returns
 * other than 0 and returns that. */
typedef int node_kv_each_fn(void *arg, const MDB_val *key, const MDB_val *value);
ERR_MUST_USE int node_kv_each(struct node_kv *s, MDB_dbi dbi, node_kv_each_fn *fn, void *arg);

/* A number as a key or value of eight bytes, big-endian so that keys sort by number; the key
 * borrows the bytes. */
MDB_val node_kv_key(uint64_t number, uint8_t octets[8]);
uint64_t node_kv_number(const MDB_val *v);
