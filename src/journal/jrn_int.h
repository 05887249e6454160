/* jrn_int.h - the journal inside (room-private). */
#pragma once
#include <lmdb.h>
#include <stdbool.h>

#include "base/kv.h"
#include "journal/jrn.h"

struct jrn_op { /* one operation that waits */
	uint64_t number;
	uint8_t *record; /* owned; NULL: delete */
	size_t len;
	jrn_done_fn *done;
	void *arg;
};

struct jrn_batch {
	struct jrn_op *ops;
	size_t n, cap;
};

struct jrn {
	struct kv kv;
	MDB_dbi triggers;         /* u64 in host order -> record */
	struct jrn_batch waiting; /* for the next commit */
	struct jrn_batch current; /* whose completions are being called */
	size_t puts;              /* in `waiting` */
	size_t pending_max;
	uint64_t next;     /* number for the next trigger */
	uint64_t reserved; /* below it the store has already promised not to start again */
	struct jrn_counts counts;
};

/* How many numbers one write of the promise covers: it costs a page in one commit of so many. */
#define JRN_RESERVE 65536u

ERR_MUST_USE int jrn_put_reserved(struct jrn *j, MDB_txn *txn, uint64_t reserved); /* LMDB's code */
