/* kv.h - an LMDB environment that is opened with care: by one process at a time, of a known kind
 * and format, not truncated. WRITEMAP is never used, and every commit is synchronous. The rooms
 * that keep state use LMDB itself for the rest, but begin to write with kv_write_begin(). No value
 * that they store is all zero octets, because the check of a short file takes such a value for a
 * missing page. */
#pragma once
#include <lmdb.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kv {
	MDB_env *env;
	MDB_dbi meta; /* free for the owner's own keys other than "format" */
	int lock_fd;
	uint32_t format;      /* version it was found in, or made with */
	const char *size_key; /* as in struct kv_conf */
	uint64_t cleared;     /* slots of dead readers freed since it was opened (kv_readers.h) */
};

struct kv_conf {
	const char *dir;        /* borrowed; created with mode 0700 when missing (its parent must be there) */
	const char *kind;       /* "association store": stands in the store and in error words */
	uint32_t format;        /* version this program reads and writes */
	uint64_t map_max;       /* octets the store may grow to */
	unsigned databases;     /* named ones besides meta */
	uint64_t compact_above; /* a larger file, more than half of it free pages, is written anew while it is opened; 0: never */
	uint32_t format_oldest; /* older versions down to this one are opened too, for the owner to bring up; 0: none */
	uint64_t lock_wait_ms;  /* time that the process before has to end (lock.h); 0: none */
	unsigned readers_max;   /* read transactions at once; 0: LMDB's 126 */
	const char *size_key;   /* what map_max comes from, for error words: "journal.size_max"; borrowed until kv_close() */
};

/* Opens or creates a store. Errors, with words in `why`: ERR_VERSION (another format), ERR_BUSY (in
 * use by another process), ERR_PROTO (another kind of file, truncated, damaged), ERR_NOSPC, ERR_IO,
 * ERR_NOMEM. A store that cannot be used is left unchanged. */
ERR_MUST_USE int kv_open(struct kv *out, const struct kv_conf *c, char *why, size_t why_cap);
/* Part of the owner's write transaction that converts an older store. The store has `c->format`
 * once the transaction commits. Returns LMDB's code. */
ERR_MUST_USE int kv_put_format(struct kv *k, MDB_txn *txn, const struct kv_conf *c);
void kv_close(struct kv *k); /* releases; the struct may be all zero with lock_fd -1 */

/* The version of LMDB that is linked at run time, "0.9.24". `out` is returned. */
#define KV_VERSION_MAX 32
const char *kv_library_version(char out[KV_VERSION_MAX]);

/* Translates the numbers of LMDB and errno: 0, ERR_NOTFOUND, ERR_NOSPC, ERR_NOMEM, ERR_PROTO
 * (damaged), ERR_IO. */
int kv_err(int rc);
