/* jrn_int.h - the inside of the journal (room-private).
 * Owner thread: `gather`, `out`, `spare`, numbers, and counts of waiting operations.
 * Committing side (the thread, or jrn_flush() without one): `store`.
 * Both, under `lock`: `queue` and the members listed with it.
 * A batch moves from `gather` through `queue` to the committing side. From the hand-over on it
 * is also in the owner's list `out`: the committing side never calls `done`. */
#pragma once
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "base/kv_readers.h"
#include "base/obj.h"
#include "journal/jrn.h"

enum jrn_kind { JRN_DEL, JRN_PUT, JRN_ADD }; /* given up in reverse order */

struct jrn_op {
	uint64_t number;
	uint32_t at, len; /* of the record, in the batch's octets */
	uint8_t kind;     /* enum jrn_kind */
	bool glued;       /* in one group with the next operation */
	bool unbounded;   /* does not count in `puts` */
	int err;          /* result; set by the committing side */
	jrn_done_fn *done;
	void *arg;
};

struct jrn_batch { /* the operations of one jrn_submit() */
	struct jrn_op *ops;
	size_t n, cap, puts;
	uint8_t *octets; /* the records */
	size_t octets_n, octets_cap;
	uint64_t since_us; /* monotonic time of the hand-over */
	uint64_t next;     /* all numbers given out by then are smaller */
	TAILQ_ENTRY(jrn_batch) of_owner;
	STAILQ_ENTRY(jrn_batch) queued;
};
STAILQ_HEAD(jrn_queue, jrn_batch);

struct jrn_store { /* the committing side */
	struct kv kv;
	MDB_dbi triggers; /* u64 in host order -> record */
	MDB_dbi ballast;  /* u32 -> placeholder octets, see jrn_trouble.c */
	bool ballast_there;
	char *dir;
	uint64_t map_max, compact_above;
	uint64_t reserved; /* numbers below it are never given out after a restart */
	uint64_t next;     /* `next` of the newest batch seen */
	uint64_t *kept;    /* deletes not yet committed */
	size_t kept_n, kept_cap;
	int state;                        /* 0, ERR_NOSPC, ERR_IO */
	struct jrn_why why;               /* in trouble: the reason at its start */
	struct kv_room room;              /* as last checked */
	uint64_t look_us;                 /* monotonic time of the next check */
	uint64_t probe_us, probe_wait_us; /* monotonic time of the next test; the pause after it */
	struct jrn_counts counts;
};

#define JRN_MAGIC 0x8e4edc90u
struct jrn {
	struct obj obj;
	/* the owner's */
	struct jrn_batch *gather;
	TAILQ_HEAD(, jrn_batch) out; /* handed over, not completed; in order */
	struct jrn_batch *spare[4];
	size_t spares;
	size_t pending, puts, octets; /* of gather and out */
	size_t pending_max;
	size_t group_at;    /* first operation of the open group, or SIZE_MAX */
	uint64_t next;      /* number for the next trigger */
	uint64_t submitted; /* batches handed over */
	uint64_t completed;
	bool completing;
	uint32_t batch_window_ms, batch_max;
	/* shared, under lock */
	pthread_mutex_t lock;
	/* work: signals the thread. idle: signals the owner that waits for it. */
	pthread_cond_t work, idle;
	struct jrn_queue queue;
	size_t queue_ops;
	uint64_t handed, finished; /* batches */
	bool urgent, stop;
	unsigned pins; /* readers of the store; it is not reopened while there are any */
	bool busy;     /* the committing side is working without the lock */
	struct jrn_counts counts;
	struct kv_room room;
	struct jrn_why why; /* of the last trouble */
	atomic_int state;
	/* the thread */
	bool threaded;
	pthread_t thread;
	int wake;
	struct jrn_store store;
};

/* Numbers reserved by one write: costs one page in one of so many commits. */
#define JRN_RESERVE 65536u

static inline bool jrn_counts_as_put(const struct jrn_op *op)
{
	return op->kind != JRN_DEL && !op->unbounded;
}

/* jrn_batch.c */
ERR_MUST_USE int jrn_batch_push(struct jrn_batch *b, const struct jrn_op *op, const void *record);
void jrn_batch_free(struct jrn_batch *b);

/* jrn_commit.c: everything below is for the committing side. */
/* Commits all batches of the queue in one transaction, as far as possible. Sets `err` of each
 * operation. */
void jrn_commit(struct jrn_store *s, const struct jrn_queue *q, uint64_t now_us);
/* The same after LMDB failed with `rc`: commits as much as possible, accepted triggers first. */
void jrn_commit_less(struct jrn_store *s, const struct jrn_queue *q, int rc, uint64_t now_us);
void jrn_set_trouble(struct jrn_store *s, int rc, uint64_t now_us);
/* Checks free space and readers. Frees the slots of dead readers. */
void jrn_look(struct jrn_store *s, uint64_t now_us);
/* In trouble: reopens LMDB if it requires that and `may_reopen`, and tests whether a record can
 * be stored. */
void jrn_probe(struct jrn_store *s, bool may_reopen, uint64_t now_us);

struct jrn_group { /* one group of operations: [at, end) of a batch */
	size_t at, end;
	enum jrn_kind kind; /* highest kind in it */
};
struct jrn_group jrn_group_at(const struct jrn_batch *b, size_t at);
struct jrn_pass {           /* the part of a queue for one transaction */
	size_t from, to;    /* groups */
	enum jrn_kind most; /* higher kinds get `failed` instead */
	int failed;
};
void jrn_count_octets(struct jrn_store *s); /* present size of the file; at the opening and after each commit */
/* The next three functions return LMDB's code. On failure nothing is kept. */
ERR_MUST_USE int jrn_try(struct jrn_store *s, const struct jrn_queue *q, const struct jrn_pass *p);
ERR_MUST_USE int jrn_txn_end(struct jrn_store *s, MDB_txn *txn, int rc); /* commits, or aborts because of rc */
ERR_MUST_USE int jrn_ballast_in(struct jrn_store *s);                    /* adds the ballast if it is missing */

/* jrn_open.c; LMDB's code. */
ERR_MUST_USE int jrn_put_reserved(struct jrn_store *s, MDB_txn *txn, uint64_t reserved);
ERR_MUST_USE int jrn_store_open(struct jrn_store *s, uint64_t *next, struct jrn_why *why);

/* jrn_thread.c */
uint64_t jrn_now_us(void);
ERR_MUST_USE int jrn_thread_start(struct jrn *j);
void jrn_thread_end(struct jrn *j);
void jrn_hand_over(struct jrn *j, struct jrn_batch *b);
void jrn_wait_all(struct jrn *j); /* waits until all batches are committed; without a thread commits them itself */
